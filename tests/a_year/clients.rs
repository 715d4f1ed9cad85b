//! Machines that follow production all year: what the real apt-get, dnf, pacman and curl see is exactly one state of upstream.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use super::upstreams::{State, name};
use super::vendor;
use crate::harness::{Apt, Dnf, Pacman, Site, temp_dir, tool, walk, write};

/// The machines.
#[derive(Debug)]
pub(super) struct Clients {
    apt: Apt,
    dnf: Dnf,
    pacman: Pacman,
    url: String,
}

impl Clients {
    /// Machines that have the files of `pinfold client` and nothing else.
    pub(super) fn new(site: &Site) -> Self {
        let files = |mirror: &str| site.ok(&["client", mirror, "--json"]);
        Self {
            apt: Apt::given(&files("debian")),
            dnf: Dnf::given(&files("rocky")),
            pacman: Pacman::given("Required DatabaseRequired", &["core"], &files("arch")),
            url: format!("http://127.0.0.1:{}", site.port),
        }
    }

    /// Every client asks for its state, and sees what is expected: all of it and nothing else.
    pub(super) fn see(&self, expected: &BTreeMap<&str, State>, when: &str) {
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(self.dnf_sees(), expected["rocky"], "dnf {when}"));
            assert_eq!(apt_sees(&self.apt), expected["debian"], "apt-get {when}");
            assert_eq!(self.pacman_sees(), expected["arch"], "pacman {when}");
            curl_sees(&self.url, &expected["vendor"], when);
        });
    }

    /// Every client takes a package in the version that it sees, whether it has a newer one or an older.
    pub(super) fn install(&self, number: usize, expected: &BTreeMap<&str, State>) {
        let name = name(number);
        let version = |mirror: &str| expected[mirror][&name];
        self.apt.get(&["install", "--allow-downgrades", &name]);
        let said = |version: u32| Some(format!("{name} {version}\n"));
        assert_eq!(self.apt.installed(&name), said(version("debian")));
        let verb = if self.dnf.installed(&name).is_some() { "distro-sync" } else { "install" };
        self.dnf.ok(&[verb, &name]);
        assert_eq!(self.dnf.installed(&name), Some(format!("{}.0-1", version("rocky"))));
        self.pacman.ok(&["-S", &name]);
        let pacman = self.pacman.installed(&name);
        assert_eq!(pacman.map(|line| line + "\n"), said(version("arch")));
    }

    fn dnf_sees(&self) -> State {
        self.dnf.ok(&["makecache"]);
        let known = self.dnf.knows_of(&[]);
        known.into_iter().map(|(name, version)| (name, number(&version))).collect()
    }

    fn pacman_sees(&self) -> State {
        self.pacman.ok(&["-Sy"]);
        let listed = String::from_utf8(self.pacman.run(&["-Sl"]).stdout).unwrap();
        let words = listed.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        words.map(|words| (words[1].to_owned(), number(words[2]))).collect()
    }
}

/// What apt knows after an update.
pub(super) fn apt_sees(apt: &Apt) -> State {
    apt.get(&["update"]);
    let lists = walk(&apt.root().join("var/lib/apt/lists"));
    let lists: Vec<_> =
        lists.iter().filter(|path| path.to_string_lossy().ends_with("_Packages")).collect();
    assert_eq!(lists.len(), 1, "{lists:?}");
    state_of_packages(&std::fs::read_to_string(lists[0]).unwrap())
}

/// What a list of apt's holds.
fn state_of_packages(list: &str) -> State {
    let stanzas = list.split("\n\n").filter(|stanza| !stanza.trim().is_empty());
    let of = |stanza: &str, field: &str| {
        stanza.lines().find_map(|line| line.strip_prefix(field)).unwrap().to_owned()
    };
    stanzas.map(|stanza| (of(stanza, "Package: "), number(&of(stanza, "Version: ")))).collect()
}

/// The number before the first dot.
fn number(version: &str) -> u32 {
    version.split('.').next().unwrap().parse().unwrap()
}

/// curl gets every file with its content; what is not expected is not there.
fn curl_sees(url: &str, expected: &State, when: &str) {
    let dir = temp_dir();
    let mut config = String::new();
    for file in expected.keys() {
        let to = dir.path().join(file);
        writeln!(config, "url = \"{url}/vendor/files/{file}\"\noutput = \"{}\"", to.display())
            .unwrap();
    }
    write(dir.path().join("config"), config);
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--noproxy", "*", "--config"]);
    tool(curl.arg(dir.path().join("config")));
    for (file, version) in expected {
        let got = std::fs::read_to_string(dir.path().join(file)).unwrap();
        assert_eq!(got, vendor::content(file, *version), "curl {when}: {file}");
    }
}
