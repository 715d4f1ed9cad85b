//! The settings of docs/upstreams.md for the tools that operators have already: apt-mirror and dnf reposync, run by `sync`.

use std::path::Path;

use crate::harness::{Archive, Dnf, Repo, Site, Upstream, UpstreamKey, temp_dir, walk, write};

/// A site whose mirror `lab` is brought by a program.
fn site(family: &str, command: &[&str], tree: &Path, more: &str) -> Site {
    let site = Site::fleeting();
    let text = format!(
        "family = \"{family}\"\nmount = \"lab\"\ncommand = {command:?}\ntree = \"{}\"\n{more}",
        tree.display()
    );
    site.mirror("lab", &text);
    site.ok(&["init"]);
    site
}

#[test]
fn apt_mirror_runs_by_sync_and_what_it_brought_is_proved() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let work = temp_dir();
    let (list, keyring) = (work.path().join("mirror.list"), work.path().join("upstream.asc"));
    // It asks a proxy for whatever host: ours answers for all.
    let proxy = upstream.url().replace("http://", "");
    write(
        &list,
        format!(
            "set base_path {}\nset run_postmirror 0\nset nthreads 2\nset use_proxy on\nset http_proxy {proxy}\n\
             deb [arch=amd64] http://archive.example.org/ lab main\nclean http://archive.example.org/\n",
            work.path().display()
        ),
    );
    for folder in ["mirror", "skel", "var"] {
        std::fs::create_dir(work.path().join(folder)).unwrap();
    }
    write(&keyring, UpstreamKey::shared().public());
    let tree = work.path().join("mirror/archive.example.org");
    let more = format!(
        "suites = [\"lab\"]\narchitectures = [\"amd64\"]\nkeyrings = [\"{}\"]\n",
        keyring.display()
    );
    let command = ["/usr/bin/apt-mirror", list.to_str().unwrap()];
    let site = site("apt", &command, &tree, &more);
    site.run(&["sync", "lab"]).expect(0).says("trust = \"signed\"");
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    archive.second_state();
    site.run(&["sync", "lab"]).expect(0).says("took");
    let dates = site.dates("lab");
    let has = |date: &str, name: &str| {
        walk(&site.tree("lab", date)).iter().any(|path| path.ends_with(name))
    };
    assert!(has(&dates[0], "alpha_1.0_all.deb") && !has(&dates[0], "alpha_2.0_all.deb"));
    assert!(has(&dates[1], "alpha_2.0_all.deb"));
    // What was written in place did not reach the snapshot before.
    site.run(&["verify", &format!("lab@{}", dates[0]), "--deep"]).expect(0);
    site.sound();
}

#[test]
fn reposync_of_several_repositories_runs_by_sync() {
    let repos = [("base", "alpha"), ("extra", "beta")];
    let upstreams: Vec<(Repo, Upstream)> = repos
        .iter()
        .map(|(_, package)| {
            let repo = Repo::new();
            repo.package("Packages", package, "1.0");
            repo.createrepo(&[]);
            let upstream = Upstream::of(&repo.at(""), "");
            (repo, upstream)
        })
        .collect();
    let work = temp_dir();
    let lines = repos.iter().zip(&upstreams).map(|((id, _), (_, upstream))| {
        format!("[{id}]\nname={id}\nbaseurl={}/\nenabled=1\ngpgcheck=0\n", upstream.url())
    });
    write(work.path().join("repos/lab.repo"), lines.collect::<String>());
    let tree = work.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let words = Dnf::reposync_words(work.path(), &tree, &["base", "extra"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let site = site("rpm", &words, &tree, "");
    site.run(&["sync", "lab"]).expect(0).says("took");
    let date = &site.dates("lab")[0];
    for name in ["base/Packages/alpha-1.0-1.noarch.rpm", "extra/Packages/beta-1.0-1.noarch.rpm"] {
        assert!(site.tree("lab", date).join(name).exists(), "{:?}", walk(&site.tree("lab", date)));
    }
    site.run(&["verify", "lab"]).expect(0);
    site.run(&["sync", "lab"]).expect(0).says("nothing changed");
    upstreams[0].0.package("Packages", "alpha", "2.0");
    upstreams[0].0.createrepo(&[]);
    site.run(&["sync", "lab"]).expect(0).says("took");
    site.run(&["diff", &format!("lab@{date}")]).expect(1).says("alpha");
}
