//! The files below a folder.
