//! What `setup` gives a host and `retract` takes back: the files below a folder, and the whole of it on a fresh machine.

mod delete;
mod files;
mod fresh;
