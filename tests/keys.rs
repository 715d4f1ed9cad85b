//! The signing key through its life, as a real apt-get and gpg see it.
use crate::harness::{Apt, Archive, Site, temp_dir, tool, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A site with one promoted day in both channels.
fn prepared() -> Site {
    let site = Site::new_fleeting();
    site.ingest(&Archive::first().tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    site
}

/// The fingerprint of the key in a part; none where no key has it.
fn fingerprint(site: &Site, part: &str) -> Option<String> {
    let shown: serde_json::Value =
        serde_json::from_str(&site.ok(&["key", "show", "--json"])).unwrap();
    let key = shown["keys"].as_array().unwrap().iter().find(|key| key["part"] == part)?;
    Some(key["fingerprint"].as_str().unwrap().to_owned())
}

/// A client with the files as they are printed now.
fn client(site: &Site, channel: &str) -> Apt {
    Apt::given(&site.ok(&["client", "lab", "--channel", channel, "--json"]))
}

fn updates(apt: &Apt) {
    apt.get(&["update"]);
    assert_eq!(apt.candidate("alpha").as_deref(), Some("1.0"));
}

#[test]
fn a_rotation_reaches_clients_step_by_step() {
    let site = prepared();
    let _nginx = site.nginx();
    let old = fingerprint(&site, "signing").unwrap();
    let (with_old, follower) = (client(&site, "production"), client(&site, "production"));
    updates(&follower);

    site.ok(&["key", "rotate", "--dry-run"]);
    assert_eq!(fingerprint(&site, "next"), None);
    site.run(&["key", "rotate"]).expect(0).says("rotate --finish");
    let new = fingerprint(&site, "next").unwrap();
    assert_eq!(fingerprint(&site, "signing"), Some(old.clone()), "the old one signs on");
    assert_eq!(
        site.ok(&["key", "print"]).into_bytes(),
        std::fs::read(site.root.join("www/pinfold.asc")).unwrap()
    );
    site.ok(&["key", "rotate"]);
    assert_eq!(fingerprint(&site, "next"), Some(new.clone()), "the same rotation goes on");
    for channel in ["staging", "production"] {
        updates(&client(&site, channel));
    }
    follower.take(&site.ok(&["client", "lab", "--json"]));
    updates(&follower);
    updates(&with_old);

    let before = site.generation("staging");
    site.run(&["key", "rotate", "--finish", "--dry-run"]).expect(0).says("would be signed anew");
    assert_eq!(
        (fingerprint(&site, "signing"), site.generation("staging")),
        (Some(old.clone()), before)
    );
    let said = site.run(&["key", "rotate", "--finish"]).expect(0).says("rotate --forget").said();
    assert!(
        said.contains("production: lab signed anew") && said.contains("staging: lab signed anew"),
        "{said}"
    );
    assert_eq!(
        (fingerprint(&site, "signing"), fingerprint(&site, "retired")),
        (Some(new.clone()), Some(old.clone()))
    );
    updates(&follower);
    for channel in ["staging", "production"] {
        updates(&client(&site, channel));
    }
    let said = with_old.try_update().unwrap_err();
    assert!(said.contains("NO_PUBKEY"), "a client that was not given the new key: {said}");
    assert_eq!(with_old.candidate("alpha").as_deref(), Some("1.0"), "it keeps what it has");

    site.run(&["key", "rotate", "--forget", "--dry-run"]).expect(0).says("would be gone");
    site.run(&["key", "rotate", "--forget"]).expect(0).says(&old);
    assert_eq!(fingerprint(&site, "retired"), None);
    let with_new = client(&site, "production");
    assert!(!site.ok(&["key", "print"]).contains(&old));
    updates(&with_new);
    updates(&follower);
    // What came before is still gone back to, signed by the new key.
    site.ok(&["key", "rotate", "--forget"]);
    site.run(&["key", "rotate", "--finish"]).expect(2).says("no rotation is under way");
    site.sound();
}

#[test]
fn a_rollback_after_a_rotation_goes_where_it_would_have_gone() {
    let site = Site::new();
    let archive = Archive::first();
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    for step in
        [&["key", "rotate"][..], &["key", "rotate", "--finish"], &["key", "sign", "production"]]
    {
        site.ok(step);
    }
    site.ok(&["rollback", "production"]);
    assert_eq!(site.shows("production", "lab"), Some(first));
    let _nginx = site.nginx();
    updates(&client(&site, "production"));
    site.run(&["key", "sign", "staging"]).expect(1).says("shows nothing that is signed here");
    site.run(&["key", "sign", "nowhere"]).expect(2).says("no channel");
}

#[test]
fn an_old_key_stays_while_a_channel_shows_what_it_signed() {
    let site = prepared();
    site.ok(&["key", "rotate"]);
    assert!(site.killed_at("key-switched", &["key", "rotate", "--finish"]));
    assert!(fingerprint(&site, "retired").is_some());
    site.run(&["key", "rotate", "--forget"])
        .expect(1)
        .says("production still shows lab")
        .says("rotate --finish");
    // One channel signed anew, the other not.
    assert!(site.killed_at("flip-made", &["key", "rotate", "--finish"]));
    site.run(&["key", "rotate", "--forget"]).expect(1).says("staging still shows lab");
    site.ok(&["key", "rotate", "--finish"]);
    site.ok(&["key", "rotate", "--forget"]);
    let _nginx = site.nginx();
    updates(&client(&site, "staging"));
}

/// A key made by gpg, in a file that only its owner reads.
fn made(dir: &Path, algorithm: &str) -> PathBuf {
    let home = dir.join(format!("gpg-{algorithm}"));
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
    let gpg = |args: &[&str]| {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--quiet", "--passphrase", "", "--homedir"]).arg(&home);
        tool(command.args(args)).stdout
    };
    gpg(&["--quick-gen-key", "Archive of the house <apt@example.org>", algorithm, "sign", "never"]);
    let file = dir.join(format!("{algorithm}.asc"));
    write(&file, gpg(&["--armor", "--export-secret-keys"]));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file
}

#[test]
fn a_key_of_the_house_takes_over() {
    let site = prepared();
    let dir = temp_dir();
    let (rsa, small, curve) =
        (made(dir.path(), "rsa3072"), made(dir.path(), "rsa2048"), made(dir.path(), "nistp256"));
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let old = fingerprint(&site, "signing").unwrap();
    site.run(&["key", "import", &name(&rsa)])
        .expect(2)
        .says(&format!("pinfold key rotate --import {}", name(&rsa)));
    site.run(&["key", "rotate", "--import", &name(&curve)]).expect(2).says("not every apt");
    std::fs::set_permissions(&rsa, std::fs::Permissions::from_mode(0o644)).unwrap();
    site.run(&["key", "rotate", "--import", &name(&rsa)]).expect(2).says("chmod 600");
    std::fs::set_permissions(&rsa, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!((fingerprint(&site, "signing"), fingerprint(&site, "next")), (Some(old), None));

    site.run(&["key", "rotate", "--import", &name(&small)]).expect(0).says("RSA of 2048 bits");
    site.run(&["key", "rotate", "--import", &name(&rsa)]).expect(2).says("is under way");
    site.ok(&["key", "rotate", "--cancel"]);
    assert_eq!(fingerprint(&site, "next"), None);
    site.ok(&["key", "rotate", "--import", &name(&rsa)]);
    let _nginx = site.nginx();
    let apt = client(&site, "production");
    updates(&apt);
    site.ok(&["key", "rotate", "--finish"]);
    site.ok(&["key", "rotate", "--forget"]);
    updates(&apt);
    updates(&client(&site, "production"));
    assert!(site.ok(&["key", "show"]).contains("RSA 3072"));
    for path in ["keys", "keys/signing.asc"] {
        let mode = std::fs::metadata(site.root.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
    // The file on disk is as private as the one that was brought: with a wider mode nothing is signed.
    std::fs::set_permissions(
        site.root.join("keys/signing.asc"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    site.run(&["key", "sign", "production"]).expect(2).says("chmod 600");
}

#[test]
fn the_first_key_is_made_or_brought() {
    let site = prepared();
    let first = fingerprint(&site, "signing").unwrap();
    site.run(&["key", "make"]).expect(0).says(&first).says("is there already");
    std::fs::remove_file(site.root.join("keys/signing.asc")).unwrap();
    for verb in ["show", "print"] {
        site.run(&["key", verb]).expect(5).says("pinfold key make");
    }
    site.ok(&["key", "make", "--dry-run"]);
    assert!(!site.root.join("keys/signing.asc").exists());
    let dir = temp_dir();
    let file = made(dir.path(), "ed25519");
    site.ok(&["key", "import", file.to_str().unwrap()]);
    let brought = fingerprint(&site, "signing").unwrap();
    assert_ne!(brought, first);
    site.ok(&["key", "import", file.to_str().unwrap()]);
    site.ok(&["init"]);
    assert_eq!(fingerprint(&site, "signing"), Some(brought), "init makes none where there is one");
}
