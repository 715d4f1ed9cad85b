//! Deltas between packages, as `prestodelta` (Fedora) and `deltainfo` (SUSE) name them: both have one form.

use std::io::Read;

use pinfold_store::{Checksum, RelPath};

use super::Place;
use super::listing::Bound;
use super::sum::checksum;
use super::xml::{Xml, number};
use crate::Result;
use crate::supply::Wanted;

/// Reads the deltas that a list names. `shown` names it in errors.
pub(super) fn deltas(from: impl Read, shown: &str, place: &Place) -> Result<Vec<Wanted>> {
    let mut xml = Xml::new(from, shown);
    // Their roots are called as the lists are.
    xml.any_root()?;
    let (mut found, mut bound) = (Vec::new(), Bound::default());
    while xml.child(1)? {
        if xml.name() != "newpackage" {
            continue;
        }
        while xml.child(2)? {
            if xml.name() == "delta" {
                let Some(delta) = delta(&mut xml, place)? else { continue };
                bound.count(delta.path.as_bytes().len()).map_err(|why| xml.bad_field(&why))?;
                found.push(delta);
            }
        }
    }
    Ok(found)
}

/// Reads one delta; `None` where it names no file.
fn delta(xml: &mut Xml<'_>, place: &Place) -> Result<Option<Wanted>> {
    let mut path: Option<RelPath> = None;
    let mut sum: Option<Checksum> = None;
    let mut size_bytes = None;
    let mut text = Vec::new();
    while xml.child(3)? {
        match xml.name() {
            "filename" => {
                xml.text(&mut text)?;
                let found = place.at(&text).map_err(|why| xml.bad_field(&why))?;
                xml.once(&mut path, found, "delta")?;
            }
            "size" => {
                xml.text(&mut text)?;
                size_bytes = number(text.trim_ascii()).filter(|size| *size > 0);
            }
            "checksum" => {
                let kind = xml.pick(["type"])?[0].unwrap_or_default().to_vec();
                xml.text(&mut text)?;
                let found = checksum(&kind, &text).map_err(|why| xml.bad_field(&why))?;
                xml.once(&mut sum, found, "delta")?;
            }
            _ => {}
        }
    }
    Ok(path.zip(sum).map(|(path, checksum)| Wanted {
        path,
        also: Vec::new(),
        size_bytes,
        expect: checksum.into(),
        origin: 0,
    }))
}

#[cfg(test)]
mod tests;
