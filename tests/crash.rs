//! Killed at every failure point, and the power cut: the next run carries on, and nobody ever saw a half tree.
use crate::harness::{Archive, Mount, Site, long, ran, seed, walk, write};
use pinfold_store::disk::POINTS;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// The passes of a point that are tried: all up to a limit in the long run, the first and a sample otherwise.
fn passes(point: &str, seed: u64) -> Vec<u64> {
    let repeats = matches!(
        point,
        "object-written" | "object-renamed" | "object-removed" | "heads-written" | "pins-written"
    );
    match (repeats, long()) {
        (false, _) => vec![1],
        (true, true) => (1..=12).collect(),
        (true, false) => vec![1, 2 + seed % 5],
    }
}

/// What a client sees of a channel must be one whole state: heads, tree and every file that the tree's index names.
fn whole(site: &Site, allowed: &[Option<String>]) {
    let shown = site.shows("production", "lab");
    assert!(allowed.contains(&shown), "production shows {shown:?}, not one of {allowed:?}");
    if shown.is_some() {
        let at = site.root.join("www/channels/production/lab");
        for file in ["heads/dists/lab/InRelease", "tree/dists/lab/main/binary-amd64/Packages.xz"] {
            assert!(std::fs::metadata(at.join(file)).unwrap().len() > 0, "{file}");
        }
    }
    for date in site.published("lab") {
        let tree = site.tree("lab", &date);
        assert!(
            tree.join("dists/lab/InRelease").exists()
                && tree.join("pool/main/s/steady/steady_1.0_all.deb").exists(),
            "{date} is half a tree"
        );
    }
}

/// A site with one promoted day, an archive that is a day ahead.
fn prepared() -> (Site, Archive, String) {
    let site = Site::new_fleeting();
    site.configure("[channels.staging]\n[channels.production]\ncheck = [\"/bin/true\"]\n");
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    (site, archive, first)
}

/// A package that all days have rots, and an object stands there that nobody names or has.
fn damage(site: &Site, archive: &Archive) {
    let bytes = std::fs::read(archive.tree.join("pool/main/s/steady/steady_1.0_all.deb")).unwrap();
    let hash = blake3::hash(&bytes).to_hex();
    let object = site.root.join("objects").join(&hash[..2]).join(&hash[2..]);
    std::fs::write(object, vec![1; bytes.len()]).unwrap();
    let unknown = site.root.join("objects/00").join("0".repeat(62));
    std::fs::write(&unknown, "nothing that hashes to this").unwrap();
    std::fs::set_permissions(unknown, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
}

/// Lets trees go as soon as nobody shows them.
fn without_grace((site, archive, first): (Site, Archive, String)) -> (Site, Archive, String) {
    let text = std::fs::read_to_string(site.config()).unwrap();
    write(site.config(), text.replacen("[site]", "grace = \"0s\"\n[site]", 1));
    (site, archive, first)
}

/// Runs the whole chain once, killed at one point wherever that point lies, then again without a kill.
fn chain(point: &str) -> bool {
    let (site, archive, first) = without_grace(prepared());
    let tree = archive.tree.to_str().unwrap();
    let mut killed = false;
    let mut step = |site: &Site, args: &[&str], codes: &[i32], allowed: &[Option<String>]| {
        if !killed {
            killed = site.killed_at(point, args);
            whole(site, allowed);
            if !killed {
                return;
            }
        }
        let again = site.run(args);
        assert!(
            again.code.is_some_and(|code| codes.contains(&code)),
            "{args:?} after {point}: {:?}\n{}",
            again.code,
            again.said()
        );
        whole(site, allowed);
    };
    let shows = |date: &str| Some(date.to_owned());
    let ingest = ["ingest", "lab", tree, "--taken", "2026-03-24T04:00:00Z"];
    step(&site, &ingest, &[0, 2], &[shows(&first)]);
    site.sound();
    assert_eq!(site.leftovers(), Vec::<String>::new(), "the same command completes it: {point}");
    site.ok(&["publish", "lab"]);
    let dates = site.dates("lab");
    let second = dates.last().unwrap().clone();
    assert!(second.starts_with("20260324T04000"), "{dates:?} after {point}");
    step(
        &site,
        &["promote", "lab", "--to", "production"],
        &[0, 1],
        &[shows(&first), shows(&second)],
    );
    assert_eq!(site.shows("production", "lab"), shows(&second), "{point}");
    step(&site, &["rollback", "production"], &[0, 1], &[shows(&first), shows(&second)]);
    assert_eq!(site.shows("production", "lab"), shows(&first), "{point}");
    for rotation in
        [&["key", "rotate"][..], &["key", "rotate", "--finish"], &["key", "rotate", "--forget"]]
    {
        step(&site, rotation, &[0], &[shows(&first)]);
    }
    assert_eq!(walk(&site.root.join("keys")), [site.root.join("keys/signing.asc")], "{point}");
    damage(&site, &archive);
    step(&site, &["fsck", "--deep", "--repair", "--from", tree], &[0], &[shows(&first)]);
    step(&site, &["retire", &format!("lab@{second}")], &[0, 1], &[shows(&first)]);
    step(&site, &["publish", &format!("lab@{second}")], &[0], &[shows(&first)]);
    step(&site, &["prune"], &[0], &[shows(&first)]);
    let host = format!("--prefix={}/host", site.dir().display());
    step(&site, &["setup", "lab", &host], &[0], &[shows(&first)]);
    step(&site, &["retract", "lab", &host], &[0], &[shows(&first)]);
    for _ in 0..2 {
        step(&site, &["prune", &format!("lab@{second}")], &[0, 1, 2], &[shows(&first)]);
    }
    site.sound();
    site.ok(&["verify", "lab", "--deep"]);
    assert_eq!(site.leftovers(), Vec::<String>::new(), "{point}");
    nothing_left(&site, &second, point);
    killed
}

/// The snapshot that was dropped is gone, and of the host's files what says that nothing is set up stays.
fn nothing_left(site: &Site, dropped: &String, point: &str) {
    let is_gone = !site.dates("lab").contains(dropped) && !site.published("lab").contains(dropped);
    assert!(is_gone, "{point}");
    let host = walk(&site.dir().join("host")).into_iter().filter(|path| path.is_file());
    assert_eq!(host.count(), 1, "{point}");
}

#[test]
fn killed_at_any_point_the_next_run_carries_on() {
    let seed = seed();
    let mut idle = Vec::new();
    for point in POINTS {
        for pass in passes(point, seed) {
            let armed = format!("{point}:{pass}");
            if !chain(&armed) && pass == 1 {
                idle.push(*point);
            }
        }
    }
    assert_eq!(idle, Vec::<&str>::new(), "these points were never reached");
}

#[test]
fn killed_at_any_moment_a_reader_sees_whole_states_only() {
    let seed = seed();
    let rounds = if long() { 60 } else { 8 };
    let (site, archive, first) = prepared();
    let mut allowed = vec![Some(first)];
    let tree = archive.tree.to_str().unwrap().to_owned();
    for round in 0..rounds {
        archive.next_state(&format!("3.{round}"), "Tue, 24 Mar 2026 04:00:00 UTC");
        for args in [&["ingest", "lab", &tree][..], &["promote", "lab", "--to", "production"]] {
            let mut child = site
                .command(args)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_micros(
                (seed.wrapping_mul(2_654_435_761).wrapping_add(round * 7919)) % 90_000,
            ));
            drop(child.kill());
            child.wait().unwrap();
            allowed.extend(site.dates("lab").into_iter().map(Some));
            whole(&site, &allowed);
        }
    }
    site.run(&["ingest", "lab", &tree]);
    site.ok(&["publish", "lab"]);
    let last = site.run(&["promote", "lab", "--to", "production"]);
    assert!(matches!(last.code, Some(0 | 1)), "{}", last.said());
    assert_eq!(site.shows("production", "lab"), site.dates("lab").pop());
    site.sound();
}

/// No object is empty unless it is the empty one, and each hashes to its name.
fn objects_are_right(root: &Path) {
    for path in walk(&root.join("objects")) {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        assert!(
            meta.is_dir()
                || meta.len() > 0
                || path
                    .ends_with("af/1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
            "{} is empty",
            path.display()
        );
        assert!(meta.is_dir() || meta.mode() & 0o222 == 0, "{} is writable", path.display());
    }
}

/// One power cut at a point (or after success) on a file system.
fn cut_at(mount: &Mount, point: Option<&str>) {
    let site = Site::with_root(&mount.path().join("root"));
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["init"]);
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    let tree = archive.tree.to_str().unwrap().to_owned();
    let verbs: [&[&str]; 3] = [
        &["ingest", "lab", &tree, "--taken", "2026-03-24T04:00:00Z"],
        &["promote", "lab", "--to", "production"],
        &["rollback", "production"],
    ];
    for args in verbs {
        let mut command = site.command(args);
        if let Some(point) = point {
            command.env("PINFOLD_KILL_AT", format!("{point}:1"));
        }
        if ran(&mut command).code.is_none() {
            break;
        }
    }
    let acknowledged = site.shows("production", "lab");
    let number = site.generation("production");
    mount.cut();
    objects_are_right(&site.root);
    if point.is_none() {
        assert_eq!(
            site.shows("production", "lab"),
            acknowledged,
            "what was acknowledged is there after the cut"
        );
        assert_eq!(site.generation("production"), number);
        assert_eq!(site.dates("lab").len(), 2);
        assert_eq!(site.published("lab").len(), 2);
    }
    let again = site.run(&["ingest", "lab", &tree]);
    assert!(again.code == Some(0), "ingest after a cut at {point:?}: {}", again.said());
    site.ok(&["publish", "lab"]);
    let promoted = site.run(&["promote", "lab", "--to", "production"]);
    assert!(matches!(promoted.code, Some(0 | 1)), "{}", promoted.said());
    assert_eq!(site.shows("production", "lab"), site.dates("lab").pop());
    site.ok(&["verify", &format!("lab@{first}"), "--deep"]);
    site.sound();
    objects_are_right(&site.root);
}

#[test]
fn a_power_cut_leaves_no_object_empty_or_wrong() {
    let points: Vec<&str> = if long() {
        POINTS[..18].to_vec()
    } else {
        vec!["objects-synced", "object-renamed", "index-committed", "tree-renamed", "flip-made"]
    };
    for point in points {
        let mount = Mount::ext4(96, &[]);
        cut_at(&mount, Some(point));
    }
    let mount = Mount::ext4(96, &[]);
    cut_at(&mount, None);
    let mount = Mount::xfs();
    cut_at(&mount, None);
    if long() {
        for point in &POINTS[..18] {
            cut_at(&Mount::xfs(), Some(point));
        }
    }
}

#[test]
fn a_power_cut_after_a_prune_leaves_an_index_that_knows_of_it() {
    let mount = Mount::xfs();
    let site = Site::with_root(&mount.path().join("root"));
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    site.ok(&["init"]);
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    archive.second_state();
    let second = site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    assert!(site.killed_at("drop-completed", &["prune", &format!("lab@{first}")]));
    mount.cut();
    assert_eq!(site.dates("lab"), [second]);
    site.sound();
    site.ok(&["prune"]);
    site.sound();
}

#[test]
fn a_promotion_that_died_before_it_let_go_of_the_pin_is_completed() {
    let (site, archive, _first) = prepared();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["pin", "lab", "--in", "production"]);
    let promote = ["promote", "lab", "--to", "production"];
    assert!(site.killed_at("flip-made", &promote));
    let pinned = || site.ok(&["channels"]).contains("pinned");
    assert!(pinned(), "it died between the move and the pin");
    site.run(&["promote", "--all", "--to", "production"]).expect(1);
    assert!(pinned(), "a sweep lets go of nothing");
    site.run(&promote).expect(1).says("pin of lab is gone");
    assert!(!pinned());
}
