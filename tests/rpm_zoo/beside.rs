//! What stands beside the metadata and the packages: SUSE's media, trees that machines install from, and deltas.

use crate::harness::{Repo, Upstream, UpstreamKey, count, follow_rpm, following_rpm, hex};

#[test]
fn the_files_of_suses_media_come_along_where_there_are_any() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    repo.file("media.1/products", "/ lab 1.0\n");
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!((count(&asked, "media.1/media"), count(&asked, "media.1/products")), (1, 0));
    repo.second_state();
    repo.file("media.1/media", "Lab - lab-1.0-x86_64-Build1-Media\nlab-1.0-x86_64-Build1\n1\n");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    for path in ["media.1/media", "media.1/products"] {
        let kept = std::fs::read(site.tree("lab", &date).join(path)).unwrap();
        assert_eq!(kept, repo.read(path), "{path}");
    }
    assert!(!site.tree("lab", &date).join("content").exists());
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let reply = nginx.get("/archive.example.org/lab/media.1/media");
    assert_eq!((reply.status, reply.body), (200, repo.read("media.1/media")));
    site.run(&["verify", "lab", "--deep"]).expect(0);
}

/// A tree that machines install from, with two images; what is stated of one of them may be something else.
fn with_images(repo: &Repo, initrd: &str) {
    repo.file("images/pxeboot/vmlinuz", "the kernel\n");
    repo.file("images/pxeboot/initrd.img", "the first disk\n");
    repo.file(".discinfo", "1774238400\nLab 1\nx86_64\n");
    let sum = |path: &str| hex("SHA256", &repo.read(path));
    repo.file(
        ".treeinfo",
        format!(
            "[header]\ntype = productmd.treeinfo\nversion = 1.2\n\n[checksums]\n\
             images/pxeboot/vmlinuz = sha256:{}\nimages/pxeboot/initrd.img = sha256:{initrd}\nrepodata/repomd.xml = sha256:{}\n\n\
             [images-x86_64]\nkernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n\n[tree]\narch = x86_64\n",
            sum("images/pxeboot/vmlinuz"),
            "0".repeat(64),
        ),
    );
}

#[test]
fn images_of_the_installer_come_where_they_are_asked_for() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let right = hex("SHA256", b"the first disk\n");
    with_images(&repo, &right);
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    let asked = upstream.asked();
    assert_eq!(count(&asked, "treeinfo") + count(&asked, "vmlinuz"), 0, "{asked:?}");
    // A changed wish is a state of its own; the tree's word on repomd.xml goes stale and counts for nothing.
    follow_rpm(&site, "lab", &upstream.url(), "installer = true\n");
    site.ok(&["sync", "lab"]);
    let date = site.dates("lab").pop().unwrap();
    for path in [".treeinfo", ".discinfo", "images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"] {
        let kept = std::fs::read(site.tree("lab", &date).join(path)).unwrap();
        assert_eq!(kept, repo.read(path), "{path}");
    }
    site.run(&["verify", "lab"]).expect(0);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    for path in [".treeinfo", "images/pxeboot/vmlinuz"] {
        let reply = nginx.get(&format!("/archive.example.org/lab/{path}"));
        assert!(reply.status == 200 && reply.body == repo.read(path), "{path}");
    }
}

#[test]
fn images_that_are_missing_wrong_or_unnamed_are_said() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "installer = true\n");
    site.run(&["sync", "lab"]).expect(1).says(".treeinfo").says("there are no images");
    with_images(&repo, &"a".repeat(64));
    repo.createrepo(&["--revision", "2"]);
    repo.sign(UpstreamKey::shared());
    site.run(&["sync", "lab"]).expect(4).says("images/pxeboot/initrd.img").says("upstream-wrong");
    with_images(&repo, &hex("SHA256", b"the first disk\n"));
    repo.remove("images/pxeboot/initrd.img");
    site.run(&["sync", "lab"]).expect(3).says("images/pxeboot/initrd.img").says("404");
    repo.file(".treeinfo", "[checksums]\n../../etc/passwd = sha256:00\n");
    site.run(&["sync", "lab"]).expect(4).says(".treeinfo").says("line 2");
    repo.file(
        ".treeinfo",
        "[general]\narch = x86_64\n[images-x86_64]\nkernel = images/pxeboot/vmlinuz\n",
    );
    site.run(&["sync", "lab"])
        .expect(1)
        .says(".treeinfo")
        .says("images/pxeboot/vmlinuz without a checksum, which is left out");
    assert_eq!(site.dates("lab").len(), 2);
}

/// Lists two deltas of alpha, as Fedora does.
fn with_deltas(repo: &Repo) {
    let delta = |name: &str| {
        let bytes = format!("the bytes of {name}\n");
        format!(
            "<delta oldepoch=\"0\" oldversion=\"0.{name}\" oldrelease=\"1\"><filename>drpms/{name}.drpm</filename><sequence>alpha-0-1</sequence>\
             <size>{}</size><checksum type=\"sha256\">{}</checksum></delta>",
            bytes.len(),
            hex("SHA256", bytes.as_bytes())
        )
    };
    let list = format!(
        "<prestodelta><newpackage name=\"alpha\" epoch=\"0\" version=\"1.0\" release=\"1\" arch=\"noarch\">{}{}</newpackage></prestodelta>\n",
        delta("one"),
        delta("two")
    );
    repo.modify("prestodelta", "prestodelta.xml", &list, &[]);
    repo.sign(UpstreamKey::shared());
}

#[test]
fn deltas_come_along_and_one_that_is_missing_or_wrong_is_done_without() {
    let repo = Repo::first();
    with_deltas(&repo);
    repo.file("drpms/one.drpm", "the bytes of one\n");
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    let drpm = |name: &str| {
        let date = site.dates("lab").pop().unwrap();
        site.tree("lab", &date).join(format!("drpms/{name}.drpm")).exists()
    };
    site.ok(&["sync", "lab"]);
    assert!(drpm("one") && !drpm("two"), "clients take the whole package then");
    site.run(&["verify", "lab"]).expect(0);
    repo.file("drpms/two.drpm", "something else\n");
    repo.createrepo(&["--revision", "2"]);
    with_deltas(&repo);
    site.ok(&["sync", "lab"]);
    assert!(drpm("one") && !drpm("two"));
    repo.file("drpms/two.drpm", "the bytes of two\n");
    site.ok(&["sync", "lab", "--even-if-unchanged"]);
    assert!(drpm("one") && drpm("two"));
    site.run(&["verify", "lab", "--deep"]).expect(0);
    // One that leads elsewhere: no delta is taken, and clients are not led there by us.
    repo.edit("prestodelta", |plain| plain.replace("drpms/one", "../../one"));
    repo.sign(UpstreamKey::shared());
    site.run(&["sync", "lab"]).expect(1).says("prestodelta.xml").says("no delta of it is taken");
    assert!(!drpm("one") && !drpm("two"));
    site.run(&["verify", "lab"]).expect(0);
}
