//! dnf and zypper in loops while the channel moves: with the dated list none may fail, with the plain URL none but by a torn
//! signature, which no web server can prevent.

use crate::harness::{Distribution, Dnf, Ran, Site, Upstream, Zypper, following_rpm, long};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a signature beside another `repomd.xml` makes of a refresh: the words of dnf, then of zypper.
const TORN: [&str; 2] =
    ["Bad GPG signature", "Signature verification failed for file 'repomd.xml'"];

/// How often each client goes round at least.
const ROUNDS: u64 = 4;

/// What one client has to say.
#[derive(Debug, Default)]
struct Tally {
    rounds: AtomicU64,
    torn: Mutex<BTreeMap<&'static str, u64>>,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    /// Notes how a run ended; gives whether it did what it should.
    fn note(&self, what: &str, is_good: bool, ran: &Ran) -> bool {
        if is_good {
            return true;
        }
        let said = ran.said();
        match TORN.iter().find(|words| said.contains(**words)) {
            Some(words) => *self.torn.lock().unwrap().entry(words).or_default() += 1,
            None => self.failures.lock().unwrap().push(format!("{what}: {:?} {said}", ran.code)),
        }
        false
    }

    /// Prints the counts; fails for what must not happen.
    fn judge(&self, who: &str, may_tear: bool) {
        let (torn, failures) = (self.torn.lock().unwrap(), self.failures.lock().unwrap());
        let rounds = self.rounds.load(Ordering::Relaxed);
        println!("{who}: {rounds} rounds, {} failed, torn: {torn:?}", failures.len());
        assert!(failures.is_empty(), "{} of {rounds} failed; {}", failures.len(), failures[0]);
        assert!(may_tear || torn.is_empty(), "{who}: a list leads to one date");
    }
}

/// A client of one program in one form, which refreshes and downloads what both states have and what only one of them has.
#[derive(Debug)]
enum Client {
    Dnf(Dnf),
    Zypper(Zypper),
}

impl Client {
    fn new(site: &Site, tool: &str, form: &[&str]) -> Self {
        let files = site.ok(&[&["client", "lab", "--json", "--tool", tool], form].concat());
        if tool == "dnf" {
            Self::Dnf(Dnf::given(&files))
        } else {
            Self::Zypper(Zypper::given(&files))
        }
    }

    fn go_round(&self, tally: &Tally) {
        match self {
            Self::Dnf(dnf) => dnf_round(dnf, tally),
            Self::Zypper(zypper) => zypper_round(zypper, tally),
        }
        tally.rounds.fetch_add(1, Ordering::Relaxed);
    }
}

fn dnf_round(dnf: &Dnf, tally: &Tally) {
    let ran = dnf.run(&["makecache"]);
    if !tally.note("dnf makecache", ran.code == Some(0), &ran) {
        return;
    }
    for rpm in dnf.files("var/cache/dnf", ".rpm") {
        std::fs::remove_file(rpm).unwrap();
    }
    let other = if dnf.knows("fresh").is_some() { "fresh" } else { "gone" };
    let ran = dnf.run(&["install", "--downloadonly", "alpha", "steady", "tool", other]);
    let came = dnf.files("var/cache/dnf", ".rpm").len();
    tally.note("dnf install", ran.code == Some(0) && came == 4, &ran);
}

fn zypper_round(zypper: &Zypper, tally: &Tally) {
    let ran = zypper.run(&["refresh"]);
    if !tally.note("zypper refresh", ran.code == Some(0), &ran) {
        return;
    }
    let other = if zypper.remembers("fresh") { "fresh" } else { "gone" };
    let packages = ["alpha", "steady", "tool", other];
    let (ran, came) = zypper.try_download(&packages);
    tally.note("zypper download", came == packages.len(), &ran);
}

/// Moves production between two dates so many times, and on until every client has seen some of it.
fn move_about(site: &Site, dates: &[String], tallies: &[Tally]) -> u64 {
    let least = if long() { 500 } else { 100 };
    let mut moves = 0;
    while moves < least || tallies.iter().any(|tally| tally.rounds.load(Ordering::Relaxed) < ROUNDS)
    {
        let wanted = format!("lab@{}", dates[usize::from(moves % 2 == 0)]);
        let moved = site.run(&["promote", &wanted, "--to", "production", "--allow-shrink"]);
        if moved.code != Some(0) {
            tallies[0].note(&format!("move {moves}"), false, &moved);
            break;
        }
        moves += 1;
        if moves > least {
            // Slower, so that those who are waited for get on.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    moves
}

#[test]
fn no_client_fails_while_the_channel_moves_but_by_a_torn_signature_of_the_plain_url() {
    let distribution = Distribution::first();
    let upstream = Upstream::of(&distribution.repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    distribution.second_state();
    site.ok(&["sync", "lab"]);
    let dates = site.dates("lab");
    site.ok(&["promote", &format!("lab@{}", dates[0]), "--to", "production"]);
    let _nginx = site.nginx();
    let kinds = [("dnf", true), ("zypper", true), ("dnf", false), ("zypper", false)];
    let clients = kinds
        .map(|(tool, is_list)| Client::new(&site, tool, if is_list { &["--list"] } else { &[] }));
    let tallies: [Tally; 4] = Default::default();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (client, tally) in clients.iter().zip(&tallies) {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    client.go_round(tally);
                }
            });
        }
        println!("{} moves", move_about(&site, &dates, &tallies));
        is_over.store(true, Ordering::Relaxed);
    });
    for ((tool, is_list), tally) in kinds.iter().zip(&tallies) {
        let form = if *is_list { "list" } else { "plain URL" };
        tally.judge(&format!("{tool}, {form}"), !is_list);
    }
}
