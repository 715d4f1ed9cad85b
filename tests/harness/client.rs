//! apt-get with a root of its own: lists, cache, keys, dpkg's status and the installed files are all below one temporary folder.
use super::{temp_dir, write};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A machine that follows the site, as far as apt and dpkg are concerned.
#[derive(Debug)]
pub(crate) struct Apt {
    root: TempDir,
}

impl Apt {
    /// A machine with one line in its sources and the keys that it trusts.
    pub(crate) fn new(source: &str, keys: &[Vec<u8>]) -> Self {
        let apt = Self { root: temp_dir() };
        let root = apt.root();
        for folder in [
            "etc/apt/apt.conf.d",
            "etc/apt/preferences.d",
            "etc/apt/sources.list.d",
            "etc/apt/trusted.gpg.d",
            "var/lib/apt/lists/partial",
            "var/cache/apt/archives/partial",
            "var/log/apt",
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "var/lib/dpkg/triggers",
        ] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        write(root.join("var/lib/dpkg/status"), "");
        write(root.join("var/lib/dpkg/available"), "");
        for (number, key) in keys.iter().enumerate() {
            write(root.join(format!("etc/apt/trusted.gpg.d/lab{number}.asc")), key);
        }
        apt.source(source);
        let shown = root.display();
        write(
            root.join("apt.conf"),
            format!(
                "Dir \"{shown}\";\nDir::State::status \"{shown}/var/lib/dpkg/status\";\nDir::Log::Planner \"/dev/null\";\n\
                 DPkg::Options {{ \"--root={shown}\"; \"--force-not-root\"; \"--log={shown}/var/log/dpkg.log\"; }};\n\
                 APT::Sandbox::User \"root\";\nAPT::Architecture \"amd64\";\nAPT::Architectures {{ \"amd64\"; }};\n\
                 Acquire::http::Proxy \"DIRECT\";\nAcquire::Retries \"0\";\nAcquire::Languages \"none\";\nAPT::Get::Assume-Yes \"true\";\n"
            ),
        );
        apt
    }

    /// A machine that has the files of `pinfold client --json` and nothing else.
    pub(crate) fn given(json: &str) -> Self {
        let apt = Self::new("", &[]);
        apt.take(json);
        apt
    }

    /// Installs such files as they are, but for the machine's `/`, which paths in them begin with.
    pub(crate) fn take(&self, json: &str) {
        let files: serde_json::Value = serde_json::from_str(json).unwrap();
        let below = format!("{}/etc/apt/", self.root().display());
        for file in files.as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            let content = file["content"].as_str().unwrap().replace("/etc/apt/", &below);
            write(self.root().join(&path[1..]), content);
        }
    }

    /// The folder that this machine thinks is `/`.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Writes the sources anew.
    pub(crate) fn source(&self, line: &str) {
        write(self.root().join("etc/apt/sources.list"), format!("{line}\n"));
    }

    /// Runs a program of apt with this root.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program)
            .args(args)
            .env("APT_CONFIG", self.root().join("apt.conf"))
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .unwrap()
    }

    /// Runs apt-get; an exit code or a warning is a failure. Gives what it said.
    pub(crate) fn get(&self, args: &[&str]) -> String {
        let output = self.run("apt-get", args);
        let said = said(&output);
        assert!(output.status.success(), "apt-get {args:?}: {}\n{said}", output.status);
        assert!(
            !said.lines().any(|line| line.starts_with("W:") || line.starts_with("E:")),
            "apt-get {args:?} complained:\n{said}"
        );
        said
    }

    /// `apt-get update`: true, or what it complained about.
    pub(crate) fn try_update(&self) -> Result<(), String> {
        let output = self.run("apt-get", &["update"]);
        let said = said(&output);
        let complained =
            said.lines().any(|line| ["W:", "E:", "Err:"].iter().any(|mark| line.starts_with(mark)));
        if output.status.success() && !complained { Ok(()) } else { Err(said) }
    }

    /// The version that apt would install.
    pub(crate) fn candidate(&self, package: &str) -> Option<String> {
        let output = self.run("apt-cache", &["policy", package]);
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
        (line != "(none)").then(|| line.to_owned())
    }

    /// What the package's one file says on this machine.
    pub(crate) fn installed(&self, package: &str) -> Option<String> {
        std::fs::read_to_string(self.root().join("usr/share/lab").join(package)).ok()
    }
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
