//! zypper with a root of its own.
use super::{Machine, Ran, ran, write};

/// A machine that follows the site by zypper.
#[derive(Debug)]
pub(crate) struct Zypper {
    machine: Machine,
}

impl std::ops::Deref for Zypper {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl Zypper {
    /// A machine that has the files of `pinfold client --json --tool zypper` and nothing else, with the keys imported as they say.
    pub(crate) fn given(json: &str) -> Self {
        let zypper = Self::without_keys(json);
        zypper.import_keys();
        zypper
    }

    /// The same, and nobody imported the keys.
    pub(crate) fn without_keys(json: &str) -> Self {
        let zypper = Self { machine: Machine::new() };
        zypper.take(json);
        write(zypper.root().join("etc/zypp/zypp.conf"), "[main]\nrepo.refresh.delay = 5\n");
        zypper
    }

    /// Runs zypper, which takes what it would take where nobody answers.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let mut command = Machine::command("zypper");
        command
            .arg("--root")
            .arg(self.root())
            .args(["--non-interactive", "--no-color"])
            .args(args)
            .env("ZYPP_CONF", self.root().join("etc/zypp/zypp.conf"));
        ran(&mut command)
    }

    /// Runs zypper, which must succeed; gives what it said.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "zypper {args:?}\n{}", ran.said());
        ran.said()
    }

    /// The newest version of a package that zypper knows of.
    pub(crate) fn knows(&self, package: &str) -> Option<String> {
        let said = self.run(&[
            "search",
            "--repo",
            "lab",
            "--details",
            "--match-exact",
            "--type",
            "package",
            package,
        ]);
        // 104: nothing is called so.
        assert!(matches!(said.code, Some(0 | 104)), "zypper search {package}\n{}", said.said());
        let row = said.out.lines().find(|line| line.contains(&format!("| {package} ")))?;
        row.split('|').nth(3).map(|version| version.trim().to_owned())
    }

    /// What it knew when it asked last, whether or not that is due again.
    pub(crate) fn remembers(&self, package: &str) -> bool {
        let args = ["--no-refresh", "search", "--repo", "lab", "--match-exact", package];
        self.run(&args).code == Some(0)
    }

    /// Asks the mirror; gives the newest version of a package.
    pub(crate) fn offers(&self, package: &str) -> Option<String> {
        self.ok(&["refresh"]);
        self.knows(package)
    }

    /// Downloads packages of the state that it knows into the emptied cache; gives what it said and how many came, which its exit code does not tell.
    pub(crate) fn try_download(&self, packages: &[&str]) -> (Ran, usize) {
        drop(std::fs::remove_dir_all(self.root().join("var/cache/zypp/packages")));
        let ran = self.run(&[&["--no-refresh", "download"], packages].concat());
        (ran, self.files("var/cache/zypp/packages", ".rpm").len())
    }

    /// The same, and all must come.
    pub(crate) fn download(&self, packages: &[&str]) {
        let (ran, came) = self.try_download(packages);
        assert_eq!(came, packages.len(), "{packages:?}: {}", ran.said());
    }
}
