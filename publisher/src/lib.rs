//! The publisher: dated trees, the union, channels and their generations, the rules of the site.
//!
//! ```text
//! ROOT/www/snapshots/MIRROR/DATE/…                 dated tree of hardlinks, see [`publish`]
//! ROOT/www/union/MIRROR/…                          every fixed file of every published snapshot
//! ROOT/www/at/MIRROR/{20261123,20261123T15}        any day or hour
//! ROOT/www/generations/CHANNEL/N/MIRROR/{heads,tree}, ROOT/www/channels/CHANNEL    see [`generation`]
//! ROOT/generations/CHANNEL/N                       the generation's record; pins/MIRROR and `unchecked` beside it
//! ```
//!
//! It knows no package format: what a family does to root metadata is a function that the caller hands in.

pub mod check;
pub mod error;
pub mod explain;
pub mod generation;
pub mod layout;
pub mod mend;
pub mod page;
pub mod pins;
pub mod policy;
pub mod publish;
pub mod retention;
pub mod schedule;
pub mod site;
pub mod status;
pub mod unchecked;

pub use error::{Error, Result};
