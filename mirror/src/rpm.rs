//! Repositories of rpm: what `repomd.xml` names, and what the list of packages does; what upstream gives out beside them; the
//! files that make dnf and zypper follow a channel.
//!
//! All of it is input from strangers: sizes are bounded, names are parsed into checked paths, and what clients would read in
//! two ways is refused.

mod client;
mod href;
mod lists;
mod primary;
mod repomd;
mod sum;
mod treeinfo;
mod xml;

pub use client::{
    ClientInput, Follows, Form, LIST_NAME, MINUTES, Signed, Tool, client, dated_list,
};
pub use href::Place;
pub use lists::{LIST_BYTES_MAX, Metalink, State, Verdict, metalink, mirrorlist};
pub use primary::{Package, Seen, packages};
pub use repomd::{Data, Repomd};
pub use treeinfo::{TREEINFO_BYTES_MAX, TreeFile, treeinfo};
