//! A small file system of its own in a file, mounted by loop: for what a full disk, a power cut and other limits do.
use super::{temp_dir, tool};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The blocks of the small file systems that `mkfs.ext4` makes.
const BLOCK: u64 = 1024;

/// A mounted file system, unmounted when dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    /// Holds the image, where no disk does.
    _memory: Option<Box<Mount>>,
    image: PathBuf,
    _dir: TempDir,
    at: PathBuf,
}

impl Mount {
    /// An ext4 of so many MiB, with further options of `mkfs.ext4`.
    pub(crate) fn ext4(mib: u64, options: &[&str]) -> Self {
        Self::make((mib, None), "mkfs.ext4", &[&["-q", "-F", "-m", "0"], options].concat())
    }

    /// The same with its image in memory: as small and strict as a disk, and not as slow.
    pub(crate) fn ext4_in_memory(mib: u64) -> Self {
        let memory = Self::memory_of(mib + 1);
        Self::make((mib, Some(memory)), "mkfs.ext4", &["-q", "-F", "-m", "0"])
    }

    /// An xfs of 300 MiB, the smallest that `mkfs.xfs` makes.
    pub(crate) fn xfs() -> Self {
        Self::make((320, None), "mkfs.xfs", &["-q"])
    }

    /// A file system in memory, of 256 MiB at most.
    pub(crate) fn memory() -> Self {
        Self::memory_of(256)
    }

    fn memory_of(mib: u64) -> Self {
        let dir = temp_dir();
        let at = dir.path().join("mnt");
        std::fs::create_dir(&at).unwrap();
        tool(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=755"), "pinfold-test"])
                .arg(&at),
        );
        Self { _memory: None, image: PathBuf::new(), _dir: dir, at }
    }

    fn make((mib, memory): (u64, Option<Self>), program: &str, options: &[&str]) -> Self {
        let dir = temp_dir();
        let image = memory.as_ref().map_or(dir.path(), Self::path).join("image");
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        tool(Command::new(program).args(options).arg(&image));
        let at = dir.path().join("mnt");
        std::fs::create_dir(&at).unwrap();
        let mount = Self { _memory: memory.map(Box::new), image, _dir: dir, at };
        mount.mount();
        mount
    }

    fn mount(&self) {
        tool(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.at));
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.at
    }

    /// Writes everything out, and lets go of inodes that were removed while something had them open.
    pub(crate) fn sync(&self) {
        tool(Command::new("sync").arg("-f").arg(&self.at));
    }

    /// Moves a file's content to where the disk ends: what stands there cannot be read, as on a bad sector. Of ext4 only.
    pub(crate) fn break_file(&self, file: &Path) {
        let image = self.image.clone();
        let blocks = std::fs::metadata(&image).unwrap().len() / BLOCK;
        let inside = file.strip_prefix(&self.at).unwrap().display().to_string();
        tool(Command::new("umount").arg(&self.at));
        // The third word of the first extent is where it begins; its block is taken, so that nobody else is given it.
        let bad = blocks - 16;
        for request in [format!("set_inode_field /{inside} block[5] {bad}"), format!("setb {bad}")]
        {
            tool(Command::new("debugfs").args(["-w", "-R", &request]).arg(&image));
        }
        self.mount();
        // A loop device keeps its size: reading behind the end of its file is an error of the disk.
        std::fs::File::options().write(true).open(&image).unwrap().set_len(bad * BLOCK).unwrap();
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

    /// Fills it to the last block; gives the folder that takes the room.
    pub(crate) fn fill(&self) -> PathBuf {
        use std::io::Write;
        let folder = self.at.join("ballast");
        let mut number = 0;
        for size in [1 << 20, 16384, 4096] {
            let bytes = noise(size as u64, size);
            loop {
                number += 1;
                let path = folder.join(number.to_string());
                std::fs::create_dir_all(&folder).unwrap();
                let written = std::fs::File::create(path)
                    .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
                if written.is_err() {
                    break;
                }
            }
        }
        let free = rustix::fs::statvfs(&self.at).unwrap().f_bavail;
        assert!(free < 4, "{free} blocks are free");
        folder
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

/// Noise that does not compress and is in no other file.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(bytes)
    .collect()
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").args(["-l"]).arg(&self.at).output());
    }
}
