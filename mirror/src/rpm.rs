//! Repositories of rpm-md: those of dnf and zypper.
//!
//! What comes from an archive is input from strangers: sizes are bounded, names are parsed into checked paths, and nothing is
//! believed that nobody vouches for.

pub mod package;
