//! What a database names of one package, kept until it is fetched.

use pinfold_store::RelPath;

use super::desc::Package;
use super::names::SIGNATURE;
use super::select::{Database, Selection};
use crate::supply::Wanted;
use crate::{Error, Result};

/// A package that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) wanted: Wanted,
    /// Its signature, where the database holds it.
    pub(super) signature: Option<Vec<u8>>,
}

/// What was read of a database.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The packages that are taken.
    pub(super) packages: Vec<Listed>,
    /// The name of every package and its checksum, for comparing: of another state there are others.
    pub(super) all: Vec<(Box<[u8]>, pinfold_store::Checksum)>,
}

impl Listing {
    /// Reads a database.
    pub(super) fn read(bytes: &[u8], database: &Database, selection: &Selection) -> Result<Self> {
        let mut listing = Self::default();
        let shown = database.path().to_string();
        super::packages(bytes, &shown, &mut |package| {
            // A name that cannot be followed refuses the database, whether the package is taken or not.
            let path = path(database, package, &shown)?;
            listing.all.push((package.file.into(), package.checksum));
            if selection.takes(package.name) {
                let wanted = Wanted {
                    path,
                    also: Vec::new(),
                    size_bytes: package.size_bytes,
                    expect: package.checksum.into(),
                    origin: 0,
                };
                listing.packages.push(Listed { wanted, signature: package.signature.clone() });
            }
            Ok(())
        })?;
        listing.all.sort_unstable();
        Ok(listing)
    }

    /// Says whether a list of files is of the same state; an error says why it cannot be read.
    pub(super) fn agrees(&self, files: &[u8], shown: &str) -> Result<bool> {
        let mut all = Vec::new();
        super::packages(files, shown, &mut |package| {
            all.push((package.file.into(), package.checksum));
            Ok(())
        })?;
        all.sort_unstable();
        Ok(all == self.all)
    }
}

fn path(database: &Database, package: &Package<'_>, shown: &str) -> Result<RelPath> {
    database
        .beside(package.file)
        .map_err(|error| Error::BadMetadata { path: shown.to_owned(), why: error.to_string() })
}

/// Gives the path of a package's signature.
pub(super) fn signature_of(package: &RelPath) -> Result<RelPath> {
    Ok(RelPath::parse(&[package.as_bytes(), SIGNATURE.as_bytes()].concat())?)
}
