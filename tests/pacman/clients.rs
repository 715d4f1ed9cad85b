//! The real pacman follows channels and dates, forward and back.
use super::following;
use crate::harness::{ArchTree, Pacman, Sign, Upstream};

const HELLO: &str = "hello-1.0-1-x86_64.pkg.tar.zst";

#[test]
fn a_client_obeys_promotions_and_rollbacks() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1", "libplus++ 2.0-1"], Sign::Nothing);
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    let nginx = site.nginx();
    let client = site.ok(&["client", "arch", "--json"]);
    let pacman = Pacman::given("Never", &["core"], &client);
    // Another client refreshes only when the channel has moved on.
    let late = Pacman::given("Never", &["core"], &client);
    late.ok(&["-Sy"]);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "hello"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("1.0-1"));
    pacman.ok(&["-Sw", "epochpkg", "libplus++"]);
    pacman.ok(&["-Fy"]);
    assert!(pacman.ok(&["-F", "usr/share/lab/epochpkg"]).contains("1:3.2-1"));
    let asked = nginx.asked("arch.access.log");
    assert!(asked.contains("GET /archlinux/core/os/x86_64/epochpkg-1:3.2-1-x86_64"), "{asked}");
    assert!(asked.contains("/libplus++-2.0-1-x86_64.pkg.tar.zst HTTP/1.1\" 200"), "{asked}");

    tree.repository("core/os/x86_64", "core", (&["hello 2.0-1", "new 1-1"], Sign::Nothing));
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    // What the older database named is still there.
    late.ok(&["-S", "hello"]);
    assert_eq!(late.installed("hello").as_deref(), Some("1.0-1"));
    pacman.ok(&["-Syu"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("2.0-1"));
    pacman.ok(&["-S", "new"]);

    let rolled = site.run(&["rollback", "production"]).expect(0);
    rolled.says("pacman -Sy takes the older state").says("pacman -Syuu goes back");
    pacman.ok(&["-Sy"]);
    assert_eq!(pacman.listed("hello").as_deref(), Some("1.0-1"));
    assert_eq!(pacman.listed("new"), None);
    assert_eq!(pacman.installed("hello").as_deref(), Some("2.0-1"));
    pacman.ok(&["-Syuu"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("1.0-1"));

    // Again and again, within one second.
    for (verb, version) in [("promote", "2.0-1"), ("rollback", "1.0-1"), ("promote", "2.0-1")] {
        match verb {
            "promote" => site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]),
            _ => site.ok(&["rollback", "production"]),
        };
        pacman.ok(&["-Sy"]);
        assert_eq!(pacman.listed("hello").as_deref(), Some(version), "{verb}");
    }
    site.sound();
}

#[test]
fn no_refresh_and_no_download_fails_while_the_channel_moves() {
    let tree = ArchTree::of(&["hello 1.0-1"], Sign::Listed);
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "arch"]);
    tree.repository("core/os/x86_64", "core", (&["hello 2.0-1"], Sign::Listed));
    site.ok(&["sync", "arch"]);
    let dates = site.dates("arch");
    site.ok(&["promote", &format!("arch@{}", dates[0]), "--to", "production"]);
    let _nginx = site.nginx();
    let client = site.ok(&["client", "arch", "--json"]);
    let pacman = Pacman::given("Required DatabaseOptional", &["core"], &client);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for date in dates.iter().rev().cycle().take(16) {
                site.ok(&["promote", &format!("arch@{date}"), "--to", "production"]);
            }
            is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
            drop(std::fs::remove_dir_all(pacman.at("cache")));
            pacman.ok(&["-Sy"]);
            pacman.ok(&["-Sw", "hello"]);
        }
    });
}

#[test]
fn what_is_signed_stays_so_for_a_client_that_requires_it() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::All);
    let upstream = Upstream::of(tree.path(), "");
    let more = "unsigned = false\nkeyrings = [\"KEYRING\"]\npackage-signatures = \"require\"\n";
    let site = following(&upstream.url(), more);
    site.run(&["sync", "arch"]).expect(0).says("trust = \"signed\"");
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    let _nginx = site.nginx();
    let client = site.ok(&["client", "arch", "--json"]);
    assert!(client.contains("SigLevel = Required") && client.contains("two files"), "{client}");
    let pacman = Pacman::given("Required", &["core"], &client);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "hello"]);
    for (packages, version) in [(&["hello 2.0-1"][..], "2.0-1"), (&["hello 1.0-1"], "1.0-1")] {
        tree.repository("core/os/x86_64", "core", (packages, Sign::All));
        site.ok(&["sync", "arch"]);
        site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
        pacman.ok(&["-Syuu"]);
        assert_eq!(pacman.installed("hello").as_deref(), Some(version));
    }
    site.ok(&["rollback", "production"]);
    pacman.ok(&["-Syuu"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("2.0-1"));

    // Between the two requests of a refresh the channel moved.
    let heads = site.root.join("www/channels/production/arch/heads/core/os/x86_64");
    let (own, sig) = (std::fs::read(heads.join("core.db.sig")).unwrap(), heads.join("core.db.sig"));
    std::fs::write(&sig, std::fs::read(tree.path().join("core/os/x86_64/core.db.sig")).unwrap())
        .unwrap();
    assert!(pacman.fails(&["-Sy"]).contains("invalid or corrupted database (PGP signature)"));
    std::fs::write(&sig, own).unwrap();
    pacman.ok(&["-Sy"]);
    assert_eq!(pacman.listed("hello").as_deref(), Some("2.0-1"));

    // A database that nobody signed any more is no state of this mirror, and was none of this client's.
    tree.repository("core/os/x86_64", "core", (&["hello 1.0-1"], Sign::Beside));
    site.run(&["sync", "arch"]).expect(4).says("core.db.sig is not there");
    site.ok(&["verify", "arch", "--deep"]);
    site.sound();
}

#[test]
fn signed_packages_of_an_unsigned_database_are_enough_for_the_usual_level() {
    let tree = ArchTree::of(&["hello 1.0-1"], Sign::Listed);
    let upstream = Upstream::of(tree.path(), "");
    let site =
        following(&upstream.url(), "keyrings = [\"KEYRING\"]\npackage-signatures = \"require\"\n");
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    let _nginx = site.nginx();
    let client = site.ok(&["client", "arch", "--json"]);
    let pacman = Pacman::given("Required DatabaseOptional", &["core"], &client);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "hello"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("1.0-1"));
    // One that requires more fails, here as at upstream.
    assert!(Pacman::given("Required", &["core"], &client).fails(&["-Sy"]).contains("core"));
}

#[test]
fn a_dated_client_stays_and_a_fallback_goes_to_upstream() {
    let tree = ArchTree::of(&["hello 1.0-1"], Sign::Nothing);
    let upstream = Upstream::of(tree.path(), "");
    let site = following(&upstream.url(), "");
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    let nginx = site.nginx();
    let first = site.dates("arch").remove(0);
    let dated = site.ok(&["client", "arch", "--date", &first, "--json"]);
    let dated = Pacman::given("Never", &["core"], &dated);
    let client = site.ok(&["client", "arch", "--fallback", "upstream", "--json"]);
    let pacman = Pacman::given("Never", &["core"], &client);
    tree.repository("core/os/x86_64", "core", (&["hello 2.0-1"], Sign::Nothing));
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    dated.ok(&["-Sy"]);
    dated.ok(&["-S", "hello"]);
    assert_eq!(dated.installed("hello").as_deref(), Some("1.0-1"));

    // Upstream moves on, and the mirror does not.
    tree.repository("core/os/x86_64", "core", (&["hello 3.0-1"], Sign::Nothing));
    pacman.ok(&["-Sy"]);
    assert_eq!(pacman.listed("hello").as_deref(), Some("2.0-1"));
    drop(nginx);
    // A database that is older at upstream than the last refresh is none that pacman takes, unless it is told to.
    assert!(pacman.ok(&["-Sy"]).contains("failed retrieving file 'core.db'"));
    assert_eq!(pacman.listed("hello").as_deref(), Some("2.0-1"));
    assert!(pacman.fails(&["-S", "hello"]).contains("404"));
    pacman.ok(&["-Syy"]);
    pacman.ok(&["-S", "hello"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("3.0-1"));
    tree.repository("core/os/x86_64", "core", (&["hello 4.0-1"], Sign::Nothing));
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let database = tree.path().join("core/os/x86_64/core.db");
    let database = std::fs::File::options().write(true).open(database).unwrap();
    database.set_modified(later).unwrap();
    pacman.ok(&["-Syu"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("4.0-1"));
    assert!(dated.fails(&["-Sy"]).contains("failed to synchronize"));
    let _nginx = site.nginx();
    pacman.ok(&["-Syuu"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("2.0-1"));
}

#[test]
fn a_vendors_repository_lies_at_the_top() {
    let tree = ArchTree::new();
    tree.repository("", "vendor", (&["hello 1.0-1"], Sign::All));
    let upstream = Upstream::of(tree.path(), "");
    let more = "mount = \"vendor\"\nlayout = \"\"\nrepositories = [\"vendor\"]\narchitectures = []\nunsigned = false\nkeyrings = [\"KEYRING\"]\n";
    let site = following(&upstream.url(), more);
    site.ok(&["sync", "arch"]);
    site.ok(&["promote", "arch", "--to", "staging"]);
    let _nginx = site.nginx();
    let client = site.ok(&["client", "arch", "--channel", "staging", "--json"]);
    assert!(
        client.contains("/etc/pacman.d/arch.asc") && client.contains("--lsign-key"),
        "{client}"
    );
    let files: serde_json::Value = serde_json::from_str(&client).unwrap();
    let list = files[1]["content"].as_str().unwrap();
    let server = list.lines().find(|line| line.starts_with("Server")).unwrap();
    let pacman = Pacman::new("Required", &[("vendor", server)]);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "hello"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("1.0-1"));
    for args in [&["--plain"][..], &["--downgrade"], &["--list"], &["--fallback", "packages"]] {
        let whole = [&["client", "arch", "--channel", "staging"], args].concat();
        let said = format!("{} says nothing to arch, of family pacman", args.join(" "));
        site.run(&whole).expect(2).says(&said);
    }
    assert!(site.tree("arch", &site.dates("arch")[0]).join(HELLO).exists());
}
