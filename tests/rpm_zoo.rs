//! A zoo of rpm repositories: those that `createrepo_c` makes, those that are on the network, and those that nobody should make,
//! followed by `sync` over real nginx. Each oddity and each trap of the family is in a cage here.

mod basics;
mod beside;
mod filters;
mod lists;
mod metadata;
mod moving;
mod names;
mod packages;
mod simple;
mod trust;

use crate::harness::{Ran, Repo, Site, Upstream, following_rpm, tool};
use std::process::Command;

/// A site that follows one repository, which is made anew for each case and then spoilt.
struct Cage {
    pristine: Repo,
    repo: Repo,
    _upstream: Upstream,
    site: Site,
}

impl Cage {
    /// Follows copies of a repository, of which nobody vouches for the metadata.
    fn new(pristine: Repo) -> Self {
        Self::with(pristine, "unsigned = true\n")
    }

    /// The same with lines of the mirror's file.
    fn with(pristine: Repo, more: &str) -> Self {
        let repo = pristine.copy();
        let upstream = Upstream::of(&repo.tree, "");
        let site = following_rpm(&repo.url(&upstream), more);
        Self { pristine, repo, _upstream: upstream, site }
    }

    /// Follows a copy that was spoilt.
    fn sync(&self, spoil: impl FnOnce(&Repo)) -> Ran {
        std::fs::remove_dir_all(&self.repo.tree).unwrap();
        tool(Command::new("cp").arg("-a").arg(&self.pristine.tree).arg(&self.repo.tree));
        spoil(&self.repo);
        self.site.run(&["sync", "lab"])
    }

    /// A spoilt copy is refused with a code and these words, and no snapshot comes of it.
    fn refuses(&self, what: &str, code: i32, says: &[&str], spoil: impl FnOnce(&Repo)) {
        let before = self.site.dates("lab");
        let ran = self.sync(spoil);
        assert_eq!(ran.code, Some(code), "{what}\n{}", ran.said());
        for text in says {
            assert!(ran.err.contains(text), "{what}: {text:?} is not in\n{}", ran.err);
        }
        assert_eq!(self.site.dates("lab"), before, "{what}");
    }

    /// A spoilt copy is taken as it is, and proved again; with these words there is a warning (exit 1), else not a word.
    fn takes(&self, what: &str, says: &[&str], spoil: impl FnOnce(&Repo)) {
        let before = self.site.dates("lab").len();
        let ran = self.sync(spoil);
        let code = i32::from(!says.is_empty());
        assert_eq!(ran.code, Some(code), "{what}\n{}", ran.said());
        for text in says {
            assert!(ran.err.contains(text), "{what}: {text:?} is not in\n{}", ran.err);
        }
        let dates = self.site.dates("lab");
        assert_eq!(dates.len(), before + 1, "{what}\n{}", ran.said());
        let verified = self.site.run(&["verify", "lab"]);
        assert_eq!(verified.code, Some(0), "{what}\n{}", verified.said());
    }

    /// Reads a file of the newest dated tree.
    fn read(&self, path: &str) -> Vec<u8> {
        let date = self.site.dates("lab").pop().unwrap();
        let file = self.site.tree("lab", &date).join(path);
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// Replaces a text that has to be there.
fn swap(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in:\n{text}");
    text.replace(from, to)
}

/// A URL's path with every byte that is not plain written as `%NN`, as clients write it.
fn encoded(path: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte);
    path.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}
