use super::*;
use crate::rpm::Nevra;

/// Parses `NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE`.
fn nevra(text: &str) -> Nevra {
    Nevra::parse(text).unwrap_or_else(|| panic!("{text} is a full name"))
}

fn push(to: &mut Newest, text: &str) {
    let one = nevra(text);
    let epoch = if one.epoch == 0 { String::new() } else { one.epoch.to_string() };
    to.push(&ListedName {
        name: one.name.as_bytes(),
        epoch: epoch.as_bytes(),
        version: one.version.as_bytes(),
        release: one.release.as_bytes(),
        architecture: one.architecture.as_bytes(),
    });
}

fn module(artifacts: &[&str]) -> Module {
    Module { artifacts: artifacts.iter().map(|text| nevra(text)).collect(), ..Module::default() }
}

fn kept<'a>(versions: usize, modules: &[&[&str]], packages: &[&'a str]) -> Vec<&'a str> {
    let mut newest = Newest::new(NonZeroUsize::new(versions).unwrap());
    packages.iter().for_each(|text| push(&mut newest, text));
    modules.iter().for_each(|artifacts| newest.keep_module(&module(artifacts)));
    let kept = newest.kept();
    assert_eq!(kept.len(), packages.len());
    packages.iter().zip(kept).filter_map(|(text, is_kept)| is_kept.then_some(*text)).collect()
}

#[test]
fn the_newest_of_each_name_and_architecture_are_kept() {
    let packages = [
        "a-1.9-1.x86_64",
        "a-1.10-1.x86_64",
        "a-1.10-1.i686",
        "a-1.2-1.i686",
        "b-1:0-1.noarch",
        "a-1.10~rc1-1.x86_64",
        "b-9-9.noarch",
        "b-1:0-0.noarch",
        "a-1.9-1.src",
        "a-1.8-1.src",
        "ab-0-0.noarch",
    ];
    assert_eq!(
        kept(1, &[], &packages),
        ["a-1.10-1.x86_64", "a-1.10-1.i686", "b-1:0-1.noarch", "a-1.9-1.src", "ab-0-0.noarch"]
    );
    let two = kept(2, &[], &packages);
    let dropped: Vec<&str> = packages.iter().copied().filter(|text| !two.contains(text)).collect();
    assert_eq!(dropped, ["a-1.9-1.x86_64", "b-9-9.noarch"]);
    assert_eq!(kept(9, &[], &packages), packages);
    assert!(kept(1, &[], &[]).is_empty());
}

#[test]
fn one_version_counts_once_however_often_and_spelled_it_stands() {
    let packages = ["a-1.0-1.x", "a-1-1.x", "a-1.0-1.x", "a-1.00-1.x", "a-1.0-01.x", "a-0-1.x"];
    assert_eq!(kept(1, &[], &packages), ["a-1.0-1.x", "a-1.0-1.x", "a-1.00-1.x", "a-1.0-01.x"]);
    assert_eq!(kept(2, &[], &packages), packages[..5]);
}

#[test]
fn streams_of_modules_are_kept_whole_and_count_for_nothing() {
    let packages = [
        "nodejs-1:10.1-1.module.x86_64",
        "nodejs-1:14.1-1.module.x86_64",
        "nodejs-1:14.2-1.module.x86_64",
        "nodejs-8.2-1.x86_64",
        "nodejs-8.1-1.x86_64",
        "npm-6-1.module.noarch",
        "npm-7-1.module.noarch",
    ];
    let streams: [&[&str]; 2] = [
        &["nodejs-1:10.1-1.module.x86_64", "npm-0:6-1.module.noarch", "gone-1-1.x86_64"],
        &["nodejs-1:14.1-1.module.x86_64"],
    ];
    assert_eq!(
        kept(1, &streams, &packages),
        [
            "nodejs-1:10.1-1.module.x86_64",
            "nodejs-1:14.1-1.module.x86_64",
            "nodejs-1:14.2-1.module.x86_64",
            "npm-6-1.module.noarch",
            "npm-7-1.module.noarch"
        ],
        "a package of no stream competes with what is outside of streams"
    );
    assert_eq!(
        kept(
            1,
            &[streams[0], &["nodejs-1:14.1-1.module.x86_64", "nodejs-1:14.2-1.module.x86_64"]],
            &packages
        )[3],
        "nodejs-8.2-1.x86_64"
    );
}

proptest::proptest! {
    #[test]
    fn as_many_versions_are_kept_as_were_asked_for_and_no_higher_one_is_dropped(
        versions in 1_usize..4,
        packages in proptest::collection::vec(("[ab]", 0_u8..2, "[01~]{1,2}", "[xy]"), 0..40),
    ) {
        let texts: Vec<String> = packages
            .iter()
            .map(|(name, epoch, version, architecture)| format!("{name}-{epoch}:{version}-1.{architecture}"))
            .collect();
        let mut newest = Newest::new(NonZeroUsize::new(versions).unwrap());
        texts.iter().for_each(|text| push(&mut newest, text));
        let kept = newest.kept();
        for (text, is_kept) in texts.iter().zip(&kept) {
            let one = nevra(text);
            let mut higher: Vec<Nevra> = texts.iter().map(|text| nevra(text)).collect();
            higher.retain(|other| {
                (&other.name, &other.architecture) == (&one.name, &one.architecture)
                    && compare(other.evr(), one.evr()).is_gt()
            });
            higher.sort();
            higher.dedup_by(|a, b| compare(a.evr(), b.evr()).is_eq());
            proptest::prop_assert_eq!(*is_kept, higher.len() < versions, "{}", text);
        }
    }
}
