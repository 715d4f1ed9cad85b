//! A repository of pacman's kind: bsdtar packs, repo-add indexes what changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::upstreams::{Night, State};
use crate::harness::{UpstreamKey, tool, write};

/// The repository.
#[derive(Debug)]
pub(super) struct Arch {
    work: PathBuf,
    folder: PathBuf,
}

impl Arch {
    pub(super) fn new(work: PathBuf, tree: &Path) -> Self {
        let folder = tree.join("core/os/x86_64");
        std::fs::create_dir_all(&folder).unwrap();
        Self { work, folder }
    }

    /// Replaces packages and writes the database anew.
    pub(super) fn pass(&mut self, night: Night, changed: &State) {
        if changed.is_empty() {
            return;
        }
        let faked = night.faked();
        let sign = |file: &PathBuf| {
            let options = ["--faked-system-time", &faked, "--detach-sign", "--no-armor"];
            let signature = UpstreamKey::shared().sign(file, &options);
            write(format!("{}.sig", file.display()), signature);
        };
        let made: Vec<PathBuf> =
            changed.iter().map(|(name, version)| self.package(name, *version)).collect();
        for file in &made {
            sign(file);
        }
        let mut add = Command::new("repo-add");
        add.args(["--quiet", "--remove"]).arg(self.folder.join("core.db.tar.gz"));
        tool(add.args(&made).env("LC_ALL", "C").env("TMPDIR", &self.work));
        for database in ["core.db", "core.files"] {
            sign(&self.folder.join(database));
        }
        for old in [".db.tar.gz.old", ".files.tar.gz.old"] {
            drop(std::fs::remove_file(self.folder.join(format!("core{old}"))));
        }
    }

    fn package(&self, name: &str, version: u32) -> PathBuf {
        let top = self.work.join("package");
        drop(std::fs::remove_dir_all(&top));
        write(top.join("usr/share/lab").join(name), format!("{name} {version}\n"));
        write(
            top.join(".PKGINFO"),
            format!(
                "pkgname = {name}\npkgbase = {name}\npkgver = {version}.0-1\npkgdesc = {name} of the lab\nbuilddate = 1750000000\npackager = Lab <lab@example.org>\nsize = 10\narch = x86_64\nlicense = MIT\n"
            ),
        );
        let file = self.folder.join(format!("{name}-{version}.0-1-x86_64.pkg.tar.zst"));
        let mut pack = Command::new("bsdtar");
        pack.args(["--zstd", "--uid", "0", "--gid", "0", "-cf"]).arg(&file);
        tool(pack.args([".PKGINFO", "usr"]).current_dir(top));
        file
    }
}
