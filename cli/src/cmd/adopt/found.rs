//! An archive that another tool keeps, and the mirror's file that it becomes.

use std::path::{Path, PathBuf};

use pinfold_mirror::family::Family;
use pinfold_store::Name;
use pinfold_store::path::{escape, escape_path};

/// What kept the archive until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// apt-mirror, which writes into files in place.
    AptMirror,
    /// `dnf reposync` or `reposync`.
    Reposync,
    /// debmirror, which replaces files by renaming.
    Debmirror,
    /// rsync, a person, nobody knows.
    Unknown,
}

impl Keeper {
    /// The word by which its cron job is found; `None` where the tree's path is.
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::AptMirror => Some("apt-mirror"),
            Self::Reposync => Some("reposync"),
            Self::Debmirror => Some("debmirror"),
            Self::Unknown => None,
        }
    }

    /// Says whether what it wrote may become the store's own files.
    pub(super) const fn may_link(self) -> bool {
        matches!(self, Self::Debmirror | Self::Unknown)
    }
}

/// What a mirror's file says of where it is followed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    /// Equal upstreams.
    Urls(Vec<String>),
    /// A list of them.
    Metalink(String),
    /// A list of them, one a line.
    Mirrorlist(String),
    /// Nobody says.
    Nowhere,
}

/// An archive.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) keeper: Keeper,
    /// The file, or folder, that names it.
    pub(super) named_by: PathBuf,
    pub(super) family: Family,
    /// The name that it would like, of whatever characters.
    pub(super) wish: Vec<String>,
    /// Where it lies.
    pub(super) tree: PathBuf,
    /// Where it answers, unless a web server of this host says otherwise.
    pub(super) mount: String,
    pub(super) from: From,
    pub(super) suites: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) architectures: Vec<String>,
    /// Further lines of the file: key and value.
    pub(super) more: Vec<(&'static str, toml::Value)>,
    /// The keyrings that vouch for it.
    pub(super) keyrings: Vec<PathBuf>,
    /// Nobody signs its metadata.
    pub(super) is_unsigned: bool,
    /// What the file should say for whoever reads it.
    pub(super) remarks: Vec<String>,
    /// What a person must look at.
    pub(super) findings: Vec<String>,
}

impl Found {
    /// One of which nothing but its place is known.
    pub(super) fn new(keeper: Keeper, named_by: &Path, family: Family, tree: PathBuf) -> Self {
        Self {
            keeper,
            named_by: named_by.to_owned(),
            family,
            wish: Vec::new(),
            tree,
            mount: String::new(),
            from: From::Nowhere,
            suites: Vec::new(),
            components: Vec::new(),
            architectures: Vec::new(),
            more: Vec::new(),
            keyrings: Vec::new(),
            is_unsigned: false,
            remarks: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Says whether Pinfold can follow it: what it consists of is known, and who vouches for it.
    pub(super) fn is_followed(&self) -> bool {
        let is_vouched = !self.keyrings.is_empty() || self.is_unsigned;
        // What comes by rsync comes whole: nobody need say what it consists of.
        let is_whole = match &self.from {
            From::Nowhere => return false,
            From::Urls(urls) => urls.iter().all(|url| url.starts_with("rsync://")),
            From::Metalink(_) | From::Mirrorlist(_) => false,
        };
        match self.family {
            Family::Files => true,
            Family::Apt => is_vouched && !self.suites.is_empty(),
            Family::Rpm => is_vouched,
            Family::Apk | Family::Pacman | Family::Brew => is_whole,
        }
    }

    /// The mirror's file. What nobody vouches for is written as comments: whoever finds the key takes the `#` away.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "# Adopted by pinfold. It was named by {}, and lay in {}.\n",
            escape_path(&self.named_by),
            escape_path(&self.tree)
        );
        for remark in &self.remarks {
            text += &format!("# {}\n", escape(remark.as_bytes()));
        }
        text += &line("family", self.family.name());
        text += &line("mount", self.mount.as_str());
        if self.family == Family::Apt {
            text += "# The distribution's own signature, so that clients go on with the keys that they have. Without this line channels are signed\n\
                     # by this site's key, and clients obey a rollback: give them that key first (pinfold client).\n";
            text += &line("signed", "upstream");
        }
        let mark = if self.is_followed() { "" } else { "# " };
        for following in self.following().lines() {
            text += &format!("{mark}{following}\n");
        }
        let has_keys = matches!(self.family, Family::Apt | Family::Rpm);
        if has_keys && self.from != From::Nowhere && !self.is_followed() && self.keyrings.is_empty()
        {
            text += "# keyrings = [\"/usr/share/keyrings/….gpg\"]\n";
        }
        text
    }

    /// The file that it becomes when somebody says who vouches for it; `None` where more than that is to be said.
    pub(super) fn meant(&self) -> Option<String> {
        let is_enough = self.from != From::Nowhere
            && match self.family {
                Family::Apt => !self.suites.is_empty(),
                Family::Rpm | Family::Files => true,
                Family::Apk | Family::Pacman | Family::Brew => false,
            };
        let is_vouched = !self.keyrings.is_empty() || self.is_unsigned;
        let unsigned = if is_vouched { String::new() } else { line("unsigned", true) };
        is_enough.then(|| {
            let place = line("family", self.family.name()) + &line("mount", self.mount.as_str());
            place + &self.following() + &unsigned
        })
    }

    fn following(&self) -> String {
        let mut text = match &self.from {
            From::Nowhere => String::new(),
            From::Urls(urls) if urls.len() == 1 => line("upstream", urls[0].as_str()),
            From::Urls(urls) => line("upstream", urls.clone()),
            From::Metalink(url) => line("metalink", url.as_str()),
            From::Mirrorlist(url) => line("mirrorlist", url.as_str()),
        };
        let lists = [
            ("suites", &self.suites),
            ("components", &self.components),
            ("architectures", &self.architectures),
        ];
        for (key, words) in lists.iter().filter(|(_, words)| !words.is_empty()) {
            text += &line(key, (*words).clone());
        }
        for (key, value) in &self.more {
            text += &line(key, value.clone());
        }
        if self.is_unsigned {
            text += &line("unsigned", true);
        }
        if !self.keyrings.is_empty() {
            let paths = self.keyrings.iter().map(|path| path.to_string_lossy().into_owned());
            text += &line("keyrings", paths.collect::<Vec<_>>());
        }
        text
    }

    /// A name that is free: the first wish that is, else the last with a number.
    pub(super) fn name(&self, is_taken: &dyn Fn(&Name) -> bool) -> Option<Name> {
        let words: Vec<String> = self.wish.iter().map(|wish| plain(wish)).collect();
        let last = words.last()?;
        let numbered = (2..100).map(|number| format!("{last}-{number}"));
        let mut names =
            words.iter().cloned().chain(numbered).filter_map(|word| word.parse::<Name>().ok());
        names.find(|name| !is_taken(name))
    }

    /// Adds a word once.
    pub(super) fn add(list: &mut Vec<String>, word: &str) {
        if !list.iter().any(|one| one == word) {
            list.push(word.to_owned());
        }
    }
}

fn line(key: &str, value: impl Into<toml::Value>) -> String {
    format!("{key} = {}\n", value.into())
}

/// A word with the characters of a name only.
fn plain(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    let good = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' }
    };
    let word: String = word.chars().map(good).collect();
    let begin = word.trim_start_matches(['.', '_', '-']).trim_end_matches('-');
    begin.chars().take(60).collect()
}

/// What an archive of this host and path is called: `ubuntu`, `debian-security`; where that is taken with the host's word before it.
pub(super) fn wishes(host: &str, path: &str) -> Vec<String> {
    let last = path.split('/').rfind(|part| !part.is_empty()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    let owner = labels.len().checked_sub(2).and_then(|at| labels.get(at)).copied();
    let owner = owner.or_else(|| labels.first().copied()).unwrap_or("archive");
    let first = labels.first().copied().unwrap_or(owner);
    if last.is_empty()
        || ["apt", "deb", "repo", "repos", "pub", "linux", "packages"].contains(&last)
    {
        return vec![owner.to_owned(), host.to_owned()];
    }
    let mut wishes = Vec::new();
    if first == "security" && !last.contains("security") {
        wishes.push(format!("{last}-security"));
    }
    wishes.push(last.to_owned());
    if owner != last {
        wishes.push(format!("{owner}-{last}"));
    }
    wishes.push(format!("{host}-{last}"));
    wishes
}
