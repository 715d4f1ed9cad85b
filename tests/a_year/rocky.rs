//! A repository of rpm packages: rpmbuild makes a hundred of them at once, `createrepo_c` indexes what changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::upstreams::{Night, PACKAGES, State, name};
use crate::harness::{UpstreamKey, replace, rpmbuild, tool, walk, write};

/// The repository.
#[derive(Debug)]
pub(super) struct Rocky {
    work: PathBuf,
    tree: PathBuf,
    /// All packages of a version, built when the first of them is wanted.
    built: BTreeMap<u32, PathBuf>,
}

impl Rocky {
    pub(super) fn new(work: PathBuf, tree: PathBuf) -> Self {
        Self { work, tree, built: BTreeMap::new() }
    }

    /// Replaces packages and writes the metadata anew.
    pub(super) fn pass(&mut self, night: Night, changed: &State) {
        if changed.is_empty() {
            return;
        }
        let folder = self.tree.join("Packages");
        std::fs::create_dir_all(&folder).unwrap();
        let mut made = Vec::new();
        for (name, version) in changed {
            let at = self.work.join(version.to_string());
            let built = self.built.entry(*version).or_insert_with(|| build(at, *version));
            let file = |version: u32| format!("{name}-{version}.0-1.noarch.rpm");
            drop(std::fs::remove_file(folder.join(file(version - 1))));
            let from = built.join("RPMS/noarch").join(file(*version));
            std::fs::copy(from, folder.join(file(*version))).unwrap();
            made.push(folder.join(file(*version)));
        }
        let date = format!("_gpg_sign_cmd_extra_args --faked-system-time {}", night.faked());
        let mut more = vec!["--define", &date];
        more.extend(made[1..].iter().map(|path| path.to_str().unwrap()));
        UpstreamKey::shared().sign_rpm_with(&made[0], &more);
        let mut index = Command::new("createrepo_c");
        index.args(["--quiet", "--no-database", "--update", "--set-timestamp-to-revision"]);
        index.args(["--revision", &night.at.as_second().to_string()]);
        tool(index.arg(&self.tree));
        let repomd = self.tree.join("repodata/repomd.xml");
        let signed =
            UpstreamKey::shared().detach(&repomd, &["--faked-system-time", &night.faked()]);
        replace(&self.tree.join("repodata/repomd.xml.asc"), &signed);
    }
}

/// Builds every package in a version, as parts of one.
fn build(dir: PathBuf, version: u32) -> PathBuf {
    let names: Vec<String> = (0..PACKAGES).map(name).collect();
    let mut spec = format!(
        "Name: lab\nVersion: {version}.0\nRelease: 1\nBuildArch: noarch\nSummary: the lab\nLicense: MIT\n%description\nThe lab\n"
    );
    for name in &names {
        spec += &format!(
            "%package -n {name}\nSummary: {name} of the lab\n%description -n {name}\n{name} of the lab\n"
        );
    }
    spec += &format!(
        "%install\nmkdir -p %{{buildroot}}/usr/share/lab\nfor n in {}; do echo \"$n {version}\" >%{{buildroot}}/usr/share/lab/$n; done\n",
        names.join(" ")
    );
    for name in &names {
        spec += &format!("%files -n {name}\n/usr/share/lab/{name}\n");
    }
    write(dir.join("lab.spec"), spec);
    tool(rpmbuild(&dir, "1750000000").arg("-bb").arg(dir.join("lab.spec")));
    let made = walk(&dir.join("RPMS/noarch"));
    assert_eq!(made.len(), PACKAGES, "{made:?}");
    dir
}
