//! dnf with a root of its own.
use super::{Machine, Ran, ran, write};
use std::path::Path;
use std::process::{Command, Stdio};

/// A machine that follows the site by dnf.
#[derive(Debug)]
pub(crate) struct Dnf {
    machine: Machine,
}

impl std::ops::Deref for Dnf {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

/// Where `./check` unpacks Debian's package of dnf's plugins: installed, it would break zypper.
fn plugins() -> &'static Path {
    let top = Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/dnf-plugins"));
    assert!(top.is_dir(), "dnf-plugins-core is not unpacked to {}: ./check does it", top.display());
    top
}

impl Dnf {
    /// A machine that has the files of `pinfold client --json` and nothing else, and fetches ten files at once.
    pub(crate) fn given(json: &str) -> Self {
        let dnf = Self { machine: Machine::new() };
        dnf.take(json);
        let shown = dnf.root().display();
        write(
            dnf.root().join("etc/dnf/dnf.conf"),
            format!(
                "[main]\nreposdir={shown}/etc/yum.repos.d\nmax_parallel_downloads=10\npluginpath={plugins}/dnf-plugins\n\
                 module_platform_id=platform:el9\n",
                plugins = plugins().display()
            ),
        );
        dnf
    }

    fn command(&self) -> Command {
        let mut command = Machine::command("dnf");
        command
            .arg("--config")
            .arg(self.root().join("etc/dnf/dnf.conf"))
            .arg("--installroot")
            .arg(self.root())
            .args(["--releasever=9", "--forcearch=x86_64"])
            .stdin(Stdio::null());
        command
    }

    /// The call of dnf without plugins, where every question is answered with yes, to be run by the caller.
    pub(crate) fn call(&self, args: &[&str]) -> Command {
        let mut command = self.command();
        command.args(["--noplugins", "--assumeyes"]).args(args);
        command
    }

    /// Runs dnf without plugins; every question is answered with yes.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.call(args))
    }

    /// The same where nobody answers.
    pub(crate) fn run_alone(&self, args: &[&str]) -> Ran {
        ran(self.command().arg("--noplugins").args(args))
    }

    /// Runs dnf, which must succeed; gives what it said.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "dnf {args:?}\n{}", ran.said());
        ran.said()
    }

    /// Copies what the machine follows, as operators do who have dnf only.
    pub(crate) fn reposync(&self, to: &Path, args: &[&str]) {
        let mut command = self.command();
        command
            .args([
                "--assumeyes",
                "--disableplugin=*",
                "--enableplugin=reposync",
                "reposync",
                "--download-path",
            ])
            .arg(to)
            .args(args)
            .env("PYTHONPATH", plugins())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        ran(&mut command).expect(0);
    }

    /// The words by which a mirror host runs `dnf reposync` of repositories that `FOLDER/repos` names, as one command.
    pub(crate) fn reposync_words(folder: &Path, to: &Path, repositories: &[&str]) -> Vec<String> {
        let (plugins, shown) = (plugins().display(), folder.display());
        let conf = folder.join("dnf.conf");
        let text = format!(
            "[main]\nreposdir={shown}/repos\ncachedir={shown}/cache\nlogdir={shown}\npersistdir={shown}/state\n\
             pluginpath={plugins}/dnf-plugins\nmetadata_expire=0\n"
        );
        write(&conf, text);
        let mut words = vec!["/usr/bin/env".to_owned(), format!("PYTHONPATH={plugins}")];
        words.push("PYTHONDONTWRITEBYTECODE=1".to_owned());
        words.extend(["dnf".to_owned(), format!("--config={}", conf.display())]);
        words.extend(
            ["--assumeyes", "--disableplugin=*", "--enableplugin=reposync", "reposync"]
                .map(str::to_owned),
        );
        words.extend(repositories.iter().map(|id| format!("--repoid={id}")));
        words.push(format!("--download-path={}", to.display()));
        words.extend(["--download-metadata", "--delete"].map(str::to_owned));
        words
    }

    /// The newest version of a package that dnf knows of without asking, unless its metadata expired.
    pub(crate) fn knows(&self, package: &str) -> Option<String> {
        self.knows_of(&[package]).pop().map(|(_, version)| version)
    }

    /// The same of several packages, with their names, sorted.
    pub(crate) fn knows_of(&self, packages: &[&str]) -> Vec<(String, String)> {
        let form = "--queryformat=known %{name} %{version}-%{release}";
        let said =
            self.ok(&[&["--quiet", "repoquery", "--latest-limit=1", form], packages].concat());
        let rows = said.lines().filter_map(|line| line.strip_prefix("known ")?.split_once(' '));
        let mut known: Vec<_> = rows.map(|(name, v)| (name.to_owned(), v.to_owned())).collect();
        known.sort();
        known
    }

    /// Asks the mirror; gives the newest version of a package.
    pub(crate) fn offers(&self, package: &str) -> Option<String> {
        self.ok(&["makecache"]);
        self.knows(package)
    }
}
