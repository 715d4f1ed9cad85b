//! An archive of Alpine made by tar, gzip and openssl, as abuild makes one: nothing of it goes through the product's own readers.

use super::{replace, temp_dir, tool, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Packs a folder's files into an archive without its end, as abuild-tar --cut does; the data part keeps its end.
const PACK: &str = r#"
pack() { tar --format=ustar -b1 --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$made" -cf - "$@"; }
endless() { head -c -1024; }
sum1() { openssl dgst -sha1 -binary "$1"; }
"#;

/// A key of the archive, made once for all tests.
#[derive(Debug)]
pub(crate) struct RsaKey {
    /// Its name, which signatures say.
    pub(crate) name: &'static str,
    folder: PathBuf,
}

impl RsaKey {
    /// The one key of this test run.
    pub(crate) fn shared() -> &'static Self {
        static KEY: OnceLock<RsaKey> = OnceLock::new();
        KEY.get_or_init(|| Self::make("lab@example.org-5243ef4b.rsa.pub", 2048))
    }

    /// A key that nobody trusts.
    pub(crate) fn stranger() -> &'static Self {
        static KEY: OnceLock<RsaKey> = OnceLock::new();
        KEY.get_or_init(|| Self::make("stranger@example.org-00000001.rsa.pub", 2048))
    }

    /// Makes it in a folder that is named after this process: nothing drops what all tests share, so the next run clears it.
    fn make(name: &'static str, bits: u32) -> Self {
        const FOLDER: &str = "pinfold-test-rsa.";
        let top = std::env::temp_dir();
        for entry in std::fs::read_dir(&top).unwrap().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            let process = file.strip_prefix(FOLDER);
            if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
                drop(std::fs::remove_dir_all(entry.path()));
            }
        }
        let folder = top.join(format!("{FOLDER}{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let key = Self { name, folder };
        let mut call = Command::new("openssl");
        tool(call.args(["genrsa", "-out"]).arg(key.secret()).arg(bits.to_string()));
        let mut call = Command::new("openssl");
        tool(call.args(["rsa", "-pubout", "-in"]).arg(key.secret()).arg("-out").arg(key.public()));
        key
    }

    fn secret(&self) -> PathBuf {
        self.folder.join(format!("{}.secret", self.name))
    }

    /// The file of its public half, under its name.
    pub(crate) fn public(&self) -> PathBuf {
        self.folder.join(self.name)
    }
}

/// How an index is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    /// RSA of SHA-1, as Alpine does.
    Sha1,
    /// RSA of SHA-256.
    Sha256,
    /// Not at all.
    Not,
}

/// An archive of Alpine.
#[derive(Debug)]
pub(crate) struct Alpine {
    _dir: TempDir,
    work: PathBuf,
    /// What upstream serves.
    pub(crate) tree: PathBuf,
}

impl Alpine {
    /// An archive without packages and without indices.
    pub(crate) fn new() -> Self {
        let dir = temp_dir();
        let (work, tree) = (dir.path().join("work"), dir.path().join("tree"));
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(&tree).unwrap();
        Self { _dir: dir, work, tree }
    }

    /// One repository, `v3.20/main` for `x86_64`, with `alpha` and `steady` 1.0-r0.
    pub(crate) fn first() -> Self {
        let archive = Self::new();
        archive.package("v3.20/main/x86_64", "alpha", "1.0-r0", 1_000_000);
        archive.package("v3.20/main/x86_64", "steady", "1.0-r0", 1_000_000);
        archive.index("v3.20/main/x86_64", 1_000_100);
        archive
    }

    /// The next day: alpha 1.1-r0 replaces 1.0-r0, `fresh` comes.
    pub(crate) fn second_state(&self) {
        self.remove("v3.20/main/x86_64", "alpha", "1.0-r0");
        self.package("v3.20/main/x86_64", "alpha", "1.1-r0", 2_000_000);
        self.package("v3.20/main/x86_64", "fresh", "0_git20240101-r3", 2_000_000);
        self.index("v3.20/main/x86_64", 2_000_100);
    }

    /// Builds a package that installs one file, signed, and notes it for the next index of the folder.
    pub(crate) fn package(&self, folder: &str, name: &str, version: &str, made: u32) -> PathBuf {
        let architecture = folder.rsplit('/').next().unwrap();
        self.package_of(folder, (name, version), architecture, made)
    }

    /// The same for an architecture that is another than the folder's.
    pub(crate) fn package_of(
        &self,
        folder: &str,
        (name, version): (&str, &str),
        architecture: &str,
        made: u32,
    ) -> PathBuf {
        let top = self.work.join(format!("{name}-{version}"));
        drop(std::fs::remove_dir_all(&top));
        write(top.join(format!("usr/share/lab/{name}")), format!("{name} {version} of {made}\n"));
        let info = format!(
            "pkgname = {name}\npkgver = {version}\npkgdesc = {name} of the lab\nurl = https://example.org\nbuilddate = {made}\nsize = 20\narch = {architecture}\norigin = {name}-src\nlicense = MIT\n"
        );
        write(top.join(".PKGINFO"), info);
        let file = format!("{name}-{version}.apk");
        let key = RsaKey::shared();
        let script = format!(
            r#"set -eu; made={made}; {PACK}
            pack usr | gzip -n9 >data
            echo "datahash = $(sha256sum data | cut -d' ' -f1)" >>.PKGINFO
            pack .PKGINFO | endless | gzip -n9 >control
            openssl dgst -sha1 -sign "$1" -out ".SIGN.RSA.{key}" control
            pack ".SIGN.RSA.{key}" | endless | gzip -n9 >signature
            cat signature control data >"{file}"
            sum1 control | openssl base64 >sum"#,
            key = key.name,
        );
        let mut call = Command::new("sh");
        tool(call.args(["-c", &script, "sh"]).arg(key.secret()).current_dir(&top));
        let bytes = std::fs::read(top.join(&file)).unwrap();
        let sum = std::fs::read_to_string(top.join("sum")).unwrap();
        let entry = format!(
            "C:Q1{}\nP:{name}\nV:{version}\nA:{architecture}\nS:{}\nI:20\nT:{name} of the lab\nU:https://example.org\nL:MIT\no:{name}-src\nt:{made}\nc:0123456789abcdef0123456789abcdef01234567\np:cmd:{name}={version}\n\n",
            sum.trim(),
            bytes.len()
        );
        write(self.notes(folder).join(format!("{name}-{version}")), entry);
        let to = self.tree.join(folder).join(&file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        replace(&to, &bytes);
        to
    }

    /// Takes a package away, from the next index too.
    pub(crate) fn remove(&self, folder: &str, name: &str, version: &str) {
        let name = format!("{name}-{version}");
        std::fs::remove_file(self.tree.join(folder).join(format!("{name}.apk"))).unwrap();
        std::fs::remove_file(self.notes(folder).join(name)).unwrap();
    }

    /// Moves a package to another folder, for the next indices of both.
    pub(crate) fn moved(&self, from: &str, to: &str, name: &str) {
        for (from, to) in [
            (self.notes(from).join(name), self.notes(to).join(name)),
            (
                self.tree.join(from).join(format!("{name}.apk")),
                self.tree.join(to).join(format!("{name}.apk")),
            ),
        ] {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::rename(from, to).unwrap();
        }
    }

    fn notes(&self, folder: &str) -> PathBuf {
        self.work.join("notes").join(folder)
    }

    /// The list of packages that the next index of a folder has.
    pub(crate) fn list(&self, folder: &str) -> String {
        let mut names: Vec<PathBuf> = std::fs::read_dir(self.notes(folder))
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        names.sort();
        names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Writes the index of a folder anew, signed, as a tool that replaces by rename would bring it.
    pub(crate) fn index(&self, folder: &str, made: u32) {
        self.index_of(folder, &self.list(folder), (Signing::Sha1, RsaKey::shared()), made);
    }

    /// The same of any list, signed otherwise.
    pub(crate) fn index_of(
        &self,
        folder: &str,
        list: &str,
        (signing, key): (Signing, &RsaKey),
        made: u32,
    ) {
        self.write_index(folder, list, (signing, key, key.name), made);
    }

    /// The same by one key under the name of another.
    pub(crate) fn index_as(
        &self,
        folder: &str,
        list: &str,
        (key, name): (&RsaKey, &str),
        made: u32,
    ) {
        self.write_index(folder, list, (Signing::Sha1, key, name), made);
    }

    fn write_index(
        &self,
        folder: &str,
        list: &str,
        (signing, key, name): (Signing, &RsaKey, &str),
        made: u32,
    ) {
        let top = self.work.join("index");
        write(top.join("APKINDEX"), list);
        write(top.join("DESCRIPTION"), "v3.20.3-17-g0123456789a\n");
        let sign = match signing {
            Signing::Not => String::new(),
            Signing::Sha1 | Signing::Sha256 => {
                let (hash, kind) =
                    if signing == Signing::Sha1 { ("sha1", "RSA") } else { ("sha256", "RSA256") };
                format!(
                    r#"openssl dgst -{hash} -sign "$1" -out ".SIGN.{kind}.{name}" plain
                    pack ".SIGN.{kind}.{name}" | endless | gzip -n9 >signature"#
                )
            }
        };
        let script = format!(
            "set -eu; made={made}; {PACK}\n: >signature\npack DESCRIPTION APKINDEX | gzip -n9 >plain\n{sign}\ncat signature plain >whole"
        );
        let mut call = Command::new("sh");
        tool(call.args(["-c", &script, "sh"]).arg(key.secret()).current_dir(&top));
        let bytes = std::fs::read(top.join("whole")).unwrap();
        let to = self.tree.join(folder).join("APKINDEX.tar.gz");
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        replace(&to, &bytes);
    }

    /// The path of a file of the tree.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.tree.join(path)
    }
}

/// What an index lists, as the format's specification reads it, with no reader of the product: names of files, sizes, and the
/// checksums of control parts in hexadecimal digits.
pub(crate) fn listed(index: &Path) -> Vec<(String, u64, String)> {
    let text = tool(
        Command::new("sh").args(["-c", "gzip -dc \"$0\" | tar -xOf - -i APKINDEX"]).arg(index),
    );
    let text = String::from_utf8(text.stdout).unwrap();
    let of = |entry: &str, field: &str| {
        entry.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default().to_owned()
    };
    let entries = text.split("\n\n").filter(|entry| !entry.trim().is_empty());
    entries
        .map(|entry| {
            let sum = of(entry, "C:Q1");
            let hex = Command::new("sh")
                .args(["-c", "echo \"$0\" | openssl base64 -d | od -An -tx1 | tr -d ' \\n'", &sum])
                .output()
                .unwrap();
            (
                format!("{}-{}.apk", of(entry, "P:"), of(entry, "V:")),
                of(entry, "S:").parse().unwrap(),
                String::from_utf8(hex.stdout).unwrap(),
            )
        })
        .collect()
}
