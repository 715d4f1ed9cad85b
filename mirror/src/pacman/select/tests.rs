use super::*;

fn layout(text: &str) -> Layout {
    Layout::parse(text).unwrap()
}

#[test]
fn databases_are_where_the_layout_says() {
    for (text, repository, architecture, expected) in [
        ("$repo/os/$arch", "core", "x86_64", "core/os/x86_64/core.db"),
        ("/$arch/$repo/", "extra", "aarch64", "aarch64/extra/extra.db"),
        ("", "vendor", "", "vendor.db"),
        ("$arch", "archlinuxcn", "x86_64", "x86_64/archlinuxcn.db"),
        ("sub/$repo-$arch", "a+b", "any", "sub/a+b-any/a+b.db"),
    ] {
        let layout = layout(text);
        let database = layout.database(repository, architecture).unwrap();
        assert_eq!(database.path().to_string(), expected);
        assert_eq!(database.repository(), repository.as_bytes());
        assert!(layout.leads_to(&database), "{text}");
    }
    for (text, other) in [
        ("$repo/os/$arch", "core.db"),
        ("$repo/os/$arch", "core/os/extra.db"),
        ("$repo/os/$arch", "core/os/x86_64/deeper/core.db"),
        ("$arch/x/$arch", "a/x/b/core.db"),
        ("", "a/core.db"),
    ] {
        let database = Database::try_from(other.parse::<RelPath>().unwrap()).unwrap();
        assert!(!layout(text).leads_to(&database), "{text} and {other}");
    }
}

#[test]
fn what_is_no_path_or_name_is_refused() {
    for text in ["../$repo", "$repo//os", "$HOME/x", "a b", "a\nb", "a/./b", "$repository"] {
        let is_refused = Layout::parse(text).is_err();
        // A word that begins like one of the two is that word and letters.
        assert_eq!(is_refused, text != "$repository", "{text}");
    }
    for name in ["", "a/b", "..", "-x", "a b", "a\n", ".hidden"] {
        assert!(layout("").database(name, "").is_err() || name.is_empty(), "{name:?}");
        assert!(layout("x").database("core", name).is_err() || name.is_empty(), "{name:?}");
    }
    assert!(layout("").database("", "").is_err());
    for path in ["db", "a.db.tar", ".db", "x/.db", "x/.a.db"] {
        let refused = Database::try_from(path.parse::<RelPath>().unwrap());
        assert!(matches!(refused, Err(Error::BadMetadata { .. })), "{path}");
    }
}

#[test]
fn a_selection_is_written_and_read_back() {
    let mut selection = Selection {
        databases: vec![Layout::default().database("core", "x86_64").unwrap()],
        ..Selection::default()
    };
    assert_eq!(toml::to_string(&selection).unwrap(), "databases = [\"core/os/x86_64/core.db\"]\n");
    selection.include = vec![Pattern::try_from("linux*".to_owned()).unwrap()];
    selection.exclude = vec![Pattern::try_from("*-docs".to_owned()).unwrap()];
    selection.package_signatures = PackageSignatures::Require;
    let text = toml::to_string(&selection).unwrap();
    assert_eq!(toml::from_str::<Selection>(&text).unwrap(), selection, "{text}");
    assert!(selection.is_filtered());
    for (name, is_taken) in [("linux", true), ("linux-docs", false), ("bash", false)] {
        assert_eq!(selection.takes(name.as_bytes()), is_taken, "{name}");
    }
    for bad in ["databases = [\"core\"]", "databases = [\"../core.db\"]", "layout = \"\""] {
        assert!(toml::from_str::<Selection>(bad).is_err(), "{bad}");
    }
}
