use super::*;

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::try_from((*text).to_owned()).unwrap()).collect()
}

#[test]
fn whole_paths_are_taken_or_not() {
    for (include, exclude, path, expected) in [
        (&[][..], &[][..], "a/b", true),
        (&["*.iso"], &[], "a/b.iso", true),
        (&["*.iso"], &[], "a/b.txt", false),
        (&["a/*"], &[], "a/b/c", true),
        (&["b"], &[], "a/b", false),
        (&[], &["*.iso"], "a/b.iso", false),
        (&[], &["old/*"], "old/a/b", false),
        (&[], &["*/old/"], "a/old/b", false),
        (&[], &["old"], "older", true),
        (&["*.iso"], &["a/*"], "a/b.iso", false),
    ] {
        let selection = Selection {
            include: patterns(include),
            exclude: patterns(exclude),
            ..Selection::default()
        };
        let path: RelPath = path.parse().unwrap();
        assert_eq!(selection.takes(&path), expected, "{include:?} {exclude:?} {path}");
        assert_eq!(selection.is_filtered(), !(include.is_empty() && exclude.is_empty()));
    }
}

#[test]
fn folders_are_not_looked_into_that_cannot_have_what_is_taken() {
    for (include, exclude, folder, expected) in [
        (&[][..], &[][..], "a", true),
        (&["a/b/*.iso"], &[], "a", true),
        (&["a/b/*.iso"], &[], "a/b", true),
        (&["a/b/*.iso"], &[], "a/b/c", true),
        (&["a/b/*.iso"], &[], "a/c", false),
        (&["a/b/*.iso"], &[], "b", false),
        (&["*.iso"], &[], "anything", true),
        (&["[ab]/x"], &[], "a", true),
        (&["abc/x"], &[], "ab", false),
        (&[], &["a"], "a", false),
        (&[], &["a/"], "a", false),
        (&[], &["a/*"], "a", false),
        (&[], &["a/*"], "ab", true),
    ] {
        let selection = Selection {
            include: patterns(include),
            exclude: patterns(exclude),
            ..Selection::default()
        };
        let folder: RelPath = folder.parse().unwrap();
        assert_eq!(selection.enters(&folder), expected, "{include:?} {exclude:?} {folder}");
    }
}

#[test]
fn a_selection_is_the_same_after_it_was_written_down() {
    let plain = Selection::default();
    let narrow = Selection {
        depth: 2,
        include: patterns(&["*.iso"]),
        exclude: patterns(&["old/*"]),
        brought: true,
    };
    for selection in [plain, narrow] {
        let table = toml::Table::try_from(&selection).unwrap();
        assert!(!table.is_empty(), "a record without it is proved by nobody");
        assert_eq!(Selection::deserialize(table).unwrap(), selection);
    }
}
