//! A zoo of apt archives: those that other tools make, and those that nobody should make, followed by `sync` over real nginx and
//! used by a real apt-get. The numbered tests of what an apt mirror must know, one cage each.

mod indices;
mod layouts;
mod moving;
mod names;
mod tools;
