use super::*;
use crate::rpm::made::primary;
use crate::rpm::packages;

/// Says which packages are taken, by name and architecture.
fn taken(selection: &Selection) -> Vec<String> {
    let names =
        ["bash", "bash-debuginfo", "bash-debugsource", "kernel-debuginfo-common-x86_64", "lib"];
    let of = |architecture| names.map(|name| (name, "1-1", architecture));
    let list = [of("x86_64"), of("i686"), of("noarch"), of("src")].concat();
    let mut taken = Vec::new();
    packages(primary(&list).as_bytes(), "primary.xml", &mut |one| {
        if selection.takes(&one) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            taken.push(format!("{}.{}", text(one.name), text(one.architecture)));
        }
        Ok(())
    })
    .unwrap();
    taken
}

fn patterns(all: &[&str]) -> Vec<Pattern> {
    all.iter().map(|one| Pattern::try_from((*one).to_owned()).unwrap()).collect()
}

#[test]
fn what_is_taken_goes_by_architecture_kind_and_name() {
    let all = Selection::default();
    assert_eq!((taken(&all).len(), all.is_filtered()), (20, false));
    let own = Selection { architectures: vec!["x86_64".to_owned()], ..Selection::default() };
    let found = taken(&own);
    assert_eq!(found.len(), 15, "noarch and sources ride along: {found:?}");
    assert!(found.iter().all(|one| !one.ends_with(".i686")));
    let lean = Selection { sources: false, debuginfo: false, ..own.clone() };
    assert_eq!(taken(&lean), ["bash.x86_64", "lib.x86_64", "bash.noarch", "lib.noarch"]);
    let named =
        Selection { include: patterns(&["bash*"]), exclude: patterns(&["*-debug*"]), ..lean };
    assert_eq!(taken(&named), ["bash.x86_64", "bash.noarch"]);
    for filtered in [own, named, Selection { sources: false, ..Selection::default() }] {
        assert!(filtered.is_filtered());
    }
    let checked = PackageSignatures::Require;
    let whole = Selection { installer: true, package_signatures: checked, ..Selection::default() };
    assert!(!whole.is_filtered(), "nothing that metadata name is left out");
}

#[test]
fn a_record_keeps_what_was_asked_for_and_not_what_was_left_as_it_is() {
    let text = |selection: &Selection| toml::to_string(selection).unwrap();
    assert_eq!(text(&Selection::default()), "repositories = [\"\"]\n");
    let asked = Selection {
        repositories: vec![Folder::try_from("a/b/".to_owned()).unwrap()],
        architectures: vec!["x86_64".to_owned()],
        newest: NonZeroUsize::new(2),
        sources: false,
        debuginfo: false,
        installer: true,
        include: patterns(&["a*"]),
        exclude: patterns(&["b?"]),
        package_signatures: PackageSignatures::Report,
    };
    let written = text(&asked);
    assert!(written.contains("package-signatures = \"report\""), "{written}");
    assert_eq!(toml::from_str::<Selection>(&written).unwrap(), asked);
    assert_eq!(toml::from_str::<Selection>("").unwrap(), Selection::default());
    assert!(
        toml::from_str::<Selection>("newer = 2").is_err(),
        "a later version's word is none of ours"
    );
}

#[test]
fn a_folder_is_a_path_in_the_tree_or_its_root() {
    let folder = |text: &str| Folder::try_from(text.to_owned());
    for root in ["", "/"] {
        assert_eq!(folder(root).unwrap(), Folder::default());
    }
    assert_eq!(String::from(folder("a/b/").unwrap()), "a/b");
    for bad in ["/a", "a//b", "../a", "a/.."] {
        assert!(folder(bad).is_err(), "{bad}");
    }
    assert_eq!(Folder::default().url("http://m/x/"), "http://m/x");
    assert_eq!(folder("a b/c").unwrap().url("http://m/x/"), "http://m/x/a%20b/c");
}
