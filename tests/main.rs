//! The main job from end to end: the real program, real archives, real nginx and real apt-get.
//!
//! One binary (one link step), a module a subject. `harness` makes the parts: a site in a temporary folder, archives built by
//! dpkg-deb and apt-ftparchive, nginx on a free port, apt-get in a root of its own. Nothing of the host is touched. A tool that
//! is missing is a failure that names its package, never a skipped test. `PINFOLD_TEST_LONG=1` (`./check --long`) turns the
//! bounded samples into full sweeps.
#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests make and damage files by hand, and read the environment"
)]

mod a_year;
mod harness;

mod adopt;
mod apk;
mod background;
mod brew;
mod by_tool;
mod by_tool_families;
mod by_tool_ready;
mod changes;
mod client;
mod client_check;
mod crash;
mod damage;
mod disk_full;
mod doctor;
mod estimate;
mod faults;
mod files_http;
mod flips;
mod flow;
mod hostile;
mod ingest;
mod json;
mod keys;
mod lost;
mod model;
mod odd_names;
mod pacman;
mod page;
mod places;
mod policy;
mod proof;
mod recipes;
mod refusals;
mod removal;
mod repair;
mod retention;
mod rpm_clients;
mod rpm_diff;
mod rpm_flips;
mod rpm_hostile;
mod rpm_lists;
mod rpm_packages;
mod rpm_refusals;
mod rpm_signature;
mod rpm_trust;
mod rpm_upstreams;
mod rpm_zoo;
mod run;
mod serving;
mod setup;
mod signals;
mod status;
mod sync;
mod terminal;
mod tidy;
mod two_at_once;
mod zoo;
