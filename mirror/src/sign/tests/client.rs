//! What the real apt-get says about the same files.

use std::collections::BTreeSet;
use std::process::Command;

use crate::sign::tests::write;

/// The root files of a suite.
#[derive(Clone)]
pub(crate) enum Files {
    Inline(Vec<u8>),
    Pair(Vec<u8>, Vec<u8>),
}

/// Asks one apt-get which of these suites it takes; gives their numbers, and what it said.
pub(crate) fn apt_takes(suites: &[&Files], ring: &[u8]) -> (BTreeSet<usize>, String) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write(&at("ring.gpg"), ring);
    let mut sources = String::new();
    for (number, suite) in suites.iter().enumerate() {
        let folder = at(&format!("suite{number}"));
        match suite {
            Files::Inline(whole) => write(&folder.join("InRelease"), whole),
            Files::Pair(release, signature) => {
                write(&folder.join("Release"), release);
                write(&folder.join("Release.gpg"), signature);
            }
        }
        write(&folder.join("Packages"), b"");
        let (ring, folder) = (at("ring.gpg"), folder);
        sources += &format!("deb [signed-by={}] copy:{} ./\n", ring.display(), folder.display());
    }
    write(&at("sources.list"), sources.as_bytes());
    write(&at("state/lists/partial/x"), b"");
    write(&at("cache/archives/partial/x"), b"");
    // Of the host's own configuration nothing counts: it is read before options are.
    let mut config = String::from("APT::Sandbox::User \"\"; Acquire::Languages \"none\";\n");
    for name in ["Etc::sourceparts", "Etc::main", "Etc::parts", "State::status"] {
        config += &format!("Dir::{name} \"/dev/null\";\n");
    }
    for (name, file) in
        [("Etc::sourcelist", "sources.list"), ("State", "state"), ("Cache", "cache")]
    {
        config += &format!("Dir::{name} \"{}\";\n", at(file).display());
    }
    write(&at("apt.conf"), config.as_bytes());
    let mut call = Command::new("apt-get");
    call.arg("update").env("LC_ALL", "C").env("APT_CONFIG", at("apt.conf"));
    let done = call.output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    let kept: Vec<String> = std::fs::read_dir(at("state/lists"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let takes =
        |number: &usize| kept.iter().any(|name| name.contains(&format!("_suite{number}_.")));
    ((0..suites.len()).filter(takes).collect(), said)
}
