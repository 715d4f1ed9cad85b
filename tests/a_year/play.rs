//! The play: a site, its upstreams and its clients go from night to night, and the books say what must be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::books::{Books, Keep, ZONE, day_of};
use super::clients::Clients;
use super::upstreams::{MIRRORS, Night, State, Upstreams};
use crate::harness::{Mount, Nginx, Ran, Site, UpstreamKey, ran, write};

/// The disk of the site, in MiB.
const DISK: u64 = 256;

/// How a snapshot's date is written.
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// The stage.
#[derive(Debug)]
pub(super) struct Play {
    clients: Option<(Clients, Nginx)>,
    pub(super) site: Site,
    pub(super) mount: Mount,
    pub(super) upstreams: Upstreams,
    pub(super) books: Books,
    pub(super) night: Night,
    /// The clock.
    pub(super) now: Timestamp,
    /// When retention was last done.
    pub(super) kept_at: Timestamp,
    start: Timestamp,
    /// Nights on which production must not move.
    frozen: std::ops::RangeInclusive<usize>,
}

impl Play {
    /// A site of four mirrors on the evening before the first night, which is that of a Monday.
    pub(super) fn new(start: Timestamp, frozen: std::ops::RangeInclusive<usize>) -> Self {
        let mount = Mount::ext4_in_memory(DISK);
        let site = Site::with_root(&mount.path().join("root"));
        let night = Night { number: 0, at: start };
        let play = Self {
            clients: None,
            site,
            mount,
            upstreams: Upstreams::new(),
            books: Books::default(),
            night,
            now: start,
            kept_at: start,
            start,
            frozen,
        };
        play.configure();
        play.pinfold(&["init"]).expect(0);
        play
    }

    fn configure(&self) {
        let (root, port) = (self.site.root.display(), self.site.port);
        let logs = self.site.dir().join("logs").display().to_string();
        let day = |number: usize| day_of(self.morning(number));
        let (first, last) = (day(*self.frozen.start()), day(*self.frozen.end()));
        write(
            self.site.config(),
            format!(
                "root = \"{root}\"\nlogs = \"{logs}\"\ntime-zone = \"{ZONE}\"\ngrace = \"7d\"\n\
                 [site]\nurl = \"http://127.0.0.1:{port}\"\nlisten = \"127.0.0.1:{port}\"\n\
                 [channels.staging]\nschedule = \"30 5 * * *\"\n\
                 [channels.production]\nfrom = \"staging\"\nschedule = \"0 6 * * mon\"\nafter = \"3d\"\n\
                 freeze = [\"{first}/{last}\", \"sat\", \"sun\"]\n"
            ),
        );
        let keyring = self.site.dir().join("upstream.asc");
        write(&keyring, UpstreamKey::shared().public());
        for mirror in MIRRORS {
            let own = match mirror {
                "debian" => {
                    "family = \"apt\"\nmount = \"archive.example.org/debian\"\nsuites = [\"lab\"]\narchitectures = [\"amd64\"]\n"
                }
                "rocky" => "family = \"rpm\"\nmount = \"archive.example.org/rocky\"\n",
                "arch" => {
                    "family = \"pacman\"\nrepositories = [\"core\"]\narchitectures = [\"x86_64\"]\n"
                }
                _ => "family = \"files\"\nmount = \"vendor\"\n",
            };
            let mut text = own.to_owned() + &keep(mirror).written();
            text += &format!("upstream = \"{}\"\n", self.upstreams.url(mirror));
            text += "patience = \"31ms\"\ntimeout = \"5s\"\ntries = 2\nretry-wait = \"10ms\"\n";
            if mirror != "vendor" {
                text += &format!("keyrings = [\"{}\"]\n", keyring.display());
            }
            self.site.mirror(mirror, &text);
        }
    }

    /// When the site's timer comes in a night: after five in UTC, never at quite the same second.
    fn morning(&self, number: usize) -> Timestamp {
        let seconds = i64::try_from(number * 24 * 3600 + 5 * 3600 + number * 7 % 60).unwrap();
        self.start + SignedDuration::from_secs(seconds)
    }

    /// Runs the program at this time.
    pub(super) fn pinfold(&self, args: &[&str]) -> Ran {
        self.pinfold_at(self.now, args)
    }

    /// The same at another time.
    pub(super) fn pinfold_at(&self, now: Timestamp, args: &[&str]) -> Ran {
        ran(self.site.command(args).env("PINFOLD_NOW", now.to_string()))
    }

    /// Runs the program at this time; it must succeed.
    pub(super) fn ok(&self, args: &[&str]) -> String {
        let ran = self.pinfold(args);
        assert_eq!(ran.code, Some(0), "{}: pinfold {args:?}\n{}", self.when(), ran.said());
        ran.said()
    }

    /// The night, for messages.
    pub(super) fn when(&self) -> String {
        format!("in night {}, {}", self.night.number, self.now)
    }

    /// Upstream changes, and the timer's time has come.
    pub(super) fn dusk(&mut self, number: usize) {
        let at = self.start + SignedDuration::from_hours(i64::try_from(number).unwrap() * 24);
        self.night = Night { number, at };
        self.upstreams.pass(self.night);
        self.now = self.morning(number);
    }

    /// So much later.
    pub(super) fn later(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
    }

    /// True where production is due and not frozen.
    pub(super) fn is_production_due(&self) -> bool {
        self.night.number.is_multiple_of(7) && !self.frozen.contains(&self.night.number)
    }

    /// Takes what was synced into the books.
    pub(super) fn book_syncs(&mut self) {
        for mirror in MIRRORS {
            let dates = self.site.dates(mirror);
            let Some(newest) = dates.last().map(|date| time(date)) else { continue };
            let known = self.books.kept.get(mirror).and_then(|dates| dates.last().copied());
            if known.is_none_or(|known| known < newest) {
                let state = self.upstreams.state(mirror).clone();
                self.books.take(mirror, newest, &state);
            }
        }
    }

    /// What a day's run does to the channels, in the books.
    pub(super) fn book_moves(&mut self) {
        for mirror in MIRRORS {
            self.books.promote_staging(mirror, self.now);
        }
        if self.is_production_due() {
            for mirror in MIRRORS {
                self.books.promote_production(mirror, self.now);
            }
        }
    }

    /// Staging was due before there was anything new. Whether it is asked once more in this night, nobody promised: it shows what came,
    /// or what it did before.
    pub(super) fn book_staging(&mut self) {
        for mirror in MIRRORS {
            if self.site.shows("staging", mirror) == self.site.dates(mirror).pop() {
                self.books.promote_staging(mirror, self.now);
            }
        }
    }

    /// A run is over, retention too: everything is as the books say.
    pub(super) fn compare_kept(&mut self) {
        self.kept_at = self.now;
        self.books.retain(self.now, keep);
        self.compare();
    }

    /// The channels, the snapshots and the trees are those of the books.
    pub(super) fn compare(&self) {
        self.compare_channels();
        for mirror in MIRRORS {
            let (kept, stands) = (&self.books.kept[mirror], &self.books.published[mirror]);
            let written = |dates: &std::collections::BTreeSet<Timestamp>| -> Vec<String> {
                dates.iter().map(|date| date_name(*date)).collect()
            };
            assert_eq!(self.site.dates(mirror), written(kept), "kept of {mirror} {}", self.when());
            let found = self.site.published(mirror);
            assert_eq!(found, written(stands), "published of {mirror} {}", self.when());
        }
    }

    /// The channels show what the books say.
    pub(super) fn compare_channels(&self) {
        for channel in ["staging", "production"] {
            for mirror in MIRRORS {
                let wanted = self.books.shows(channel, mirror).map(date_name);
                let shown = self.site.shows(channel, mirror);
                assert_eq!(shown, wanted, "{channel} of {mirror} {}", self.when());
            }
        }
    }

    /// The clients of production see what the books say it shows.
    pub(super) fn see(&mut self) {
        let expected: BTreeMap<&str, State> = self.books.states("production");
        let site = &self.site;
        let (clients, _nginx) = self.clients.get_or_insert_with(|| {
            let nginx = site.nginx();
            (Clients::new(site), nginx)
        });
        let when = format!("in night {}", self.night.number);
        clients.see(&expected, &when);
        clients.install(self.night.number / 7 * 7 * 37, &expected);
    }
}

/// How long the snapshots of a mirror are kept.
pub(super) fn keep(mirror: &str) -> Keep {
    let days = |days: i64| SignedDuration::from_hours(days * 24);
    match mirror {
        "vendor" => Keep { daily: 2, weekly: 2, monthly: 1, within: days(2) },
        _ => Keep { daily: 10, weekly: 4, monthly: 6, within: days(5) },
    }
}

/// A snapshot's date as it is written.
pub(super) fn date_name(date: Timestamp) -> String {
    date.strftime(DATE).to_string()
}

/// The time that a snapshot's date means.
pub(super) fn time(date: &str) -> Timestamp {
    let parsed = jiff::civil::DateTime::strptime(DATE, date).unwrap();
    jiff::tz::Offset::UTC.to_timestamp(parsed).unwrap()
}
