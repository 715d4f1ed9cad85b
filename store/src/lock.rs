//! `flock` on open files, the holder's pid and verb written inside. Readers take none.
use crate::{Name, Result, Store};
use std::time::Duration;
/// Who asks, and how long it waits.
#[derive(Debug, Clone)]
pub struct Asker { /** The verb, written into the file. */ pub verb: String, /** How long to wait; zero answers at once. */ pub wait: Duration }
/// The store's lock, shared: held by everything that writes. Objects cannot be collected while it lives.
#[derive(Debug)] pub struct Writer { _f: std::fs::File }
/// The store's lock, exclusive: held by collection, in short batches.
#[derive(Debug)] pub struct Collector { _f: std::fs::File }
/// A mirror's lock: sync, ingest and dropping its snapshots.
#[derive(Debug)] pub struct MirrorLock { _f: std::fs::File, /** Which mirror. */ pub mirror: Name }
/// The site's lock: publish, retire, channels.
#[derive(Debug)] pub struct SiteLock { _f: std::fs::File }
impl Store {
    /// Takes the store's lock, shared.
    pub fn writer(&self, _asker: &Asker) -> Result<Writer> { todo!() }
    /// Takes the store's lock, exclusive.
    pub fn collector(&self, _asker: &Asker) -> Result<Collector> { todo!() }
    /// Takes a mirror's lock.
    pub fn lock_mirror(&self, _mirror: &Name, _asker: &Asker) -> Result<MirrorLock> { todo!() }
    /// Takes the site's lock.
    pub fn lock_site(&self, _asker: &Asker) -> Result<SiteLock> { todo!() }
}
