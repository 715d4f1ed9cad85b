//! A folder that dnf, zypper and rpm take for `/`: what they read, keep and install is all below it.
use super::{Ran, ran, temp_dir, walk, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A machine of rpm packages.
#[derive(Debug)]
pub(crate) struct Machine {
    root: TempDir,
}

impl Machine {
    /// A machine on which nothing is installed.
    pub(crate) fn new() -> Self {
        let machine = Self { root: temp_dir() };
        machine.rpm(&["--initdb"]).expect(0);
        machine
    }

    /// The folder that this machine thinks is `/`.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Installs files of `pinfold client --json` as they are, but for the paths of each other that stand in them.
    pub(crate) fn take(&self, json: &str) {
        let files: serde_json::Value = serde_json::from_str(json).unwrap();
        let files = files.as_array().unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
        for (file, path) in files.iter().zip(&paths) {
            let mut content = file["content"].as_str().unwrap().to_owned();
            for other in &paths {
                let here = format!("{}{other}", self.root().display());
                content = content.replace(&format!("file://{other}"), &format!("file://{here}"));
            }
            write(self.root().join(&path[1..]), content);
        }
    }

    /// Puts other words in the file of the repository, as its reader would.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        for path in self.files("etc", "pinfold-lab.repo") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from:?} is not in:\n{text}");
            write(path, text.replace(from, to));
        }
    }

    /// Makes rpm, and so zypper, believe the keys that came.
    pub(crate) fn import_keys(&self) {
        for key in walk(&self.root().join("etc/pki/rpm-gpg")) {
            self.rpm(&["--import", key.to_str().unwrap()]).expect(0);
        }
    }

    /// A program that knows nothing of the host's language and proxies.
    pub(crate) fn command(program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C");
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs rpm on this machine.
    pub(crate) fn rpm(&self, args: &[&str]) -> Ran {
        ran(Self::command("rpm").arg("--root").arg(self.root()).args(args))
    }

    /// The version and release that is installed.
    pub(crate) fn installed(&self, package: &str) -> Option<String> {
        let said = self.rpm(&["--query", "--queryformat", "%{VERSION}-%{RELEASE}", package]);
        (said.code == Some(0)).then_some(said.out)
    }

    /// Every file below a folder whose name ends so.
    pub(crate) fn files(&self, folder: &str, end: &str) -> Vec<PathBuf> {
        let mut found = walk(&self.root().join(folder));
        found.retain(|path| path.is_file() && path.to_str().unwrap().ends_with(end));
        found
    }

    /// Makes every file older, as if that much time had passed since.
    pub(crate) fn age(&self, by: Duration) {
        for path in walk(self.root()) {
            let Ok(file) = std::fs::File::open(&path) else { continue };
            let time = file.metadata().unwrap().modified().unwrap_or(SystemTime::UNIX_EPOCH);
            file.set_modified(time - by).unwrap();
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // gpg leaves an agent for each folder of keys that dnf made.
        for keys in walk(self.root()).iter().filter(|path| path.ends_with("pubring")) {
            let mut kill = Command::new("gpgconf");
            drop(kill.arg("--homedir").arg(keys).args(["--kill", "gpg-agent"]).output());
        }
    }
}
