//! `updateinfo.xml`: the advisories of a repository, which say what updates are for.
//!
//! Clients only advise by it: one without a name of its own is passed over. What `diff` shows is kept of them, and nothing else.

use std::collections::BTreeSet;
use std::io::Read;

use super::xml::Xml;
use crate::Result;

/// The most CVEs of an advisory; the largest have some thousands.
const CVES_MAX: usize = 200_000;
/// The longest name of a CVE: its year and number.
const CVE_BYTES_MAX: usize = 32;

/// An advisory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advisory {
    /// Its name, such as `RHSA-2026:1234`; never empty.
    pub id: Box<str>,
    /// What it is about: `security`, `bugfix`, `enhancement`, or what else the archive says; empty where it says nothing.
    pub kind: Box<str>,
    /// How severe it is, empty where that is not said.
    pub severity: Box<str>,
    /// The CVE names among its references, sorted.
    pub cves: Vec<Box<str>>,
}

/// Reads `updateinfo.xml`, which is unpacked already, and hands out its advisories in order. `shown` names it in errors.
///
/// Cost: the memory of its largest advisory.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where the list is no XML of advisories: zypper refuses the repository then. Whatever reading
/// it or `each` fails with.
pub fn advisories(
    from: impl Read,
    shown: &str,
    each: &mut dyn FnMut(Advisory) -> Result<()>,
) -> Result<()> {
    let mut xml = Xml::new(from, shown);
    xml.root("updates")?;
    let mut text = Vec::new();
    while xml.child(1)? {
        if xml.name() == "update" {
            let one = advisory(&mut xml, &mut text)?;
            if !one.id.is_empty() {
                each(one)?;
            }
        }
    }
    // Whatever follows the root is refused on the way to the end.
    xml.child(0)?;
    Ok(())
}

/// Reads the advisory whose tag was gone to.
fn advisory(xml: &mut Xml<'_>, text: &mut Vec<u8>) -> Result<Advisory> {
    let mut one = Advisory { kind: attribute(xml, "type")?, ..Advisory::default() };
    let mut cves = BTreeSet::new();
    while xml.child(2)? {
        match xml.name() {
            "id" => one.id = short(xml, text)?,
            "severity" => one.severity = short(xml, text)?,
            "references" => references(xml, &mut cves)?,
            _ => {}
        }
    }
    one.cves = cves.into_iter().collect();
    Ok(one)
}

/// Reads the references below the element that was gone to.
fn references(xml: &mut Xml<'_>, cves: &mut BTreeSet<Box<str>>) -> Result<()> {
    while xml.child(3)? {
        if xml.name() == "reference" {
            // Fedora names CVEs only in the titles of the bugs.
            for text in xml.pick(["id", "title"])?.into_iter().flatten() {
                cves.extend(cve_names(text));
            }
            if cves.len() > CVES_MAX {
                return Err(xml.bad_field(&format!("is one of more than {CVES_MAX} CVEs")));
            }
        }
    }
    Ok(())
}

/// Reads the text of the element that was gone to.
fn short(xml: &mut Xml<'_>, text: &mut Vec<u8>) -> Result<Box<str>> {
    xml.text(text)?;
    Ok(trimmed(text))
}

/// Reads an attribute of the element that was gone to; a missing one is empty.
fn attribute(xml: &mut Xml<'_>, name: &str) -> Result<Box<str>> {
    Ok(xml.pick([name])?[0].map(trimmed).unwrap_or_default())
}

fn trimmed(text: &[u8]) -> Box<str> {
    String::from_utf8_lossy(text.trim_ascii()).into()
}

/// Finds names like `CVE-2026-12345` in a text.
fn cve_names(text: &[u8]) -> impl Iterator<Item = Box<str>> {
    let is_of_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    text.split(move |b| !is_of_name(b)).filter_map(|word| {
        let rest = word.strip_prefix(b"CVE-").filter(|_| word.len() <= CVE_BYTES_MAX)?;
        let (year, number) = rest.split_at_checked(4)?;
        let number = number.strip_prefix(b"-")?;
        let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        (is_number(year) && is_number(number)).then(|| trimmed(word))
    })
}

#[cfg(test)]
mod tests;
