//! Repositories of rpm packages, made by the real rpmbuild, `createrepo_c` and `modifyrepo_c`, and then spoilt on demand.

use super::{Rpm, Site, Upstream, UpstreamKey, hex, replace, temp_dir, tool, walk, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A repository in a tree of its own.
#[derive(Debug)]
pub(crate) struct Repo {
    _dir: TempDir,
    /// The root of the tree: what a server serves.
    pub(crate) tree: PathBuf,
    /// Where in it the repository is; empty at its root.
    folder: String,
}

impl Repo {
    /// A repository at the root of its tree, with nothing in it yet.
    pub(crate) fn new() -> Self {
        Self::below("")
    }

    /// The same in a folder of its tree.
    pub(crate) fn below(folder: &str) -> Self {
        let dir = temp_dir();
        let tree = dir.path().join("tree");
        std::fs::create_dir_all(tree.join(folder)).unwrap();
        Self { _dir: dir, tree, folder: folder.to_owned() }
    }

    /// A repository whose packages `alpha` and `steady` have version 1.0, indexed and signed by the harness's key.
    pub(crate) fn first() -> Self {
        let repo = Self::new();
        repo.package("Packages", "alpha", "1.0");
        repo.package("Packages", "steady", "1.0");
        repo.createrepo(&[]);
        repo.sign(UpstreamKey::shared());
        repo
    }

    /// The next day: alpha 2.0 replaces 1.0, `fresh` comes; indexed and signed.
    pub(crate) fn second_state(&self) {
        self.remove("Packages/alpha-1.0-1.noarch.rpm");
        self.package("Packages", "alpha", "2.0");
        self.package("Packages", "fresh", "0.1");
        self.createrepo(&[]);
        self.sign(UpstreamKey::shared());
    }

    /// Its URL at a server of its tree.
    pub(crate) fn url(&self, upstream: &Upstream) -> String {
        format!("{}/{}", upstream.url(), self.folder)
    }

    /// Another tree with the same in it.
    pub(crate) fn copy(&self) -> Self {
        let dir = temp_dir();
        tool(Command::new("cp").arg("-a").arg(&self.tree).arg(dir.path().join("tree")));
        let tree = dir.path().join("tree");
        Self { _dir: dir, tree, folder: self.folder.clone() }
    }

    /// A path below the repository, as the machine names it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.tree.join(&self.folder).join(path)
    }

    /// Writes a file below the repository.
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        replace(&self.at(path), bytes.as_ref());
    }

    /// Reads a file below the repository.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.at(path)).unwrap()
    }

    /// Removes a file below the repository.
    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.at(path)).unwrap();
    }

    /// Renames a file below the repository, and its folders come to be.
    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::create_dir_all(self.at(to).parent().unwrap()).unwrap();
        std::fs::rename(self.at(from), self.at(to)).unwrap();
    }

    /// Adds a package for all machines to a folder of the repository, which may be empty; gives its path.
    pub(crate) fn package(&self, folder: &str, name: &str, version: &str) -> String {
        self.add(folder, &Rpm::new(name, version))
    }

    /// Adds any package to a folder of the repository, which may be empty; gives its path.
    pub(crate) fn add(&self, folder: &str, rpm: &Rpm) -> String {
        let path = Path::new(folder).join(rpm.file()).display().to_string();
        self.file(&path, rpm.built());
        path
    }

    /// Indexes what is there; without databases, unless `more` has `--database`.
    pub(crate) fn createrepo(&self, more: &[&str]) {
        let mut call = Command::new("createrepo_c");
        if !more.contains(&"--database") {
            call.arg("--no-database");
        }
        tool(call.arg("--quiet").args(more).arg(self.at("")));
    }

    /// Adds metadata of a kind to what is indexed; `more` are more of `modifyrepo_c`'s options.
    pub(crate) fn modify(&self, kind: &str, name: &str, text: &str, more: &[&str]) {
        let dir = temp_dir();
        write(dir.path().join(name), text);
        let mut call = Command::new("modifyrepo_c");
        call.args(["--mdtype", kind]).args(more).arg(dir.path().join(name));
        tool(call.arg(self.at("repodata")));
    }

    /// Adds streams of modules.
    pub(crate) fn modules(&self, yaml: &str) {
        self.modify("modules", "modules.yaml", yaml, &[]);
    }

    /// Adds advisories.
    pub(crate) fn updateinfo(&self, xml: &str) {
        self.modify("updateinfo", "updateinfo.xml", xml, &[]);
    }

    /// Adds groups of packages, as they are and packed.
    pub(crate) fn group(&self, xml: &str) {
        self.modify("group", "comps.xml", xml, &["--no-compress"]);
        self.modify("group_gz", "comps.xml", xml, &["--compress-type", "gz"]);
    }

    /// Signs `repomd.xml`.
    pub(crate) fn sign(&self, key: &UpstreamKey) {
        self.sign_with(key, &[]);
    }

    /// The same with more of gpg's options.
    pub(crate) fn sign_with(&self, key: &UpstreamKey, more: &[&str]) {
        let signature = key.detach(&self.at("repodata/repomd.xml"), more);
        self.file("repodata/repomd.xml.asc", signature);
    }

    /// Signs every package. The index must be made after it.
    pub(crate) fn sign_packages(&self, key: &UpstreamKey) {
        let is_rpm = |path: &PathBuf| path.extension().is_some_and(|end| end == "rpm");
        walk(&self.at("")).iter().filter(|path| is_rpm(path)).for_each(|path| key.sign_rpm(path));
    }

    /// Shows the public half of a key as the one of the repository.
    pub(crate) fn key(&self, key: &UpstreamKey) {
        self.file("repodata/repomd.xml.key", key.public());
    }

    /// The text of `repomd.xml`.
    pub(crate) fn repomd(&self) -> String {
        String::from_utf8(self.read("repodata/repomd.xml")).unwrap()
    }

    /// Rewrites `repomd.xml`; its signature is of the old one then.
    pub(crate) fn edit_repomd(&self, edit: impl FnOnce(String) -> String) {
        self.file("repodata/repomd.xml", edit(self.repomd()));
    }

    /// The entry of a kind of metadata, as it stands in `repomd.xml`.
    pub(crate) fn entry(&self, kind: &str) -> String {
        let text = self.repomd();
        let begin = text.find(&format!("<data type=\"{kind}\">"));
        let begin = begin.unwrap_or_else(|| panic!("no {kind} in:\n{text}"));
        let end = begin + text[begin..].find("</data>").unwrap() + "</data>".len();
        text[begin..end].to_owned()
    }

    /// Where the file of a kind of metadata is, below the repository.
    pub(crate) fn path(&self, kind: &str) -> String {
        let entry = self.entry(kind);
        entry.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    /// What metadata of a kind unpack to.
    pub(crate) fn plain(&self, kind: &str) -> String {
        let path = self.path(kind);
        let bytes = match packer(&path) {
            None => self.read(&path),
            Some(program) => tool(Command::new(program).arg("-dc").arg(self.at(&path))).stdout,
        };
        String::from_utf8(bytes).unwrap()
    }

    /// Rewrites metadata of a kind, and states its sums and sizes in `repomd.xml` anew. Its name stays as it is unless it has
    /// a checksum in it. Other metadata, and the signature, are left alone.
    pub(crate) fn edit(&self, kind: &str, edit: impl FnOnce(String) -> String) {
        let plain = edit(self.plain(kind));
        self.set(kind, &pack(&self.path(kind), plain.as_bytes()), plain.as_bytes());
    }

    /// Puts any bytes in the place of metadata of a kind; `plain` is what is stated of what they unpack to.
    pub(crate) fn set(&self, kind: &str, packed: &[u8], plain: &[u8]) {
        let (entry, path) = (self.entry(kind), self.path(kind));
        let (old, sum) = (between(&entry, "<checksum", "</checksum>"), hex("SHA256", packed));
        let renamed = path.replace(old, &sum);
        self.remove(&path);
        self.file(&renamed, packed);
        let open = hex("SHA256", plain);
        let mut new = entry.replace(&format!("\"{path}\""), &format!("\"{renamed}\""));
        for (tag, value) in [
            ("checksum", sum),
            ("open-checksum", open),
            ("size", packed.len().to_string()),
            ("open-size", plain.len().to_string()),
        ] {
            new = with_text(&new, tag, &value);
        }
        self.edit_repomd(|text| text.replace(&entry, &new));
    }
}

/// The program that packs files with a name's ending.
fn packer(path: &str) -> Option<&'static str> {
    let endings = [(".gz", "gzip"), (".xz", "xz"), (".zst", "zstd"), (".bz2", "bzip2")];
    endings.iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, program)| *program)
}

/// Packs bytes as a name's ending says, by the real tool.
pub(crate) fn pack(path: &str, plain: &[u8]) -> Vec<u8> {
    let Some(program) = packer(path) else { return plain.to_vec() };
    let dir = temp_dir();
    let file = dir.path().join("plain");
    write(&file, plain);
    let mut call = Command::new(program);
    if program == "gzip" {
        call.arg("-n");
    }
    tool(call.arg("-c").arg(file)).stdout
}

/// The text of an element that stands once.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in:\n{text}")).1;
    rest.split_once('>').unwrap().1.split_once(end).unwrap().0
}

/// Gives an element another text, where it is there.
pub(crate) fn with_text(text: &str, tag: &str, value: &str) -> String {
    let (begin, end) = (format!("<{tag}"), format!("</{tag}>"));
    let Some(at) = text.find(&begin) else { return text.to_owned() };
    let from = at + text[at..].find('>').unwrap() + 1;
    let to = from + text[from..].find(&end).unwrap();
    format!("{}{value}{}", &text[..from], &text[to..])
}

/// A site whose mirror `lab` follows a repository.
pub(crate) fn following_rpm(url: &str, more: &str) -> Site {
    let site = Site::fleeting();
    follow_rpm(&site, "lab", url, more);
    site.ok(&["init"]);
    site
}

/// Writes a mirror's file: the harness's key and no patience, unless further lines say otherwise (`unsigned`, `keyrings`,
/// `mirrorlist`, `metalink` in place of the URL).
pub(crate) fn follow_rpm(site: &Site, mirror: &str, url: &str, more: &str) {
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    let is_set = |key: &str| more.lines().any(|line| line.starts_with(key));
    let mut text = format!("family = \"rpm\"\nmount = \"archive.example.org/{mirror}\"\n");
    if !is_set("mirrorlist") && !is_set("metalink") {
        text += &format!("upstream = \"{url}\"\n");
    }
    for (key, value) in [
        ("patience", "\"31ms\""),
        ("timeout", "\"5s\""),
        ("tries", "2"),
        ("retry-wait", "\"10ms\""),
    ] {
        if !is_set(key) {
            text += &format!("{key} = {value}\n");
        }
    }
    if !is_set("unsigned") && !is_set("keyrings") {
        text += &format!("keyrings = [\"{}\"]\n", keyring.display());
    }
    site.mirror(mirror, &(text + more));
}
