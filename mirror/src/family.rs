//! The table of families.

use pinfold_store::{Monitor, Record, Stamp, scan};

use crate::archive::{Archive, Belief};
use crate::prove::Kept;
use crate::{Result, TreeReader, apk, apt, brew, files, pacman, rpm, vouching};

/// A package-manager format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Debian's and Ubuntu's archives, flat ones too.
    Apt,
    /// Repositories of dnf and zypper.
    Rpm,
    /// Alpine's repositories.
    Apk,
    /// Repositories of Arch Linux and its kin.
    Pacman,
    /// Homebrew's bottles.
    Brew,
    /// Any tree, unparsed.
    Files,
}

/// Every family, in the order of help texts.
pub const ALL: &[Family] =
    &[Family::Apt, Family::Rpm, Family::Apk, Family::Pacman, Family::Brew, Family::Files];

/// What a family's names look like to a web server. Regular expressions are in the common subset of PCRE and Rust's
/// `regex`, without capturing groups, braces, blanks and quotes; an empty one matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteWords {
    /// Matches the whole last part of root metadata's paths.
    pub root_names: &'static str,
    /// Root metadata go out with a time and a tag, by which clients ask whether they changed. Not where a client holds what is
    /// newer for better, and would not see a switch to an older state.
    pub has_validators: bool,
    /// Matches the whole last part, which begins with a dot, of paths that are served although hidden names are not.
    pub dot_names: &'static str,
    /// Matches somewhere in a path whose name holds a hash or a time, so that its bytes never change.
    pub hash_names: &'static str,
    /// Matches the whole of what follows a dot in a package's file name.
    pub package_names: &'static str,
    /// Extensions and their MIME types.
    pub types: &'static [(&'static str, &'static str)],
    /// Match the last parts of paths that have a MIME type of their own, whatever their extension.
    pub typed_names: &'static [(&'static str, &'static str)],
    /// Matches the whole of a name that clients ask for at the top of the server too, as they do with [`Self::typed_names`] then,
    /// whatever other mirrors there are.
    pub top_names: &'static str,
    /// Paths of folders that answer with a few words: the path with its slash, a MIME type, the words.
    pub words: &'static [(&'static str, &'static str, &'static str)],
}

impl SiteWords {
    /// Nothing is known of the names.
    pub const NONE: Self = Self {
        root_names: "",
        has_validators: true,
        dot_names: "",
        hash_names: "",
        package_names: "",
        types: &[],
        typed_names: &[],
        top_names: "",
        words: &[],
    };
}

/// Finds a family by its name.
#[must_use]
pub fn by_name(name: &str) -> Option<Family> {
    ALL.iter().copied().find(|family| family.name() == name)
}

impl Family {
    /// Gives the family's name, as configuration and records hold it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
            Self::Brew => "brew",
            Self::Files => "files",
        }
    }

    /// Gives what a web server needs to know of the family's names.
    #[must_use]
    pub const fn site(self) -> SiteWords {
        match self {
            Self::Apt => apt::SITE,
            Self::Rpm => rpm::SITE,
            Self::Apk => apk::SITE,
            Self::Pacman => pacman::SITE,
            Self::Brew => brew::SITE,
            Self::Files => files::SITE,
        }
    }

    /// Gives where a mirror of the family usually answers; `None` where every one has a place of its own.
    #[must_use]
    pub const fn mount(self) -> Option<&'static str> {
        match self {
            Self::Apk => Some("alpine"),
            Self::Pacman => Some("archlinux"),
            Self::Brew => Some("brew"),
            Self::Apt | Self::Rpm | Self::Files => None,
        }
    }

    /// Says whether a channel shows root metadata of its own, signed anew unless configured otherwise.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Apt)
    }

    /// Reads a scanned tree: classes, names to add, root files.
    ///
    /// # Errors
    /// Whatever the family finds wrong with its metadata, see [`apt::read`].
    pub fn read(
        self,
        tree: &dyn TreeReader,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn scan::Reading>> {
        Ok(match self {
            Self::Apt => Box::new(apt::read(tree, monitor)?),
            Self::Rpm => Box::new(rpm::read(tree, &rpm::repositories(tree)?)?),
            Self::Apk => Box::new(apk::read(tree)?),
            Self::Pacman => Box::new(pacman::read(tree)?),
            Self::Brew => Box::new(brew::read(tree)?),
            Self::Files => Box::new(files::Reading),
        })
    }

    /// Makes the archive again that a snapshot was taken of, to be believed by what vouched then (`None`: nobody had to);
    /// `None` where the family proves nothing.
    ///
    /// # Errors
    /// [`crate::Error::BadMetadata`] where the record's words are not understood.
    pub fn archive_of(
        self,
        record: &Record,
        kept: Option<&[Kept]>,
    ) -> Result<Option<Box<dyn Archive>>> {
        let keyring = || kept.map(|kept| vouching::keyring(record, kept)).transpose();
        Ok(match self {
            Self::Apt => Some(Box::new(apt::Archive::of(record, keyring()?)?)),
            Self::Rpm => Some(Box::new(rpm::Archive::of(record, keyring()?)?)),
            Self::Apk => Some(Box::new(apk::Archive::of(record, kept)?)),
            Self::Pacman => Some(Box::new(pacman::Archive::of(record, keyring()?)?)),
            Self::Brew => Some(Box::new(brew::Archive::of(record, kept)?)),
            Self::Files => Some(Box::new(files::Archive::of(record, keyring()?)?)),
        })
    }

    /// Makes the archive that a scanned tree is by its own account, where nobody says what it consists of; `None` where the
    /// family compares such a tree while it reads it, or proves nothing.
    ///
    /// # Errors
    /// The tree cannot be listed, or is none of the family's.
    pub fn archive_in(
        self,
        tree: &dyn TreeReader,
        belief: Belief,
        now: Stamp,
    ) -> Result<Option<Box<dyn Archive>>> {
        Ok(match self {
            Self::Apt => None,
            Self::Files => match files::Archive::found_in(tree, belief, now)? {
                Some(archive) => Some(Box::new(archive)),
                None => None,
            },
            Self::Rpm => Some(Box::new(rpm::Archive::found_in(tree, belief, now)?)),
            Self::Apk => Some(Box::new(apk::Archive::found_in(tree, belief, now)?)),
            Self::Pacman => Some(Box::new(pacman::Archive::found_in(tree, belief, now)?)),
            Self::Brew => Some(Box::new(brew::Archive::found_in(tree, belief)?)),
        })
    }
}

#[cfg(test)]
mod tests;
