//! A small file system of its own in a file, mounted by loop: for what a full disk, a power cut and other limits do.
use super::{temp_dir, tool};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A mounted file system, unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    dir: TempDir,
    at: PathBuf,
}

impl Mount {
    /// An ext4 of so many MiB, with further options of `mkfs.ext4`.
    pub(crate) fn ext4(mib: u64, options: &[&str]) -> Self {
        Self::make(mib, "mkfs.ext4", &[&["-q", "-F", "-m", "0"], options].concat())
    }

    /// An xfs of 300 MiB, the smallest that `mkfs.xfs` makes.
    pub(crate) fn xfs() -> Self {
        Self::make(320, "mkfs.xfs", &["-q"])
    }

    /// A file system in memory, of 256 MiB at most.
    pub(crate) fn memory() -> Self {
        let dir = temp_dir();
        let at = dir.path().join("mnt");
        std::fs::create_dir(&at).unwrap();
        tool(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=256m,mode=755", "pinfold-test"])
                .arg(&at),
        );
        Self { dir, at }
    }

    fn make(mib: u64, program: &str, options: &[&str]) -> Self {
        let dir = temp_dir();
        let image = dir.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        tool(Command::new(program).args(options).arg(&image));
        let at = dir.path().join("mnt");
        std::fs::create_dir(&at).unwrap();
        let mount = Self { dir, at };
        mount.mount();
        mount
    }

    fn mount(&self) {
        tool(
            Command::new("mount")
                .args(["-o", "loop"])
                .arg(self.dir.path().join("image"))
                .arg(&self.at),
        );
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// Writes everything out, and lets go of inodes that were removed while something had them open.
    pub(crate) fn sync(&self) {
        tool(Command::new("sync").arg("-f").arg(&self.at));
    }

    /// Cuts the power: what no sync wrote is gone; then mounts again, which replays the journal.
    pub(crate) fn cut(&self) {
        self.cut_now();
        self.again();
    }

    /// Shuts the file system down without flushing its log.
    pub(crate) fn cut_now(&self) {
        tool(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.at));
    }

    /// Unmounts and mounts again.
    pub(crate) fn again(&self) {
        for _ in 0..50 {
            if Command::new("umount").arg(&self.at).output().unwrap().status.success() {
                self.mount();
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("cannot unmount {}", self.at.display());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").args(["-l"]).arg(&self.at).output());
    }
}
