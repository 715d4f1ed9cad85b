//! Whole modules of rsync servers that a family proves: Alpine's, and a tier-1 mirror of Arch with its pool and links.

use std::path::Path;

use crate::harness::{Alpine, ArchTree, RsaKey, Rsyncd, Sign, Site};

fn site(name: &str, text: &str) -> Site {
    let site = Site::fleeting();
    site.mirror(name, text);
    site.ok(&["init"]);
    site
}

#[test]
fn a_module_of_alpine_comes_by_rsync_and_is_proved() {
    let archive = Alpine::first();
    std::os::unix::fs::symlink("v3.20", archive.tree.join("latest-stable")).unwrap();
    let server = Rsyncd::of(&archive.tree);
    let key = RsaKey::shared().public();
    let site = site(
        "alpine",
        &format!(
            "family = \"apk\"\nupstream = \"{}\"\nversions = [\"v3.20\"]\nrepositories = [\"main\"]\n\
             architectures = [\"x86_64\"]\nkeyrings = [\"{}\"]\ntimeout = \"5s\"\n",
            server.url(),
            key.display()
        ),
    );
    site.run(&["sync", "alpine"]).expect(0).says("trust = \"signed\"");
    let shown = site.tree("alpine", &site.dates("alpine")[0]);
    assert_eq!(std::fs::read_link(shown.join("latest-stable")).unwrap(), Path::new("v3.20"));
    archive.second_state();
    site.run(&["sync", "alpine"]).expect(0).says("took");
    site.run(&["verify", "alpine", "--deep"]).expect(0);
    assert_eq!(site.dates("alpine").len(), 2);
    site.sound();
}

#[test]
fn a_tier_1_mirror_of_arch_comes_by_rsync_with_its_pool_and_links() {
    let tree = ArchTree::of(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::Listed);
    tree.pool("core/os/x86_64");
    std::os::unix::fs::symlink("/etc/passwd", tree.path().join("outside")).unwrap();
    let server = Rsyncd::of(tree.path());
    let site = site(
        "arch",
        &format!(
            "family = \"pacman\"\nupstream = \"{}\"\nrepositories = [\"core\"]\n\
             architectures = [\"x86_64\"]\nunsigned = true\ntimeout = \"5s\"\n",
            server.url()
        ),
    );
    site.run(&["sync", "arch"]).expect(0).says("took");
    let shown = site.tree("arch", &site.dates("arch")[0]);
    let link = shown.join("core/os/x86_64/hello-1.0-1-x86_64.pkg.tar.zst");
    let target = Path::new("../../../pool/packages/hello-1.0-1-x86_64.pkg.tar.zst");
    assert_eq!(std::fs::read_link(link).unwrap(), target);
    assert!(shown.join("outside").symlink_metadata().is_err(), "no link leads out");
    site.run(&["verify", "arch"]).expect(0);
    site.run(&["sync", "arch"]).expect(0).says("nothing changed");
    let package = tree.path().join("pool/packages/hello-1.0-1-x86_64.pkg.tar.zst");
    std::fs::remove_file(package).unwrap();
    site.run(&["sync", "arch"]).expect(4).says("hello-1.0-1-x86_64.pkg.tar.zst");
    assert_eq!(site.dates("arch").len(), 1, "a torn mirror is no snapshot");
}
