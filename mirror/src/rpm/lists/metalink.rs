//! Metalinks: the mirrors of a repository, and what its `repomd.xml` has to be on them.
//!
//! One that comes over TLS vouches for `repomd.xml` where nobody signs that. Mirrors follow slowly, so that it names the states
//! before the newest too, for some days.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::sums::Checking;
use pinfold_store::{Algorithm, Checksum};

use super::{MIRRORS_MAX, base, check_size, excerpt, is_web};
use crate::rpm::xml::{Xml, number};
use crate::{Base, Error, Result};

/// The file of a repository that all else follows from.
const REPOMD: &str = "repodata/repomd.xml";
/// The most states before the newest.
const ALTERNATES_MAX: usize = 1000;

/// A parsed metalink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metalink {
    /// The mirrors of http and https, those that are preferred first; never empty.
    pub mirrors: Vec<Base>,
    /// What `repomd.xml` is now.
    pub newest: State,
    /// What it was before, where that still counts.
    pub alternates: Vec<State>,
}

/// What a `repomd.xml` has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// When it was made, in seconds since 1970, where that is stated.
    pub timestamp: Option<u64>,
    /// Its size, where that is stated.
    pub size_bytes: Option<u64>,
    /// The strongest of its checksums; never MD5 or SHA-1.
    pub checksum: Checksum,
}

/// What a metalink says of a `repomd.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest.
    Newest,
    /// It is one before the newest, which counts as well, made at this time.
    Alternate(Option<u64>),
    /// It is none that counts.
    No {
        /// What would count.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl Metalink {
    /// Says whether a `repomd.xml` is one that the metalink vouches for, by the strongest checksum that it has for each.
    #[must_use]
    pub fn accepts(&self, repomd: &[u8]) -> Verdict {
        let mut sums = BTreeMap::new();
        if self.newest.is(repomd, &mut sums) {
            return Verdict::Newest;
        }
        let alternate = self.alternates.iter().find(|state| state.is(repomd, &mut sums));
        if let Some(alternate) = alternate {
            return Verdict::Alternate(alternate.timestamp);
        }
        let size = |size: u64| format!("{size} bytes with ");
        let stated = self.newest.size_bytes.map_or_else(String::new, size);
        let kind = self.newest.checksum.algorithm();
        let others = match self.alternates.len() {
            0 => String::new(),
            count => format!(", or one of {count} before it"),
        };
        Verdict::No {
            expected: format!("{stated}{}{others}", self.newest.checksum),
            found: format!("{} bytes with {}", repomd.len(), sum(repomd, kind, &mut sums)),
        }
    }
}

impl State {
    fn is(&self, repomd: &[u8], sums: &mut BTreeMap<Algorithm, Checksum>) -> bool {
        let is_size = |size: u64| u64::try_from(repomd.len()) == Ok(size);
        self.size_bytes.is_none_or(is_size)
            && sum(repomd, self.checksum.algorithm(), sums) == self.checksum
    }
}

/// Computes a checksum, once for each kind.
fn sum(bytes: &[u8], algorithm: Algorithm, known: &mut BTreeMap<Algorithm, Checksum>) -> Checksum {
    *known.entry(algorithm).or_insert_with(|| {
        let mut checking = Checking::toward(algorithm);
        checking.update(bytes);
        checking.finish()
    })
}

/// Reads a metalink of version 3, as `MirrorManager` makes it for dnf. `shown` names it in errors.
///
/// Mirrors that we could not follow, of another protocol or with a URL that is none, are left out.
///
/// # Errors
/// [`Error::BadMetadata`] with the line where it is no such file, names no mirror, or has no checksum that proves anything.
pub fn metalink(bytes: &[u8], shown: &str) -> Result<Metalink> {
    let bad = |why: String| Error::BadMetadata { path: shown.to_owned(), why };
    check_size(bytes).map_err(bad)?;
    let mut xml = Xml::new(bytes, shown);
    xml.root("metalink").map_err(|error| match error {
        Error::BadMetadata { path, why } => {
            let why = format!("{why}; the file begins with {}", excerpt(bytes));
            Error::BadMetadata { path, why }
        }
        other => other,
    })?;
    let mut found = None;
    while xml.child(1)? {
        if local(xml.name()) != "files" {
            continue;
        }
        while xml.child(2)? {
            let is_ours = local(xml.name()) == "file"
                && xml.pick(["name"])?[0] == Some(b"repomd.xml".as_slice());
            if is_ours {
                let draft = Draft::read(&mut xml)?;
                if found.replace(draft).is_some() {
                    return Err(xml.bad("a second <file> of the name repomd.xml"));
                }
            }
        }
    }
    // Whatever follows must be well formed too.
    if xml.child(0)? {
        return Err(xml.bad("a second root element"));
    }
    let draft = found.ok_or_else(|| bad("it has no <file> of the name repomd.xml".to_owned()))?;
    draft.finish().map_err(bad)
}

/// What was read of the file `repomd.xml`.
#[derive(Default)]
struct Draft {
    newest: Stated,
    alternates: Vec<Stated>,
    /// Bases with the preference that each has.
    mirrors: Vec<(u64, Base)>,
    /// How many mirrors were named.
    named: usize,
}

/// What is stated of one state.
#[derive(Default)]
struct Stated {
    timestamp: Option<u64>,
    size_bytes: Option<u64>,
    checksums: BTreeMap<Algorithm, Checksum>,
}

impl Draft {
    /// Reads the element `file` that was gone to, which is open at depth 3.
    fn read(xml: &mut Xml<'_>) -> Result<Self> {
        let mut draft = Self::default();
        while xml.child(3)? {
            match local(xml.name()) {
                "alternates" => {
                    while xml.child(4)? {
                        if local(xml.name()) == "alternate" {
                            draft.alternate(xml)?;
                        }
                    }
                }
                "resources" => {
                    while xml.child(4)? {
                        if local(xml.name()) == "url" {
                            draft.url(xml)?;
                        }
                    }
                }
                _ => draft.newest.take(xml, 3)?,
            }
        }
        Ok(draft)
    }

    fn alternate(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        if self.alternates.len() == ALTERNATES_MAX {
            return Err(xml.bad(&format!("more than {ALTERNATES_MAX} alternates")));
        }
        let mut state = Stated::default();
        while xml.child(5)? {
            state.take(xml, 5)?;
        }
        self.alternates.push(state);
        Ok(())
    }

    fn url(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        self.named += 1;
        if self.named > MIRRORS_MAX {
            return Err(xml.bad(&format!("more than {MIRRORS_MAX} mirrors")));
        }
        let preference = xml.pick(["preference"])?[0].and_then(number).unwrap_or(0);
        let mut text = Vec::new();
        xml.text(&mut text)?;
        let base = std::str::from_utf8(text.trim_ascii()).ok().and_then(mirror);
        self.mirrors.extend(base.map(|base| (preference, base)));
        Ok(())
    }

    fn finish(mut self) -> Result<Metalink, String> {
        let is_weak = !self.newest.checksums.is_empty();
        let newest = self.newest.finish().ok_or(if is_weak {
            "its checksums of repomd.xml are weak ones (MD5, SHA-1), which prove nothing"
        } else {
            "it has no checksum of repomd.xml of a kind that we know"
        })?;
        // A stable sort: of equals the first stays first.
        self.mirrors.sort_by_key(|(preference, _)| std::cmp::Reverse(*preference));
        let mut seen = BTreeSet::new();
        let bases = self.mirrors.into_iter().map(|(_, base)| base);
        let mirrors: Vec<Base> = bases.filter(|base| seen.insert(base.to_string())).collect();
        if mirrors.is_empty() {
            return Err(format!(
                "it names no mirror of http or https that has a {REPOMD} ({} of other kinds)",
                self.named
            ));
        }
        let alternates = self.alternates.into_iter().filter_map(Stated::finish).collect();
        Ok(Metalink { mirrors, newest, alternates })
    }
}

impl Stated {
    /// Takes what the element that was gone to states, which stands in one that is open at a depth.
    fn take(&mut self, xml: &mut Xml<'_>, depth: usize) -> Result<()> {
        match local(xml.name()) {
            "timestamp" => field(xml, &mut self.timestamp),
            "size" => field(xml, &mut self.size_bytes),
            "verification" => {
                while xml.child(depth + 1)? {
                    if local(xml.name()) == "hash" {
                        self.hash(xml)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hash(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        let kind = xml.pick(["type"])?[0].unwrap_or_default();
        let Some(algorithm) = algorithm(kind) else { return Ok(()) };
        let mut digits = Vec::new();
        xml.text(&mut digits)?;
        let digits = digits.trim_ascii();
        let Some(sum) = Checksum::of_hex(algorithm, digits) else {
            let (name, count) = (algorithm.name(), 2 * algorithm.bytes());
            let why =
                format!("is {}, where {count} digits of {name} are expected", excerpt(digits));
            return Err(xml.bad_field(&why));
        };
        if self.checksums.insert(algorithm, sum).is_some_and(|known| known != sum) {
            return Err(xml.bad_field(&format!("states a second {}", algorithm.name())));
        }
        Ok(())
    }

    /// Gives the state by its strongest checksum; `None` where somebody could make a second content with all of them.
    fn finish(self) -> Option<State> {
        let (_, checksum) =
            self.checksums.into_iter().rfind(|(algorithm, _)| algorithm.is_strong())?;
        Some(State { timestamp: self.timestamp, size_bytes: self.size_bytes, checksum })
    }
}

/// Reads a number that stands once.
fn field(xml: &mut Xml<'_>, slot: &mut Option<u64>) -> Result<()> {
    let mut text = Vec::new();
    xml.text(&mut text)?;
    let Some(value) = number(text.trim_ascii()) else {
        return Err(xml.bad_field(&format!("is {}, where a number is expected", excerpt(&text))));
    };
    xml.once(slot, value, "file")
}

/// Finds the kind of a checksum: `sha256`, and `sha-256` as newer metalinks write it.
fn algorithm(kind: &[u8]) -> Option<Algorithm> {
    let name: Vec<u8> = kind.iter().copied().filter(|b| *b != b'-').collect();
    Algorithm::ALL.into_iter().find(|known| name.eq_ignore_ascii_case(known.name().as_bytes()))
}

/// Gives the base of a mirror's repository; `None` where we cannot follow it.
fn mirror(url: &str) -> Option<Base> {
    let (scheme, _) = url.split_once("://")?;
    let folder = url.strip_suffix(REPOMD).filter(|folder| folder.ends_with('/'))?;
    if is_web(scheme) { base(folder).ok() } else { None }
}

/// Takes the prefix off a name: `MirrorManager`'s own elements have one.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests;
