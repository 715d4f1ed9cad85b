//! The status page: what is the case, what comes next, and what was. One file of HTML without scripts, and the same as JSON.
//!
//! [`Page`] is gathered from records and is all that the HTML is made of. Whatever came from an archive or an operator passes
//! `words::Text`: it is escaped once, and characters that change how others are shown stand as `\xNN`.

mod chart;
mod draft;
mod gather;
mod html;
mod left;
mod shape;
mod trouble;
mod words;

pub use draft::{CHANGES_MAX, Draft};
pub use gather::{Past, latest};
pub use left::{forget_changes, keep_changes, known_changes, leave, note_disk};
pub use shape::{
    AdvisoryLine, ChangeLine, Changes, DiskDay, HoldStatus, MoveStatus, Moved, Page, Pair, Point,
    Timeline, Upcoming,
};
pub use trouble::Trouble;
pub use words::span;

/// What a browser may do with the page: nothing but show it. Its one style is named by its hash within the page, so that this header
/// stays right whatever version wrote the page.
pub const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests;
