use super::*;

fn nevra(text: &str) -> Nevra {
    Nevra::parse(text).unwrap_or_else(|| panic!("{text} is a full name"))
}

#[test]
fn full_names_are_parsed_as_modules_and_files_spell_them() {
    for (text, name, epoch, version, release, architecture) in [
        ("bash-0:5.1.8-6.el9.x86_64", "bash", 0, "5.1.8", "6.el9", "x86_64"),
        ("bash-5.1.8-6.el9.x86_64.rpm", "bash", 0, "5.1.8", "6.el9", "x86_64"),
        ("perl-libs-4:5.32.1-480.el9.i686", "perl-libs", 4, "5.32.1", "480.el9", "i686"),
        ("a-b-c-1-2.src", "a-b-c", 0, "1", "2", "src"),
        (
            "nodejs-1:14.21.3-1.module+el8+1+2.nosrc",
            "nodejs",
            1,
            "14.21.3",
            "1.module+el8+1+2",
            "nosrc",
        ),
        ("x-1.0~rc1^git2-0.1.noarch", "x", 0, "1.0~rc1^git2", "0.1", "noarch"),
        ("libstdc++-007:1-1.x86_64", "libstdc++", 7, "1", "1", "x86_64"),
        ("g++-4294967295:1-1.x", "g++", u32::MAX, "1", "1", "x"),
        ("rpm-1-1.rpm.src.rpm", "rpm", 0, "1", "1.rpm", "src"),
        ("é-1-1.noarch", "é", 0, "1", "1", "noarch"),
    ] {
        let expected = Nevra::of_parts(name, epoch, (version, release), architecture).unwrap();
        assert_eq!(nevra(text), expected, "{text}");
        assert_eq!(nevra(&expected.to_string()), expected, "{text}");
        assert_eq!(expected.is_source(), architecture.ends_with("src"), "{text}");
    }
}

#[test]
fn what_is_no_full_name_is_none() {
    let long = format!("{}-1-1.noarch", "n".repeat(NEVRA_BYTES_MAX));
    for text in [
        "",
        ".",
        "-",
        "--.",
        "bash",
        "bash-1",
        "bash-1-1",
        "bash-1.x86_64",
        "-1-1.x86_64",
        "bash--1.x86_64",
        "bash-1-.x86_64",
        "bash-1-1.",
        "bash-a:1-1.x86_64",
        "bash-:1-1.x86_64",
        "bash-+1:1-1.x86_64",
        "bash-4294967296:1-1.x86_64",
        "bash-1:-1.x86_64",
        "bash-1:2:3-1.x86_64",
        "bash-1-1:1.x86_64",
        "bash-1-1.x86_64\n",
        "ba sh-1-1.x86_64",
        "ba\u{0}sh-1-1.x86_64",
        "../bash-1-1.x86_64",
        "bash-1-1.a/b",
        ".rpm",
        "bash-1-1.rpm",
        "bash-1-1.rpm.rpm",
        &long,
    ] {
        assert_eq!(Nevra::parse(text), None, "{text:?}");
    }
}

#[test]
fn full_names_are_shown_without_epoch_0_and_ordered_by_name_and_version() {
    let sorted = [
        "a-1-1.noarch",
        "a-1.9-1.x86_64",
        "a-1.10-1.i686",
        "a-1.10-1.x86_64",
        "a-1:0-1.noarch",
        "a-b-0-1.noarch",
        "b-1.0-1.noarch",
        "b-1.00-1.noarch",
    ];
    let mut names: Vec<Nevra> = sorted.iter().rev().map(|text| nevra(text)).collect();
    names.sort();
    let shown: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(shown, sorted);
}

#[test]
fn what_a_list_states_is_written_as_a_full_name_is_shown() {
    for (epoch, shown, order) in [
        ("", "a-1-2.src", 0),
        ("0", "a-1-2.src", 0),
        ("000", "a-1-2.src", 0),
        ("1", "a-1:1-2.src", 1),
        ("007", "a-7:1-2.src", 7),
        ("4294967296", "a-4294967296:1-2.src", 0),
        ("x", "a-x:1-2.src", 0),
    ] {
        let listed = ListedName {
            name: b"a",
            epoch: epoch.as_bytes(),
            version: b"1",
            release: b"2",
            architecture: b"src",
        };
        let mut text = Vec::new();
        listed.write(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), shown);
        assert_eq!(listed.evr(), (order, &b"1"[..], &b"2"[..]), "{epoch}");
        assert!(listed.is_source());
        if let Some(parsed) = Nevra::parse(shown) {
            assert_eq!((parsed.to_string().as_str(), parsed.evr()), (shown, listed.evr()));
        }
    }
}

#[test]
fn packages_of_a_list_have_full_names() {
    let text = format!(
        "<metadata packages='1'><package type='rpm'><name>a</name><arch>noarch</arch><version epoch='2' ver='1' rel='3'/>\
         <checksum type='sha256' pkgid='YES'>{}</checksum><location href='a.rpm'/></package></metadata>",
        "0".repeat(64)
    );
    let mut names = Vec::new();
    crate::rpm::packages(text.as_bytes(), "primary.xml", &mut |one| {
        names.extend(ListedName::from(&one).checked());
        Ok(())
    })
    .unwrap();
    assert_eq!(names, [nevra("a-2:1-3.noarch")]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_full_name_that_reads_back_or_none(text in "[a1.:/ é-]{0,16}(-[0-9:]{0,3}-1.(src|rpm))?") {
        if let Some(found) = Nevra::parse(&text) {
            proptest::prop_assert_eq!(Nevra::parse(&found.to_string()), Some(found));
        }
    }
}
