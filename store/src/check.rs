//! Checking objects, manifests, records and the index. Reads with `read`, never by mmap.
use crate::{Monitor, Name, Report, Result, Stamp, Store};
/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth { /** By metadata only. */ Quick, /** Every byte is read and hashed. */ Deep }
impl Store {
    /// Checks one snapshot: record, manifest and every object that it names.
    pub fn verify(&self, _mirror: &Name, _taken: Stamp, _depth: Depth, _monitor: &dyn Monitor) -> Result<Report> { todo!() }
    /// Checks the whole store: every object, manifest, record, and the index against them.
    pub fn fsck(&self, _depth: Depth, _monitor: &dyn Monitor) -> Result<Report> { todo!() }
}
