//! Where the root lies, to whom it belongs, and who may enter.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_store::path::escape_path;
use pinfold_store::store::FOLDERS;

use super::{Code, Found, Scene};

/// File systems of other machines, and of programs.
const REMOTE: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "afs",
];
/// File systems that forget.
const VOLATILE: [&str; 3] = ["tmpfs", "ramfs", "overlay"];
/// What of the root is ours, and must belong to one user.
const OWNED: [&str; 3] = ["FORMAT", "lock", "keys"];

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let root = &scene.context.config.root;
    mounts(scene, root, found);
    owners(root, found);
    doors(root, found);
}

/// What is mounted where, by the kernel's list.
fn mounts(scene: &Scene<'_>, root: &Path, found: &mut Found) {
    let text = scene.tail("/proc/self/mountinfo").unwrap_or_default();
    let mounts: Vec<(PathBuf, String)> = text.lines().filter_map(mount).collect();
    // Later lines lie over earlier ones.
    let under = mounts.iter().filter(|(at, _)| root.starts_with(at));
    let under = under.max_by_key(|(at, _)| at.components().count());
    let shown = escape_path(root);
    if let Some((at, kind)) = under {
        let what = format!("it lies on {}, of type {kind}", escape_path(at));
        if REMOTE.contains(&kind.as_str()) {
            let mend =
                "move the root to a disk of this machine (rsync -aH), then root in pinfold.toml";
            found.add(Code::RemoteDisk, (&shown, what), mend);
        } else if VOLATILE.contains(&kind.as_str()) {
            let mend = "give the root a file system on a disk: a volume, where this is a container";
            found.add(Code::VolatileDisk, (&shown, what), mend);
        }
    }
    unmounted(scene, (root, &mounts), found);
    for (at, kind) in mounts.iter().filter(|(at, _)| at != root && at.starts_with(root)) {
        let what = format!("{} is mounted inside of the root, of type {kind}", escape_path(at));
        found.add(
            Code::SplitDisk,
            (&shown, what),
            "unmount it, and give the whole root one file system, mounted once",
        );
    }
}

/// A file system that the host's table has for the root, or for a folder above it, and that is not there.
fn unmounted(scene: &Scene<'_>, (root, mounts): (&Path, &[(PathBuf, String)]), found: &mut Found) {
    // Who cannot see what is mounted knows nothing of what is not.
    if mounts.is_empty() {
        return;
    }
    let table = scene.tail("/etc/fstab").unwrap_or_default();
    let lines = table.lines().filter(|line| !line.trim_start().starts_with('#'));
    let meant = lines.filter_map(|line| line.split_whitespace().nth(1)).map(plain);
    let meant = meant.filter(|at| at.has_root() && root.starts_with(at));
    for at in meant.filter(|at| !mounts.iter().any(|(mounted, _)| mounted == at)) {
        let at = escape_path(&at);
        let what = format!("/etc/fstab has a file system for {at}, and it is not mounted");
        let mend = format!(
            "let no run begin, mount {at}, and bring over what was written below it meanwhile"
        );
        found.add(Code::UnmountedDisk, (escape_path(root), what), mend);
    }
}

/// A path as the kernel's lists have it: spaces and their like stand in octal.
fn plain(text: &str) -> PathBuf {
    PathBuf::from(text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
}

/// The place and type of one line.
fn mount(line: &str) -> Option<(PathBuf, String)> {
    let (own, kind) = line.split_once(" - ")?;
    let at = own.split(' ').nth(4)?;
    Some((plain(at), kind.split(' ').next()?.to_owned()))
}

/// One user owns it all.
fn owners(root: &Path, found: &mut Found) {
    let Ok(own) = std::fs::metadata(root.join("FORMAT")) else { return };
    let foreign: Vec<String> = FOLDERS
        .iter()
        .chain(&OWNED)
        .map(|part| root.join(part))
        .chain([root.to_owned()])
        .filter(|path| path.symlink_metadata().is_ok_and(|meta| meta.uid() != own.uid()))
        .map(|path| escape_path(&path))
        .collect();
    if !foreign.is_empty() {
        let what =
            format!("{} belong(s) to another user than {}", super::first_of(&foreign), own.uid());
        let mend = format!(
            "chown -R --no-dereference --from=ANOTHER {}: {}",
            own.uid(),
            escape_path(root)
        );
        found.add(Code::RootOwners, (escape_path(root), what), mend.replace("--from=ANOTHER ", ""));
    }
}

/// Everybody may go down to what is published.
fn doors(root: &Path, found: &mut Found) {
    let www = root.join("www");
    let above = www.ancestors().filter(|path| path.symlink_metadata().is_ok());
    let closed: Vec<String> = above
        .filter(|path| std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o001 == 0))
        .map(escape_path)
        .collect();
    if !closed.is_empty() {
        let what = format!("others may not enter {}", super::first_of(&closed));
        let mend = format!("chmod o+x {}", closed.join(" "));
        found.add(Code::SiteClosed, (escape_path(&www), what), mend);
    }
}
