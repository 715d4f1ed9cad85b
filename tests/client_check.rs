//! `client --check`: the script that real clients run, where all is well and where each thing is wrong.

use std::path::Path;
use std::process::Command;

use crate::harness::{
    Apt, ArchTree, Archive, Dnf, Pacman, Ran, Repo, Sign, Site, UpstreamKey, Zypper, ran, temp_dir,
    write,
};

/// Runs a script where these programs come first.
fn run(script: &str, programs: &[(&str, String)], environment: &[(&str, &Path)]) -> Ran {
    use std::os::unix::fs::PermissionsExt;
    let dir = temp_dir();
    for (name, command) in programs {
        let path = dir.path().join(name);
        write(&path, format!("#!/bin/sh\nexec {command} \"$@\"\n"));
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let file = dir.path().join("check.sh");
    write(&file, script);
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.arg(file).env("PATH", path).env("LC_ALL", "C");
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    let ran = ran(&mut command);
    assert!(!ran.said().contains("not found") && !ran.said().contains("yntax"), "{}", ran.said());
    ran
}

#[test]
fn apt_says_whether_the_mirror_wins() {
    let site = Site::new_fleeting();
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    let other = Archive::new();
    other.package("alpha", "9.0");
    other.index("Mon, 23 Mar 2026 04:00:00 UTC");
    site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nupstream = \"http://127.0.0.2:{}/up\"\nschedule = \"never\"\nkeyrings = [\"{}\"]\n",
            site.port,
            keyring.display()
        ),
    );
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let _nginx = site.nginx();
    let script = site.ok(&["client", "lab", "--check"]);
    let apt = Apt::given(&site.ok(&["client", "lab", "--json"]));
    let config = apt.root().join("apt.conf");
    let check = |code: i32| run(&script, &[], &[("APT_CONFIG", &config)]).expect(code);

    check(1).says("nothing was ever fetched from the mirror");
    apt.get(&["update"]);
    let said = check(0).says("the mirror wins for all of its 2 packages");
    let said = said.says("is there").says("lab is seen as of ").says("the mirror answers at");
    assert!(said.out.ends_with("this client follows production of lab\n"), "{}", said.out);

    // The channel moves, and the client does not look. It is told by the date, which counts seconds.
    archive.second_state();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    check(1).says("and the mirror has ").says("apt-get update");
    apt.get(&["update"]);
    check(0);

    // Another source has a newer version.
    write(apt.root().join("etc/apt/trusted.gpg.d/other.asc"), UpstreamKey::shared().public());
    apt.source(&format!("deb file:{} lab main", other.tree.display()));
    apt.get(&["update"]);
    check(1).says("alpha: 9.0 is taken from file:").says("apt-cache policy alpha");
    // Upstream is a source, too, whether or not it answers.
    apt.source(&format!("deb http://127.0.0.2:{}/up lab main", site.port));
    check(1).says(&format!("upstream is a source, too: http://127.0.0.2:{}/up/ lab", site.port));
    apt.source("");
    check(0);

    // The key: another one, then none.
    let key = apt.root().join("etc/apt/keyrings/pinfold.asc");
    write(&key, UpstreamKey::shared().public());
    check(1).says("the key that signs lab is not among those that its source names");
    std::fs::remove_file(&key).unwrap();
    check(1).says("is not there").says("pinfold client lab prints it");

    // Another mirror than the one that is meant.
    let keys = [UpstreamKey::shared().public()];
    let stranger = Apt::new(&format!("deb file:{} lab main", other.tree.display()), &keys);
    stranger.get(&["update"]);
    let config = stranger.root().join("apt.conf");
    run(&script, &[], &[("APT_CONFIG", &config)])
        .expect(1)
        .says("no source names http://127.0.0.1");
    site.run(&["client", "lab", "--check", "--plain"]).expect(2);
}

#[test]
fn a_mirror_that_is_down_and_a_fallback_by_a_list_are_told() {
    let site = Site::new_fleeting();
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nupstream = \"http://127.0.0.2:{}/up\"\nschedule = \"never\"\nkeyrings = [\"{}\"]\n",
            site.port,
            keyring.display()
        ),
    );
    site.ingest(&Archive::first().tree, &[]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let nginx = site.nginx();
    let script = site.ok(&["client", "lab", "--check"]);
    let apt = Apt::given(&site.ok(&["client", "lab", "--json", "--fallback", "packages"]));
    let config = apt.root().join("apt.conf");
    apt.get(&["update"]);
    let check = |code: i32| run(&script, &[], &[("APT_CONFIG", &config)]).expect(code);
    check(0).says("the mirror wins for all of its 2 packages");
    drop(nginx);
    check(1).says("the mirror does not answer at");
}

/// A site with a mirror of rpm packages, promoted.
fn rpm_site(repo: &Repo) -> Site {
    let site = Site::fleeting();
    let keyring = site.dir().join("upstream.asc");
    write(&keyring, UpstreamKey::shared().public());
    site.mirror(
        "lab",
        &format!(
            "family = \"rpm\"\nmount = \"lab\"\nupstream = \"http://127.0.0.1:{}/channels/staging/lab/\"\nschedule = \"never\"\nkeyrings = [\"{}\"]\n",
            site.port,
            keyring.display()
        ),
    );
    site.ok(&["init"]);
    site.ok(&["ingest", "lab", repo.tree.to_str().unwrap()]);
    // Upstream is played by another channel.
    site.ok(&["promote", "lab", "--to", "staging"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    site
}

/// A repository of somebody else's with a newer alpha.
fn newer() -> Repo {
    let repo = Repo::new();
    repo.package("", "alpha", "9.0-1");
    repo.createrepo(&[]);
    repo
}

#[test]
fn dnf_says_whether_the_mirror_wins() {
    let repo = Repo::first();
    let site = rpm_site(&repo);
    let _nginx = site.nginx();
    let script = site.ok(&["client", "lab", "--check"]);
    let dnf = Dnf::given(&site.ok(&["client", "lab", "--json"]));
    let root = dnf.root().display().to_string();
    let program = format!(
        "/usr/bin/dnf --config {root}/etc/dnf/dnf.conf --installroot {root} --releasever=9 --forcearch=x86_64 --noplugins"
    );
    let check = |code: i32| run(&script, &[("dnf", program.clone())], &[]).expect(code);
    dnf.ok(&["makecache"]);
    check(0)
        .says("the mirror wins for all of its")
        .says("lab names http://127.0.0.1")
        .says("is there");
    let other = newer();
    let file = dnf.root().join("etc/yum.repos.d/other.repo");
    write(
        &file,
        format!(
            "[other]\nname=other\nbaseurl=file://{}\nenabled=1\ngpgcheck=0\n",
            other.tree.display()
        ),
    );
    dnf.ok(&["makecache"]);
    check(1).says("9.0-1 is taken from other");
    write(
        &file,
        format!(
            "[other]\nname=other\nbaseurl=http://127.0.0.1:{}/channels/staging/lab/\nenabled=1\ngpgcheck=0\n",
            site.port
        ),
    );
    dnf.ok(&["makecache"]);
    check(1).says("upstream is a repository, too: other at");
    std::fs::remove_file(&file).unwrap();
    let own = dnf.root().join("etc/yum.repos.d/pinfold-lab.repo");
    let text = std::fs::read_to_string(&own).unwrap();
    let line = text.lines().find(|line| line.starts_with("baseurl=")).unwrap();
    let upstream_first = line.replacen(
        "baseurl=",
        &format!("baseurl=http://127.0.0.1:{}/channels/staging/lab/\n        ", site.port),
        1,
    );
    write(&own, text.replace(line, &upstream_first));
    dnf.ok(&["makecache"]);
    check(1).says("lab names upstream first");
    write(&own, text.replace("127.0.0.1", "127.0.0.3"));
    check(1).says("no repository names");
}

#[test]
fn zypper_says_whether_the_mirror_wins() {
    let repo = Repo::first();
    let site = rpm_site(&repo);
    let _nginx = site.nginx();
    let script = site.ok(&["client", "lab", "--check", "--tool", "zypper"]);
    let zypper = Zypper::given(&site.ok(&["client", "lab", "--json", "--tool", "zypper"]));
    let root = zypper.root().display().to_string();
    let program = format!(
        "env ZYPP_CONF={root}/etc/zypp/zypp.conf /usr/bin/zypper --root {root} --non-interactive --no-color"
    );
    let check = |code: i32| run(&script, &[("zypper", program.clone())], &[]).expect(code);
    zypper.ok(&["refresh"]);
    check(0).says("the mirror wins for all of its");
    let other = newer();
    zypper.ok(&["addrepo", "--no-gpgcheck", &format!("file://{}", other.tree.display()), "other"]);
    zypper.ok(&["refresh"]);
    check(1).says("9.0-1 is taken from other");
    zypper.ok(&["removerepo", "other"]);
    zypper.ok(&[
        "addrepo",
        "--no-gpgcheck",
        &format!("http://127.0.0.1:{}/channels/staging/lab/", site.port),
        "up",
    ]);
    check(1).says("upstream is a repository, too: up at");
    zypper.ok(&["removerepo", "up"]);
    zypper.ok(&["removerepo", "lab"]);
    check(1).says("no repository names");
}

#[test]
fn pacman_says_whether_the_mirror_wins() {
    let tree = ArchTree::of(&["alpha 1.0-1"], Sign::Nothing);
    let site = Site::fleeting();
    site.mirror(
        "arch",
        &format!("family = \"pacman\"\nmount = \"archlinux\"\nupstream = \"http://127.0.0.2:{}/up/\"\nrepositories = [\"core\"]\narchitectures = [\"x86_64\"]\nunsigned = true\nschedule = \"never\"\n", site.port),
    );
    site.ok(&["init"]);
    site.ok(&["ingest", "arch", tree.path().to_str().unwrap()]);
    site.ok(&["promote", "arch", "--to", "production"]);
    let _nginx = site.nginx();
    let script = site.ok(&["client", "arch", "--check"]);
    let pacman = Pacman::given("Never", &["core"], &site.ok(&["client", "arch", "--json"]));
    let conf = pacman.at("pacman.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    let text = text.replacen(
        "[options]\n",
        &format!("[options]\nDBPath = {}\n", pacman.at("db").display()),
        1,
    );
    write(&conf, &text);
    let shown = conf.display().to_string();
    let programs = [
        ("pacman", format!("/usr/bin/pacman --config {shown}")),
        ("pacman-conf", format!("/usr/bin/pacman-conf --config {shown}")),
    ];
    let check = |code: i32| run(&script, &programs, &[]).expect(code);
    check(1).says("nothing was fetched for core yet");
    pacman.ok(&["-Sy"]);
    check(0).says("core is seen as of").says("the mirror wins for all of its 1 packages");
    let list = pacman.at("etc/pacman.d/mirrorlist");
    let servers = std::fs::read_to_string(&list).unwrap();
    let upstream = format!("Server = http://127.0.0.2:{}/up/$repo/os/$arch\n", site.port);
    write(&list, format!("{upstream}{servers}"));
    check(1).says("and the mirror only when that is down");
    write(&list, &upstream);
    check(1).says("core asks upstream").says("no repository asks");
    write(&list, &servers);
    let other = ArchTree::new();
    other.repository("", "other", (&["alpha 0.9-1"], Sign::Nothing));
    let before = format!("[other]\nServer = file://{}\n[core]\n", other.path().display());
    write(&conf, text.replace("[core]\n", &before));
    pacman.ok(&["-Sy"]);
    check(1).says("alpha: 0.9-1 is taken from other");
}
