//! The lists of upstreams that distributions hand out: who has the repository, and in which states it may be.

use pinfold_store::Monitor;

use super::lists::{LIST_BYTES_MAX, Metalink, metalink, mirrorlist};
use crate::fetch::list;
use crate::http::{Base, Http, Url};
use crate::{Error, Result};

/// Asks for a list of mirrors, one URL a line.
///
/// # Errors
/// [`Error::Upstream`] where it cannot be had or is no such list.
pub fn fetch_mirrorlist(http: &Http, url: &Url, monitor: &dyn Monitor) -> Result<Vec<Base>> {
    let bytes = list(http, url, LIST_BYTES_MAX, monitor)?;
    let bases = mirrorlist(&bytes, &url.to_string()).map_err(of_upstream)?;
    Ok(bases.into_iter().map(|base| base.named_by(url)).collect())
}

/// Asks for a metalink.
///
/// # Errors
/// [`Error::Upstream`] where it cannot be had or is none.
pub fn fetch_metalink(http: &Http, url: &Url, monitor: &dyn Monitor) -> Result<Metalink> {
    let bytes = list(http, url, LIST_BYTES_MAX, monitor)?;
    let mut metalink = metalink(&bytes, &url.to_string()).map_err(of_upstream)?;
    metalink.mirrors = metalink.mirrors.into_iter().map(|base| base.named_by(url)).collect();
    Ok(metalink)
}

/// A list that is none is a server's error page: nothing was believed, and the next run may get a better answer.
fn of_upstream(error: Error) -> Error {
    match error {
        Error::BadMetadata { path, why } => Error::Upstream { url: path, why },
        other => other,
    }
}

#[cfg(test)]
mod tests;
