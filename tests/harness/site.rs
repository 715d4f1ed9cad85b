//! A configured Pinfold in a temporary folder, and the program itself.
use super::nginx::Nginx;
use super::{Apt, Mount, UpstreamKey, temp_dir, write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// One site: a configuration file, a root, a port.
#[derive(Debug)]
pub(crate) struct Site {
    /// Goes before the folder in which it is mounted.
    memory: Option<Mount>,
    dir: TempDir,
    /// The root folder; on another file system in some tests.
    pub(crate) root: PathBuf,
    /// Where nginx listens.
    pub(crate) port: u16,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Both streams, for messages and searches.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Checks the exit code and that no panic or signal ended the program.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.said());
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Checks that what was said contains a text.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.said().contains(text), "{text:?} is not in:\n{}", self.said());
        self
    }
}

impl Site {
    /// An initialised site with one apt mirror, `lab`.
    pub(crate) fn new() -> Self {
        Self::bare().with_lab()
    }

    /// The same with a root in memory: a file system that forgets what was removed at once, for tests that make a site many times.
    pub(crate) fn new_fleeting() -> Self {
        Self::fleeting().with_lab()
    }

    fn with_lab(self) -> Self {
        self.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
        self.ok(&["init"]);
        self
    }

    /// A configuration file without mirrors, nothing initialised.
    pub(crate) fn bare() -> Self {
        let dir = temp_dir();
        let root = dir.path().join("root");
        Self::at(dir, root)
    }

    /// The same with a root in memory: for tests of many archives, where nothing depends on what a disk does.
    pub(crate) fn fleeting() -> Self {
        let memory = Mount::memory();
        let mut site = Self::at(temp_dir(), memory.path().join("root"));
        site.memory = Some(memory);
        site
    }

    /// The same with a root elsewhere.
    pub(crate) fn with_root(root: &Path) -> Self {
        Self::at(temp_dir(), root.to_path_buf())
    }

    fn at(dir: TempDir, root: PathBuf) -> Self {
        let port =
            std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let site = Self { memory: None, dir, root, port };
        site.configure("");
        site
    }

    /// Writes pinfold.toml with further lines at its end.
    pub(crate) fn configure(&self, more: &str) {
        let (root, port) = (self.root.display(), self.port);
        let logs = self.dir().join("logs").display().to_string();
        // How full this machine's disk is, is no matter of the tests; on a small one of their own it is.
        let min_free = if self.root.starts_with(self.dir()) { "min-free = 0" } else { "" };
        write(
            self.config(),
            format!(
                "root = \"{root}\"\nlogs = \"{logs}\"\n{min_free}\n[site]\nurl = \"http://127.0.0.1:{port}\"\nlisten = \"127.0.0.1:{port}\"\n{more}"
            ),
        );
    }

    /// Writes a mirror's file.
    pub(crate) fn mirror(&self, name: &str, text: &str) {
        write(self.dir().join("mirrors.d").join(format!("{name}.toml")), text);
    }

    /// The temporary folder of everything.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir().join("pinfold.toml")
    }

    /// The program with this configuration, to be started by the caller.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinfold"));
        command
            .arg("--config")
            .arg(self.config())
            .args(args)
            .env_remove("PINFOLD_KILL_AT")
            .env_remove("PINFOLD_NOW")
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    /// Runs the program, which must succeed; gives what it printed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "pinfold {args:?}\n{}", ran.said());
        ran.out
    }

    /// Runs the program until a failure point kills it; false where the point is not on this verb's way.
    pub(crate) fn killed_at(&self, point: &str, args: &[&str]) -> bool {
        let ran = ran(self.command(args).env("PINFOLD_KILL_AT", point));
        match ran.code {
            None => true,
            // 2: the step before has done it already, and there is nothing to name any more.
            Some(0..=2) => false,
            Some(code) => panic!("pinfold {args:?} armed at {point} exited {code}\n{}", ran.said()),
        }
    }

    /// Takes a tree as a snapshot of `lab` and gives its date as the tree's folder is named.
    pub(crate) fn ingest(&self, tree: &Path, more: &[&str]) -> String {
        let mut args = vec!["ingest", "lab", tree.to_str().unwrap()];
        args.extend(more);
        self.ok(&args);
        self.dates("lab").pop().unwrap()
    }

    /// The dates of a mirror's records, oldest first.
    pub(crate) fn dates(&self, mirror: &str) -> Vec<String> {
        names(&self.root.join("snapshots").join(mirror))
            .into_iter()
            .filter(|name| name.starts_with("20") && name.ends_with('Z'))
            .collect()
    }

    /// The dates whose trees stand.
    pub(crate) fn published(&self, mirror: &str) -> Vec<String> {
        names(&self.root.join("www/snapshots").join(mirror))
    }

    /// A dated tree.
    pub(crate) fn tree(&self, mirror: &str, date: &str) -> PathBuf {
        self.root.join("www/snapshots").join(mirror).join(date)
    }

    /// Where a channel's symlink points, by number.
    pub(crate) fn generation(&self, channel: &str) -> u64 {
        let link = std::fs::read_link(self.root.join("www/channels").join(channel)).unwrap();
        link.file_name().unwrap().to_str().unwrap().parse().unwrap()
    }

    /// The date that a channel shows of a mirror, by its `tree` link.
    pub(crate) fn shows(&self, channel: &str, mirror: &str) -> Option<String> {
        let link = std::fs::read_link(
            self.root.join("www/channels").join(channel).join(mirror).join("tree"),
        )
        .ok()?;
        Some(link.file_name().unwrap().to_str().unwrap().to_owned())
    }

    /// How many objects are stored.
    pub(crate) fn objects(&self) -> usize {
        super::walk(&self.root.join("objects")).iter().filter(|path| path.is_file()).count()
    }

    /// What is left of half-done work; the room that is set aside is none.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let names = names(&self.root.join("incoming"));
        names.into_iter().filter(|name| name != "reserve").collect()
    }

    /// Starts nginx on what `pinfold site` prints.
    pub(crate) fn nginx(&self) -> Nginx {
        Nginx::start(self)
    }

    /// An apt client of a channel, trusting our key and upstream's.
    pub(crate) fn client(&self, channel: &str) -> Apt {
        let prefix =
            if channel == "production" { String::new() } else { format!("/channels/{channel}") };
        self.client_of(&format!("{prefix}/archive.example.org/lab"))
    }

    /// An apt client of any path of the site.
    pub(crate) fn client_of(&self, path: &str) -> Apt {
        let ours = std::fs::read(self.root.join("www/pinfold.asc")).unwrap();
        Apt::new(
            &format!("deb http://127.0.0.1:{}{path} lab main", self.port),
            &[ours, UpstreamKey::shared().public()],
        )
    }

    /// The whole check finds nothing.
    pub(crate) fn sound(&self) {
        self.ok(&["fsck", "--deep"]);
    }
}

/// Runs a prepared command of the program.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The names in a folder, sorted; none where it is absent.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
