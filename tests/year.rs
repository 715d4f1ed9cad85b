//! A year, night by night, with a clock of its own: four upstreams of four families change, one timer's verb brings them in, two
//! channels move, snapshots come and go, a person steps in, things break; and real clients follow all of it.
//!
//! `books` says what must be, by arithmetic of its own; `accounts` reads the disk by docs/format.md alone. The bounded share is
//! eight weeks with everything that happens in the year; `PINFOLD_TEST_LONG=1` plays the whole year.

mod accounts;
mod arch;
mod books;
mod by_hand;
mod clients;
mod debian;
mod play;
mod rocky;
mod upstreams;
mod vendor;

use crate::harness::long;
use play::Play;

/// The first night, how many there are, and how many weeks of the play one week of the plot takes.
fn length() -> (jiff::Timestamp, usize, usize) {
    let (start, nights, stride) =
        if long() { ("2025-11-10T00:00:00Z", 365, 6) } else { ("2026-02-09T00:00:00Z", 58, 1) };
    (start.parse().unwrap(), nights, stride)
}

#[test]
fn a_year_of_nights() {
    let (start, nights, stride) = length();
    let plot = |week: usize, day: usize| week * 7 * stride + day;
    let mut play = Play::new(start, plot(5, 0) - 3..=plot(5, 0) + 2);
    for number in 0..nights {
        play.dusk(number);
        play.by_hand();
        play.compare();
        if number % (7 * stride) == 0 && number > 0 {
            play.see();
        }
    }
    accounts::balance(&play.site);
    play.site.sound();
}
