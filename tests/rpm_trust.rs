//! Who vouches for a repository: what is refused, what is proved, and what a record proves again.

use crate::harness::{Repo, Upstream, UpstreamKey, follow_rpm, following_rpm, replace, write};

const SIGNATURE: &str = "repodata/repomd.xml.asc";

#[test]
fn what_nobody_trusted_signed_is_refused_and_nothing_is_lost() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let old = repo.read(SIGNATURE);
    repo.second_state();
    let (repomd, good) = (repo.repomd(), repo.read(SIGNATURE));
    let text = String::from_utf8(good.clone()).unwrap();
    let stranger = UpstreamKey::other("stranger", &[], "never");
    repo.sign(&stranger);
    // Trap 21: what lies beside the metadata is content.
    repo.key(&stranger);
    let strange = repo.read(SIGNATURE);
    let flipped: Vec<u8> =
        good.iter().map(|byte| if *byte == b'\n' { *byte } else { b'A' }).collect();
    for (what, signature, says) in [
        (
            "a stranger's signature, and the key for it",
            strange,
            "its key is not in the keyring; accepted: ",
        ),
        ("the signature of another state", old, "BAD"),
        ("a cut signature", good[..good.len() / 2].to_vec(), "not authentic"),
        ("a signature of other bytes", flipped, "not authentic"),
        ("an empty signature", Vec::new(), "not authentic"),
        ("an error page", b"<html>sorry</html>".to_vec(), "not authentic"),
        ("text in front", format!("x\n{text}").into_bytes(), "not authentic"),
    ] {
        repo.file(SIGNATURE, signature);
        let ran = site.run(&["sync", "lab"]);
        assert_eq!(ran.code, Some(4), "{what}: {}", ran.said());
        ran.says(says).says("repodata/repomd.xml is not authentic");
    }
    repo.remove(SIGNATURE);
    site.run(&["sync", "lab"])
        .expect(4)
        .says("repomd.xml.asc is not there")
        .says("unsigned = true");
    repo.file(SIGNATURE, &good);
    repo.edit_repomd(|text| text.replace("<revision>", "<revision>1"));
    site.run(&["sync", "lab"]).expect(4).says("not authentic").says("BAD");
    assert_eq!(site.dates("lab").len(), 1, "the last good snapshot stays alone");
    repo.edit_repomd(|_| repomd);
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    site.sound();
}

#[test]
fn a_mirror_says_whom_it_believes_or_that_nobody_signs() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.mirror(
        "lab",
        &format!("family = \"rpm\"\nmount = \"lab\"\nupstream = \"{}\"\n", upstream.url()),
    );
    site.run(&["sync", "lab"])
        .expect(2)
        .says("lab.toml")
        .says("keyrings = [")
        .says("unsigned = true");
    let missing = site.dir().join("none.asc").display().to_string();
    follow_rpm(&site, "lab", &upstream.url(), &format!("keyrings = \"{missing}\"\n"));
    let ran = site.run(&["sync", "lab"]).says(&missing);
    assert!(matches!(ran.code, Some(2 | 5)), "{}", ran.said());
    follow_rpm(&site, "lab", &upstream.url(), "unsigned = true\n");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
    site.run(&["show", "lab"]).expect(0).says("relaxed   the archive is not signed");
    // From then on somebody has to: what nobody vouched for is proved now.
    follow_rpm(&site, "lab", &upstream.url(), "");
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    site.run(&["show", "lab"]).expect(0).says("trust     signed").says("Lab Archive");
    // A keyring is for the packages then, and the metadata need no signature.
    follow_rpm(&site, "lab", &upstream.url(), "");
    let path = site.dir().join("mirrors.d/lab.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    site.mirror("lab", &format!("{text}unsigned = true\n"));
    repo.remove(SIGNATURE);
    site.run(&["sync", "lab"]).expect(0).says("trust = \"none\"");
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn signers_narrow_the_keyring_and_old_keys_are_a_wish_of_the_operator() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let shown: serde_json::Value =
        serde_json::from_str(&site.ok(&["show", "lab", "--json"])).unwrap();
    let key = shown["proofs"][0]["signers"][0]["key"].as_str().unwrap().to_owned();
    let other = "A".repeat(40);
    follow_rpm(&site, "lab", &upstream.url(), &format!("signers = [\"{other}\"]\n"));
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(4).says(&key).says(&other);
    follow_rpm(&site, "lab", &upstream.url(), &format!("signers = [\"{key}\"]\n"));
    site.run(&["sync", "lab", "--even-if-unchanged"]).expect(0);
    let weak = UpstreamKey::other("weak", &["--cert-digest-algo", "SHA1"], "never");
    repo.edit_repomd(|text| text.replace("<revision>", "<revision>1"));
    repo.sign(&weak);
    let ring = site.dir().join("weak.asc");
    write(&ring, weak.public());
    let keyrings = format!("keyrings = \"{}\"\n", ring.display());
    follow_rpm(&site, "lab", &upstream.url(), &keyrings);
    site.run(&["sync", "lab"]).expect(4).says("weak-keys = true");
    follow_rpm(&site, "lab", &upstream.url(), &format!("{keyrings}weak-keys = true\n"));
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    site.run(&["show", "lab"]).expect(0).says("relaxed   weak keys are accepted").says("weak");
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn a_snapshot_is_proved_again_from_its_record_alone() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.run(&["show", "lab"])
        .expect(0)
        .says("trust     signed")
        .says("root      repodata/repomd.xml")
        .says("Lab Archive <lab@example.org>");
    drop(upstream);
    std::fs::remove_file(site.dir().join("upstream.asc")).unwrap();
    site.run(&["verify", "lab", "--deep"]).expect(0);
    std::fs::remove_file(site.root.join("index.sqlite")).unwrap();
    site.run(&["fsck", "--rebuild"]).expect(0);
    site.run(&["verify", "lab"]).expect(0);
    // The certificate that vouched is another: nobody vouches.
    let keys = site.root.join("snapshots/lab/keys");
    let key = std::fs::read_dir(&keys).unwrap().next().unwrap().unwrap().path();
    let armor = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    write(&key, UpstreamKey::other("stranger", &[], "never").public());
    site.run(&["verify", "lab"]).expect(4);
    replace(&key, &armor);
    site.run(&["verify", "lab"]).expect(0);
}

#[test]
fn a_key_that_expired_since_it_signed_is_a_warning() {
    let repo = Repo::first();
    let past = ["--faked-system-time", "20260101T000000!"];
    let key = UpstreamKey::other("passing", &past, "1d");
    repo.sign_with(&key, &past);
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    write(site.dir().join("passing.asc"), key.public());
    let keyrings = format!("keyrings = \"{}\"\n", site.dir().join("passing.asc").display());
    follow_rpm(&site, "lab", &upstream.url(), &keyrings);
    site.run(&["sync", "lab"]).expect(1).says("expired").says("trust = \"signed\"");
    site.run(&["verify", "lab"]).expect(0);
}
