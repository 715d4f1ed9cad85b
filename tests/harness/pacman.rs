//! Repositories that makepkg and repo-add made, and a pacman whose root is a temporary folder.
use super::{UpstreamKey, temp_dir, tool, write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Who builds packages: makepkg refuses root.
const BUILDER: &str = "65534";

/// Builds a package with one file, once for all tests. A version is `EPOCH:VERSION-RELEASE`.
pub(crate) fn package(name: &str, version: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = UpstreamKey::shared().home().join("packages");
    let file = format!("{name}-{version}-x86_64.pkg.tar.zst");
    let path = kept.join(&file);
    if path.exists() {
        return path;
    }
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (number, release) = rest.split_once('-').unwrap();
    let dir = temp_dir();
    write(
        dir.path().join("PKGBUILD"),
        format!(
            "pkgname='{name}'\npkgver='{number}'\npkgrel='{release}'\nepoch='{epoch}'\npkgdesc='a test'\narch=('x86_64')\nlicense=('MIT')\n\
             package() {{ mkdir -p \"$pkgdir/usr/share/lab\"; echo '{version}' >\"$pkgdir/usr/share/lab/{name}\"; seq 900 >>\"$pkgdir/usr/share/lab/{name}\"; }}\n"
        ),
    );
    tool(Command::new("chown").args(["-R", BUILDER]).arg(dir.path()));
    let mut make = Command::new("setpriv");
    make.args([
        "--reuid",
        BUILDER,
        "--clear-groups",
        "makepkg",
        "--nodeps",
        "--nocheck",
        "--force",
    ]);
    make.current_dir(dir.path()).env("PKGEXT", ".pkg.tar.zst").env("HOME", dir.path());
    tool(make.env("CARCH", "x86_64").env("SOURCE_DATE_EPOCH", "1795000000"));
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::copy(dir.path().join(&file), &path).unwrap();
    path
}

/// What of a repository is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Nothing,
    /// Packages; the database holds the signatures, too.
    Listed,
    /// Packages; the database was made before.
    Beside,
    /// Packages, and the database itself.
    All,
}

/// The tree of an upstream.
#[derive(Debug)]
pub(crate) struct ArchTree {
    dir: TempDir,
}

impl ArchTree {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { dir: temp_dir() }
    }

    /// One with a repository `core`, of packages that are `NAME VERSION` each.
    pub(crate) fn of(packages: &[&str], sign: Sign) -> Self {
        let tree = Self::new();
        tree.repository("core/os/x86_64", "core", (packages, sign));
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a repository anew in a folder.
    pub(crate) fn repository(&self, folder: &str, name: &str, (packages, sign): (&[&str], Sign)) {
        let folder = self.path().join(folder);
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let mut files = Vec::new();
        for package in packages {
            let (name, version) = package.split_once(' ').unwrap();
            let from = self::package(name, version);
            let to = folder.join(from.file_name().unwrap());
            std::fs::copy(from, &to).unwrap();
            files.push(to);
        }
        let sign_all = || files.iter().for_each(|file| drop(signature(file)));
        if matches!(sign, Sign::Listed | Sign::All) {
            sign_all();
        }
        let mut add = Command::new("repo-add");
        add.arg("--quiet").args((sign == Sign::All).then_some("--sign"));
        add.env("GNUPGHOME", UpstreamKey::shared().home()).env("LC_ALL", "C");
        tool(add.arg(folder.join(format!("{name}.db.tar.gz"))).args(&files));
        if sign == Sign::Beside {
            sign_all();
        }
    }

    /// Moves the packages of a repository into a pool, and puts links in their places, as the distribution has it.
    pub(crate) fn pool(&self, folder: &str) {
        let pool = self.path().join("pool/packages");
        std::fs::create_dir_all(&pool).unwrap();
        let folder = self.path().join(folder);
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.contains(".pkg.tar") {
                std::fs::rename(entry.path(), pool.join(&name)).unwrap();
                symlink(format!("../../../pool/packages/{name}"), entry.path()).unwrap();
            }
        }
    }
}

/// Signs a file, and gives the signature's path.
pub(crate) fn signature(file: &Path) -> PathBuf {
    let path = PathBuf::from(format!("{}.sig", file.display()));
    let mut gpg = Command::new("gpg");
    gpg.args(["--batch", "--yes", "--quiet", "--homedir"]).arg(UpstreamKey::shared().home());
    tool(gpg.args(["--detach-sign", "--no-armor", "--output"]).arg(&path).arg(file));
    path
}

/// A machine with pacman.
#[derive(Debug)]
pub(crate) struct Pacman {
    root: TempDir,
}

impl Pacman {
    /// A machine with some repositories, each with its servers, that trusts the upstream's key.
    pub(crate) fn new(level: &str, repositories: &[(&str, &str)]) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let pacman = Self { root: temp_dir() };
        for folder in ["root", "db", "cache", "gpg", "hooks", "etc/pacman.d"] {
            std::fs::create_dir_all(pacman.at(folder)).unwrap();
        }
        let only_ours = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(pacman.at("gpg"), only_ours).unwrap();
        let mut text = format!("[options]\nArchitecture = x86_64\nSigLevel = {level}\n");
        for (name, servers) in repositories {
            text += &format!("[{name}]\n{servers}\n");
        }
        write(pacman.at("pacman.conf"), text);
        if level != "Never" {
            write(pacman.at("key.asc"), UpstreamKey::shared().public());
            pacman.gpg(&["--import", pacman.at("key.asc").to_str().unwrap()]);
            let listed = pacman.gpg(&["--with-colons", "--list-keys"]);
            let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap();
            let fingerprint = fingerprint.trim_matches(':');
            write(pacman.at("owner"), format!("{fingerprint}:6:\n"));
            pacman.gpg(&["--import-ownertrust", pacman.at("owner").to_str().unwrap()]);
        }
        pacman
    }

    /// The same with the files of `pinfold client --json`, for the distribution's layout.
    pub(crate) fn given(level: &str, repositories: &[&str], json: &str) -> Self {
        let include = "Include = LIST";
        let with: Vec<(&str, &str)> = repositories.iter().map(|name| (*name, include)).collect();
        let pacman = Self::new(level, &with);
        pacman.take(json);
        let list = pacman.at("etc/pacman.d/mirrorlist").display().to_string();
        let text = std::fs::read_to_string(pacman.at("pacman.conf")).unwrap();
        write(pacman.at("pacman.conf"), text.replace("LIST", &list));
        pacman
    }

    /// Installs a client's files.
    pub(crate) fn take(&self, json: &str) {
        let files: serde_json::Value = serde_json::from_str(json).unwrap();
        for file in files.as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            write(self.at(&path[1..]), file["content"].as_str().unwrap());
        }
    }

    /// A path of the machine.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn gpg(&self, args: &[&str]) -> String {
        let mut gpg = Command::new("gpg");
        gpg.args(["--batch", "--quiet", "--no-permission-warning", "--homedir"]);
        let output = tool(gpg.arg(self.at("gpg")).args(args));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs pacman.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut pacman = Command::new("pacman");
        for (option, path) in [
            ("--config", "pacman.conf"),
            ("--root", "root"),
            ("--dbpath", "db"),
            ("--cachedir", "cache"),
            ("--gpgdir", "gpg"),
            ("--hookdir", "hooks"),
            ("--logfile", "log"),
        ] {
            pacman.arg(option).arg(self.at(path));
        }
        pacman.arg("--noconfirm").args(args).env("LC_ALL", "C").output().unwrap_or_else(|error| {
            panic!("cannot run pacman: {error}; ./check installs what is needed")
        })
    }

    /// Runs pacman, which must succeed; gives what it said.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = said(&output);
        assert!(output.status.success(), "pacman {args:?}: {}\n{said}", output.status);
        said
    }

    /// Runs pacman, which must fail; gives what it said.
    pub(crate) fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = said(&output);
        assert!(!output.status.success(), "pacman {args:?} did not fail:\n{said}");
        said
    }

    /// The version of a package that the databases list.
    pub(crate) fn listed(&self, package: &str) -> Option<String> {
        let output = self.run(&["-Sl"]);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[1] == package).then(|| words[2].to_owned())
        })
    }

    /// The version of a package that is installed: what its file says.
    pub(crate) fn installed(&self, package: &str) -> Option<String> {
        let path = self.at("root/usr/share/lab").join(package);
        Some(std::fs::read_to_string(path).ok()?.lines().next()?.to_owned())
    }
}

impl Drop for Pacman {
    fn drop(&mut self) {
        let mut kill = Command::new("gpgconf");
        drop(kill.arg("--homedir").arg(self.at("gpg")).args(["--kill", "all"]).output());
    }
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes);
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
