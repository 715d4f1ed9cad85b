use pinfold_store::Silent;
use pinfold_store::scan::Reading as _;

use super::*;
use crate::Key;
use crate::key::public_armor;
use crate::tree::tests::{MemoryTree, archive, path, put};

const KEY: &str =
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n";
const SNAPSHOTS: &str = "https://m/snapshots/debian/@SNAPSHOTID@/";
const HEAD: &str = "# Written by pinfold: debian.x as the channel production shows it.\n\
    # Take upstream's own lines out: a second line defeats every pin, apt takes the newest version from either.\n";

/// Upstream's public key.
fn upstream_key() -> Vec<u8> {
    public_armor([&Key::generate("upstream", 1_795_000_000).unwrap().certificate()]).unwrap()
}

/// What the files are made for.
struct Bench {
    dir: tempfile::TempDir,
    mirror: Name,
    channel: Name,
    roots: Vec<RelPath>,
    upstream: Vec<String>,
    keyrings: Vec<PathBuf>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        archive(dir.path());
        let roots = crate::apt::read(&MemoryTree::of(dir.path()), &Silent).unwrap().roots();
        Self::at(dir, roots)
    }

    /// An archive of `Release` files.
    fn of(releases: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in releases {
            put(&dir.path().join(path), text);
        }
        let roots = releases.iter().map(|(root, _)| path(root)).collect();
        Self::at(dir, roots)
    }

    fn at(dir: tempfile::TempDir, roots: Vec<RelPath>) -> Self {
        let upstream = vec!["http://up.example.org/debian".to_owned()];
        put(&dir.path().join("keys/upstream.asc"), upstream_key());
        let keyrings = vec![dir.path().join("keys/upstream.asc")];
        let (mirror, channel) = ("debian.x".parse().unwrap(), "production".parse().unwrap());
        Self { dir, mirror, channel, roots, upstream, keyrings }
    }

    fn local(&self) -> Follows<'_> {
        Follows::Local { channel: &self.channel, public_key: KEY, snapshots_url: SNAPSHOTS }
    }

    fn input(&self) -> ClientInput<'_> {
        ClientInput {
            mirror: &self.mirror,
            url: "https://m/debian/",
            tree: self.dir.path(),
            roots: &self.roots,
            suites: &[],
            follows: self.local(),
            form: Form::Sources,
            downgrade: Downgrade::No,
            upstream: &self.upstream,
            keyrings: &self.keyrings,
        }
    }
}

/// The content of the one file whose path ends so.
fn file<'a>(files: &'a [ClientFile], ending: &str) -> &'a str {
    let mut found = files.iter().filter(|file| file.path.ends_with(ending));
    let file = found.next().unwrap_or_else(|| panic!("no {ending} among {files:?}"));
    assert!(found.next().is_none(), "two files end in {ending}");
    &file.content
}

fn paths(files: &[ClientFile]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn a_channel_is_one_stanza_a_suite_with_both_keys() {
    let bench = Bench::new();
    let files = client(&bench.input()).unwrap();
    assert_eq!(
        paths(&files),
        [
            "/etc/apt/keyrings/pinfold.asc",
            "/etc/apt/keyrings/pinfold-debian.x-upstream.asc",
            "/etc/apt/sources.list.d/pinfold-debian.x.sources",
            "/etc/apt/apt.conf.d/90pinfold-debian.x.conf",
        ]
    );
    assert_eq!(files[0].content, KEY);
    assert_eq!(
        files[2].content,
        format!(
            "{HEAD}\nTypes: deb\nURIs: https://m/debian/\nSuites: trixie\nComponents: main\n\
             Signed-By: /etc/apt/keyrings/pinfold.asc /etc/apt/keyrings/pinfold-debian.x-upstream.asc\n"
        )
    );
    // What apt has built in for this label is beaten; another label has nothing built in.
    assert!(
        files[3].content.contains(&format!("Override::Label::Debian-Security \"{SNAPSHOTS}\";\n"))
    );
    let other = Bench::of(&[("dists/x/Release", "Label: Debian\nComponents: main\n")]);
    assert_eq!(client(&other.input()).unwrap().len(), 3);
    // A link's name where it is asked for.
    let suites = ["stable".to_owned()];
    let files = client(&ClientInput { suites: &suites, ..bench.input() }).unwrap();
    assert!(file(&files, ".sources").contains("Suites: stable\n"));
    let lost = ["sid".to_owned()];
    let refused = client(&ClientInput { suites: &lost, ..bench.input() });
    assert!(matches!(refused, Err(Error::BadText { .. })));
}

#[test]
fn upstreams_signature_needs_upstreams_key_and_outlives_its_dates() {
    let bench = Bench::new();
    let date = Follows::Date("20261123T040000Z".parse().unwrap());
    let dated = client(&ClientInput { follows: date, ..bench.input() }).unwrap();
    assert_eq!(dated.len(), 2, "no key of ours, and no other dates to look for");
    let content = file(&dated, ".sources");
    assert!(
        content
            .starts_with("# Written by pinfold: debian.x as it was at 2026-11-23 04:00:00 UTC.\n")
    );
    assert!(content.ends_with(
        "Signed-By: /etc/apt/keyrings/pinfold-debian.x-upstream.asc\nCheck-Valid-Until: no\n"
    ));
    let none = client(&ClientInput { follows: date, keyrings: &[], ..bench.input() }).unwrap();
    let content = file(&none, ".sources");
    assert!(content.contains("names no keyrings") && !content.contains("Signed-By"), "{content}");
    // A channel with it says what a rollback cannot do, and what a switch can.
    let follows = Follows::Upstream { channel: &bench.channel };
    for (release, file_name, said) in [
        ("Components: main\n", "InRelease", "no by-hash"),
        ("Components: main\nAcquire-By-Hash: no\n", "InRelease", "no by-hash"),
        ("Components: main\nAcquire-By-Hash: yes\n", "InRelease", ""),
        ("Components: main\nAcquire-By-Hash: yes\n", "Release", "a file of its own"),
    ] {
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\n\n{release}-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n"
        );
        let text = if file_name == "Release" { release } else { &signed };
        let bench = Bench::of(&[(&format!("dists/x/{file_name}"), text)]);
        let files = client(&ClientInput { follows, ..bench.input() }).unwrap();
        let content = file(&files, ".sources");
        assert!(
            content.contains("keeps it after a rollback")
                && content.contains("Check-Valid-Until: no\n")
        );
        assert_eq!(content.contains("moment of a switch"), !said.is_empty(), "{content}");
        assert!(content.contains(said), "{content}");
    }
}

#[test]
fn a_fallback_is_a_list_in_which_the_mirror_comes_first() {
    let bench = Bench::of(&[
        ("dists/x/Release", "Components: main\n"),
        ("dists/y/Release", "Components: main\n"),
        ("sub/dists/z/Release", "Components: main\n"),
    ]);
    let upstream = ["http://one/debian/".to_owned(), "https://two/debian".to_owned()];
    for (fallback, kind) in [(Fallback::Upstream, ""), (Fallback::Packages, " type:deb")] {
        let form = Form::Fallback(fallback);
        let files = client(&ClientInput { form, upstream: &upstream, ..bench.input() }).unwrap();
        let lines = |list: &str| {
            let lines = file(&files, list).lines().skip(1).map(str::to_owned);
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            lines("/etc/apt/mirrors/pinfold-debian.x.list"),
            [
                "https://m/debian/\tpriority:1".to_owned(),
                format!("http://one/debian/\tpriority:2{kind}"),
                format!("https://two/debian/\tpriority:3{kind}"),
            ]
        );
        assert_eq!(lines("-2.list")[1], format!("http://one/debian/sub/\tpriority:2{kind}"));
        let sources = file(&files, ".sources");
        let uris: Vec<_> = sources.lines().filter_map(|line| line.strip_prefix("URIs: ")).collect();
        let (one, two) = (
            "mirror+file:/etc/apt/mirrors/pinfold-debian.x.list",
            "mirror+file:/etc/apt/mirrors/pinfold-debian.x-2.list",
        );
        assert_eq!(uris, [one, one, two]);
        assert!(sources.contains("While the mirror is down"));
        assert_eq!(sources.contains("pinfold key sign production"), fallback == Fallback::Upstream);
    }
    let form = Form::Fallback(Fallback::Upstream);
    let refused = |input: ClientInput<'_>| client(&input).unwrap_err().to_string();
    assert!(refused(ClientInput { form, upstream: &[], ..bench.input() }).contains("upstream = "));
    assert!(refused(ClientInput { form, keyrings: &[], ..bench.input() }).contains("keyrings = "));
    let follows = Follows::Date(Stamp::from_seconds(0));
    assert!(refused(ClientInput { form, follows, ..bench.input() }).contains("a date has none"));
    // Packages are proved by the mirror's index, whoever brings them.
    let form = Form::Fallback(Fallback::Packages);
    assert!(client(&ClientInput { form, keyrings: &[], ..bench.input() }).is_ok());
}

#[test]
fn a_plain_line_is_what_one_types() {
    let bench = Bench::of(&[
        ("dists/x/Release", "Components: main universe\n"),
        ("flat/Release", "Origin: x\n"),
    ]);
    let form = Form::Plain;
    let files = client(&ClientInput { form, ..bench.input() }).unwrap();
    assert_eq!(
        paths(&files),
        ["/etc/apt/trusted.gpg.d/pinfold.asc", "/etc/apt/sources.list.d/pinfold-debian.x.list"]
    );
    let content = &files[1].content;
    assert!(
        content.starts_with(HEAD) && content.contains("signed = \"upstream\" in debian.x.toml")
    );
    assert!(
        content.ends_with("\ndeb https://m/debian/ x main universe\ndeb https://m/debian/ flat/\n"),
        "{content}"
    );
    let follows = Follows::Date(Stamp::from_seconds(0));
    let files = client(&ClientInput { form, follows, ..bench.input() }).unwrap();
    assert!(
        files[1]
            .content
            .contains("\ndeb [check-valid-until=no] https://m/debian/ x main universe\n")
    );
    assert!(files[1].content.lines().all(|line| line.starts_with('#') || line.starts_with("deb ")));
}

#[test]
fn keyrings_are_printed_in_one_block() {
    let mut bench = Bench::new();
    let keys = ["a", "b"].map(|name| Key::generate(name, 1_795_000_000).unwrap().certificate());
    let armor = |at: usize| public_armor([&keys[at]]).unwrap();
    let dir = bench.dir.path().join("keys");
    put(&dir.join("blocks.asc"), [armor(0), b"text between\n".to_vec(), armor(1)].concat());
    put(&dir.join("secret.asc"), keys[0].secret_armor().unwrap());
    put(&dir.join("junk.gpg"), b"KBXf or anything");
    put(&dir.join("open.asc"), armor(0));
    let chmod = |mode: &str, name: &str| {
        std::process::Command::new("chmod").arg(mode).arg(dir.join(name)).status().unwrap();
    };
    chmod("666", "open.asc");
    bench.keyrings.push(dir.join("blocks.asc"));
    let files = client(&bench.input()).unwrap();
    let printed = file(&files, "pinfold-debian.x-upstream.asc");
    assert_eq!(printed.matches("-----BEGIN").count(), 1, "apt reads one block");
    let shown = crate::sign::Keyring::parse(printed.as_bytes(), "").unwrap().fingerprints();
    assert!(keys.iter().all(|key| shown.contains(&key.fingerprint())) && shown.len() == 3);
    for name in ["junk.gpg", "secret.asc", "open.asc", "none.gpg"] {
        bench.keyrings = vec![dir.join(name)];
        assert!(client(&bench.input()).unwrap_err().to_string().contains(name), "{name}");
    }
}

#[test]
fn pins_are_on_the_release_and_on_what_brings_its_newer_versions() {
    let ubuntu = |suite: &str, more: &str| {
        format!(
            "Origin: Ubuntu\nLabel: Ubuntu\nSuite: {suite}\nCodename: jammy\nComponents: main\n{more}"
        )
    };
    for (releases, pins) in [
        (
            vec![
                ("dists/jammy-updates/Release", ubuntu("jammy-updates", "")),
                ("dists/jammy-backports/Release", ubuntu("jammy-backports", "NotAutomatic: yes\n")),
            ],
            vec![
                "release o=Ubuntu,a=jammy",
                "release o=Ubuntu,a=jammy-security",
                "release o=Ubuntu,a=jammy-updates",
            ],
        ),
        (
            vec![(
                "dists/bookworm/Release",
                "Origin: Debian\nSuite: oldstable\nCodename: bookworm\n".to_owned(),
            )],
            vec![
                "release o=Debian,n=bookworm",
                "release o=Debian,n=bookworm-security",
                "release o=Debian,n=bookworm-updates",
            ],
        ),
        (
            vec![("dists/x/Release", "Origin: Docker\nSuite: x-proposed\n".to_owned())],
            vec![
                "release o=Docker,a=x-proposed",
                "release o=Docker,a=x-proposed-security",
                "release o=Docker,a=x-proposed-updates",
            ],
        ),
        (vec![("Release", "Label: Just a Label\n".to_owned())], vec!["release l=Just a Label"]),
        (vec![("Release", "Date: x\n".to_owned())], vec!["origin \"m\""]),
    ] {
        let releases: Vec<_> = releases.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let bench = Bench::of(&releases);
        let downgrade = Downgrade::Yes;
        let files =
            client(&ClientInput { downgrade, url: "https://m:8080/x", ..bench.input() }).unwrap();
        let content = file(&files, "/etc/apt/preferences.d/pinfold-debian.x.pref");
        let found: Vec<_> = content.lines().filter_map(|line| line.strip_prefix("Pin: ")).collect();
        assert_eq!(found, pins);
        assert_eq!(
            content.matches("Package: *\n").count(),
            content.matches("Pin-Priority: 1001\n").count()
        );
    }
}

#[test]
fn what_cannot_be_pinned_is_refused() {
    for (release, form) in [
        ("Origin: x\nNotAutomatic: yes\n", Form::Sources),
        ("Origin: x,a=y\n", Form::Sources),
        ("Origin: /x/\n", Form::Sources),
        ("Origin: *\n", Form::Sources),
        ("Origin: x\nSuite: x\u{1b}\n", Form::Sources),
        ("Date: x\n", Form::Fallback(Fallback::Packages)),
    ] {
        let bench = Bench::of(&[("dists/x/Release", release)]);
        let refused = client(&ClientInput { downgrade: Downgrade::Yes, form, ..bench.input() });
        assert!(matches!(refused, Err(Error::BadText { .. })), "{release}");
    }
}

#[test]
fn archives_of_every_shape_are_named_as_apt_wants_them() {
    for (root, url, suite) in [
        ("Release", "https://m/debian/", "Suites: ./\nSigned"),
        ("sub/dir/Release", "https://m/debian/", "Suites: sub/dir/\nSigned"),
        (
            "a/b/dists/x/updates/Release",
            "https://m/debian/a/b/",
            "Suites: x/updates\nComponents: main contrib\n",
        ),
    ] {
        let bench = Bench::of(&[(root, "Components: updates/main updates/contrib\n")]);
        let files = client(&bench.input()).unwrap();
        let content = file(&files, ".sources");
        assert!(content.contains(&format!("URIs: {url}\n{suite}")), "{content}");
    }
}

#[test]
fn nothing_from_outside_can_forge_a_line() {
    for (root, release) in [
        ("dists/x/Release", "Components: main\u{1b}[2J\n"),
        ("dists/y z/Release", "Components: main\n"),
        ("a b/dists/x/Release", "Components: main\n"),
    ] {
        let bench = Bench::of(&[(root, release)]);
        assert!(matches!(client(&bench.input()), Err(Error::BadText { .. })), "{root}");
    }
    let bench = Bench::of(&[("dists/ok/Release", "Components: main\n")]);
    assert!(client(&bench.input()).is_ok());
    for url in [
        "",
        "m",
        "file:///etc",
        "http://",
        "https://m/\nTrusted: yes",
        "https://m/ x",
        "https://u:p@m/x",
    ] {
        assert!(client(&ClientInput { url, ..bench.input() }).is_err(), "{url:?}");
        let upstream = [url.to_owned()];
        let refused = client(&ClientInput { upstream: &upstream, ..bench.input() }).unwrap_err();
        assert!(!refused.to_string().contains("u:p"), "a password is not shown");
    }
    let twice = format!("{KEY}{KEY}");
    for public_key in ["", "Trusted: yes", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\u{1b}", &twice] {
        let follows =
            Follows::Local { channel: &bench.channel, public_key, snapshots_url: SNAPSHOTS };
        assert!(client(&ClientInput { follows, ..bench.input() }).is_err(), "{public_key:?}");
    }
    let follows =
        Follows::Local { channel: &bench.channel, public_key: KEY, snapshots_url: "https://m/" };
    assert!(client(&ClientInput { follows, ..bench.input() }).is_err());
}

#[test]
fn apt_reads_the_files_and_asks_where_it_should() {
    let bench = Bench::new();
    for (form, asked) in [
        (Form::Sources, "'https://m/debian/dists/trixie/InRelease' "),
        (Form::Plain, "'https://m/debian/dists/trixie/InRelease' "),
        (
            Form::Fallback(Fallback::Packages),
            "'mirror+file:/etc/apt/mirrors/pinfold-debian.x.list/dists/trixie/InRelease' ",
        ),
    ] {
        let files =
            client(&ClientInput { form, downgrade: Downgrade::Yes, ..bench.input() }).unwrap();
        let machine = tempfile::tempdir().unwrap();
        for file in &files {
            put(&machine.path().join(&file.path[1..]), &file.content);
        }
        let at = machine.path().display();
        // The folder of configuration must be known before the command line is read.
        put(
            &machine.path().join("apt.conf"),
            format!(
                "Dir \"{at}\";\nDir::State::status \"/dev/null\";\nAPT::Architecture \"amd64\";\n"
            ),
        );
        put(&machine.path().join("var/lib/apt/lists/partial/x"), "");
        let apt = |tool: &str, verb: &[&str]| {
            let config = machine.path().join("apt.conf");
            let done = std::process::Command::new(tool)
                .args(verb)
                .env("APT_CONFIG", config)
                .env("LC_ALL", "C")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success() && said.is_empty(), "{tool}: {said}");
            String::from_utf8(done.stdout).unwrap()
        };
        let uris = apt("apt-get", &["update", "--print-uris"]);
        assert!(uris.starts_with(asked), "{uris}");
        assert!(apt("apt-cache", &["policy"]).contains("Package files:"), "the preferences parse");
        let name = "Acquire::Snapshots::URI::Override::Label::Debian-Security";
        assert_eq!(apt("apt-config", &["dump", name]), format!("{name} \"{SNAPSHOTS}\";\n"));
    }
}
