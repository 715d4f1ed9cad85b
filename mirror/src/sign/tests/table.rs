//! The table of formats/apt.md, section 3: what we say of a file, and what the real apt says of it.

use super::client::{Files, apt_takes};
use super::{TEXT, rules};
use crate::Result;
use crate::sign::{Keyring, Rules, Verified, verify_detached, verify_inline};

pub(super) fn verify(files: &Files, keyring: &Keyring, rules: &Rules) -> Result<Verified> {
    match files {
        Files::Inline(whole) => verify_inline(whole, keyring, rules, "InRelease"),
        Files::Pair(release, signature) => {
            verify_detached(release, signature, keyring, rules, "Release")
        }
    }
}

/// One line of the table of formats/apt.md, section 3.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) files: Files,
    /// What we say: nothing, or a part of the reason.
    pub(super) ours: Result<(), &'static str>,
    /// Whether apt takes it.
    pub(super) apt: bool,
}

pub(super) fn case(
    name: &'static str,
    whole: impl Into<Vec<u8>>,
    ours: Result<(), &'static str>,
    apt: bool,
) -> Case {
    Case { name, files: Files::Inline(whole.into()), ours, apt }
}

pub(super) fn pair(
    name: &'static str,
    signature: impl Into<Vec<u8>>,
    ours: Result<(), &'static str>,
    apt: bool,
) -> Case {
    Case { name, files: Files::Pair(TEXT.into(), signature.into()), ours, apt }
}

/// Judges every case, and has apt judge it: we are never laxer, and stricter only where the case says so.
pub(super) fn table(cases: &[Case], ring: &[u8]) {
    let keyring = Keyring::parse(ring, "ring.gpg").unwrap();
    let files: Vec<&Files> = cases.iter().map(|case| &case.files).collect();
    let (taken, said) = apt_takes(&files, ring);
    let mut wrong = String::new();
    for (number, case) in cases.iter().enumerate() {
        let apt = taken.contains(&number);
        let ours = verify(&case.files, &keyring, &rules());
        let fits = match (&ours, case.ours) {
            (Ok(found), Ok(())) => !found.signers.is_empty() && apt,
            (Err(e), Err(part)) => e.to_string().contains(part),
            _ => false,
        };
        if apt != case.apt || !fits {
            let name = case.name;
            let ours = ours.map(|found| (found.signers.len(), found.others));
            wrong += &format!("{name}: apt takes it: {apt}; ours: {ours:?}\n");
            let about = said.lines().filter(|line| {
                line.contains(&format!("suite{number} "))
                    || line.contains(&format!("suite{number}/"))
            });
            about.for_each(|line| wrong += &format!("    {line}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
