//! Dropping snapshots and collecting what only they held.
use crate::{Monitor, Name, Result, Stamp, Store, lock::{Asker, MirrorLock}};
/// What was dropped and collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected { /** Objects. */ pub objects: u64, /** Their bytes. */ pub bytes: u64 }
/// Whether to do it or only to say it; the same code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run { /** Do it. */ Real, /** Say it. */ Dry }
impl Store {
    /// Drops a snapshot that no pin holds and collects its objects. The caller has made sure that no channel or tree shows it.
    pub fn drop_snapshot(&self, _lock: &MirrorLock, _taken: Stamp, _how: (Run, &Asker), _monitor: &dyn Monitor) -> Result<Collected> { todo!() }
    /// Collects every object that no span names and every manifest that no record names: what crashes left.
    pub fn sweep(&self, _how: (Run, &Asker), _monitor: &dyn Monitor) -> Result<Collected> { todo!() }
}
#[allow(unused)] fn _keep(_: &Name) {}
