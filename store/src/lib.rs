//! The store: objects, manifests, snapshots, the index over them, and their collection.
//!
//! ```text
//! ROOT/FORMAT                      one integer and three sets of features
//! ROOT/objects/ab/cdef…[.N]        content, mode 0444, never rewritten; .N is a replica near the link limit
//! ROOT/incoming/                   temporary files and half-built trees
//! ROOT/manifests/ab/cdef….zst      manifests, named by the BLAKE3 of their plain text
//! ROOT/snapshots/MIRROR/DATE       the snapshot's record; DATE.pins/NAME beside it
//! ROOT/quarantine/                 damaged objects that nothing heals; see [`heal`]
//! ROOT/index.sqlite                derived from the files, may be deleted
//! ROOT/lock, ROOT/locks/           see [`lock`]
//! ROOT/running/MIRROR              see [`running`]
//! ```

pub mod arrival;
pub mod check;
pub mod digest;
pub mod disk;
pub mod error;
pub mod gc;
pub mod heal;
pub mod index;
mod leftovers;
pub mod lock;
pub mod manifest;
pub mod monitor;
pub mod object;
pub mod path;
pub mod refs;
pub mod report;
pub mod running;
pub mod scan;
mod settle;
pub mod snapshot;
pub mod store;
pub mod sums;

pub use arrival::{Arrival, Landed};
pub use digest::Digest;
pub use error::{Error, IoContext, Kind, Result};
pub use manifest::{Class, Entry, Node};
pub use monitor::{Counter, Monitor, Silent, Tally};
pub use path::{Name, RelPath, Stamp};
pub use report::{Code, Finding, Report};
pub use snapshot::{Evidence, Proof, Record, Signer, Trust};
pub use store::Store;
pub use sums::{Algorithm, Checksum, Sums};
