//! Repositories of Alpine: `APKINDEX.tar.gz` and the packages that it names.
//!
//! No index has a checksum of a whole package: it has that of the part which describes the package, and this part has that of the rest.

mod package;

pub(crate) use package::package_flaw;
