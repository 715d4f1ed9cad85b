use super::*;

const RELEASE: &str = "Components: main updates/contrib
Architectures: all amd64 arm64
SHA256:
";

/// A `Release` that lists these paths.
fn release(paths: &[&str]) -> Release {
    let sum = "a".repeat(64);
    let lines: String = paths.iter().map(|path| format!(" {sum} 5 {path}\n")).collect();
    Release::parse(format!("{RELEASE}{lines}").as_bytes(), "Release").unwrap()
}

fn selection(architectures: &[&str]) -> Selection {
    Selection {
        architectures: architectures.iter().map(|one| (*one).to_owned()).collect(),
        ..Selection::default()
    }
}

fn taken(selection: &Selection, path: &str) -> bool {
    !selection.of(&release(&[path]), &SuiteName::parse("noble").unwrap()).is_empty()
}

#[test]
fn what_belongs_to_others_is_left_out_and_what_is_unknown_is_taken() {
    let amd64 = selection(&["amd64"]);
    let main = Selection { components: vec!["main".to_owned()], ..selection(&["amd64"]) };
    let narrow = Selection {
        i18n: Take::Only(vec!["en".to_owned()]),
        contents: Take::All(false),
        dep11: Take::All(false),
        ..selection(&["amd64"])
    };
    let all = Selection { udebs: true, installer: true, ..Selection::default() };
    for (path, wanted) in [
        // path, [amd64, amd64 of main, narrowed, everything]
        ("main/binary-amd64/Packages.xz", [true, true, true, true]),
        ("main/binary-amd64/Release", [true, true, true, true]),
        ("main/binary-all/Packages.xz", [true, true, true, true]),
        ("main/binary-arm64/Packages.xz", [false, false, false, true]),
        ("main/binary-amd64v3/Packages.xz", [false, false, false, true]),
        ("contrib/binary-amd64/Packages.xz", [true, false, true, true]),
        ("main/source/Sources.xz", [false, false, false, true]),
        ("main/debian-installer/binary-amd64/Packages.xz", [false, false, false, true]),
        ("main/installer-amd64/current/images/SHA256SUMS", [false, false, false, true]),
        ("main/Contents-amd64.gz", [true, true, false, true]),
        ("Contents-amd64.gz", [true, true, false, true]),
        ("main/Contents-all.gz", [true, true, false, true]),
        ("main/Contents-arm64.gz", [false, false, false, true]),
        ("main/Contents-source.gz", [false, false, false, true]),
        ("main/Contents-udeb-amd64.gz", [false, false, false, true]),
        ("main/i18n/Translation-en.bz2", [true, true, true, true]),
        ("main/i18n/Translation-de.xz", [true, true, false, true]),
        ("main/i18n/Index", [true, true, true, true]),
        ("main/dep11/Components-amd64.yml.xz", [true, true, false, true]),
        ("main/dep11/icons-48x48@2.tar.gz", [true, true, false, true]),
        ("main/cnf/Commands-amd64.xz", [true, true, true, true]),
        ("main/cnf/Commands-arm64.xz", [false, false, false, true]),
        ("main/binary-amd64/Packages.diff/Index", [true, true, true, true]),
        ("contrib/Contents-arm64.diff/Index", [false, false, false, true]),
        ("main/Contents-amd64.diff/Index", [true, true, false, true]),
        ("main/i18n/Translation-de.diff/Index", [true, true, false, true]),
        ("a/main/binary-amd64/Packages", [true, true, true, true]),
        ("a/b/binary-amd64/Packages", [true, false, true, true]),
        ("a/b/binary-arm64/Packages", [false, false, false, true]),
        ("main/nobody/knows-this", [true, true, true, true]),
        ("contrib/nobody/knows-this", [true, false, true, true]),
        ("unheard-of", [true, true, true, true]),
    ] {
        let found = [&amd64, &main, &narrow, &all].map(|selection| taken(selection, path));
        assert_eq!(found, wanted, "{path}");
    }
    assert!(taken(&selection(&["source"]), "main/source/Sources.gz"));
    assert!(!taken(&selection(&["source"]), "main/binary-all/Packages.xz"), "sources alone");
}

#[test]
fn what_is_asked_for_and_no_suite_has_is_named() {
    let release = |text: &str| Release::parse(text.as_bytes(), "Release").unwrap();
    let updates = release("Components: updates/main\nArchitectures: amd64\nSHA256:\n");
    let only_all = release("Components: main\nArchitectures: all\nSHA256:\n");
    let silent = release("Suite: x\nSHA256:\n");
    let v3 = format!(
        "Architectures: amd64\nSHA256:\n {} 5 main/binary-amd64v3/Packages\n",
        "a".repeat(64)
    );
    let v3 = release(&v3);
    for (components, architectures, releases, expected) in [
        (&["main"][..], &["amd64", "all", "source"][..], &[&updates][..], &[][..]),
        (&["mian"], &["amd64"], &[&updates], &["component mian"]),
        (&["mian"], &["arm64"], &[&updates], &["component mian", "architecture arm64"]),
        (&["main"], &["arm64"], &[&updates, &only_all], &[]),
        (&["x"], &["arm64"], &[&silent], &[]),
        (&[], &["amd64v3"], &[&v3], &[]),
        (&["x"], &["x"], &[], &[]),
    ] {
        let words = |words: &[&str]| words.iter().map(|one| (*one).to_owned()).collect();
        let asked = Selection { components: words(components), ..selection(architectures) };
        assert_eq!(asked.unknown(releases), expected, "{components:?} {architectures:?}");
    }
}

#[test]
fn a_flat_repository_is_taken_whole() {
    let flat = SuiteName::parse("./").unwrap();
    let release = release(&["Packages.gz", "binary-arm64/Packages", "Sources"]);
    assert_eq!(selection(&["amd64"]).of(&release, &flat).len(), 3);
}

#[test]
fn of_two_checksums_the_stronger_counts() {
    let text = format!(
        "{RELEASE} {} 5 x\nSHA512:\n {} 5 x\nMD5Sum:\n {} 5 y\n",
        "a".repeat(64),
        "b".repeat(128),
        "c".repeat(32)
    );
    let release = Release::parse(text.as_bytes(), "Release").unwrap();
    let taken = Selection::default().of(&release, &SuiteName::parse("s").unwrap());
    assert_eq!(taken.len(), 1, "a file with a weak checksum alone is not believed");
    assert_eq!(taken[0].hash.len(), 128);
}

#[test]
fn suites_are_named_as_deb_lines_name_them() {
    for (text, folder) in [
        ("noble", "dists/noble"),
        ("bookworm/updates", "dists/bookworm/updates"),
        ("./", ""),
        ("/", ""),
        ("sub/", "sub"),
        ("./sub/", "sub"),
        ("a/b/", "a/b"),
    ] {
        assert_eq!(SuiteName::parse(text).unwrap().folder(), folder, "{text}");
    }
    for text in ["", "..", "a b", "../x/", "a//b", "x\n", "sü", "."] {
        assert!(SuiteName::parse(text).is_err(), "{text}");
    }
}

#[test]
fn packages_pass_by_name_section_and_priority() {
    let pattern = |text: &str| Pattern::try_from(text.to_owned()).unwrap();
    let filter = Filter {
        include: vec![pattern("lib*"), pattern("nginx")],
        exclude: vec![pattern("*-dbg")],
        sections: vec!["net".to_owned()],
        priorities: Vec::new(),
    };
    for (name, section, takes) in [
        ("nginx", "net", true),
        ("nginx", "contrib/net", true),
        ("nginx", "web", false),
        ("nginx-extra", "net", false),
        ("libfoo", "net", true),
        ("libfoo-dbg", "net", false),
    ] {
        assert_eq!(
            filter.takes(name.as_bytes(), section.as_bytes(), b""),
            takes,
            "{name} {section}"
        );
    }
    assert!(Filter::default().takes(b"any", b"", b"") && Filter::default().is_open());
}

#[test]
fn a_selection_is_written_into_the_record_and_read_back() {
    let wanted = Selection {
        suites: vec![SuiteName::parse("noble").unwrap(), SuiteName::parse("./").unwrap()],
        i18n: Take::Only(vec!["en".to_owned()]),
        contents: Take::All(false),
        filter: Filter {
            include: vec![Pattern::try_from("lib*".to_owned()).unwrap()],
            ..Filter::default()
        },
        ..selection(&["amd64", "source"])
    };
    let table = toml::Table::try_from(&wanted).unwrap();
    assert_eq!(Selection::deserialize(table).unwrap(), wanted);
    assert!(Pattern::try_from("a[".to_owned()).is_err());
}

#[test]
fn of_debian_as_it_is_today_that_is_taken_which_clients_of_one_architecture_ask_for() {
    const TAKEN: [&str; 9] = [
        "main/binary-amd64/*",
        "main/binary-all/*",
        "main/i18n/*",
        "main/Contents-amd64*",
        "main/Contents-all*",
        "main/dep11/Components-amd64.yml*",
        "main/dep11/Components-all.yml*",
        "main/dep11/icons-*",
        "main/cnf/Commands-amd64*",
    ];
    let patterns = TAKEN.map(|pattern| glob::Pattern::new(pattern).unwrap());
    let wanted = Selection { components: vec!["main".to_owned()], ..selection(&["amd64"]) };
    let mut most = 0;
    for path in crate::sign::tests::debian() {
        let bytes = std::fs::read(&path).unwrap();
        let release = Release::parse_signed(&bytes, "InRelease").unwrap();
        let taken = wanted.of(&release, &SuiteName::parse("bookworm").unwrap());
        let taken: Vec<String> = taken.iter().map(|listed| listed.path.to_string()).collect();
        let mut expected: Vec<String> = release
            .listed
            .iter()
            .filter(|listed| listed.algorithm.is_strong())
            .map(|listed| listed.path.to_string())
            .filter(|path| patterns.iter().any(|pattern| pattern.matches(path)))
            .collect();
        expected.sort();
        expected.dedup();
        assert_eq!(taken, expected, "{}", path.display());
        assert!(wanted.unknown(&[&release]).is_empty());
        assert!(wanted.weak_of(&release, &SuiteName::parse("bookworm").unwrap()).is_empty());
        most = most.max(taken.len());
    }
    assert!(most > 50, "the whole suite has many files, {most} are taken");
}
