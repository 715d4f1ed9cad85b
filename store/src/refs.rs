//! Pins on snapshots: files beside the records. With the records and channels, the roots of collection.
use serde::{Deserialize, Serialize};
use crate::{Name, Result, Stamp, Store, lock::MirrorLock};
/// A named hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin { /** Who. */ pub who: String, /** Why. */ pub reason: String, /** Since when. */ pub since: Stamp, /** Until when, where it ends by itself. */ #[serde(skip_serializing_if = "Option::is_none")] pub until: Option<Stamp> }
impl Store {
    /// Lists a snapshot's pins by name.
    pub fn pins(&self, _mirror: &Name, _taken: Stamp) -> Result<Vec<(Name, Pin)>> { todo!() }
    /// Sets a pin on a snapshot. Replaces one of the same name on this mirror.
    pub fn pin(&self, _lock: &MirrorLock, _taken: Stamp, _name: &Name, _pin: &Pin) -> Result<()> { todo!() }
    /// Takes a pin away; gives the date that it held, `None` where there was none.
    pub fn unpin(&self, _lock: &MirrorLock, _name: &Name) -> Result<Option<Stamp>> { todo!() }
    /// Finds the snapshot that a pin's name holds.
    pub fn pinned(&self, _mirror: &Name, _name: &Name) -> Result<Option<Stamp>> { todo!() }
}
