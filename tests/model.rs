//! Random days against a plain map: whatever was taken is there until it is dropped, byte for byte, and nothing else is stored.
use crate::harness::{Site, long, seed, temp_dir, walk, write};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What a tree holds: the content of a file, or the target of a link after a mark.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A small generator of numbers (splitmix64), so that a seed is all that is needed to run a failure again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// A path of a small space, so that changes and removals hit; some names are nasty.
    fn path(&mut self) -> PathBuf {
        let names: [&[u8]; 8] = [b"a", b"b", b"a b", b"\xff", b"n\nl", b"a.b", b"a-", b"\\x41"];
        let name = |dice: &mut Self| {
            let at = usize::try_from(dice.roll(8)).unwrap();
            OsString::from_vec(names[at].to_vec())
        };
        let mut path = PathBuf::new();
        for _ in 0..self.roll(3) {
            let mut folder = OsString::from("d-");
            folder.push(name(self));
            path.push(folder);
        }
        path.join(name(self))
    }

    /// Few contents, so that many are equal; one is empty, one is larger than a small file's buffer.
    fn content(&mut self) -> Vec<u8> {
        match self.roll(12) {
            0 => Vec::new(),
            1 => vec![b'x'; 200_000],
            number => format!("content {number}").into_bytes(),
        }
    }
}

/// Reads a tree as the model writes it.
fn read(top: &Path) -> Tree {
    let of = |path: PathBuf| {
        let value = match std::fs::read_link(&path) {
            Ok(to) => [b"-> ", to.as_os_str().as_bytes()].concat(),
            Err(_) => std::fs::read(&path).unwrap(),
        };
        (path.strip_prefix(top).unwrap().to_owned(), value)
    };
    let is_entry = |path: &PathBuf| !std::fs::symlink_metadata(path).unwrap().is_dir();
    walk(top).into_iter().filter(is_entry).map(of).collect()
}

/// A site, its source tree, and what must be true.
struct World {
    site: Site,
    source: tempfile::TempDir,
    /// Every kept snapshot, and whether it is published.
    kept: BTreeMap<String, (Tree, bool)>,
    said: Vec<String>,
}

impl World {
    fn new() -> Self {
        let site = Site::fleeting();
        site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
        site.ok(&["init"]);
        let source = temp_dir();
        write(source.path().join("always"), "there");
        Self { site, source, kept: BTreeMap::new(), said: Vec::new() }
    }

    fn change(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.roll(8) {
            let path = self.source.path().join(dice.path());
            drop(std::fs::remove_file(&path));
            match dice.roll(10) {
                0..3 => {}
                3 => {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::os::unix::fs::symlink("a", &path).unwrap();
                }
                _ => write(&path, dice.content()),
            }
        }
    }

    /// A snapshot of the source, made unless nothing changed.
    fn ingest(&mut self, more: &[&str]) {
        let now = read(self.source.path());
        let mut args = vec!["ingest", "tree", self.source.path().to_str().unwrap()];
        args.extend(more);
        let newest = self.kept.last_key_value().map(|(_, (tree, _))| tree.clone());
        self.site.ok(&args);
        let made: Vec<String> = self
            .site
            .dates("tree")
            .into_iter()
            .filter(|date| !self.kept.contains_key(date))
            .collect();
        let wanted = usize::from(newest.as_ref() != Some(&now) || !more.is_empty());
        assert_eq!(made.len(), wanted, "new snapshots; so far: {:?}", self.said);
        for date in made {
            let is_newest = self.kept.keys().all(|kept| *kept < date);
            assert!(is_newest, "{date} is not after {:?}", self.kept.keys());
            self.kept.insert(date, (now.clone(), true));
        }
    }

    /// Something done to a snapshot: `retire`, `publish` or `prune`.
    fn treat(&mut self, verb: &str, at: u64) {
        let count = u64::try_from(self.kept.len()).unwrap();
        if count < 2 {
            return;
        }
        let date =
            self.kept.keys().nth(usize::try_from(at % (count - 1)).unwrap()).unwrap().clone();
        let ran = self.site.run(&[verb, &format!("tree@{date}")]);
        assert!(matches!(ran.code, Some(0 | 1)), "{verb} {date}: {}", ran.said());
        match verb {
            "prune" => drop(self.kept.remove(&date)),
            _ => self.kept.get_mut(&date).unwrap().1 = verb == "publish",
        }
    }

    fn check(&self) {
        let dates: Vec<String> = self.kept.keys().cloned().collect();
        assert_eq!(self.site.dates("tree"), dates, "{:?}", self.said);
        let standing = self.kept.iter().filter(|(_, (_, published))| *published);
        let published: Vec<String> = standing.clone().map(|(date, _)| date.clone()).collect();
        assert_eq!(self.site.published("tree"), published, "{:?}", self.said);
        for (date, (tree, _)) in standing {
            assert_eq!(&read(&self.site.tree("tree", date)), tree, "{date}; {:?}", self.said);
        }
        let contents: BTreeSet<&[u8]> = self
            .kept
            .values()
            .flat_map(|(tree, _)| tree.values())
            .map(Vec::as_slice)
            .filter(|value| !value.starts_with(b"-> "))
            .collect();
        assert_eq!(self.site.objects(), contents.len(), "objects; {:?}", self.said);
    }
}

#[test]
fn any_days_in_any_order_are_kept_and_dropped_exactly() {
    let seed = seed();
    for round in 0..if long() { 40 } else { 2 } {
        let (mut dice, mut world) = (Dice(seed + round), World::new());
        for _ in 0..30 {
            let (what, at) = (dice.roll(10), dice.roll(1000));
            world.said.push(format!("{what}.{at}"));
            match what {
                0..4 => {
                    world.change(&mut dice);
                    world.ingest(&[]);
                }
                4 => world.ingest(&["--even-if-unchanged"]),
                5 => world.ingest(&[]),
                6 => world.treat("retire", at),
                7 => world.treat("publish", at),
                8 => world.treat("prune", at),
                _ => {
                    std::fs::remove_file(world.site.root.join("index.sqlite")).unwrap();
                    for more in ["index.sqlite-wal", "index.sqlite-shm"] {
                        drop(std::fs::remove_file(world.site.root.join(more)));
                    }
                    world.site.ok(&["fsck", "--rebuild"]);
                }
            }
            world.check();
        }
        world.site.sound();
    }
}
