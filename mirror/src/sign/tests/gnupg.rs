//! Real keys and signatures, made by the real gpg in a home of its own.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A home of gpg, gone with its agent when dropped.
pub(crate) struct Gpg {
    home: TempDir,
}

impl Gpg {
    pub(crate) fn new() -> Self {
        let only_ours = std::fs::Permissions::from_mode(0o700);
        Self { home: tempfile::Builder::new().permissions(only_ours).tempdir().unwrap() }
    }

    /// Runs gpg with some input; `arguments` are split at blanks.
    pub(crate) fn run(&self, arguments: &str, input: &[u8]) -> Vec<u8> {
        let mut call = Command::new("gpg");
        call.arg("--homedir").arg(self.home.path());
        call.args(["--batch", "--no-tty", "--quiet", "--no-auto-check-trustdb", "--yes"]);
        call.args(["--pinentry-mode", "loopback", "--passphrase", ""]);
        call.args(arguments.split_ascii_whitespace());
        let pipe = Stdio::piped;
        let mut child = call.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input).unwrap());
            let done = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "gpg {arguments}: {said}");
            done.stdout
        })
    }

    /// Makes a key at a time such as `20260101T000000!`; gives its fingerprint. `form` is an algorithm, a usage, and when it
    /// expires.
    pub(crate) fn key(&self, name: &str, form: &str, at: &str) -> String {
        self.run(&format!("--faked-system-time {at} --quick-gen-key {name} {form}"), b"");
        self.fingerprints(name).remove(0)
    }

    /// Gives the fingerprints of a key and its subkeys.
    pub(crate) fn fingerprints(&self, name: &str) -> Vec<String> {
        let listed = self.run(&format!("--with-colons --list-keys {name}"), b"");
        let listed = String::from_utf8(listed).unwrap();
        let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
        lines.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect()
    }

    /// Adds a subkey to a key.
    pub(crate) fn add_subkey(&self, name: &str, form: &str, at: &str) {
        let primary = self.fingerprints(name).remove(0);
        self.run(&format!("--faked-system-time {at} --quick-add-key {primary} {form}"), b"");
    }

    /// Makes a key expire at another date.
    pub(crate) fn extend(&self, name: &str, until: &str, at: &str) {
        let primary = self.fingerprints(name).remove(0);
        self.run(&format!("--faked-system-time {at} --quick-set-expire {primary} {until}"), b"");
    }

    /// Revokes a key, today.
    pub(crate) fn revoke(&self, name: &str) {
        let fingerprint = self.fingerprints(name).remove(0);
        let path = self.home.path().join(format!("openpgp-revocs.d/{fingerprint}.rev"));
        let text = std::fs::read_to_string(path).unwrap().replace(":-----BEGIN", "-----BEGIN");
        self.run("--import", text.as_bytes());
    }

    /// Revokes the first subkey of a key, today, with more options.
    pub(crate) fn revoke_subkey(&self, name: &str, more: &str) {
        let edit = format!("--no-batch {more} --command-fd 0 --edit-key {name}");
        self.run(&edit, b"key 1\nrevkey\ny\n0\n\ny\nsave\n");
    }

    /// Takes a key out of the keyring.
    pub(crate) fn forget(&self, name: &str) {
        let fingerprint = self.fingerprints(name).remove(0);
        self.run(&format!("--delete-secret-and-public-key {fingerprint}"), b"");
    }
}

impl Gpg {
    /// Gives the keyring file of its home: a keybox.
    pub(crate) fn keybox(&self) -> PathBuf {
        self.home.path().join("pubring.kbx")
    }

    /// Writes its keys as gpg before 2.1 kept them, with packets of trust between them.
    pub(crate) fn old_keyring(&self) -> Vec<u8> {
        let path = self.home.path().join("old.gpg");
        let ring = format!("--no-default-keyring --keyring gnupg-ring:{}", path.display());
        self.run(&format!("{ring} --import"), &self.run("--export", b""));
        std::fs::read(path).unwrap()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut call = Command::new("gpgconf");
        call.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]);
        assert!(call.status().is_ok_and(|status| status.success()), "gpg-agent stays");
    }
}
