//! SUSE's `media.1`: zypper compares it, so it moves with the tree.

use super::Followed;
use crate::harness::Distribution;

/// Says on which medium zypper is.
fn medium(distribution: &Distribution, number: u32) {
    distribution.repo.file("media.1/media", format!("Lab - lab-{number}-Media\nlab-{number}\n1\n"));
    distribution.repo.file("media.1/products", format!("/ lab {number}\n"));
}

#[test]
fn the_medium_goes_with_the_tree_and_zypper_takes_each() {
    let distribution = Distribution::first();
    medium(&distribution, 1);
    let followed = Followed::new(distribution);
    let site = &followed.site;
    let nginx = site.nginx();
    let (plain, list) = (followed.zypper(&[]), followed.zypper(&["--list"]));
    let takes = |version: &str, number: u32| {
        let shown = nginx.get("/archive.example.org/lab/media.1/media");
        assert!(shown.text().contains(&format!("lab-{number}-Media")), "{}", shown.text());
        for zypper in [&plain, &list] {
            zypper.ok(&["clean", "--raw-metadata"]);
            assert_eq!(zypper.offers("alpha").as_deref(), Some(version));
            zypper.download(&["alpha", "tool"]);
        }
    };
    takes("1.0-1", 1);
    plain.download(&["steady"]);
    medium(&followed.distribution, 2);
    followed.distribution.second_state();
    followed.promote();
    // Neither program is told of a move, and zypper sees another medium before it sees other metadata: as the file's comment says.
    let (said, came) = plain.try_download(&["steady"]);
    assert_eq!(came, 0);
    said.says("does not contain the desired medium");
    list.download(&["steady"]);
    takes("2.0-1", 2);
    site.ok(&["rollback", "production"]);
    takes("1.0-1", 1);
    // The next upstream has none.
    for name in ["media.1/media", "media.1/products"] {
        followed.distribution.repo.remove(name);
    }
    followed.distribution.third_state();
    followed.promote();
    assert_eq!(nginx.get("/archive.example.org/lab/media.1/media").status, 404);
    plain.ok(&["refresh"]);
    plain.download(&["alpha"]);
}
