use super::*;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn folders(
    versions: &[&str],
    repositories: &[&str],
    architectures: &[&str],
) -> Result<Vec<String>, String> {
    let selection = Selection {
        versions: words(versions),
        repositories: words(repositories),
        architectures: words(architectures),
        ..Selection::default()
    };
    Ok(selection.places()?.iter().map(|place| place.folder.to_string()).collect())
}

#[test]
fn every_version_has_every_repository_unless_it_names_one() {
    assert_eq!(
        folders(&["v3.20", "edge"], &["main", "edge/testing"], &["x86_64", "aarch64"]).unwrap(),
        [
            "edge/main/aarch64",
            "edge/main/x86_64",
            "edge/testing/aarch64",
            "edge/testing/x86_64",
            "v3.20/main/aarch64",
            "v3.20/main/x86_64"
        ]
    );
    assert_eq!(folders(&[], &["main"], &["x86_64"]).unwrap(), ["main/x86_64"]);
    assert_eq!(folders(&[], &[], &["x86_64"]).unwrap(), ["x86_64"]);
    assert_eq!(folders(&["edge"], &[], &["x86_64"]).unwrap(), ["edge/x86_64"]);
    assert!(folders(&["edge"], &["main"], &["x86/64"]).is_err());
    assert!(folders(&["edge"], &["../main"], &["x86_64"]).is_err());
    assert!(folders(&["/edge"], &["main"], &["x86_64"]).is_err());
}

#[test]
fn a_place_says_what_clients_write() {
    for (path, repository, version, name, architecture) in [
        ("v3.20/main/x86_64", "v3.20/main", "v3.20", "main", "x86_64"),
        ("edge/extra/testing/riscv64", "edge/extra/testing", "edge", "extra/testing", "riscv64"),
        ("main/x86_64", "main", "", "main", "x86_64"),
        ("x86_64", "", "", "", "x86_64"),
    ] {
        let index: RelPath = format!("{path}/APKINDEX.tar.gz").parse().unwrap();
        let place = Place::of_index(&index).unwrap();
        let shown = place.repository.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(shown, repository);
        assert_eq!(place.version(), (version.as_bytes(), name.as_bytes()));
        assert_eq!(place.architecture(), architecture.as_bytes());
        assert_eq!(place.index().unwrap(), index);
    }
    assert_eq!(Place::of_index(&"APKINDEX.tar.gz".parse().unwrap()), None);
    assert_eq!(Place::of_index(&"main/x86_64/Packages.adb".parse().unwrap()), None);
}

#[test]
fn a_record_keeps_what_was_asked_for() {
    let selection = Selection {
        versions: words(&["v3.20"]),
        repositories: words(&["main"]),
        architectures: words(&["x86_64"]),
        latest_stable: Some("v3.20".to_owned()),
        exclude: vec![Pattern::try_from("*-doc".to_owned()).unwrap()],
        ..Selection::default()
    };
    let written = toml::Table::try_from(&selection).unwrap();
    assert_eq!(written.len(), 5, "{written}");
    assert_eq!(Selection::deserialize(written).unwrap(), selection);
}
