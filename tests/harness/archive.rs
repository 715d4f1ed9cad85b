//! An upstream made by the distribution's own tools: dpkg-deb, apt-ftparchive, gpg.
use super::{temp_dir, tool, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// The key of the upstream archive, made once for all tests.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamKey {
    home: PathBuf,
    /// The one name that it has.
    who: String,
}

/// A folder for gpg, named after this process: nothing drops what all tests share, so the next run clears it, and the agent in it.
fn fresh_home(kind: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    const NAME: &str = "pinfold-test-gpg.";
    let top = std::env::temp_dir();
    for entry in std::fs::read_dir(&top).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(NAME).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let mut kill = Command::new("gpgconf");
            drop(kill.arg("--homedir").arg(entry.path()).args(["--kill", "gpg-agent"]).output());
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    let home = top.join(format!("{NAME}{}{kind}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
    home
}

impl UpstreamKey {
    /// The one key of this test run.
    pub(crate) fn shared() -> &'static Self {
        static KEY: OnceLock<UpstreamKey> = OnceLock::new();
        KEY.get_or_init(|| {
            let who = "Lab Archive <lab@example.org>".to_owned();
            let key = Self { home: fresh_home(""), who };
            // Older than every day that tests play.
            key.generate(&["--faked-system-time", "20250101T000000!"], "never");
            key
        })
    }

    /// Another key, made once for each name; `more` are gpg's options while it is made, `until` when it expires.
    pub(crate) fn other(name: &str, more: &[&str], until: &str) -> Self {
        static HOME: OnceLock<PathBuf> = OnceLock::new();
        static MADE: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let home = HOME.get_or_init(|| fresh_home("-others")).clone();
        let key = Self { home, who: format!("{name} <{name}@example.org>") };
        let mut made = MADE.lock().unwrap();
        if !made.iter().any(|one| one == name) {
            key.generate(more, until);
            made.push(name.to_owned());
        }
        key
    }

    fn generate(&self, more: &[&str], until: &str) {
        let mut gpg = self.gpg();
        gpg.args(["--passphrase", ""]).args(more);
        tool(gpg.args(["--quick-generate-key", &self.who, "ed25519", "sign", until]));
    }

    /// Lets it expire at another time than it was made to.
    pub(crate) fn expire(&self, more: &[&str], until: &str) {
        let listed =
            tool(self.gpg().args(["--with-colons", "--list-keys"]).arg(format!("={}", self.who)));
        let listed = String::from_utf8(listed.stdout).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        let fingerprint = line.split(':').nth(9).unwrap();
        tool(self.gpg().args(more).args(["--quick-set-expire", fingerprint, until]));
    }

    fn gpg(&self) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.args(["--batch", "--yes", "--quiet", "--homedir"]).arg(&self.home);
        gpg.arg("--local-user").arg(format!("={}", self.who));
        gpg
    }

    /// The armored signature of a file, beside it; `more` are more of gpg's options.
    pub(crate) fn detach(&self, file: &Path, more: &[&str]) -> Vec<u8> {
        let mut gpg = self.gpg();
        gpg.args(more).args(["--armor", "--output", "-", "--detach-sign"]);
        tool(gpg.arg(file)).stdout
    }

    /// What gpg makes of a file with these options, such as `--clearsign`.
    pub(crate) fn sign(&self, file: &Path, options: &[&str]) -> Vec<u8> {
        tool(self.gpg().args(options).args(["--output", "-"]).arg(file)).stdout
    }

    /// Signs a package as vendors of rpm packages do.
    pub(crate) fn sign_rpm(&self, file: &Path) {
        self.sign_rpm_with(file, &[]);
    }

    /// The same with more of rpmsign's options.
    pub(crate) fn sign_rpm_with(&self, file: &Path, more: &[&str]) {
        let mut call = Command::new("rpmsign");
        call.env("GNUPGHOME", &self.home).args(["--define", "__gpg /usr/bin/gpg"]);
        call.args(["--define", &format!("_gpg_name {}", self.who), "--addsign"]);
        call.args(more);
        tool(call.arg(file));
    }

    /// A text with this key's signature around it.
    pub(crate) fn clearsign(&self, text: &str) -> Vec<u8> {
        let file = self.home.join(format!("text-{:?}", std::thread::current().id()));
        write(&file, text);
        tool(self.gpg().args(["--clearsign", "--output", "-"]).arg(&file)).stdout
    }

    /// The folder of a gpg that has this key alone, for tools that sign themselves.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The public half, armored.
    pub(crate) fn public(&self) -> Vec<u8> {
        tool(self.gpg().args(["--armor", "--export"]).arg(format!("={}", self.who))).stdout
    }
}

/// An archive in Debian's layout with one suite, `lab`, and one component, `main`.
#[derive(Debug)]
pub(crate) struct Archive {
    _dir: TempDir,
    work: PathBuf,
    /// What a mirror tool would bring.
    pub(crate) tree: PathBuf,
}

impl Archive {
    /// An archive without packages and without indices.
    pub(crate) fn new() -> Self {
        let dir = temp_dir();
        let (work, tree) = (dir.path().join("work"), dir.path().join("tree"));
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(&tree).unwrap();
        Self { _dir: dir, work, tree }
    }

    /// An archive whose packages `alpha` and `steady` have version 1.0.
    pub(crate) fn first() -> Self {
        let archive = Self::new();
        archive.package("alpha", "1.0");
        archive.package("steady", "1.0");
        archive.index("Mon, 23 Mar 2026 04:00:00 UTC");
        archive
    }

    /// The next day: alpha 2.0 replaces 1.0, `fresh` comes.
    pub(crate) fn second_state(&self) {
        self.next_state("2.0", "Tue, 24 Mar 2026 04:00:00 UTC");
        self.package("fresh", "0.1");
        self.index("Tue, 24 Mar 2026 04:00:00 UTC");
    }

    /// Another version of alpha replaces the one that is there.
    pub(crate) fn next_state(&self, version: &str, date: &str) {
        for old in std::fs::read_dir(self.tree.join("pool/main/a/alpha")).unwrap() {
            std::fs::remove_file(old.unwrap().path()).unwrap();
        }
        self.package("alpha", version);
        self.index(date);
    }

    /// Builds a package that installs one file.
    pub(crate) fn package(&self, name: &str, version: &str) -> PathBuf {
        let top = self.work.join(format!("{name}_{version}"));
        write(
            top.join("DEBIAN/control"),
            format!(
                "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Lab <lab@example.org>\nDescription: {name} of the lab\n"
            ),
        );
        write(top.join(format!("usr/share/lab/{name}")), format!("{name} {version}\n"));
        let file =
            self.tree.join(format!("pool/main/{}/{name}/{name}_{version}_all.deb", &name[..1]));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        tool(
            Command::new("dpkg-deb")
                .args(["--root-owner-group", "-Zxz", "-z1", "--build"])
                .arg(&top)
                .arg(&file),
        );
        file
    }

    /// Writes `Packages`, `Release` and their signatures anew, as a mirror tool that replaces by rename would bring them.
    pub(crate) fn index(&self, date: &str) {
        self.index_suite("lab", &format!("Date: {date}\n"));
    }

    /// The same for a suite of another name, with fields of its own instead of the `Date`.
    pub(crate) fn index_suite(&self, name: &str, fields: &str) {
        let packages = tool(
            Command::new("apt-ftparchive")
                .args(["--arch", "amd64", "packages", "pool"])
                .current_dir(&self.tree),
        )
        .stdout;
        let folder = self.tree.join("dists").join(name).join("main/binary-amd64");
        replace(&folder.join("Packages"), &packages);
        let xz = tool(Command::new("xz").args(["-9", "-c"]).arg(folder.join("Packages"))).stdout;
        replace(&folder.join("Packages.xz"), &xz);
        self.sign_text_of(name, &self.release_of(name, fields));
    }

    /// Writes the `Release` of what is there and signs it.
    pub(crate) fn sign(&self, date: &str) {
        self.sign_text(&self.release(date));
    }

    /// The `Release` of what is there.
    pub(crate) fn release(&self, date: &str) -> String {
        self.release_of("lab", &format!("Date: {date}\n"))
    }

    fn release_of(&self, name: &str, fields: &str) -> String {
        let suite = self.tree.join("dists").join(name);
        for old in ["Release", "InRelease", "Release.gpg"] {
            drop(std::fs::remove_file(suite.join(old)));
        }
        let mut command = Command::new("apt-ftparchive");
        for (field, value) in [
            ("Origin", "Lab"),
            ("Label", "Lab"),
            ("Suite", name),
            ("Codename", name),
            ("Architectures", "amd64 all"),
            ("Components", "main"),
        ] {
            command.arg("-o").arg(format!("APT::FTPArchive::Release::{field}={value}"));
        }
        let made = tool(command.args(["release", "."]).current_dir(&suite)).stdout;
        String::from_utf8(made)
            .unwrap()
            .lines()
            .map(
                |line| {
                    if line.starts_with("Date:") { fields.to_owned() } else { format!("{line}\n") }
                },
            )
            .collect()
    }

    /// Signs any text as the suite's `Release`, in both ways.
    pub(crate) fn sign_text(&self, release: &str) {
        self.sign_text_of("lab", release);
    }

    fn sign_text_of(&self, name: &str, release: &str) {
        let suite = self.tree.join("dists").join(name);
        let outs = ["InRelease", "Release.gpg"];
        for old in outs {
            drop(std::fs::remove_file(suite.join(old)));
        }
        replace(&suite.join("Release"), release.as_bytes());
        let key = UpstreamKey::shared();
        let sign = |how: &[&str], out: &str| {
            tool(
                key.gpg().args(how).arg("--output").arg(suite.join(out)).arg(suite.join("Release")),
            );
        };
        sign(&["--clearsign"], "InRelease");
        sign(&["--armor", "--detach-sign"], "Release.gpg");
        for out in outs {
            let file = std::fs::File::options().write(true).open(suite.join(out)).unwrap();
            file.set_modified(later()).unwrap();
        }
    }
}

/// Writes aside and renames, as rsync does.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let aside = path.with_extension("part");
    write(&aside, bytes);
    std::fs::File::options().write(true).open(&aside).unwrap().set_modified(later()).unwrap();
    std::fs::rename(aside, path).unwrap();
}

/// The time of a file that replaces another: web servers know files by second and size, and what is written twice in a second
/// must not look the same.
fn later() -> SystemTime {
    static LAST: Mutex<Option<SystemTime>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap();
    let now = SystemTime::now();
    let time = last.map_or(now, |last| now.max(last + Duration::from_secs(1)));
    *last = Some(time);
    time
}
