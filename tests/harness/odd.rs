//! An archive written by hand, for what the distribution's tools do not write.

use super::{UpstreamKey, replace, temp_dir, tool, write};
use pinfold_store::Algorithm;
use pinfold_store::sums::Checking;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The archive.
#[derive(Debug)]
pub(crate) struct Odd {
    _dir: TempDir,
    pub(crate) tree: PathBuf,
}

impl Odd {
    /// An archive without anything.
    pub(crate) fn new() -> Self {
        let dir = temp_dir();
        let tree = dir.path().join("tree");
        std::fs::create_dir(&tree).unwrap();
        Self { _dir: dir, tree }
    }

    /// Writes a file.
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.tree.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        replace(&path, bytes.as_ref());
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.tree.join(path)).unwrap()
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.tree.join(path)).unwrap();
    }

    /// Writes a file that plays a package, and gives its stanza.
    pub(crate) fn package(&self, name: &str, path: &str) -> String {
        let bytes = format!("the bytes of {name}\n");
        self.file(path, &bytes);
        stanza(name, path, bytes.as_bytes())
    }

    /// Writes the one real package, `odd` 1.0, and gives its stanza.
    pub(crate) fn real(&self, path: &str) -> String {
        self.file(path, odd_deb());
        stanza("odd", path, odd_deb())
    }

    /// Packs a file by the real tools, beside it.
    pub(crate) fn pack(&self, path: &str, endings: &[&str]) {
        for ending in endings {
            let program = match *ending {
                "gz" => "gzip",
                "bz2" => "bzip2",
                "zst" => "zstd",
                other => other,
            };
            let mut command = Command::new(program);
            if *ending == "gz" {
                command.arg("-n");
            }
            let packed = tool(command.arg("-c").arg(self.tree.join(path))).stdout;
            self.file(&format!("{path}.{ending}"), packed);
        }
    }

    /// A list of checksums of files below a suite's folder.
    pub(crate) fn list(&self, algorithm: &str, folder: &str, names: &[&str]) -> String {
        let lines = names.iter().map(|name| {
            let path =
                if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
            line(algorithm, name, &self.read(&path))
        });
        format!("{algorithm}:\n{}", lines.collect::<String>())
    }

    /// Signs a text as the `InRelease` of a suite's folder.
    pub(crate) fn sign(&self, folder: &str, text: &str) {
        let path =
            if folder.is_empty() { "InRelease".to_owned() } else { format!("{folder}/InRelease") };
        self.file(&path, UpstreamKey::shared().clearsign(text));
    }

    /// A whole suite with component `main`: `Packages` of amd64, plain and packed, and its `InRelease`.
    pub(crate) fn suite(&self, suite: &str, day: u32, packages: &str) {
        let folder = format!("dists/{suite}");
        self.file(&format!("{folder}/main/binary-amd64/Packages"), packages);
        self.pack(&format!("{folder}/main/binary-amd64/Packages"), &["xz"]);
        let names = ["main/binary-amd64/Packages", "main/binary-amd64/Packages.xz"];
        self.sign(&folder, &(head(suite, day) + &self.list("SHA256", &folder, &names)));
    }
}

/// The fields of a `Release` before its lists; the day is one of March 2026.
pub(crate) fn head(suite: &str, day: u32) -> String {
    format!(
        "Origin: Odd\nLabel: Odd\nSuite: {suite}\nCodename: {suite}\nDate: Mon, {day:02} Mar 2026 04:00:00 UTC\nArchitectures: amd64 all\nComponents: main\n"
    )
}

/// A stanza of a list of packages.
pub(crate) fn stanza(name: &str, path: &str, bytes: &[u8]) -> String {
    let (size, sum) = (bytes.len(), hex("SHA256", bytes));
    format!(
        "Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Lab <lab@example.org>\nFilename: {path}\nSize: {size}\nSHA256: {sum}\nDescription: {name} of the lab\n\n"
    )
}

/// A line of a list of checksums.
pub(crate) fn line(algorithm: &str, name: &str, bytes: &[u8]) -> String {
    format!(" {} {} {name}\n", hex(algorithm, bytes), bytes.len())
}

/// A checksum; of apt's names for the kinds one is not the usual one.
pub(crate) fn hex(algorithm: &str, bytes: &[u8]) -> String {
    let is_it = |one: &Algorithm| one.name() == algorithm.trim_end_matches("Sum");
    let mut checking = Checking::toward(Algorithm::ALL.into_iter().find(is_it).unwrap());
    checking.update(bytes);
    checking.finish().hex()
}

/// A package that installs one file, made once.
pub(crate) fn odd_deb() -> &'static [u8] {
    static DEB: OnceLock<Vec<u8>> = OnceLock::new();
    DEB.get_or_init(|| {
        let dir = temp_dir();
        let top = dir.path().join("odd");
        write(
            top.join("DEBIAN/control"),
            "Package: odd\nVersion: 1.0\nArchitecture: all\nMaintainer: Lab <lab@example.org>\nDescription: odd of the lab\n",
        );
        write(top.join("usr/share/lab/odd"), "odd 1.0\n");
        let file = dir.path().join("odd.deb");
        tool(
            Command::new("dpkg-deb")
                .args(["--root-owner-group", "-Zxz", "-z1", "--build"])
                .arg(&top)
                .arg(&file),
        );
        std::fs::read(file).unwrap()
    })
}
