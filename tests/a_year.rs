//! A year, night by night, with a clock of its own: four upstreams of four families change, one timer's verb brings them in, two
//! channels move, snapshots come and go, a person steps in, things break; and real clients follow all of it.
//!
//! `books` says what must be, by arithmetic of its own; `accounts` reads the disk by docs/format.md alone. The bounded share is
//! eight weeks with everything that happens in the year; `PINFOLD_TEST_LONG=1` plays the whole year.

mod accounts;
mod arch;
mod books;
mod clients;
mod debian;
mod events;
mod play;
mod rocky;
mod trouble;
mod upstreams;
mod vendor;

use crate::harness::long;
use play::Play;

/// The first night, which is that of a Monday, how many there are, and how many weeks pass while the plot goes on by one.
fn length() -> (jiff::Timestamp, usize, usize) {
    let (start, nights, stride) =
        if long() { ("2025-11-10T00:00:00Z", 365, 6) } else { ("2026-02-09T00:00:00Z", 58, 1) };
    (start.parse().unwrap(), nights, stride)
}

#[test]
fn of_nights() {
    let (start, nights, stride) = length();
    let week = 7 * stride;
    // Over the Monday on which the plot's fifth week begins.
    let mut play = Play::new(start, 5 * week - 3..=5 * week + 2);
    for number in 0..nights {
        play.dusk(number);
        match (number / week, number % week) {
            (0, 0) => play.the_first_night(),
            (1, 3) => play.an_upstream_is_away(),
            (2, 2) => play.a_release_is_taken_back(),
            (3, 1) => play.what_was_held_may_move(),
            (4, 1) => play.objects_rot(),
            (4, 3) => play.an_upstream_loses_much(),
            (5, 2) => play.somebody_pins(),
            (6, 2) => play.one_mirror_is_taken_back(),
            (6, 3) => play.it_goes_forward_by_name(),
            (7, 1) => play.the_index_is_lost(),
            (7, 4) => play.the_disk_is_full(),
            _ => play.night(),
        }
        if number > 0 && number % 7 == 0 && (stride == 1 || number % 28 == 0) {
            play.see();
        }
    }
    play.an_old_day_is_asked_for();
    play.everything_verifies();
    accounts::balance(&play.site, play.kept_at);
}
