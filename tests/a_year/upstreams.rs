//! Four upstreams of four families, made by their own tools and served by one nginx. One package in a hundred changes a night.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::arch::Arch;
use super::debian::Debian;
use super::rocky::Rocky;
use super::vendor::Vendor;
use crate::harness::{Mount, Upstream, walk};

/// How many packages each upstream has.
pub(super) const PACKAGES: usize = 100;
/// The mirrors, in the order in which they are made.
pub(super) const MIRRORS: [&str; 4] = ["debian", "rocky", "arch", "vendor"];

/// What an upstream or a client holds: each package's version; a file's is the number of its change.
pub(super) type State = BTreeMap<String, u32>;

/// A night of the play.
#[derive(Debug, Clone, Copy)]
pub(super) struct Night {
    /// Counted from 0, when everything is new.
    pub(super) number: usize,
    /// When upstream changed.
    pub(super) at: Timestamp,
}

impl Night {
    /// The option by which gpg thinks that it is this night.
    pub(super) fn faked(&self) -> String {
        self.at.strftime("%Y%m%dT%H%M%S!").to_string()
    }
}

/// The name of a package.
pub(super) fn name(number: usize) -> String {
    format!("p{:02}", number % PACKAGES)
}

/// All four.
#[derive(Debug)]
pub(super) struct Upstreams {
    server: Upstream,
    /// Where all of it lies: in memory, since tools make many small files every night.
    memory: Mount,
    debian: Debian,
    rocky: Rocky,
    arch: Arch,
    vendor: Vendor,
    states: BTreeMap<&'static str, State>,
    /// What the vendor had before files went missing.
    lost: State,
}

impl Upstreams {
    /// Upstreams with nothing in them yet, and their server.
    pub(super) fn new() -> Self {
        let memory = Mount::memory();
        let at = |mirror: &str| memory.path().join("served").join(mirror);
        let work = |mirror: &str| memory.path().join("work").join(mirror);
        for mirror in MIRRORS {
            std::fs::create_dir_all(at(mirror)).unwrap();
            std::fs::create_dir_all(work(mirror)).unwrap();
        }
        Self {
            server: Upstream::of(&memory.path().join("served"), "autoindex on;"),
            debian: Debian::new(work("debian"), at("debian")),
            rocky: Rocky::new(work("rocky"), at("rocky")),
            arch: Arch::new(work("arch"), &at("arch")),
            vendor: Vendor::new(at("vendor")),
            states: MIRRORS.map(|mirror| (mirror, State::new())).into(),
            lost: State::new(),
            memory,
        }
    }

    fn served(&self) -> PathBuf {
        self.memory.path().join("served")
    }

    /// The URL of a mirror's upstream.
    pub(super) fn url(&self, mirror: &str) -> String {
        format!("{}/{mirror}", self.server.url())
    }

    /// What a mirror's upstream holds.
    pub(super) fn state(&self, mirror: &str) -> &State {
        &self.states[mirror]
    }

    /// What was asked for since the last call.
    pub(super) fn asked(&self) -> Vec<String> {
        self.server.asked()
    }

    /// A night passes: in each upstream a package is replaced, but for one upstream in eleven, which rests.
    pub(super) fn pass(&mut self, night: Night) {
        let mut changed = BTreeMap::new();
        for (place, mirror) in MIRRORS.into_iter().enumerate() {
            changed.insert(mirror, self.bump(mirror, place, night));
        }
        let Self { debian, rocky, arch, vendor, .. } = self;
        std::thread::scope(|scope| {
            scope.spawn(|| debian.pass(night, &changed["debian"]));
            scope.spawn(|| rocky.pass(night, &changed["rocky"]));
            scope.spawn(|| arch.pass(night, &changed["arch"]));
        });
        vendor.pass(&changed["vendor"], &debian.pool());
        date(&self.served(), night.at);
    }

    /// The packages that are new in this night, with their versions.
    fn bump(&mut self, mirror: &'static str, place: usize, night: Night) -> State {
        let numbers = match night.number {
            0 => (0..PACKAGES).collect(),
            number if number % 11 == place => Vec::new(),
            number => vec![number * 37 + place * 11],
        };
        let state = self.states.entry(mirror).or_default();
        let bump = |number| {
            let version = state.entry(name(number)).or_default();
            *version += 1;
            (name(number), *version)
        };
        numbers.into_iter().map(bump).collect()
    }

    /// A mirror's upstream cannot be found, or is there again.
    pub(super) fn set_away(&self, mirror: &str, is_away: bool) {
        let (here, away) = (self.served().join(mirror), self.served().join(format!(".{mirror}")));
        let (from, to) = if is_away { (here, away) } else { (away, here) };
        std::fs::rename(from, to).unwrap();
    }

    /// All but the first files of the vendor are missing; `None` brings them back.
    pub(super) fn shrink(&mut self, kept: Option<usize>, night: Night) {
        let state = self.states.get_mut("vendor").unwrap();
        match kept {
            Some(kept) => {
                let whole = std::mem::take(state);
                let is_kept = |(file, _): &(&String, &u32)| (0..kept).any(|at| name(at) == **file);
                *state =
                    whole.iter().filter(is_kept).map(|(file, at)| (file.clone(), *at)).collect();
                self.lost = whole;
            }
            None => *state = std::mem::take(&mut self.lost),
        }
        self.vendor.shrink(kept);
        date(&self.served(), night.at);
    }
}

/// Gives everything that was made since the play began the time of the night: servers and clients go by it.
fn date(top: &Path, at: Timestamp) {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().unsigned_abs());
    for path in walk(top) {
        let Ok(file) = std::fs::File::open(&path) else { continue };
        let meta = file.metadata().unwrap();
        if meta.is_file() && meta.modified().unwrap() > at {
            file.set_modified(at).unwrap();
        }
    }
}
