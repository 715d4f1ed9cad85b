//! What is refused, with which exit code, and what the person is told to do.
use crate::harness::{Archive, Mount, Site, ran, write};

#[test]
fn a_bad_configuration_is_refused_with_file_and_mend() {
    let site = Site::new();
    let good = std::fs::read_to_string(site.config()).unwrap();
    let cases = [
        ("unknown key", format!("colour = \"blue\"\n{good}"), "line 1: unknown field `colour`"),
        ("unknown site key", format!("{good}speed = 3\n"), "line 7: unknown field `speed`"),
        ("not TOML", "root = \n".to_owned(), "line 1: "),
        ("relative root", good.replace("root = \"/", "root = \""), "line 1: root"),
        ("bad channel", format!("{good}\n[channels.\"Pro/duction\"]\n"), "line 8: [channels.Pro/"),
        ("a channel that is a date", format!("{good}[channels.2026]\n"), "line 7: [channels.2026]"),
        ("bad url", good.replace("url = \"http", "url = \"gopher"), "line 5: bad url"),
        ("bad listen", good.replace("listen = \"", "listen = \"; "), "line 6: bad listen"),
        ("a long file", "#".repeat(2 << 20), "no configuration"),
    ];
    for (what, text, named) in cases {
        write(site.config(), text);
        let refused = site.run(&["channels"]);
        assert_eq!(refused.code, Some(2), "{what}: {}", refused.said());
        let refused = refused.says(named).says("pinfold.toml");
        assert!(refused.out.is_empty(), "{what} wrote to stdout");
    }
    std::fs::remove_file(site.config()).unwrap();
    site.run(&["channels"]).expect(2).says("pinfold.toml").says("README");
    assert!(std::process::Command::new("mkfifo").arg(site.config()).status().unwrap().success());
    site.run(&["channels"]).expect(2).says("no configuration");
}

#[test]
fn a_configuration_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let mirror = site.dir().join("mirrors.d/lab.toml");
    for (path, bad, good) in [
        (site.config(), 0o664, 0o644),
        (site.config(), 0o646, 0o640),
        (mirror.clone(), 0o622, 0o600),
        (mirror.parent().unwrap().to_owned(), 0o777, 0o755),
    ] {
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        mode(bad).unwrap();
        let refused = site.run(&["channels"]).expect(2);
        refused.says(path.to_str().unwrap()).says("chmod go-w");
        mode(good).unwrap();
        site.ok(&["channels"]);
    }
}

#[test]
fn bad_mirrors_are_refused_by_file() {
    let good = "family = \"apt\"\nmount = \"other\"\n";
    let cases = [
        (
            "second",
            "family = \"apt\"\n\nmount = \"archive.example.org/lab\"\n",
            "second.toml, line 3: mount = \"archive.example.org/lab\" and that in lab.toml",
        ),
        (
            "nested",
            "family = \"apt\"\nmount = \"archive.example.org/lab/deep\"\n",
            "archive.example.org/lab",
        ),
        ("above", "family = \"apt\"\nmount = \"archive.example.org\"\n", "archive.example.org"),
        ("ours", "family = \"apt\"\nmount = \"snapshots/x\"\n", "snapshots"),
        ("climbs", "family = \"apt\"\nmount = \"../x\"\n", "climbs.toml, line 2: bad mount"),
        ("breaks", "family = \"apt\"\nmount = \"x; return 200\"\n", "mount"),
        ("key", "family = \"apt\"\nmount = \"other\"\ncolour = 1\n", "colour"),
        (
            "family",
            "mount = \"other\"\nfamily = \"cpan\"\n",
            "family.toml, line 2: family = \"cpan\"",
        ),
        ("least", "mount = \"other\"\n", "family"),
        ("Upper", good, "Upper"),
        ("a;b", good, "a;b"),
        ("-dash", good, "-dash"),
    ];
    for (name, text, named) in cases {
        let site = Site::new();
        site.mirror(name, text);
        let refused = site.run(&["site"]);
        assert_eq!(refused.code, Some(2), "{name}: {}", refused.said());
        assert!(refused.says(named).says(&format!("{name}.toml")).out.is_empty());
    }
}

#[test]
fn a_root_on_two_file_systems_is_refused() {
    let mount = Mount::ext4(32, &[]);
    let site = Site::bare();
    site.mirror("lab", "family = \"apt\"\nmount = \"archive.example.org/lab\"\n");
    std::fs::create_dir_all(&site.root).unwrap();
    std::os::unix::fs::symlink(mount.path(), site.root.join("www")).unwrap();
    let refused = site.run(&["init"]);
    assert!(matches!(refused.code, Some(2 | 5)), "{}", refused.said());
    assert!(refused.says("file system").code.is_some());
}

#[test]
fn init_says_what_the_file_system_can_and_is_harmless_twice() {
    let site = Site::new();
    let said = site.run(&["init"]).expect(0).said();
    for word in ["link", "inode"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    use std::os::unix::fs::PermissionsExt;
    let keys = std::fs::metadata(site.root.join("keys")).unwrap().permissions().mode();
    assert_eq!(keys & 0o777, 0o700);
    let key = std::fs::read(site.root.join("www/pinfold.asc")).unwrap();
    site.ok(&["init"]);
    assert_eq!(std::fs::read(site.root.join("www/pinfold.asc")).unwrap(), key, "the key stays");
    assert_eq!(site.generation("production"), 0);
}

#[test]
fn wrong_usage_and_unknown_names_are_exit_2() {
    let site = Site::new();
    let archive = Archive::first();
    site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    let cases: [&[&str]; 14] = [
        &["frobnicate"],
        &["promote", "lab"],
        &["promote", "lab", "--to", "nowhere"],
        &["promote", "other", "--to", "production"],
        &["promote", "lab@2026-03-01", "--to", "production"],
        &["promote", "lab@nothing", "--to", "production"],
        &["ingest", "other", "/tmp"],
        &["ingest", "lab", "/nonexistent/tree"],
        &["ingest", "lab", "/etc/passwd"],
        &["rollback", "nowhere"],
        &["log", "nowhere"],
        &["show", "lab@2026-02-30"],
        &["verify", "../lab"],
        &["publish", "lab@20260323T040001Z"],
    ];
    for args in cases {
        let refused = site.run(args);
        assert!(
            matches!(refused.code, Some(2))
                || (args[1] == "lab" && args[0] == "ingest" && refused.code == Some(5)),
            "{args:?}: {:?} {}",
            refused.code,
            refused.said()
        );
        assert!(
            !refused.err.trim().is_empty() && refused.out.is_empty(),
            "{args:?} says why, on stderr"
        );
        assert!(
            !refused.err.contains("panicked") && !refused.err.contains("RUST_BACKTRACE"),
            "{}",
            refused.err
        );
    }
    site.run(&["--help"]).expect(0);
    site.run(&["--version"]).expect(0);
}

#[test]
fn dry_runs_change_nothing() {
    let site = Site::new();
    let archive = Archive::first();
    let tree = archive.tree.to_str().unwrap();
    site.ok(&["ingest", "lab", tree, "--dry-run"]);
    assert!(site.dates("lab").is_empty() && site.objects() == 0);
    let first = site.ingest(&archive.tree, &["--taken", "2026-03-23T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "production", "--dry-run"]);
    assert_eq!(site.generation("production"), 0);
    site.ok(&["promote", "lab", "--to", "production"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    let held = format!("lab@{first}");
    archive.second_state();
    site.ingest(&archive.tree, &["--taken", "2026-03-24T04:00:00Z"]);
    site.ok(&["promote", "lab", "--to", "staging"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    let numbers = (site.generation("production"), site.generation("staging"));
    for args in [
        &["rollback", "production", "--dry-run"][..],
        &["retire", &held, "--dry-run"],
        &["prune", &held, "--dry-run"],
    ] {
        site.ok(args);
    }
    assert_eq!((site.generation("production"), site.generation("staging")), numbers);
    assert_eq!((site.dates("lab").len(), site.published("lab").len()), (2, 2));
}

#[test]
fn a_reader_that_goes_away_or_a_full_output_is_no_success() {
    let site = Site::new();
    let archive = Archive::first();
    site.ingest(&archive.tree, &[]);
    for args in [&["snapshots"][..], &["site"], &["channels", "--json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status =
            site.command(args).stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
        assert_eq!(
            status.status.code(),
            Some(5),
            "{args:?} to a full device: {}",
            String::from_utf8_lossy(&status.stderr)
        );
    }
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let site = Site::new();
    let format = site.root.join("FORMAT");
    let text = std::fs::read_to_string(&format).unwrap();
    let newer = text.replacen('1', "99", 1);
    assert_ne!(text, newer);
    write(&format, &newer);
    let refused = ran(&mut site.command(&["snapshots"]));
    assert!(refused.code.is_some_and(|code| code != 0 && code != 70), "{}", refused.said());
    assert_eq!(std::fs::read_to_string(&format).unwrap(), newer);
}

#[test]
fn help_to_a_full_output_is_no_success() {
    let site = Site::bare();
    for args in [&["--help"][..], &["ingest", "--help"], &["--version"], &["manual"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = ran(site.command(args).stdout(full));
        assert_eq!(ran.code, Some(5), "{args:?}: {}", ran.said());
    }
}

#[test]
fn reasons_and_folders_forge_no_lines_and_json_stays_json() {
    let site = Site::bare();
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site.ok(&["init"]);
    let folder = site.dir().join("red\u{1b}[31m\nline");
    write(folder.join("file"), "x");
    write(folder.join("\u{202e}bidi"), "y");
    let hostile = "why\u{1b}[2J \u{202e} not\nproduction is at generation 99";
    site.ok(&["ingest", "tree", folder.to_str().unwrap()]);
    site.ok(&["promote", "tree", "--to", "production", "--reason", hostile]);
    site.ok(&["pin", "tree", "hold", "--reason", hostile]);
    std::os::unix::fs::symlink("/etc", folder.join("out")).unwrap();
    let refused = site.run(&["ingest", "tree", folder.to_str().unwrap()]).expect(2).said();
    let shown = [&["log", "production"][..], &["channels"], &["show", "tree"], &["snapshots"]]
        .map(|args| site.ok(args))
        .concat();
    for text in [&refused, &shown] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
    assert!(!refused.contains("\nline"), "a path stays on one line: {refused}");
    let log: serde_json::Value =
        serde_json::from_str(&site.ok(&["log", "production", "--json"])).unwrap();
    assert_eq!(log[0]["reason"], hostile);
}

#[test]
fn with_json_every_verb_prints_json() {
    let site = Site::new();
    let archive = Archive::first();
    let tree = archive.tree.to_str().unwrap();
    let verbs: [&[&str]; 24] = [
        &["init"],
        &["init", "--dry-run"],
        &["ingest", "lab", tree, "--dry-run"],
        &["ingest", "lab", tree],
        &["ingest", "lab", tree],
        &["snapshots"],
        &["show", "lab"],
        &["verify", "lab"],
        &["publish", "lab"],
        &["publish", "lab", "--dry-run"],
        &["promote", "lab", "--to", "production", "--dry-run"],
        &["promote", "lab", "--to", "production"],
        &["channels"],
        &["log", "production"],
        &["pin", "lab", "hold"],
        &["unpin", "lab", "hold"],
        &["pin", "lab", "--in", "production"],
        &["unpin", "lab", "--in", "production"],
        &["client", "lab@production"],
        &["fsck"],
        &["fsck", "--rebuild"],
        &["fsck", "--rebuild", "--dry-run"],
        &["prune"],
        &["prune", "--dry-run"],
    ];
    let parses = |args: &[&str]| {
        let text = site.ok(&[args, &["--json"]].concat());
        let value = serde_json::from_str::<serde_json::Value>(&text);
        assert!(value.is_ok(), "{args:?}: {value:?}\n{text}");
    };
    verbs.iter().for_each(|args| parses(args));
    let first = format!("lab@{}", site.dates("lab")[0]);
    archive.second_state();
    site.ingest(&archive.tree, &[]);
    site.ok(&["promote", "lab", "--to", "production"]);
    parses(&["rollback", "production"]);
    site.ok(&["promote", "lab", "--to", "production"]);
    for args in [
        &["retire", &first, "--dry-run"][..],
        &["retire", &first],
        &["publish", &first],
        &["prune", &first, "--dry-run"],
        &["prune", &first],
    ] {
        parses(args);
    }
}
