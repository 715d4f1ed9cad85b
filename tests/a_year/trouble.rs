//! What breaks in the play, and is mended.

use std::path::{Path, PathBuf};

use super::play::Play;
use super::upstreams::MIRRORS;
use crate::harness::{temp_dir, walk};

impl Play {
    /// Two objects rot: one that upstream still has, and one that is in a backup only.
    pub(super) fn objects_rot(&mut self) {
        self.night();
        let dates = self.site.published("debian");
        let (oldest, newest) = (dates.first().unwrap(), dates.last().unwrap());
        let packages = |date: &str| -> Vec<PathBuf> {
            let top = self.site.tree("debian", date);
            let pool = walk(&top.join("pool")).into_iter().filter(|path| path.is_file());
            pool.map(|path| path.strip_prefix(&top).unwrap().to_owned()).collect()
        };
        let (old, new) = (packages(oldest), packages(newest));
        let gone = old.iter().find(|path| !new.contains(path)).unwrap();
        let here = new.iter().find(|path| old.contains(path)).unwrap();
        let backup = temp_dir();
        let gone_at = self.site.tree("debian", oldest).join(gone);
        std::fs::copy(&gone_at, backup.path().join("some.name")).unwrap();
        let rotten =
            [gone_at, self.site.tree("debian", newest).join(here)].map(|path| self.rot(&path));
        let found = self.pinfold(&["fsck", "--deep"]).expect(4).said();
        for place in &rotten {
            assert!(found.contains(place.as_str()), "{place} is not in:\n{found}");
        }
        let from = backup.path().to_str().unwrap();
        self.ok(&["fsck", "--deep", "--repair", "--from", from]);
        self.ok(&["fsck", "--deep"]);
        self.see();
    }

    /// Flips a byte of the object behind an entry of a tree, as a disk does: size and times stay. Gives the object's place.
    fn rot(&self, entry: &Path) -> String {
        let mut bytes = std::fs::read(entry).unwrap();
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let place = format!("objects/{}/{}", &digest[..2], &digest[2..]);
        let object = self.site.root.join(&place);
        let time = std::fs::metadata(&object).unwrap().modified().unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&object, bytes).unwrap();
        std::fs::File::options().write(true).open(&object).unwrap().set_modified(time).unwrap();
        place
    }

    /// Without an index nothing is lost, nothing is collected, and the run says what to do.
    pub(super) fn the_index_is_lost(&mut self) {
        for end in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(self.site.root.join(format!("index.sqlite{end}"))));
        }
        let stands = || MIRRORS.map(|of| (self.site.dates(of), self.site.published(of)));
        let before = (self.site.objects(), stands());
        self.run().expect(4).says("pinfold fsck --rebuild");
        self.pinfold(&["prune"]).expect(4).says("pinfold fsck --rebuild");
        assert_eq!((self.site.objects(), stands()), before);
        self.compare_channels();
        self.ok(&["fsck", "--rebuild"]);
        for mirror in MIRRORS {
            self.ok(&["sync", mirror]);
        }
        self.ok(&["prune"]);
        self.book_syncs();
        self.compare_kept();
        self.run().expect(0);
        self.compare();
    }

    /// The disk is full to its last block: nothing moves, nothing is lost, and with room the next run completes.
    pub(super) fn the_disk_is_full(&mut self) {
        let ballast = self.mount.fill();
        self.run().expect(5);
        self.compare_channels();
        for mirror in MIRRORS {
            self.ok(&["verify", &format!("{mirror}@production")]);
        }
        std::fs::remove_dir_all(ballast).unwrap();
        self.later(5);
        self.run().expect(0);
        self.book_syncs();
        self.book_staging();
        self.compare_kept();
    }

    /// Every snapshot that is kept verifies, byte by byte, and so does the whole.
    pub(super) fn everything_verifies(&mut self) {
        for mirror in MIRRORS {
            for date in self.site.dates(mirror) {
                self.ok(&["verify", &format!("{mirror}@{date}"), "--deep"]);
            }
        }
        self.ok(&["fsck", "--deep"]);
    }
}
