use super::*;
use crate::key::public_armor;
use crate::tree::tests::put;
use crate::{Error, Key};

const OUTSIDE: &str = "# Take upstream's own sections out: what is newer there would come in, and with priority= what only upstream has.\n";

/// What the files are made for.
struct Bench {
    _dir: tempfile::TempDir,
    mirror: Name,
    channel: Name,
    upstream: Vec<String>,
    keyrings: Vec<PathBuf>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = ["one", "two"].map(|who| Key::generate(who, 1_795_000_000).unwrap());
        let certificates = keys.each_ref().map(Key::certificate);
        put(&dir.path().join("keys.asc"), public_armor(&certificates).unwrap());
        Self {
            mirror: "rocky.x".parse().unwrap(),
            channel: "production".parse().unwrap(),
            upstream: vec!["https://up.example.org/rocky/9/BaseOS/x86_64/os".to_owned()],
            keyrings: vec![dir.path().join("keys.asc")],
            _dir: dir,
        }
    }

    fn input(&self, tool: Tool, form: Form) -> ClientInput<'_> {
        ClientInput {
            mirror: &self.mirror,
            tool,
            url: "http://m/rocky-baseos",
            follows: Follows::Channel { channel: &self.channel, minutes: MINUTES },
            form,
            signed: Signed::Metadata,
            upstream: &self.upstream,
            keyrings: &self.keyrings,
        }
    }

    fn pinned(&self, tool: Tool) -> ClientInput<'_> {
        ClientInput {
            url: "http://m/snapshots/rocky.x/20261123T040000Z",
            follows: Follows::Date("20261123T040000Z".parse().unwrap()),
            ..self.input(tool, Form::Direct)
        }
    }
}

/// The section, and the comments before it.
fn section(input: &ClientInput<'_>) -> (String, String) {
    let file = client(input).unwrap().pop().unwrap();
    let (comments, section) = file.content.split_at(file.content.find("\n[").unwrap() + 1);
    assert!(comments.lines().all(|line| line.starts_with("# ") && line.len() < 140), "{comments}");
    assert!(!section.contains('#') && file.content.is_ascii());
    (comments.to_owned(), section.to_owned())
}

#[test]
fn dnf_follows_a_channel_and_goes_to_upstream_only_where_told() {
    let bench = Bench::new();
    let files = client(&bench.input(Tool::Dnf, Form::Fallback)).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        ["/etc/pki/rpm-gpg/pinfold-rocky.x.asc", "/etc/yum.repos.d/pinfold-rocky.x.repo"]
    );
    assert!(files[0].content.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
    let (comments, fallback) = section(&bench.input(Tool::Dnf, Form::Fallback));
    assert!(comments.starts_with(&format!(
        "# Written by pinfold: rocky.x as the channel production shows it.\n{OUTSIDE}"
    )));
    assert_eq!(
        fallback,
        "[rocky.x]\n\
         name=rocky.x as production shows it\n\
         baseurl=http://m/rocky-baseos/\n        https://up.example.org/rocky/9/BaseOS/x86_64/os/\n\
         enabled=1\n\
         gpgcheck=1\n\
         repo_gpgcheck=1\n\
         gpgkey=file:///etc/pki/rpm-gpg/pinfold-rocky.x.asc\n\
         metadata_expire=300\n\
         max_downloads_per_mirror=20\n\
         timeout=5\n\
         skip_if_unavailable=0\n\
         countme=0\n"
    );
    let (_, direct) = section(&bench.input(Tool::Dnf, Form::Direct));
    let without = fallback
        .replace("        https://up.example.org/rocky/9/BaseOS/x86_64/os/\n", "")
        .replace("max_downloads_per_mirror=20\ntimeout=5\n", "");
    assert_eq!(direct, without);
    let (_, list) = section(&bench.input(Tool::Dnf, Form::List));
    let url = "baseurl=http://m/rocky-baseos/";
    assert_eq!(list, direct.replace(url, "mirrorlist=http://m/rocky-baseos/mirrorlist"));
}

#[test]
fn zypper_follows_a_channel_and_goes_to_upstream_only_where_told() {
    let bench = Bench::new();
    let files = client(&bench.input(Tool::Zypper, Form::Fallback)).unwrap();
    assert_eq!(files[1].path, "/etc/zypp/repos.d/pinfold-rocky.x.repo");
    let (comments, fallback) = section(&bench.input(Tool::Zypper, Form::Fallback));
    assert!(comments.contains("repo.refresh.delay = 5 in /etc/zypp/zypp.conf"), "{comments}");
    assert!(comments.contains("rpm --import /etc/pki/rpm-gpg/pinfold-rocky.x.asc"), "{comments}");
    assert_eq!(
        fallback,
        "[rocky.x]\n\
         name=rocky.x as production shows it\n\
         baseurl=http://m/rocky-baseos/\n        https://up.example.org/rocky/9/BaseOS/x86_64/os/\n\
         enabled=1\n\
         gpgcheck=1\n\
         gpgkey=file:///etc/pki/rpm-gpg/pinfold-rocky.x.asc\n\
         autorefresh=1\n\
         keeppackages=0\n"
    );
    // A list loses to any baseurl.
    let (_, list) = section(&bench.input(Tool::Zypper, Form::List));
    assert!(list.contains("\nmirrorlist=http://m/rocky-baseos/mirrorlist\n"), "{list}");
    assert!(!list.contains("baseurl"), "{list}");
}

#[test]
fn a_date_is_asked_for_once() {
    let bench = Bench::new();
    for (tool, option) in [(Tool::Dnf, "metadata_expire=never"), (Tool::Zypper, "autorefresh=0")] {
        let (comments, text) = section(&bench.pinned(tool));
        assert!(
            comments.starts_with(
                "# Written by pinfold: rocky.x as it was at 2026-11-23 04:00:00 UTC.\n"
            )
        );
        assert!(text.contains("name=rocky.x as it was at 20261123T040000Z\n"), "{text}");
        assert!(
            text.contains("\nbaseurl=http://m/snapshots/rocky.x/20261123T040000Z/\n"),
            "{text}"
        );
        assert!(text.contains(&format!("\n{option}\n")), "{text}");
    }
}

#[test]
fn minutes_are_what_was_asked_for() {
    let bench = Bench::new();
    for (minutes, seconds) in [(1, "60"), (60, "3600"), (u16::MAX, "3932100")] {
        let minutes = NonZeroU16::new(minutes).unwrap();
        let follows = Follows::Channel { channel: &bench.channel, minutes };
        let dnf = ClientInput { follows, ..bench.input(Tool::Dnf, Form::Direct) };
        assert!(section(&dnf).1.contains(&format!("\nmetadata_expire={seconds}\n")));
        let zypper = ClientInput { tool: Tool::Zypper, ..dnf };
        assert!(section(&zypper).0.contains(&format!("repo.refresh.delay = {minutes} ")));
    }
}

#[test]
fn every_form_says_what_it_costs() {
    let bench = Bench::new();
    let words: &[(Tool, Form, &[&str])] = &[
        (Tool::Dnf, Form::Direct, &["two dates", "stops with an error", "vanish without a word"]),
        (
            Tool::Dnf,
            Form::Fallback,
            &["two dates", "state of the day", "twice the timeout", "max_downloads"],
        ),
        (Tool::Dnf, Form::List, &["of one date", "no baseurl", "stops with an error"]),
        (Tool::Zypper, Form::Direct, &["two dates", "run again", "does without this repository"]),
        (
            Tool::Zypper,
            Form::Fallback,
            &["two dates", "takes upstream's state", "state of the day"],
        ),
        (Tool::Zypper, Form::List, &["of one date", "no baseurl", "10 min more", "does without"]),
    ];
    for (tool, form, words) in words {
        let (comments, _) = section(&bench.input(*tool, *form));
        for word in *words {
            assert!(comments.contains(word), "{tool:?} {form:?}: no '{word}' in\n{comments}");
        }
    }
    for (tool, word) in
        [(Tool::Dnf, "A key of upstream that expires"), (Tool::Zypper, "zypper refresh")]
    {
        let (comments, _) = section(&bench.pinned(tool));
        assert!(comments.contains(word) && comments.contains("security updates neither"));
    }
}

#[test]
fn what_is_signed_decides_what_is_checked() {
    let bench = Bench::new();
    for (tool, signed, options, key) in [
        (Tool::Dnf, Signed::Metadata, "gpgcheck=1\nrepo_gpgcheck=1\n", true),
        (Tool::Dnf, Signed::Packages, "gpgcheck=1\nrepo_gpgcheck=0\n", true),
        (Tool::Dnf, Signed::Nothing, "gpgcheck=0\nrepo_gpgcheck=0\n", false),
        (Tool::Zypper, Signed::Metadata, "gpgcheck=1\n", true),
        (Tool::Zypper, Signed::Packages, "gpgcheck=1\nrepo_gpgcheck=0\npkg_gpgcheck=1\n", true),
        (Tool::Zypper, Signed::Nothing, "gpgcheck=0\nrepo_gpgcheck=0\n", false),
    ] {
        let input = ClientInput { signed, ..bench.input(tool, Form::Direct) };
        let (comments, text) = section(&input);
        let gpgkey = "gpgkey=file:///etc/pki/rpm-gpg/pinfold-rocky.x.asc\n";
        let expected = format!("enabled=1\n{options}{}", if key { gpgkey } else { "" });
        assert!(text.contains(&expected), "{tool:?} {signed:?}: {text}");
        assert_eq!(comments.contains("Only https"), signed == Signed::Nothing, "{comments}");
        // Without a key dnf could prove no metadata at all.
        let bare = ClientInput { keyrings: &[], ..input };
        let (comments, text) = section(&bare);
        assert!(!text.contains("gpgkey") && !text.contains("repo_gpgcheck=1"), "{text}");
        assert_eq!(comments.contains("names no keyrings"), signed != Signed::Nothing);
        assert_eq!(client(&bare).unwrap().len(), 1);
    }
}

#[test]
fn what_would_mean_something_else_is_refused() {
    let bench = Bench::new();
    let odd = [
        "",
        "rocky",
        "ftp://m/x",
        "http://",
        "http:///x",
        "http://m/x y",
        "http://m/x\n[evil]",
        "http://m/x\r",
        "http://m/\u{e9}",
        "http://m/a,http://evil/",
        "http://m/$releasever/",
        "http://m/${x}/",
        "http://m/?q",
        "http://m/#f",
        "http://m/;x",
        "http://m/\"x\"",
        "http://m/a\\b",
        "http://m/a%",
        "http://m/a%4",
        "http://m/a%zz",
        "http://m/%(x)s",
        "http://user:secret@m/",
    ];
    for url in odd {
        for tool in [Tool::Dnf, Tool::Zypper] {
            let own = ClientInput { url, ..bench.input(tool, Form::Direct) };
            assert!(matches!(client(&own), Err(Error::BadText { .. })), "{url:?}");
            let upstream = [url.to_owned()];
            let theirs = ClientInput { upstream: &upstream, ..bench.input(tool, Form::Fallback) };
            let error = client(&theirs).unwrap_err().to_string();
            assert!(!error.contains("secret") && !error.contains('\n'), "{error}");
        }
        assert!(dated_list(url).is_err(), "{url:?}");
    }
    for url in ["https://[::1]:8080/a/", "http://m/a%24b+c~d/(x)/", "http://m"] {
        let input = ClientInput { url, ..bench.input(Tool::Dnf, Form::Direct) };
        assert!(section(&input).1.contains(&format!("baseurl={}/\n", url.trim_end_matches('/'))));
    }
}

#[test]
fn forms_that_would_not_work_are_refused() {
    let bench = Bench::new();
    for tool in [Tool::Dnf, Tool::Zypper] {
        for (input, word) in [
            (ClientInput { form: Form::Fallback, ..bench.pinned(tool) }, "upstream shows today"),
            (ClientInput { form: Form::List, ..bench.pinned(tool) }, "names the tree"),
            (
                ClientInput { upstream: &[], ..bench.input(tool, Form::Fallback) },
                "must name upstream",
            ),
            (
                ClientInput { url: "http://m/metalinks", ..bench.input(tool, Form::List) },
                "takes a list for a metalink",
            ),
        ] {
            let error = client(&input).unwrap_err();
            assert!(matches!(error, Error::BadText { .. }), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

#[test]
fn the_served_list_is_one_line_that_clients_read() {
    let bytes = dated_list("http://m/snapshots/rocky.x/20261123T040000Z").unwrap();
    assert_eq!(bytes, b"http://m/snapshots/rocky.x/20261123T040000Z/\n");
    let read = crate::rpm::mirrorlist(&bytes, "x").unwrap();
    assert_eq!(read[0].to_string(), "http://m/snapshots/rocky.x/20261123T040000Z/");
    assert!(!LIST_NAME.contains("metalink"));
}
