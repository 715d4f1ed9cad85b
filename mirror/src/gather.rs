//! What a family gathers of an archive: wanted files, each once, and entries of which no two contradict each other.

use pinfold_store::{Class, Code, Entry, Finding, Node, RelPath};

use crate::supply::{Content, Lack, Stage, Supplied, Supply, Wanted};
use crate::{Error, Result};

/// Drops what is named twice; a path with two contents cannot be served.
pub(crate) fn unique(mut wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
    wanted.sort_unstable_by(|a, b| (&a.path, &a.expect).cmp(&(&b.path, &b.expect)));
    wanted.dedup_by(|later, first| {
        let (a, b) = (later.size_bytes, first.size_bytes);
        let is_same = later.path == first.path && later.expect == first.expect;
        let is_one = is_same && (a == b || a.is_none() || b.is_none());
        if is_one {
            first.size_bytes = b.or(a);
        }
        is_one
    });
    let kind = |one: &Wanted| one.expect.sum().map(|sum| sum.algorithm());
    let twice = wanted.windows(2).find(|pair| {
        let is_same_kind = kind(&pair[0]) == kind(&pair[1]);
        pair[0].path == pair[1].path && (is_same_kind || pair[0].size_bytes != pair[1].size_bytes)
    });
    match twice {
        None => Ok(wanted),
        Some(pair) => {
            let shown = |one: &Wanted| {
                format!("{} bytes with {}", one.size_bytes.unwrap_or_default(), one.expect)
            };
            Err(Error::BadMetadata {
                path: pair[0].path.to_string(),
                why: format!(
                    "the indices name two contents for it, {} and {}",
                    shown(&pair[0]),
                    shown(&pair[1])
                ),
            })
        }
    }
}

/// The files of a state while it is found.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) entries: Vec<Entry>,
}

impl Gathered {
    /// Gets what metadata name.
    pub(crate) fn get(
        &mut self,
        supply: &mut dyn Supply,
        wanted: &[Wanted],
        class: Class,
        lacks: &mut Vec<Lack>,
    ) -> Result<()> {
        let supplied = supply.get(Stage::Files, wanted)?;
        for (wanted, supplied) in wanted.iter().zip(supplied) {
            let path = wanted.path.clone();
            match supplied {
                Supplied::Here(content) => self.add(path, content, class),
                what => lacks.push(Lack { path, what }),
            }
        }
        Ok(())
    }

    /// Adds a file that was supplied.
    pub(crate) fn add(&mut self, path: RelPath, content: Content, class: Class) {
        let Content { digest, size_bytes } = content;
        let node = Node::File { digest, size_bytes, class };
        self.entries.push(Entry { path, node, added: false });
    }

    /// Adds a name by checksum, which upstream need not have.
    pub(crate) fn add_name(&mut self, path: RelPath, content: Content) {
        self.add(path, content, Class::Fixed);
        if let Some(entry) = self.entries.last_mut() {
            entry.added = true;
        }
    }

    /// Sorts; of a path that is there twice with one content, the index and upstream's own name come first.
    pub(crate) fn into_entries(mut self) -> Result<Vec<Entry>> {
        let rank = |entry: &Entry| match entry.node {
            Node::File { class: Class::Root, .. } => 0,
            Node::File { class: Class::Other, .. } => 1,
            _ => 2,
        };
        self.entries.sort_by(|a, b| {
            a.path.cmp(&b.path).then_with(|| (rank(a), a.added).cmp(&(rank(b), b.added)))
        });
        let content = |entry: &Entry| match entry.node {
            Node::File { digest, .. } => Some(digest),
            Node::Link { .. } => None,
        };
        self.entries
            .dedup_by(|later, first| later.path == first.path && content(later) == content(first));
        let clash = self.entries.windows(2).find_map(|pair| {
            let (one, two) = (&pair[0].path, &pair[1].path);
            if one == two {
                return Some((
                    one.to_string(),
                    "two files of the archive have this name".to_owned(),
                ));
            }
            two.is_below(one.as_bytes())
                .then(|| (one.to_string(), format!("it is a file, and {two} lies below it")))
        });
        match clash {
            None => Ok(self.entries),
            Some((path, why)) => Err(Error::BadMetadata { path, why }),
        }
    }
}

/// Makes a finding about the archive's own metadata.
pub(crate) fn problem(subject: &str, detail: &str) -> Finding {
    Finding {
        code: Code::ArchiveIncomplete,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        remedy: "run the mirror tool again, then ingest again".to_owned(),
    }
}

/// Makes a finding about what upstream says and what is kept as it is.
pub(crate) fn oddity(subject: &str, detail: &str) -> Finding {
    Finding {
        code: Code::ArchiveOdd,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        remedy: "tell upstream: the mirror has it as it is".to_owned(),
    }
}

#[cfg(test)]
mod tests;
