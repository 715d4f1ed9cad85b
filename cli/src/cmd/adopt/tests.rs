use std::path::{Path, PathBuf};

use pinfold_store::Name;

use super::found::{Found, From};
use super::host::Job;
use super::{debmirror, mirror_list, on_disk, repo, web, words};
use crate::config;

fn list(text: &str) -> Result<Vec<Found>, String> {
    mirror_list::read(Path::new("/etc/apt/mirror.list"), text, "amd64")
        .map_err(|failure| failure.message)
}

#[test]
fn a_mirror_list_becomes_one_mirror_for_every_host_and_path() {
    let found = list(
        "# set nothing\nset base_path   /data/apt\nset mirror_path \"$base_path/m\"\nset defaultarch amd64\n\n\
         deb [arch=amd64,arm64 signed-by=/x] http://archive.ubuntu.com/ubuntu noble main restricted\n\
         deb-i386 http://archive.ubuntu.com/ubuntu/ noble-updates main\n  deb-src http://archive.ubuntu.com/ubuntu noble main\n\
         deb http://security.example.org:8080/debian-security bookworm-security main\n\
         deb https://user:pass@download.docker.com/linux/ubuntu noble stable\nclean http://archive.ubuntu.com/ubuntu\n",
    )
    .unwrap();
    assert_eq!(found.len(), 3);
    let ubuntu = &found[0];
    assert_eq!(ubuntu.tree, Path::new("/data/apt/m/archive.ubuntu.com/ubuntu"));
    assert_eq!(ubuntu.mount, "archive.ubuntu.com/ubuntu");
    assert_eq!(ubuntu.suites, ["noble", "noble-updates"]);
    assert_eq!(ubuntu.components, ["main", "restricted"]);
    assert_eq!(ubuntu.architectures, ["amd64", "arm64", "i386", "source"]);
    assert_eq!(found[1].mount, "security.example.org/debian-security", "without a port");
    let From::Urls(urls) = &found[2].from else { panic!("no URL") };
    assert_eq!(urls, &["https://download.docker.com/linux/ubuntu"], "a password is not copied");
    assert!(found[2].findings[0].contains("password"));
    let mut taken: Vec<Name> = Vec::new();
    for one in &found {
        taken.push(one.name(&|name| taken.contains(name)).unwrap());
    }
    let names: Vec<&str> = taken.iter().map(Name::as_str).collect();
    assert_eq!(names, ["ubuntu", "debian-security", "docker-ubuntu"]);
}

#[test]
fn a_hostile_mirror_list_is_refused_by_its_line() {
    for (text, says) in [
        ("deb http://h/../../etc noble main\n", "line 1: http://h/../../etc is no URL"),
        ("deb file:///etc noble main\n", "is no URL"),
        ("\ndeb http://h/x\n", "line 2: it needs a URL and a suite"),
        ("dab http://h/x y z\n", "line 1: it is none of deb"),
        ("deb [arch=amd64 http://h/x y z\n", "bracket"),
        ("deb http://h/x\u{1b}[2J y z\n", "control character"),
        ("set mirror_path $nothing/x\ndeb http://h/x y z\n", "no variable $nothing"),
        ("set mirror_path $mirror_path\ndeb http://h/x y z\n", "circle"),
        ("set mirror_path here\ndeb http://h/x y z\n", "absolute"),
        ("# nothing\n", "names no archive"),
    ] {
        let said = list(text).unwrap_err();
        assert!(said.contains(says), "{text:?}: {said}");
    }
}

#[test]
fn what_is_written_is_what_the_configuration_takes_or_it_is_refused() {
    let text = |suite: &str, url: &str| {
        let mut found = list(&format!("deb {url} {suite} main\n")).unwrap();
        found[0].keyrings = vec![PathBuf::from("/usr/share/keyrings/lab.gpg")];
        found[0].text()
    };
    let good = text("noble", "http://archive.ubuntu.com/ubuntu");
    let mirror = config::check_mirror(&good).unwrap();
    assert!(mirror.upstream.is_some() && mirror.mount.to_string() == "archive.ubuntu.com/ubuntu");
    for bad in [
        text("a;touch", "http://archive.ubuntu.com/ubuntu"),
        text("$(id)", "http://archive.ubuntu.com/ubuntu"),
        text("a\"", "http://archive.ubuntu.com/ubuntu"),
        text("noble", "http://h/a;b"),
        text("noble", "http://h/a{b}"),
        text("noble", "http://h/.hidden"),
        text("noble", "http://snapshots/x"),
    ] {
        assert!(config::check_mirror(&bad).is_err(), "{bad}");
    }
    let mut unknown = list("deb http://archive.ubuntu.com/ubuntu noble main\n").unwrap();
    let said = unknown.remove(0).text();
    assert!(said.contains("# suites = [\"noble\"]") && said.contains("# keyrings"), "{said}");
    assert!(config::check_mirror(&said).unwrap().upstream.is_none());
    let hostile = list("deb http://archive.ubuntu.com/ubuntu a;touch main\n").unwrap().remove(0);
    assert!(config::check_mirror(&hostile.text()).is_ok(), "it is a comment");
    assert!(config::check_mirror(&hostile.meant().unwrap()).is_err(), "and refused all the same");
}

#[test]
fn debmirror_is_read_from_its_configuration_and_from_scripts() {
    let path = Path::new("/etc/debmirror.conf");
    let conf = "$mirrordir=\"/srv/debian\";\n$host=\"debian.example.org\";\n$remoteroot=\"debian\";\n$download_method=\"http\";\n\
        @dists=\"bookworm,bookworm-updates\";\n@sections=\"main,main/debian-installer\";\n@arches=\"amd64\";\n$do_source=0;\n# $host=\"no\";\n";
    let script = "#!/bin/sh\n# mirrors\nDIST=bookworm,bookworm-updates\nTO=\"/srv/debian\"\n/usr/bin/debmirror -a amd64 --host=debian.example.org \\\n  --root debian -d \"$DIST\" \
        --nosource --section=main,main/debian-installer --progress --method=http ${TO} >>/var/log/d.log 2>&1 | logger -t d\n";
    for text in [conf, script] {
        assert!(debmirror::is_one(text));
        let found = debmirror::read(path, text).map_err(|failure| failure.message).unwrap();
        let one = &found[0];
        assert_eq!(one.tree, Path::new("/srv/debian"), "{text}");
        assert_eq!(one.suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(
            (&one.components, &one.architectures),
            (&vec!["main".to_owned()], &vec!["amd64".to_owned()])
        );
        assert_eq!(one.mount, "debian.example.org/debian");
        assert_eq!(one.more, [("udebs", true.into())]);
    }
    for (text, says) in [
        ("debmirror --dist=$(cat x) /srv/d\n", "nothing is run"),
        ("debmirror --dist=$DIST /srv/d\n", "nothing before says what $DIST is"),
        ("debmirror --dist=sid here\n", "no absolute folder"),
        ("$mirrordir=\"/srv/d\";\n@dists=\"`id`\";\n", "line 2: only plain words"),
    ] {
        let said = debmirror::read(path, text).map_err(|failure| failure.message).unwrap_err();
        assert!(said.contains(says), "{text:?}: {said}");
    }
}

#[test]
fn a_job_says_how_reposync_is_run() {
    let job = |text: &str| Job {
        at: "/etc/cron.d/x, line 1".to_owned(),
        by_way_of: None,
        text: text.to_owned(),
    };
    let jobs = [
        job(
            "5 3 * * * root /usr/bin/dnf reposync --repoid=baseos,appstream -n -p \"/srv/repo sync\" --releasever=9",
        ),
        job("* * * * * root /usr/bin/true -p /elsewhere"),
    ];
    let habit = repo::habit(&jobs);
    assert_eq!(habit.tree.as_deref(), Some(Path::new("/srv/repo sync")));
    assert_eq!(habit.ids, ["baseos", "appstream"]);
    assert!(habit.newest_only && habit.releasever.as_deref() == Some("9"));
}

#[test]
fn a_script_that_a_job_calls_is_read_with_its_own_variables_and_not_run() {
    let top = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = top.path().join(path);
        pinfold_store::disk::make_dirs(path.parent().unwrap()).unwrap();
        pinfold_store::disk::write_lightly(&path, text.as_bytes(), 0o755).unwrap();
    };
    put(
        "etc/cron.d/mirrors",
        "# nightly\n5 3 * * * root sh -c \"/opt/nightly --now\" >/dev/null 2>&1\n",
    );
    put(
        "opt/nightly",
        "#!/bin/bash\nset -e\nDEST=/srv/old\nDEST=/srv/repos\nDESTINATION=/no\n\n# -p /comment\ndnf reposync --repoid=baseos \\\n  -p ${DEST}/9 --newest-only\ntouch /x; $(rm -r /y)\n",
    );
    put("usr/bin/tool", "#!/usr/bin/perl\nreposync -p /perl\n");
    put("etc/systemd/system/m.service", "[Service]\nUser=reposync\nExecStart=/usr/bin/tool\n");
    let jobs = super::host::Host::new(Some(top.path())).jobs();
    let habit = repo::habit(&jobs);
    assert_eq!(habit.tree.as_deref(), Some(Path::new("/srv/repos/9")));
    assert!(habit.newest_only && habit.ids == ["baseos"]);
    let job = jobs.iter().find(|job| job.text.contains("reposync")).unwrap();
    assert_eq!(job.at, "/etc/cron.d/mirrors, line 2");
    assert_eq!(job.by_way_of.as_deref(), Some("/opt/nightly, line 8"));
    assert_eq!(jobs.iter().filter(|job| job.text.contains("reposync")).count(), 1, "{jobs:?}");
}

#[test]
fn what_came_by_ftp_is_followed_by_http_and_said() {
    let found = list("deb ftp://ftp.example.org/debian sid main\n").unwrap();
    assert_eq!(found[0].from, From::Urls(vec!["http://ftp.example.org/debian".to_owned()]));
    assert!(found[0].findings[0].contains("ftp"));
    config::check_mirror(&found[0].meant().unwrap()).unwrap();
}

#[test]
fn web_servers_are_read_as_far_as_folders_and_paths_go() {
    let places = web::nginx(
        "http {\n  server { # root /no;\n    root \"/var/www\"; location /ubuntu/ { alias /data/m/archive.ubuntu.com/ubuntu/; }\n\
         location ~ \\.x$ { root /pattern; }\n  location ^~ /repo { root /srv; } }\n}\n",
    );
    let shown: Vec<(&str, &Path, Option<&str>, usize)> = places
        .iter()
        .map(|one| (one.path.as_str(), one.folder.as_path(), one.only.as_deref(), one.line))
        .collect();
    assert_eq!(
        shown,
        [
            ("", Path::new("/var/www"), None, 3),
            ("/ubuntu", Path::new("/data/m/archive.ubuntu.com/ubuntu/"), None, 3),
            ("", Path::new("/pattern"), None, 4),
            ("", Path::new("/srv"), Some("/repo"), 5),
        ]
    );
    let places =
        web::apache("<VirtualHost *:80>\n  DocumentRoot \"/srv/mirror\"\n  Alias /debian /srv/d\n");
    assert_eq!((places[0].line, places[1].path.as_str()), (2, "/debian"));
}

#[test]
fn words_are_split_as_a_shell_does() {
    assert_eq!(words::split("a 'b c'\"d\" \\e # f"), ["a", "b cd", "e"]);
    assert_eq!(words::lines("a \\\nb\nc"), [(1, "a b".to_owned()), (3, "c".to_owned())]);
}

#[test]
fn what_a_tool_did_not_bring_is_not_asked_of_its_tree() {
    let top = tempfile::tempdir().unwrap();
    let suite = top.path().join("h.example/d/dists/lab");
    let put = |path: &str, text: &str| {
        let path = suite.join(path);
        pinfold_store::disk::make_dirs(path.parent().unwrap()).unwrap();
        pinfold_store::disk::write_lightly(&path, text.as_bytes(), 0o644).unwrap();
    };
    let listed = [
        "main/binary-amd64/Packages.xz",
        "main/i18n/Translation-en.xz",
        "main/i18n/Translation-de.xz",
        "main/Contents-amd64.gz",
        "main/Contents-all.gz",
        "main/Contents-s390x.gz",
        "universe/i18n/Translation-fr.xz",
    ];
    let lines: String = listed.iter().map(|name| format!(" 00 1 {name}\n")).collect();
    put("Release", &format!("Suite: lab\nSHA256:\n{lines}"));
    for name in [listed[0], listed[1], listed[3]] {
        put(name, "x");
    }
    let text = format!(
        "set mirror_path {}\ndeb [arch=amd64,riscv64] http://h.example/d lab main\ndeb http://h.example/d lab-updates main\n",
        top.path().display()
    );
    let mut found = list(&text).unwrap();
    let one = &mut found[0];
    on_disk::compare(one, &[], 0);
    assert_eq!(
        (&one.suites, &one.architectures),
        (&vec!["lab".to_owned()], &vec!["amd64".to_owned()])
    );
    let more: Vec<String> =
        one.more.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    assert_eq!(more, ["i18n = [\"en\"]", "contents = false"]);
    let said = one.findings.join("\n");
    for says in ["lab-updates", "riscv64", "nobody signed it"] {
        assert!(said.contains(says), "{said}");
    }
    assert!(config::check_mirror(&one.text()).unwrap().belief.unsigned);
}
