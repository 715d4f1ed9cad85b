//! Objects: content named by its hash.
use std::path::PathBuf;
use crate::{Digest, Result, Store};
impl Store {
    /// The path of an object's first inode.
    pub fn object_path(&self, _digest: Digest) -> PathBuf { todo!() }
    /// Opens an object for reading, checking that it is a regular file of this size.
    pub fn open_object(&self, _digest: Digest, _size_bytes: u64) -> Result<std::fs::File> { todo!() }
}
/// Links objects into folders below one descriptor; keeps the shard folders open and knows which replica takes the next link.
/// Shared by threads.
#[derive(Debug)] pub struct Linker<'a> { _s: &'a Store }
impl<'a> Linker<'a> {
    /// Opens the shard folders.
    pub fn new(_store: &'a Store, _writer: &'a crate::lock::Writer) -> Result<Self> { todo!() }
    /// Links an object as `name` in the folder `dir`. Near the link limit a replica takes over. EEXIST is an error of kind Io.
    pub fn link(&self, _digest: Digest, _size_bytes: u64, _dir: &std::os::fd::OwnedFd, _name: &[u8]) -> Result<()> { todo!() }
}
