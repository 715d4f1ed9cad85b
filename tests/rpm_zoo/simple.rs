//! Metadata that change in place: under simple names they are root metadata, and channels show them beside `repomd.xml`.

use crate::harness::{Repo, Site, Upstream, UpstreamKey, count, following_rpm, walk};

/// What stands in `heads/` of the newest generation.
fn heads(site: &Site) -> Vec<String> {
    let www = site.root.join("www");
    let all = walk(&www).into_iter().filter(|path| path.is_file());
    let mut names: Vec<String> = all
        .map(|path| path.strip_prefix(&www).unwrap().display().to_string())
        .filter(|path| path.contains("heads/"))
        .map(|path| path.rsplit("heads/").next().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn simple(repo: &Repo) {
    repo.createrepo(&["--simple-md-filenames", "--database"]);
    repo.sign(UpstreamKey::shared());
}

#[test]
fn metadata_with_simple_names_are_shown_by_channels_as_root_metadata() {
    // Trap 24.
    let repo = Repo::first();
    simple(&repo);
    let first = repo.copy();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    repo.remove("Packages/alpha-1.0-1.noarch.rpm");
    repo.package("Packages", "alpha", "2.0");
    simple(&repo);
    upstream.asked();
    site.ok(&["sync", "lab"]);
    assert!(count(&upstream.asked(), "repodata/primary.xml.gz") > 0);
    let heads = heads(&site);
    for name in ["repomd.xml", "repomd.xml.asc", "primary.xml.gz", "primary.sqlite.bz2"] {
        let is_it = |head: &&String| head.ends_with(&format!("repodata/{name}"));
        assert!(heads.iter().any(|head| is_it(&head)), "{name} is not in {heads:?}");
    }
    let nginx = site.nginx();
    let is_state = |place: &str, state: &Repo| {
        for name in ["repomd.xml", "repomd.xml.asc", "primary.xml.gz", "filelists.xml.gz"] {
            let path = format!("repodata/{name}");
            let reply = nginx.get(&format!("/{place}/{path}"));
            assert!(reply.status == 200 && reply.body == state.read(&path), "{place}/{path}");
            let cache = reply.header("cache-control").unwrap_or_default().to_owned();
            assert!(!place.contains("archive") || cache.contains("no-cache"), "{path}: {cache}");
        }
    };
    let dates = site.dates("lab");
    is_state(&format!("snapshots/lab/{}", dates[0]), &first);
    is_state(&format!("snapshots/lab/{}", dates[1]), &repo);
    is_state("archive.example.org/lab", &first);
    site.ok(&["promote", "lab", "--to", "production"]);
    is_state("archive.example.org/lab", &repo);
    site.ok(&["rollback", "production"]);
    is_state("archive.example.org/lab", &first);
    site.run(&["verify", "lab"]).expect(0);
    site.sound();
}

#[test]
fn metadata_named_by_checksum_have_grace_and_repomd_has_none() {
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.tree, "");
    let site = following_rpm(&upstream.url(), "");
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let (old, gone) = (repo.path("primary"), repo.read(&repo.path("primary")));
    repo.second_state();
    site.ok(&["sync", "lab"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let get = |path: &str| nginx.get(&format!("/archive.example.org/lab/{path}"));
    assert_eq!(get("repodata/repomd.xml").body, repo.read("repodata/repomd.xml"));
    // A client in the middle of the old state finds the rest of it.
    assert!(get(&old).body == gone);
    assert_eq!(get("Packages/alpha-1.0-1.noarch.rpm").status, 200);
    assert_eq!(get(&repo.path("primary")).status, 200);
    assert_eq!(get("repodata/repomd.xml.key").status, 404);
}
