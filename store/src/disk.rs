//! Every system call that writes (rustix), and the failure points.
//!
//! The rest of the workspace changes the disk only through here (clippy.toml). Holds I2: nothing with a final name is ever
//! rewritten; I3: bytes are durable before they are named.
use std::os::fd::OwnedFd;
use std::path::Path;
use crate::Result;

/// Names of all failure points in the order in which they come; tests kill the program at each.
pub const POINTS: &[&str] = &[];
/// Kills the process at the `pass`-th time that the point `name` is reached. Set once by the program from its environment.
pub fn arm(_name: &str, _pass: u64) -> Result<()> { todo!() }
/// A failure point: does nothing unless armed.
pub fn point(_name: &'static str) { }
/// Opens a folder as a descriptor, following no symlink in the last part.
pub fn open_dir(_path: &Path) -> Result<OwnedFd> { todo!() }
/// Opens a folder below a descriptor (`RESOLVE_BENEATH | NO_SYMLINKS`).
pub fn open_dir_at(_dir: &OwnedFd, _name: &Path) -> Result<OwnedFd> { todo!() }
/// Makes a folder; one that exists is fine. Mode 0755 whatever the umask.
pub fn make_dir(_path: &Path) -> Result<()> { todo!() }
/// Makes a folder and those above it.
pub fn make_dirs(_path: &Path) -> Result<()> { todo!() }
/// Makes a folder below a descriptor and opens it. Mode 0755 whatever the umask.
pub fn make_dir_at(_dir: &OwnedFd, _name: &Path) -> Result<OwnedFd> { todo!() }
/// Sets the mode of an open file or folder.
pub fn set_mode(_fd: &OwnedFd, _mode: u32, _shown: &Path) -> Result<()> { todo!() }
/// Writes a small file durably: aside, synced, renamed over, folder synced.
pub fn write_durably(_path: &Path, _bytes: &[u8], _mode: u32) -> Result<()> { todo!() }
/// Like [`write_durably`], with a modification time, for root metadata.
pub fn write_with_mtime(_path: &Path, _bytes: &[u8], _mode: u32, _mtime_seconds: i64) -> Result<()> { todo!() }
/// Like [`write_durably`], but the name must be free: EEXIST is an error.
pub fn create_durably(_path: &Path, _bytes: &[u8], _mode: u32) -> Result<()> { todo!() }
/// Hardlinks a file that is no object (heads carried to the next generation).
pub fn link(_from: &Path, _to: &Path) -> Result<()> { todo!() }
/// Links `from` over `to` by a temporary name and a rename, so that `to` is never absent.
pub fn link_over(_from: &Path, _to: &Path) -> Result<()> { todo!() }
/// Makes or moves a symlink by one rename; true where it changed. The folder is synced.
pub fn point_symlink(_link: &Path, _target: &Path) -> Result<bool> { todo!() }
/// Renames within the file system; the target must be free (`RENAME_NOREPLACE`). Both folders are synced.
pub fn rename_new(_from: &Path, _to: &Path) -> Result<()> { todo!() }
/// Removes a file or symlink; one that is gone is fine. True where it was there.
pub fn remove_file(_path: &Path) -> Result<bool> { todo!() }
/// Removes a tree, folders without write permission included, relative to descriptors, in parallel; one that is gone is fine.
pub fn remove_tree(_path: &Path) -> Result<()> { todo!() }
/// Syncs a file or folder.
pub fn sync_path(_path: &Path) -> Result<()> { todo!() }
/// Syncs the whole file system that holds a path (`syncfs`).
pub fn sync_file_system(_path: &Path) -> Result<()> { todo!() }
