//! What happens in the play: ordinary nights, and what people do.

use jiff::{SignedDuration, Timestamp};

use super::play::{Play, date_name};
use super::upstreams::{MIRRORS, PACKAGES};
use crate::harness::{Apt, Ran};

impl Play {
    /// The timer's verb.
    pub(super) fn run(&self) -> Ran {
        self.pinfold(&["run"])
    }

    /// An ordinary night. The timer comes again after it, and there is nothing to do.
    pub(super) fn night(&mut self) {
        self.run_well();
        if self.night.number.is_multiple_of(5) {
            self.nothing_is_due();
        }
    }

    /// The timer's run does all that the books say.
    pub(super) fn run_well(&mut self) -> Ran {
        let ran = self.run();
        assert_eq!(ran.code, Some(0), "{}\n{}", self.when(), ran.said());
        self.book_syncs();
        self.book_moves();
        self.compare_kept();
        ran
    }

    /// A run five minutes later says nothing, asks nobody and changes nothing.
    pub(super) fn nothing_is_due(&mut self) {
        let stands = || MIRRORS.map(|of| (self.site.dates(of), self.site.published(of)));
        let before = stands();
        self.upstreams.asked();
        let now = self.now + SignedDuration::from_mins(5);
        let ran = self.pinfold_at(now, &["run"]);
        assert_eq!((ran.code, ran.said().as_str()), (Some(0), ""), "{}", self.when());
        assert_eq!(self.upstreams.asked(), Vec::<String>::new(), "{}", self.when());
        assert_eq!(stands(), before, "{}", self.when());
        self.now = now;
        self.compare_channels();
    }

    /// Mirrors without a snapshot are not waited for: their first syncs go on by themselves, and staging takes those that are there.
    pub(super) fn the_first_night(&mut self) {
        self.run().expect(0);
        for mirror in MIRRORS {
            self.ok(&["sync", mirror, "--wait", "60"]);
        }
        self.book_syncs();
        self.book_staging();
        self.compare();
    }

    /// One upstream cannot be reached: the others are taken, and it is asked again soon, not only in the next night.
    pub(super) fn an_upstream_is_away(&mut self) {
        self.upstreams.set_away("rocky", true);
        self.run().expect(3).says("rocky");
        self.book_syncs();
        self.book_moves();
        self.compare_kept();
        self.nothing_is_due();
        self.upstreams.set_away("rocky", false);
        self.later(20);
        self.run().expect(0).says("rocky");
        self.book_syncs();
        self.compare_kept();
    }

    /// Production goes back as a whole, and no timer moves it again.
    pub(super) fn a_release_is_taken_back(&mut self) {
        self.night();
        self.later(60);
        self.ok(&["rollback", "production", "--reason", "p07 does not start"]);
        for mirror in MIRRORS {
            self.books.back("production", mirror, self.now);
        }
        self.compare();
        self.see();
        self.nothing_is_due();
    }

    /// A person lets go of what the rollback pinned.
    pub(super) fn what_was_held_may_move(&mut self) {
        self.night();
        for mirror in MIRRORS {
            self.ok(&["unpin", mirror, "--in", "production"]);
        }
        self.books.held.clear();
    }

    /// More than half of an upstream is missing for a night. It is kept as it is, and no channel shows it.
    pub(super) fn an_upstream_loses_much(&mut self) {
        self.upstreams.shrink(Some(PACKAGES * 2 / 5), self.night);
        let ran = self.run().expect(1);
        assert!(ran.said().contains("vendor"), "{}", ran.said());
        self.book_syncs();
        for mirror in MIRRORS.into_iter().filter(|mirror| *mirror != "vendor") {
            self.books.promote_staging(mirror, self.now);
        }
        self.compare_kept();
        self.upstreams.shrink(None, self.night);
    }

    /// A snapshot is held beyond its time, and a mirror stays in production beyond the next move.
    pub(super) fn somebody_pins(&mut self) {
        self.night();
        let oldest = *self.books.kept["debian"].first().unwrap();
        let held = format!("debian@{}", date_name(oldest));
        self.ok(&["pin", &held, "audit", "--until", "12d", "--reason", "the auditors look"]);
        self.books.pinned.push(("debian", oldest, self.now + SignedDuration::from_hours(12 * 24)));
        self.ok(&["pin", "arch", "--in", "production", "--until", "8d", "--reason", "a fair"]);
        self.books.held.insert("arch", self.now + SignedDuration::from_hours(8 * 24));
    }

    /// One mirror goes back, the others stay.
    pub(super) fn one_mirror_is_taken_back(&mut self) {
        self.night();
        self.later(60);
        self.ok(&["rollback", "production", "rocky", "--reason", "p11 is slow"]);
        self.books.back("production", "rocky", self.now);
        self.compare();
        self.see();
    }

    /// By name it moves at once, as somebody says so, and its pin goes.
    pub(super) fn it_goes_forward_by_name(&mut self) {
        self.night();
        let reason = "p11 is mended";
        self.ok(&["promote", "rocky", "--to", "production", "--now", "--reason", reason]);
        self.books.held.remove("rocky");
        let newest = self.books.shows("staging", "rocky").unwrap();
        self.books.show("production", "rocky", newest, self.now);
        self.compare();
        self.see();
        assert!(self.ok(&["log", "production"]).contains(reason));
    }

    /// A day that went cold is published again for a client that stays at it; the next run takes it down.
    pub(super) fn an_old_day_is_asked_for(&mut self) {
        let stands = self.site.published("debian");
        let kept = self.books.kept["debian"].clone();
        let is_cold = |date: &&Timestamp| !stands.contains(&date_name(**date));
        let cold = *kept.iter().find(is_cold).unwrap();
        let (name, spec) = (date_name(cold), format!("debian@{}", date_name(cold)));
        self.ok(&["publish", &spec]);
        let files = self.site.ok(&["client", "debian", "--date", &name, "--json"]);
        let sees = super::clients::apt_sees(&Apt::given(&files));
        assert_eq!(&sees, self.books.state("debian", cold), "{spec}");
        self.dusk(self.night.number + 1);
        self.night();
        assert!(!self.site.published("debian").contains(&name));
    }
}
