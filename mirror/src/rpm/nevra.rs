//! The full name of a package: name, epoch, version, release, architecture.

use std::cmp::Ordering;
use std::fmt;

use super::primary::Package;
use super::version::{Evr, compare};

/// The longest full name that is taken, in bytes: a file's name has no more than 255.
pub const NEVRA_BYTES_MAX: usize = 1024;

/// The full name of a package. No part is empty or holds a blank, a control character or a slash; the version and the release
/// hold neither `-` nor `:`, the architecture no `.` either, and it is not `rpm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Nevra {
    /// The package's name.
    pub name: Box<str>,
    /// The epoch, 0 where none is stated.
    pub epoch: u32,
    /// The version.
    pub version: Box<str>,
    /// The release.
    pub release: Box<str>,
    /// The architecture, `src` or `nosrc` for a source package.
    pub architecture: Box<str>,
}

impl Nevra {
    /// Parses `NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE`, as modules name their artifacts; the epoch may be left out, and `.rpm`
    /// may follow, as in file names. `None` where the text is no such name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(".rpm").unwrap_or(text);
        let (rest, architecture) = text.rsplit_once('.')?;
        let (rest, release) = rest.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let (epoch, version) = match version.split_once(':') {
            Some((epoch, version)) => (epoch_of(epoch)?, version),
            None => (0, version),
        };
        Self::of_parts(name, epoch, (version, release), architecture)
    }

    /// Makes a full name of its parts; `None` where one of them can be no such part.
    #[must_use]
    pub fn of_parts(
        name: &str,
        epoch: u32,
        (version, release): (&str, &str),
        architecture: &str,
    ) -> Option<Self> {
        let parts = [name, version, release, architecture];
        let is_fine = |part: &&str| {
            !part.is_empty()
                && !part.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/')
        };
        let has = |part: &str, marks: &[char]| part.contains(marks);
        // What ends in `.rpm` is the name of a file.
        let is_bad = architecture == "rpm"
            || has(version, &['-', ':'])
            || has(release, &['-', ':'])
            || has(architecture, &['-', ':', '.']);
        if is_bad
            || !parts.iter().all(is_fine)
            || parts.iter().map(|part| part.len()).sum::<usize>() > NEVRA_BYTES_MAX
        {
            return None;
        }
        let [name, version, release, architecture] = parts.map(Into::into);
        Some(Self { name, epoch, version, release, architecture })
    }

    /// Gives what orders the builds of one package.
    #[must_use]
    pub fn evr(&self) -> Evr<'_> {
        (self.epoch, self.version.as_bytes(), self.release.as_bytes())
    }

    /// Says whether it is a source package.
    #[must_use]
    pub fn is_source(&self) -> bool {
        matches!(&*self.architecture, "src" | "nosrc")
    }
}

/// The full name of a package in the bytes of a list, which nobody has judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedName<'a> {
    /// The package's name.
    pub name: &'a [u8],
    /// The epoch, empty or `0` where none is stated.
    pub epoch: &'a [u8],
    /// The version.
    pub version: &'a [u8],
    /// The release.
    pub release: &'a [u8],
    /// The architecture, `src` or `nosrc` for a source package.
    pub architecture: &'a [u8],
}

impl<'a> From<&Package<'a>> for ListedName<'a> {
    fn from(one: &Package<'a>) -> Self {
        let Package { name, epoch, version, release, architecture, .. } = *one;
        Self { name, epoch, version, release, architecture }
    }
}

impl<'a> ListedName<'a> {
    /// Gives what orders the builds of one package. An epoch that is no number counts as 0.
    #[must_use]
    pub fn evr(&self) -> Evr<'a> {
        let epoch = std::str::from_utf8(self.epoch).ok().and_then(epoch_of);
        (epoch.unwrap_or_default(), self.version, self.release)
    }

    /// Says whether it is a source package.
    #[must_use]
    pub fn is_source(&self) -> bool {
        matches!(self.architecture, b"src" | b"nosrc")
    }

    /// Gives the full name; `None` where a part can be none of such a name.
    #[must_use]
    pub fn checked(&self) -> Option<Nevra> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let epoch = if self.epoch.is_empty() { 0 } else { epoch_of(text(self.epoch)?)? };
        let of = (text(self.version)?, text(self.release)?);
        Nevra::of_parts(text(self.name)?, epoch, of, text(self.architecture)?)
    }

    /// Appends `EPOCH:VERSION-RELEASE`, the epoch left out where it is 0.
    pub(super) fn write_evr(&self, to: &mut Vec<u8>) {
        let zeros = self.epoch.iter().take_while(|b| **b == b'0').count();
        let epoch = &self.epoch[zeros..];
        if !epoch.is_empty() {
            to.extend_from_slice(epoch);
            to.push(b':');
        }
        to.extend_from_slice(self.version);
        to.push(b'-');
        to.extend_from_slice(self.release);
    }

    /// Appends the full name as a [`Nevra`] shows it.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.name);
        to.push(b'-');
        self.write_evr(to);
        to.push(b'.');
        to.extend_from_slice(self.architecture);
    }
}

/// Reads an epoch: decimal digits, no sign.
pub(super) fn epoch_of(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Nevra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.name)?;
        if self.epoch != 0 {
            write!(f, "{}:", self.epoch)?;
        }
        write!(f, "{}-{}.{}", self.version, self.release, self.architecture)
    }
}

/// By name, by rpm's order of what was built of it, by architecture; spellings that rpm takes for equal by their bytes.
impl Ord for Nevra {
    fn cmp(&self, other: &Self) -> Ordering {
        fn spelling(one: &Nevra) -> [&str; 2] {
            [&one.version, &one.release]
        }
        self.name
            .cmp(&other.name)
            .then_with(|| compare(self.evr(), other.evr()))
            .then_with(|| self.architecture.cmp(&other.architecture))
            .then_with(|| spelling(self).cmp(&spelling(other)))
    }
}

impl PartialOrd for Nevra {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
