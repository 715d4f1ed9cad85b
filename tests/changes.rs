//! What changed between two days: the packages of real archives, named by the program.
use crate::harness::{Site, temp_dir, tool, write};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// How a state of an archive is made: two suites, a link to one, two architectures, sources, and more than one form.
const TOOLS: &str = r#"
    set -eu
    pkg() { # SUITE NAME VERSION ARCHITECTURE [CONTENT]
        rm -rf p; mkdir -p p/DEBIAN p/usr/share/lab "pool/$1"
        printf 'Package: %s\nSource: src-%s\nVersion: %s\nArchitecture: %s\nMaintainer: Lab <lab@example.org>\nDescription: lab\n' \
            "$2" "$2" "$3" "$4" > p/DEBIAN/control
        echo "$2 $3 ${5:-}" > "p/usr/share/lab/$2"
        SOURCE_DATE_EPOCH=1700000000 dpkg-deb -Zxz -z1 --root-owner-group --build p "pool/$1/$2_${3#*:}_$4.deb" >/dev/null
        rm -r p
    }
    src() { # SUITE NAME VERSION
        tar="$2_${3#*:}.tar.xz"
        echo "$2 $3" | xz > "pool/$1/$tar"
        set -- "$1" "$2" "$3" "$tar" "$(stat -c %s "pool/$1/$tar")" "$(sha256sum < "pool/$1/$tar" | cut -d' ' -f1)" "$(md5sum < "pool/$1/$tar" | cut -d' ' -f1)"
        printf 'Format: 3.0 (native)\nSource: %s\nBinary: %s\nArchitecture: any\nVersion: %s\nMaintainer: Lab <lab@example.org>\nChecksums-Sha256:\n %s %s %s\nFiles:\n %s %s %s\n' \
            "$2" "$2" "$3" "$6" "$5" "$4" "$7" "$5" "$4" > "pool/$1/$2_${3#*:}.dsc"
    }
    lists() { # SUITE
        for architecture in amd64 arm64; do
            mkdir -p "dists/$1/main/binary-$architecture"
            apt-ftparchive --arch "$architecture" packages "pool/$1" > "dists/$1/main/binary-$architecture/Packages"
            gzip -9nk "dists/$1/main/binary-$architecture/Packages"
            xz -k "dists/$1/main/binary-$architecture/Packages"
        done
        mkdir -p "dists/$1/main/source"
        apt-ftparchive sources "pool/$1" 2>/dev/null | gzip -9n > "dists/$1/main/source/Sources.gz"
        gzip -dk "dists/$1/main/source/Sources.gz"
    }
    release() { # SUITE
        rm -f "dists/$1/Release"
        apt-ftparchive -o "APT::FTPArchive::Release::Suite=$1" -o APT::FTPArchive::Release::Components=main \
            -o 'APT::FTPArchive::Release::Architectures=amd64 arm64' release "dists/$1" > release
        mv release "dists/$1/Release"
    }
    all() { for suite in lab lab-updates; do lists "$suite"; release "$suite"; done; ln -s lab dists/stable; }
"#;

const FIRST: &str = "
    pkg lab alpha 1.0 amd64; pkg lab back 2.0 all; pkg lab gone 1.0 all; pkg lab same 1.0 amd64; pkg lab twin 1.0 arm64 one
    pkg lab-updates alpha 1.0.1 amd64; src lab alpha 1.0; all
";

const SECOND: &str = "
    pkg lab alpha 1:0.9 amd64; pkg lab back 2.0~rc1 all; pkg lab fresh 0.1 all; pkg lab same 1.0 amd64; pkg lab twin 1.0 arm64 two
    pkg lab-updates alpha 1.0.1 amd64; src lab alpha 1:0.9; all
";

/// Makes a state in a folder.
fn make(folder: &Path, state: &str) {
    std::fs::create_dir_all(folder).unwrap();
    tool(Command::new("bash").args(["-c", &format!("{TOOLS}{state}")]).current_dir(folder));
}

/// A site that took both states, and their names.
fn two_days() -> (Site, tempfile::TempDir, [String; 2]) {
    let (site, dir) = (Site::new(), temp_dir());
    let days = [("first", FIRST), ("second", SECOND)].map(|(name, state)| {
        make(&dir.path().join(name), state);
        format!("lab@{}", site.ingest(&dir.path().join(name), &[]))
    });
    (site, dir, days)
}

/// Runs `diff --json`.
fn diff(site: &Site, args: &[&str], code: i32) -> Value {
    let ran = site.run(&[&["diff", "--json"], args].concat()).expect(code);
    serde_json::from_str(&ran.out).unwrap()
}

/// The changes in a few words each.
fn words(found: &Value) -> Vec<String> {
    let word = |one: &Value, name: &str| one[name].as_str().unwrap_or("-").to_owned();
    let names =
        ["change", "suite", "component", "architecture", "kind", "name", "source", "old", "new"];
    let changes = found["packages"].as_array().unwrap();
    changes.iter().map(|one| names.map(|name| word(one, name)).join(" ")).collect()
}

#[test]
fn a_day_of_a_real_archive_is_named_package_by_package() {
    let (site, _dir, [first, second]) = two_days();
    let found = diff(&site, &[&first, &second], 1);
    assert_eq!(
        words(&found),
        [
            "upgraded lab main amd64 binary alpha src-alpha 1.0 1:0.9",
            "downgraded lab main all binary back src-back 2.0 2.0~rc1",
            "added lab main all binary fresh src-fresh - 0.1",
            "removed lab main all binary gone src-gone 1.0 -",
            "rebuilt lab main arm64 binary twin src-twin 1.0 1.0",
            "upgraded lab main  source alpha alpha 1.0 1:0.9",
        ]
    );
    assert_eq!(
        found["counts"],
        json!({ "added": 1, "removed": 1, "upgraded": 2, "downgraded": 1, "rebuilt": 1 })
    );
    assert_eq!(
        (&found["old"]["snapshot"], &found["new"]["snapshot"]),
        (&json!(first), &json!(second))
    );
    assert_eq!(found["same"], json!(false));

    let said = site.run(&["diff", &first, &second]).expect(1).out;
    let lines: Vec<String> =
        said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(lines[0].starts_with(&format!("{first} (")) && lines[0].contains(&second), "{said}");
    assert_eq!(lines[1], "packages: 1 added, 1 removed, 2 upgraded, 1 downgraded, 1 rebuilt");
    assert_eq!(lines[3], "CHANGE WHERE PACKAGE OLD NEW");
    assert_eq!(lines[4], "upgraded lab main amd64 alpha (src-alpha) 1.0 1:0.9");
    assert_eq!(lines[9], "upgraded lab main source alpha 1.0 1:0.9");
    assert_eq!(lines.len(), 10, "{said}");
}

#[test]
fn snapshots_are_named_as_everywhere_and_no_difference_is_exit_0() {
    let (site, _dir, [first, second]) = two_days();
    assert_eq!(
        words(&diff(&site, &[&first], 1)).len(),
        6,
        "without a second one the newest is meant"
    );
    let back = diff(&site, &[&second, &first], 1);
    assert_eq!(back["counts"]["downgraded"], json!(2));
    for same in
        [&["lab"][..], &[&second], &["lab", &second], &[&first, &first], &["lab", "--files"]]
    {
        let found = diff(&site, same, 0);
        assert_eq!(found["same"], json!(true), "{same:?}");
        site.run(&[&["diff"], same].concat()).expect(0).says("the same state");
    }
    site.ok(&["promote", &first, "--to", "production"]);
    assert_eq!(words(&diff(&site, &["lab@production", "lab"], 1)).len(), 6);
    for wrong in [&["lab@2001-01-01", "lab"][..], &["lab", "nobody"], &[], &["lab", "lab", "lab"]] {
        site.run(&[&["diff"], wrong].concat()).expect(2);
    }
}

#[test]
fn files_are_listed_where_they_are_asked_for_or_nobody_knows_packages() {
    let (site, dir, [first, second]) = two_days();
    let found = diff(&site, &["--files", &first, &second], 1);
    let change = |path: &str| {
        let all = found["files"].as_array().unwrap();
        all.iter().find(|one| one["path"] == path).map(|one| one["change"].clone())
    };
    for (path, word) in [
        ("pool/lab/fresh_0.1_all.deb", Some("added")),
        ("pool/lab/gone_1.0_all.deb", Some("removed")),
        // The tamper signal: a package whose bytes changed under its name.
        ("pool/lab/twin_1.0_arm64.deb", Some("replaced")),
        ("pool/lab/same_1.0_amd64.deb", None),
        ("dists/lab/main/binary-amd64/Packages", Some("changed")),
        ("dists/stable", None),
    ] {
        assert_eq!(change(path), word.map(|word| json!(word)), "{path}");
    }
    site.run(&["diff", "--files", &first, &second]).expect(1).says("1 replaced");

    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    let tree = dir.path().join("tree");
    write(tree.join("kept"), "kept");
    write(tree.join("odd\x1b[2J"), "1");
    let tree_name = tree.to_str().unwrap();
    site.ok(&["ingest", "tree", tree_name]);
    write(tree.join("odd\x1b[2J"), "22");
    std::os::unix::fs::symlink("kept", tree.join("link")).unwrap();
    site.ok(&["ingest", "tree", tree_name]);
    let dates = site.dates("tree");
    let old = format!("tree@{}", dates[0]);
    let found = diff(&site, &[&old], 1);
    assert_eq!(found["counts"], json!({ "added": 1, "removed": 0, "changed": 1, "replaced": 0 }));
    assert_eq!(found["files"][0]["new"], json!({ "target": "kept" }));
    assert_eq!(found["files"][1]["path"], json!("odd\\x1b[2J"));
    assert_eq!(found["files"][1]["new"]["bytes"], json!(2));
    let said = site.run(&["diff", &old]).expect(1).says("odd\\x1b[2J").out;
    assert!(!said.contains('\x1b'), "{said:?}");

    site.run(&["diff", &first, "tree"]).expect(2).says("--files compares any two snapshots");
    site.run(&["diff", "--files", &first, "tree"]).expect(1);
}

#[test]
fn what_strangers_wrote_is_shown_escaped_and_what_cannot_be_followed_is_named() {
    let (site, dir, [first, second]) = two_days();
    let third = dir.path().join("third");
    make(
        &third,
        &format!(
            "{FIRST}\ncd dists/lab/main/binary-arm64; rm Packages.*; sed -i 's/^Version: 1.0$/Version: 1.0\\x1b[2J/' Packages; cd ../../../..; release lab"
        ),
    );
    site.ingest(&third, &[]);
    let ran = site.run(&["diff", &first]).expect(1).says("upgraded").says("1.0\\x1b[2J");
    assert!(!ran.said().contains('\x1b'), "{}", ran.said());
    diff(&site, &[&first], 1);

    let fourth = dir.path().join("fourth");
    make(
        &fourth,
        &format!(
            "{FIRST}\ncd dists/lab/main/binary-arm64; rm Packages.*; echo '<html>' > Packages; cd ../../../..; release lab"
        ),
    );
    site.ingest(&fourth, &[]);
    let list = "dists/lab/main/binary-arm64/Packages is no metadata that can be followed: line 1 is no field: <html>";
    site.run(&["diff", &second]).expect(4).says(list);
    site.run(&["diff", "--files", &second]).expect(1);

    // Nothing that a Release names: the question has no answer, which is not "no difference".
    let empty = dir.path().join("empty");
    write(empty.join("pool/x"), "1");
    site.mirror("bare", "family = \"apt\"\nmount = \"bare\"\n");
    site.ok(&["ingest", "bare", empty.to_str().unwrap()]);
    write(empty.join("pool/x"), "22");
    site.ok(&["ingest", "bare", empty.to_str().unwrap()]);
    let old = format!("bare@{}", site.dates("bare")[0]);
    site.run(&["diff", &old]).expect(2).says("no Release in them lists packages");
    site.run(&["diff", "--files", &old]).expect(1).says("1 changed");
}
