//! The parts that the tests put together.
mod alpine;
mod archive;
mod browser;
mod client;
mod distribution;
mod dnf;
mod fresh;
mod homebrew;
#[expect(dead_code, reason = "the rest is for the tests of the transfer itself")]
mod hostile;
mod machine;
mod mount;
mod nginx;
mod odd;
mod pacman;
mod rpm;
mod rpm_package;
mod rsyncd;
mod site;
mod switching;
mod upstream;
mod zypper;

pub(crate) use alpine::{Alpine, RsaKey, Signing, listed};
pub(crate) use archive::{Archive, UpstreamKey, replace};
pub(crate) use browser::Browser;
pub(crate) use client::Apt;
pub(crate) use distribution::Distribution;
pub(crate) use dnf::Dnf;
pub(crate) use fresh::Fresh;
pub(crate) use homebrew::{Formula, Homebrew, Host, INDEX, Request};
pub(crate) use hostile::Hostile;
pub(crate) use machine::Machine;
pub(crate) use mount::{Mount, noise};
pub(crate) use nginx::{Nginx, ask};
pub(crate) use odd::{Odd, head, hex, line, stanza};
pub(crate) use pacman::{ArchTree, Pacman, Sign, signature};
pub(crate) use rpm::{Repo, follow_rpm, following_rpm, pack, with_text};
pub(crate) use rpm_package::{Rpm, rpmbuild};
pub(crate) use rsyncd::Rsyncd;
pub(crate) use site::{Ran, Site, ran};
pub(crate) use switching::Switching;
pub(crate) use upstream::{Upstream, count, follow, following};
pub(crate) use zypper::Zypper;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// True for the full sweeps of `./check --long`.
pub(crate) fn long() -> bool {
    std::env::var_os("PINFOLD_TEST_LONG").is_some()
}

/// The seed of this run's samples, printed so that a failure can be run again.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("PINFOLD_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
    println!("PINFOLD_TEST_SEED={seed}");
    seed
}

/// Runs a tool of the system; a missing one or a failure ends the test with what it said.
pub(crate) fn tool(command: &mut Command) -> Output {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot run {shown}: {error}; ./check installs what is needed")
    });
    assert!(
        output.status.success(),
        "{shown} failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A temporary folder that the web server's user may enter.
pub(crate) fn temp_dir() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::Builder::new().prefix("pinfold-test-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Every path below a folder, sorted, symlinks not followed.
pub(crate) fn walk(top: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![top.to_path_buf()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    found
}
