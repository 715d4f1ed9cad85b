//! Repositories of rpm packages, as dnf and zypper read them.

mod client;
mod lists;
mod treeinfo;

pub use client::{
    ClientInput, Follows, Form, LIST_NAME, MINUTES, Signed, Tool, client, dated_list,
};
pub use lists::{LIST_BYTES_MAX, mirrorlist};
pub use treeinfo::{TREEINFO_BYTES_MAX, TreeFile, treeinfo};
