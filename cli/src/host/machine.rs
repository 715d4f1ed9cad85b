//! Users and folders of the host: who runs Pinfold, and what belongs to it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_store::disk;
use pinfold_store::path::{escape, escape_path};

use super::Host;
use crate::failure::Failure;

/// Who runs Pinfold where the root is nobody's yet.
pub(crate) const USER: &str = "pinfold";

/// A user of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    /// Its numbers; `None` where the host does not know it yet.
    pub(crate) ids: Option<(u32, u32)>,
}

/// Finds who runs Pinfold: the owner of the root where there is one, else the user `pinfold`.
pub(crate) fn user(host: &Host, root: &Path) -> Result<User, Failure> {
    let owner = std::fs::metadata(host.at(root).join("FORMAT")).ok().map(|meta| meta.uid());
    let text = host.read("/etc/passwd")?.unwrap_or_default();
    let mut known = text.lines().filter_map(|line| {
        let mut words = line.split(':');
        let (name, _, uid, gid) = (words.next()?, words.next()?, words.next()?, words.next()?);
        Some((name, uid.parse::<u32>().ok()?, gid.parse::<u32>().ok()?))
    });
    let found = match owner {
        // A folder that stands for another host says nothing of who owns what there.
        Some(owner) if host.is_here() => {
            let found = known.find(|(_, uid, _)| *uid == owner);
            if found.is_none() {
                return Err(Failure::machine(format!(
                    "{} belongs to user {owner}, whom /etc/passwd does not name",
                    escape_path(root)
                ))
                .hint("give the whole root to one user: chown -R"));
            }
            found
        }
        _ => known.find(|(name, _, _)| *name == USER),
    };
    Ok(found.map_or_else(
        || User { name: USER.to_owned(), ids: None },
        |(name, uid, gid)| User { name: name.to_owned(), ids: Some((uid, gid)) },
    ))
}

/// Says how the user is made on this host: one of the system, without a shell, at home in the root.
pub(crate) fn making(host: &Host, root: &Path) -> Vec<Vec<String>> {
    let root = root.display().to_string();
    let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if host.at("/usr/sbin/useradd").exists() || !host.at("/etc/alpine-release").exists() {
        return vec![words(&[
            "useradd",
            "--system",
            "--user-group",
            "--home-dir",
            &root,
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            USER,
        ])];
    }
    vec![
        words(&["addgroup", "-S", USER]),
        words(&["adduser", "-S", "-D", "-H", "-h", &root, "-s", "/sbin/nologin", "-G", USER, USER]),
    ]
}

/// Makes the user, as a package would.
pub(crate) fn make_user(host: &Host, root: &Path) -> Result<User, Failure> {
    for words in making(host, root) {
        run(&words)?;
    }
    user(host, root)
}

/// Runs a program of the system to its end.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let shown = escape(words.join(" ").as_bytes());
    let output = Command::new(program).args(arguments).output();
    let output =
        output.map_err(|error| Failure::machine(format!("cannot run {shown}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = escape(String::from_utf8_lossy(&output.stderr).trim().as_bytes());
    Err(Failure::machine(format!("{shown}: {}: {said}", output.status)))
}

/// Makes a folder that belongs to the user. One that holds nothing is given to it; any other is left as it is.
pub(crate) fn make_folder(host: &Host, path: &Path, user: &User) -> Result<(), Failure> {
    let place = host.at(path);
    disk::make_dirs(&place)?;
    let Some(ids) = user.ids.filter(|_| host.is_here()) else { return Ok(()) };
    let failed = |error| Failure::machine(format!("cannot open {}: {error}", escape_path(&place)));
    let is_empty = std::fs::read_dir(&place).map_err(failed)?.next().is_none();
    let folder = std::fs::File::open(&place).map_err(failed)?;
    let owner = folder.metadata().map_err(failed)?;
    if is_empty && (owner.uid(), owner.gid()) != ids {
        disk::give(&folder, ids, &place)?;
    }
    Ok(())
}

/// Says what keeps cron from reading `/etc/cron.d`.
pub(crate) fn no_cron(host: &Host) -> Option<&'static str> {
    let programs = ["/usr/sbin/cron", "/usr/sbin/crond", "/usr/bin/crond"];
    let Some(found) = programs.iter().map(|path| host.at(path)).find(|path| path.exists()) else {
        return Some(
            "there is no cron on this host: install it (apt-get install cron, dnf install cronie), or use --systemd",
        );
    };
    let is_busybox = std::fs::read_link(found).is_ok_and(|to| to.ends_with("busybox"));
    is_busybox.then_some(
        "the crond of busybox reads no /etc/cron.d: apk add cronie, and rc-update add cronie",
    )
}

/// This program as the host names it: packages put it below `/usr`.
pub(crate) fn program(host: &Host) -> Result<PathBuf, Failure> {
    if !host.is_here() {
        return Ok(PathBuf::from("/usr/bin/pinfold"));
    }
    std::env::current_exe()
        .map_err(|error| Failure::machine(format!("cannot find this program: {error}")))
}
