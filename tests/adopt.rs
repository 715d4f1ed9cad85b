//! `adopt`: real apt-mirror, real reposync and an rsync'd tree, served by a plain nginx until now; their clients go on with the files they have.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{
    Apt, Archive, Dnf, Nginx, Ran, Repo, Site, Upstream, UpstreamKey, count, ran, temp_dir, tool,
    walk, write,
};

/// A host on which apt-mirror keeps two archives, and nginx serves them.
struct AptMirror {
    archives: [Archive; 2],
    upstream: Upstream,
    work: tempfile::TempDir,
    site: Site,
}

impl AptMirror {
    fn new() -> Self {
        let archives = [Archive::first(), Archive::first()];
        archives[1].next_state("3.0", "Mon, 23 Mar 2026 04:00:00 UTC");
        let (work, site) = (temp_dir(), Site::fleeting());
        // apt-mirror asks a proxy for whatever host: ours answers for all, by the path.
        let served = work.path().join("upstream");
        std::fs::create_dir_all(&served).unwrap();
        for (archive, name) in archives.iter().zip(["ubuntu", "debian-security"]) {
            std::os::unix::fs::symlink(&archive.tree, served.join(name)).unwrap();
        }
        let upstream = Upstream::of(&served, "");
        let host = Self { archives, upstream, work, site };
        for folder in ["mirror", "skel", "var"] {
            std::fs::create_dir(host.at(folder)).unwrap();
        }
        let proxy = host.upstream.url().replace("http://", "");
        let text = format!(
            "# of the lab\nset base_path {}\nset mirror_path $base_path/mirror\nset run_postmirror 0\nset nthreads 2\nset use_proxy on\nset http_proxy {proxy}\n\
             deb [arch=amd64] http://archive.example.org/ubuntu lab main\ndeb-amd64 http://security.example.org/debian-security/ lab main\n\
             clean http://archive.example.org/ubuntu\n",
            host.work.path().display()
        );
        write(host.list(), text);
        tool(Command::new("/usr/bin/apt-mirror").arg(host.list()));
        let root = host.at("mirror");
        write(
            host.at("host/usr/share/keyrings/lab-archive-keyring.asc"),
            UpstreamKey::shared().public(),
        );
        write(
            host.at("host/etc/cron.d/apt-mirror"),
            "# nightly\n0 4 * * * apt-mirror /usr/bin/apt-mirror > /var/spool/apt-mirror/var/cron.log\n",
        );
        write(
            host.at("host/etc/nginx/sites-enabled/mirror"),
            format!("server {{\n  listen 80;\n  root {};\n}}\n", root.display()),
        );
        host
    }

    fn at(&self, path: &str) -> PathBuf {
        self.work.path().join(path)
    }

    fn list(&self) -> PathBuf {
        self.at("mirror.list")
    }

    fn adopt(&self, more: &[&str]) -> Ran {
        let (list, host) = (self.list(), self.at("host"));
        let words = ["adopt", list.to_str().unwrap(), "--prefix", host.to_str().unwrap()];
        self.site.run(&[&words[..], more].concat())
    }

    /// A machine that has followed the old server all along, with the distribution's key and no other.
    fn client(&self) -> Apt {
        let source =
            format!("deb http://127.0.0.1:{}/archive.example.org/ubuntu lab main", self.site.port);
        Apt::new(&source, &[UpstreamKey::shared().public()])
    }
}

#[test]
fn what_apt_mirror_keeps_is_adopted_and_its_clients_go_on_with_the_sources_that_they_have() {
    let host = AptMirror::new();
    let (site, client) = (&host.site, host.client());
    {
        let _old = Nginx::plain(site, &host.at("mirror"));
        client.try_update().unwrap();
        client.get(&["install", "-y", "steady"]);
    }
    host.upstream.asked();
    // Nothing is written before there is a root, nor by a dry run.
    host.adopt(&[]).expect(2).says("pinfold init");
    let said = host.adopt(&["--dry-run"]).expect(0).says("would write").says("would take");
    assert!(said.out.contains("suites = [\"lab\"]"), "{}", said.out);
    assert!(!site.dir().join("mirrors.d").exists(), "only said");
    site.ok(&["init"]);
    let said = host
        .adopt(&[])
        .expect(0)
        .says("trust = \"signed\"")
        .says("/etc/nginx/sites-enabled/mirror, line 3")
        .says("/etc/cron.d/apt-mirror, line 2: switch this off")
        .says("pinfold setup ubuntu debian-security");
    assert!(host.upstream.asked().is_empty(), "nothing is downloaded again");
    let file = site.dir().join("mirrors.d/ubuntu.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("mount = \"archive.example.org/ubuntu\""), "{text}");
    assert!(text.contains("lab-archive-keyring.asc"), "{text}\n{}", said.said());
    for channel in ["production", "staging"] {
        site.ok(&["promote", "ubuntu", "debian-security", "--to", channel]);
    }
    let nginx = site.nginx();
    client.try_update().unwrap();
    client.get(&["install", "-y", "alpha"]);
    assert_eq!(client.installed("alpha").as_deref(), Some("alpha 1.0\n"));
    // Again: no file is overwritten, and an old tree does not become the newest state.
    let before = (text, site.dates("ubuntu"));
    host.adopt(&[]).expect(0).says("stays as it is").says("has snapshots already");
    assert_eq!(before, (std::fs::read_to_string(&file).unwrap(), site.dates("ubuntu")));
    // From now on Pinfold fetches, and only what is new.
    host.archives[0].second_state();
    let mut sync = site.command(&["sync", "ubuntu"]);
    ran(sync.env("http_proxy", host.upstream.url())).expect(0).says("took");
    let asked = host.upstream.asked();
    assert_eq!((count(&asked, "alpha_2.0_all.deb"), count(&asked, "steady_1.0_all.deb")), (1, 0));
    site.ok(&["promote", "ubuntu", "--to", "production"]);
    client.try_update().unwrap();
    client.get(&["install", "-y", "alpha"]);
    assert_eq!(client.installed("alpha").as_deref(), Some("alpha 2.0\n"));
    drop(nginx);
    site.sound();
}

#[test]
fn what_apt_mirror_left_half_done_is_said_and_only_the_rest_is_fetched() {
    let host = AptMirror::new();
    let site = &host.site;
    site.ok(&["init"]);
    let list = std::fs::read_to_string(host.list()).unwrap();
    write(
        host.list(),
        list.replace(
            "clean ",
            "deb [arch=amd64] http://archive.example.org/ubuntu lab-updates main\nclean ",
        ),
    );
    let lost =
        walk(&host.at("mirror")).into_iter().find(|path| path.ends_with("alpha_1.0_all.deb"));
    std::fs::remove_file(lost.unwrap()).unwrap();
    // Whose keys nobody has is not followed, and not said to be proved.
    std::fs::remove_file(host.at("host/usr/share/keyrings/lab-archive-keyring.asc")).unwrap();
    let said = host
        .adopt(&["--dry-run"])
        .expect(1)
        .says("lab-updates")
        .says("no keyring of this host vouches");
    assert!(said.out.contains("# suites = [\"lab\"]"), "{}", said.out);
    let said = host.adopt(&["--dry-run", "--json"]).expect(1).out;
    let value: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        value["mirrors"][0]["would_take"]["files"],
        value["mirrors"][1]["would_take"]["files"].as_u64().unwrap() - 1,
        "{said}"
    );
    let key = site.dir().join("lab.asc");
    write(&key, UpstreamKey::shared().public());
    let key = ["--keyring", key.to_str().unwrap()];
    host.adopt(&key)
        .expect(4)
        .says("alpha_1.0_all.deb")
        .says("fetches what is missing")
        .says("configured, and not on the disk: lab-updates");
    let states = ["ubuntu", "debian-security"].map(|name| site.dates(name).len());
    assert_eq!(states, [0, 1], "the other archive is whole");
    host.upstream.asked();
    let mut sync = site.command(&["sync", "ubuntu"]);
    ran(sync.env("http_proxy", host.upstream.url())).expect(0).says("took");
    let asked = host.upstream.asked();
    assert_eq!(
        (count(&asked, "alpha_1.0_all.deb"), count(&asked, "steady_1.0_all.deb")),
        (1, 0),
        "{asked:?}"
    );
    site.sound();
}

#[test]
fn what_reposync_keeps_is_adopted_and_dnf_goes_on_with_the_file_that_it_has() {
    let (work, site) = (temp_dir(), Site::fleeting());
    site.ok(&["init"]);
    let repo = Repo::first();
    let upstream = Upstream::of(&repo.at(""), "");
    let (tree, host) = (work.path().join("tree"), work.path().join("host"));
    std::fs::create_dir(&tree).unwrap();
    let file = work.path().join("repos/lab.repo");
    write(
        &file,
        format!(
            "[Base-$releasever]\nname=lab\nbaseurl={}/\nenabled=1\ngpgcheck=0\n\n[never-synced]\nname=x\nbaseurl=http://h/$basearch\n",
            upstream.url()
        ),
    );
    write(host.join("etc/dnf/vars/releasever"), "9\n");
    let words = Dnf::reposync_words(work.path(), &tree, &["Base-9"]);
    let mut sync = Command::new(&words[0]);
    tool(sync.args(&words[1..]).arg("--releasever=9"));
    write(host.join("etc/cron.d/reposync"), format!("0 3 * * * root {}\n", words[1..].join(" ")));
    write(
        host.join("etc/apache2/sites-enabled/m.conf"),
        format!("DocumentRoot {}\n", tree.display()),
    );
    upstream.asked();
    let given = serde_json::json!([{ "path": "/etc/yum.repos.d/lab.repo", "content": format!(
        "[lab]\nname=lab\nbaseurl=http://127.0.0.1:{}/Base-9\nenabled=1\ngpgcheck=0\nmetadata_expire=0\n", site.port
    ) }]);
    let client = Dnf::given(&given.to_string());
    {
        let _old = Nginx::plain(&site, &tree);
        assert!(client.ok(&["repoquery", "--refresh"]).contains("alpha"));
    }
    let words = ["adopt", file.to_str().unwrap(), "--prefix", host.to_str().unwrap()];
    site.run(&words)
        .expect(1)
        .says("comes without https: nothing vouches for it")
        .says("base-9: rpm, answers at /Base-9")
        .says("/etc/apache2/sites-enabled/m.conf, line 1")
        .says("/etc/cron.d/reposync, line 1: switch this off");
    assert!(upstream.asked().is_empty(), "nothing is downloaded again");
    site.ok(&["promote", "base-9", "--to", "production"]);
    let _nginx = site.nginx();
    let known = client.ok(&["repoquery", "--refresh"]);
    assert!(known.contains("alpha"), "{known}");
    site.ok(&["sync", "base-9"]);
    assert_eq!(site.dates("base-9").len(), 1, "upstream has what was adopted");
    assert_eq!(count(&upstream.asked(), ".rpm"), 0);
    site.sound();
}

#[test]
fn a_tree_becomes_a_mirror_of_what_it_is_and_only_once() {
    let (site, archive, host) = (Site::bare(), Archive::first(), temp_dir());
    site.ok(&["init"]);
    let tree = site.dir().join("My Tree");
    tool(Command::new("cp").arg("-a").arg(&archive.tree).arg(&tree));
    let (plain, web) = (site.dir().join("isos"), site.dir().join("web"));
    write(plain.join("a.iso"), "image");
    std::fs::create_dir(&web).unwrap();
    std::os::unix::fs::symlink(&tree, web.join("debian")).unwrap();
    write(
        host.path().join("etc/nginx/conf.d/m.conf"),
        format!("server {{ root {}; }}\n", web.display()),
    );
    write(host.path().join("etc/apt/keyrings/lab.asc"), UpstreamKey::shared().public());
    let prefix = ["--prefix", host.path().to_str().unwrap()];
    let adopt = |words: &[&str]| site.run(&[&["adopt"], words, &prefix].concat());
    let tree = tree.to_str().unwrap();
    adopt(&[tree, "--upstream", "http://archive.example.org/debian"])
        .expect(0)
        .says("my-tree: apt, answers at /debian")
        .says("trust = \"signed\"");
    adopt(&[tree, plain.to_str().unwrap(), "--name", "x"]).expect(2).says("for one mirror");
    adopt(&[tree, "--mount", "debian/x", "--name", "other"]).expect(2).says("lie in each other");
    adopt(&[plain.to_str().unwrap(), "--link", "--mount", "images"]).expect(0).says("isos: files");
    let dated = site.tree("isos", &site.dates("isos")[0]);
    use std::os::unix::fs::MetadataExt;
    let inode = |path: &Path| path.metadata().unwrap().ino();
    assert_eq!(inode(&dated.join("a.iso")), inode(&plain.join("a.iso")), "linked, as was asked");
    let hostile = site.dir().join("mirror.list");
    write(&hostile, "deb http://h.example/good noble main\ndeb http://h.example/x a;touch main\n");
    let before = walk(&site.dir().join("mirrors.d"));
    adopt(&[hostile.to_str().unwrap()]).expect(2).says("nothing was written");
    assert_eq!(before, walk(&site.dir().join("mirrors.d")));
    adopt(&["/nowhere/at/all"]).expect(2).says("cannot read /nowhere/at/all");
    site.sound();
}

#[test]
fn root_writes_the_files_and_the_owner_of_the_root_takes_the_tree() {
    use std::os::unix::fs::MetadataExt;
    let (site, archive, host) = (Site::fleeting(), Archive::first(), temp_dir());
    site.ok(&["init"]);
    tool(Command::new("chown").args(["-R", "65534:65534"]).arg(&site.root));
    let prefix = ["--prefix", host.path().to_str().unwrap()];
    let tree = archive.tree.to_str().unwrap();
    site.run(&[&["adopt", tree, "--name", "lab"], &prefix[..]].concat()).expect(0).says("took");
    let record = site.root.join("snapshots/lab").join(&site.dates("lab")[0]);
    assert_eq!(record.metadata().unwrap().uid(), 65534);
    assert_eq!(site.dir().join("mirrors.d/lab.toml").metadata().unwrap().uid(), 0);
}

#[test]
fn what_debmirror_keeps_is_adopted_by_the_script_that_calls_it() {
    let (site, archive, work) = (Site::bare(), Archive::first(), temp_dir());
    site.ok(&["init"]);
    let top = work.path().join("upstream");
    std::fs::create_dir(&top).unwrap();
    std::os::unix::fs::symlink(&archive.tree, top.join("debian")).unwrap();
    let upstream = Upstream::of(&top, "");
    let (tree, key) = (work.path().join("mirror"), work.path().join("lab.gpg"));
    let mut gpg = Command::new("gpg");
    gpg.arg("--homedir").arg(UpstreamKey::shared().home()).arg("--export");
    write(&key, tool(&mut gpg).stdout);
    let script = work.path().join("mirror.sh");
    let host = upstream.url().replace("http://", "");
    write(
        &script,
        format!(
            "#!/bin/sh\nTO={}\nexec debmirror --method=http --host={host} --root=debian --dist=lab --section=main --arch=amd64 \\\n  \
             --nosource --keyring={} --rsync-extra=none --diff=none \"$TO\"\n",
            tree.display(),
            key.display()
        ),
    );
    tool(Command::new("sh").arg(&script).env("HOME", work.path()).env_remove("http_proxy"));
    upstream.asked();
    let words = ["adopt", script.to_str().unwrap(), "--prefix", work.path().to_str().unwrap()];
    site.run(&[&words[..], &["--link"]].concat()).expect(0).says("trust = \"signed\"");
    assert!(upstream.asked().is_empty(), "nothing is downloaded again");
    site.run(&["sync", "debian"]).expect(0);
    assert_eq!(count(&upstream.asked(), ".deb"), 0);
    site.sound();
}
