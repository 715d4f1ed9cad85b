//! An archive of Debian's kind: dpkg-deb, apt-ftparchive with its cache, gpg.

use std::path::PathBuf;
use std::process::Command;

use super::upstreams::{Night, State};
use crate::harness::{UpstreamKey, replace, tool, write};

/// The archive.
#[derive(Debug)]
pub(super) struct Debian {
    work: PathBuf,
    tree: PathBuf,
}

impl Debian {
    pub(super) fn new(work: PathBuf, tree: PathBuf) -> Self {
        Self { work, tree }
    }

    /// The packages that are there.
    pub(super) fn pool(&self) -> Vec<PathBuf> {
        let mut found = crate::harness::walk(&self.tree.join("pool"));
        found.retain(|path| path.is_file());
        found
    }

    /// Replaces packages and writes the indices anew.
    pub(super) fn pass(&mut self, night: Night, changed: &State) {
        if changed.is_empty() {
            return;
        }
        for (name, version) in changed {
            self.package(name, *version);
        }
        let (cache, tree) = (self.work.join("cache.db"), &self.tree);
        let mut list = Command::new("apt-ftparchive");
        list.args(["--arch", "amd64", "--db"]).arg(cache).args(["packages", "pool"]);
        let packages = tool(list.current_dir(tree)).stdout;
        let suite = tree.join("dists/lab");
        let folder = suite.join("main/binary-amd64");
        replace(&folder.join("Packages"), &packages);
        let mut xz = Command::new("xz");
        let packed = tool(xz.args(["-0", "-c"]).arg(folder.join("Packages"))).stdout;
        replace(&folder.join("Packages.xz"), &packed);
        self.release(night);
    }

    fn release(&self, night: Night) {
        let suite = self.tree.join("dists/lab");
        for old in ["Release", "InRelease"] {
            drop(std::fs::remove_file(suite.join(old)));
        }
        let mut call = Command::new("apt-ftparchive");
        for (field, value) in [
            ("Origin", "Lab"),
            ("Label", "Lab"),
            ("Suite", "lab"),
            ("Codename", "lab"),
            ("Architectures", "amd64"),
            ("Components", "main"),
        ] {
            call.arg("-o").arg(format!("APT::FTPArchive::Release::{field}={value}"));
        }
        let made = tool(call.args(["release", "."]).current_dir(&suite)).stdout;
        let date = night.at.strftime("Date: %a, %d %b %Y %H:%M:%S UTC").to_string();
        let dated = |line: &str| {
            if line.starts_with("Date:") { format!("{date}\n") } else { format!("{line}\n") }
        };
        let text: String = String::from_utf8(made).unwrap().lines().map(dated).collect();
        replace(&suite.join("Release"), text.as_bytes());
        let options = ["--faked-system-time", &night.faked(), "--clearsign"];
        let signed = UpstreamKey::shared().sign(&suite.join("Release"), &options);
        replace(&suite.join("InRelease"), &signed);
    }

    /// Builds a package in the place of the one before.
    fn package(&self, name: &str, version: u32) {
        let top = self.work.join("package");
        drop(std::fs::remove_dir_all(&top));
        write(
            top.join("DEBIAN/control"),
            format!(
                "Package: {name}\nVersion: {version}.0\nArchitecture: all\nMaintainer: Lab <lab@example.org>\nDescription: {name} of the lab\n"
            ),
        );
        write(top.join("usr/share/lab").join(name), format!("{name} {version}\n"));
        let folder = self.tree.join("pool/main").join(&name[..2]);
        std::fs::create_dir_all(&folder).unwrap();
        drop(std::fs::remove_file(folder.join(format!("{name}_{}.0_all.deb", version - 1))));
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "-Znone", "--build"]);
        build.env("SOURCE_DATE_EPOCH", "1750000000");
        tool(build.arg(&top).arg(folder.join(format!("{name}_{version}.0_all.deb"))));
    }
}
