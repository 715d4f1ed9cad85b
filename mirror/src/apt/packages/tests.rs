use super::*;
use crate::unpack::{Form, unpacked};

/// A checksum of 64 digits.
const SUM: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

/// Reads one package and gives its file, or why it has none.
fn file(fields: &str) -> Result<IndexedFile, String> {
    let mut found = None;
    let text = format!("Package: foo\n{fields}");
    let read = packages(text.as_bytes(), "d/Packages", &mut |binary| {
        found = Some(binary.file()?);
        Ok(())
    });
    match read {
        Ok(_) => Ok(found.unwrap()),
        Err(error @ Error::BadMetadata { .. }) => Err(error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

/// Reads one source and gives its files, or why it has none.
fn files(fields: &str) -> Result<Vec<IndexedFile>, String> {
    let mut found = Vec::new();
    let text = format!("Package: foo\n{fields}");
    let read = sources(text.as_bytes(), "d/Sources", &mut |source| {
        found = source.files()?;
        Ok(())
    });
    read.map(|_| found).map_err(|error| error.to_string())
}

#[test]
fn a_package_is_read_field_by_field() {
    let text = format!(
        "package: libfoo\nVERSION: 1:2.0-1+b1\nArchitecture: amd64\nSection: libs\nPriority: optional\nSource: foo (1:2.0-1)\n\
         Filename: pool/f/libfoo.deb\nSize: 12\nSHA256: {SUM}\nSHA512: {SUM}{SUM}\n\nPackage: bare\n"
    );
    let mut names = Vec::new();
    let seen = packages(text.as_bytes(), "x", &mut |binary| {
        names.push(String::from_utf8_lossy(binary.name).into_owned());
        if names.len() == 1 {
            assert_eq!(binary.version, b"1:2.0-1+b1");
            assert_eq!(binary.architecture, b"amd64");
            assert_eq!((binary.section, binary.priority), (&b"libs"[..], &b"optional"[..]));
            assert_eq!(binary.source(), (&b"foo"[..], &b"1:2.0-1"[..]));
            let file = binary.file()?;
            assert_eq!((file.path.as_bytes(), file.size_bytes), (&b"pool/f/libfoo.deb"[..], 12));
            assert_eq!(file.sha256.unwrap()[..4], [0, 0x11, 0x22, 0x33]);
            assert_eq!(file.sha512.unwrap()[62..], [0xee, 0xff]);
            assert!(!file.is_weak());
        } else {
            // What is not asked for need not be there.
            assert_eq!(binary.source(), (&b"bare"[..], &b""[..]));
            let error = binary.file().unwrap_err().to_string();
            assert!(
                error.contains("line 12: package bare, field Filename: it is missing"),
                "{error}"
            );
        }
        Ok(())
    });
    assert_eq!(seen.unwrap(), Seen { packages: 2, odd_line: None });
    assert_eq!(names, ["libfoo", "bare"]);
}

#[test]
fn a_source_is_named_with_or_without_its_version() {
    for (source, expected) in [
        ("", ("foo", "1-1+b2")),
        ("Source: bar\n", ("bar", "1-1+b2")),
        ("Source: bar (1-1)\n", ("bar", "1-1")),
        ("Source: bar(1-1 )\n", ("bar", "1-1")),
        ("Source: bar (1-1\n", ("bar", "1-1")),
    ] {
        let text = format!("Package: foo\nVersion: 1-1+b2\n{source}");
        let read = packages(text.as_bytes(), "x", &mut |binary| {
            let (name, version) = binary.source();
            assert_eq!((name, version), (expected.0.as_bytes(), expected.1.as_bytes()), "{source}");
            Ok(())
        });
        assert_eq!(read.unwrap().packages, 1);
    }
}

#[test]
fn paths_are_normalised_or_refused_by_name() {
    for (name, expected) in [
        ("pool/x.deb", "pool/x.deb"),
        ("./x.deb", "x.deb"),
        ("././a//b/./x.deb", "a/b/x.deb"),
        ("a b/%3a/x:y/\u{fc}+~.deb", "a b/%3a/x:y/\u{fc}+~.deb"),
        ("..a/b../...", "..a/b../..."),
    ] {
        let file = file(&format!("Filename: {name}\nSize: 1\nSHA256: {SUM}\n")).unwrap();
        assert_eq!(file.path.as_bytes(), expected.as_bytes());
    }
    let long = "x".repeat(256);
    for (name, why) in [
        ("/x.deb", "it is absolute: /x.deb"),
        ("//x.deb", "it is absolute"),
        ("../x.deb", "it leaves its folder: ../x.deb"),
        ("pool/../../x.deb", "it leaves its folder"),
        ("pool/..", "it leaves its folder"),
        ("http://example.org/x.deb", "it is a URL"),
        ("a?b.deb", "a byte that no client can ask for"),
        ("a#b.deb", "a byte that no client can ask for"),
        ("a\0b.deb", "a byte that no client can ask for: a\\x00b.deb"),
        ("a\x1b[2J.deb", "a byte that no client can ask for: a\\x1b[2J.deb"),
        ("a\n b.deb", "a byte that no client can ask for"),
        ("", "it names no file"),
        (".", "it is empty"),
        ("pool/", "it names no file"),
        (&long, "longer than 255"),
    ] {
        let error = file(&format!("Filename: {name}\nSize: 1\nSHA256: {SUM}\n")).unwrap_err();
        assert!(error.starts_with("d/Packages "), "{error}");
        assert!(error.contains("line 1: package foo, field Filename: "), "{name:?}: {error}");
        assert!(error.contains(why) && !error.contains('\x1b'), "{name:?}: {error}");
    }
}

#[test]
fn sizes_and_checksums_are_checked() {
    for size in ["", "-1", "+1", "0x10", "1 2", "1.0", "18446744073709551616", "\u{661}"] {
        let error = file(&format!("Filename: x\nSize: {size}\nSHA256: {SUM}\n")).unwrap_err();
        assert!(error.contains("package foo, field Size: it is no size"), "{size}: {error}");
    }
    assert!(
        file(&format!("Filename: x\nSHA256: {SUM}\n"))
            .unwrap_err()
            .contains("field Size: it is missing")
    );
    let most = file(&format!("Filename: x\nSize: {}\nSHA256: {SUM}\n", u64::MAX)).unwrap();
    assert_eq!(most.size_bytes, u64::MAX);
    for sum in [
        "",
        "0",
        &SUM[1..],
        &format!("{SUM}0"),
        &SUM.replace('a', "g"),
        &SUM.replace('a', "\u{e9}"),
    ] {
        for field in ["SHA256", "SHA512"] {
            let error = file(&format!("Filename: x\nSize: 1\n{field}: {sum}\n")).unwrap_err();
            assert!(error.contains(&format!("field {field}: it is no checksum")), "{sum}: {error}");
        }
    }
    let strong = file(&format!("Filename: x\nSize: 1\nSHA512: {SUM}{SUM}\n")).unwrap();
    assert!(strong.sha256.is_none() && !strong.is_weak(), "SHA512 alone is fine");
    let twice =
        file(&format!("Filename: a\nFilename: b\nSize: 1\nSHA256: x\nSHA256: {SUM}\n")).unwrap();
    assert_eq!(twice.path.as_bytes(), b"b", "the last field counts");
}

#[test]
fn what_only_weak_checksums_vouch_for_is_said_and_is_no_error() {
    assert!(
        file("Filename: x\nSize: 1\nMD5sum: 00112233445566778899aabbccddeeff\n").unwrap().is_weak()
    );
    let found = files(&format!(
        "Files:\n 00112233445566778899aabbccddeeff 1 a.dsc\n 00112233445566778899aabbccddeeff 2 b.tar.xz\nChecksums-Sha256:\n {SUM} 1 a.dsc\n"
    ))
    .unwrap();
    let weak: Vec<bool> = found.iter().map(IndexedFile::is_weak).collect();
    assert_eq!(weak, [false, true], "file by file");
}

#[test]
fn the_lists_of_a_source_are_put_together() {
    let found = files(&format!(
        "Directory: ./pool//f\nFiles:\n 0123 1 b.dsc\n 0123 20 a.tar.xz\nChecksums-Sha1:\n 4567 20 a.tar.xz\n\
         Checksums-Sha256:\n {SUM} 20 a.tar.xz\n {SUM}\t1   b.dsc\r\n {} 1 b.dsc\nChecksums-Sha512: \n {SUM}{SUM} 1 b.dsc\n",
        SUM.replace('1', "2")
    ))
    .unwrap();
    let seen: Vec<_> = found
        .iter()
        .map(|file| {
            (file.path.to_string(), file.size_bytes, file.sha256.is_some(), file.sha512.is_some())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("pool/f/a.tar.xz".to_owned(), 20, true, false),
            ("pool/f/b.dsc".to_owned(), 1, true, true)
        ]
    );
    assert_eq!(
        found[1].sha256.unwrap()[1],
        0x11,
        "of a file that stands twice the first line counts"
    );
    assert!(files("Directory: x\n").unwrap().is_empty());
    for (fields, expected) in [
        ("Directory: .\nChecksums-Sha256:\n", "x.dsc"),
        ("Directory:\nChecksums-Sha256:\n", "x.dsc"),
        ("Checksums-Sha256:\n", "x.dsc"),
        ("Directory: sub/\nChecksums-Sha256:\n", "sub/x.dsc"),
    ] {
        let found = files(&format!("{fields} {SUM} 1 x.dsc\n")).unwrap();
        assert_eq!(found[0].path.as_bytes(), expected.as_bytes(), "{fields}");
    }
    let found = files(&format!("Directory: .\nChecksums-Sha256:\n {SUM} 1 sub/x.dsc\n")).unwrap();
    assert_eq!(found[0].path.as_bytes(), b"sub/x.dsc");
}

#[test]
fn a_source_that_cannot_be_followed_is_refused_by_field() {
    for (fields, why) in [
        (
            format!("Directory: ../..\nFiles:\n {SUM} 1 x\n"),
            "field Files: it leaves its folder: ../..",
        ),
        (format!("Directory: pool\nFiles:\n {SUM} 1 ../x\n"), "it leaves its folder"),
        (format!("Directory: /pool\nFiles:\n {SUM} 1 x\n"), "it is absolute"),
        (format!("Directory: pool\nFiles:\n {SUM} 1 /x\n"), "it is absolute"),
        (format!("Directory: http://x\nFiles:\n {SUM} 1 x\n"), "it is a URL"),
        (format!("Directory: pool\nFiles:\n {SUM} 1 x?y\n"), "a byte that no client can ask for"),
        (format!("Files:\n {SUM} 1\n"), "field Files: a line has not three words"),
        (format!("Files:\n {SUM} 1 a b\n"), "a line has not three words"),
        (format!("Checksums-Sha256:\n {SUM} -1 a\n"), "field Checksums-Sha256: no size: -1"),
        (
            "Checksums-Sha256:\n 00 1 a\n".to_owned(),
            "field Checksums-Sha256: a line holds no checksum",
        ),
        (
            format!("Checksums-Sha512:\n {SUM} 1 a\n"),
            "field Checksums-Sha512: a line holds no checksum",
        ),
        (
            format!("Files:\n 00 1 a\nChecksums-Sha256:\n {SUM} 2 a\n"),
            "field Checksums-Sha256: a line has another size than in Files",
        ),
    ] {
        let error = files(&fields).unwrap_err();
        assert!(error.starts_with("d/Sources ") && error.contains("package foo, "), "{error}");
        assert!(error.contains(why), "{fields:?}: {error}");
    }
}

#[test]
fn a_list_is_refused_where_clients_see_no_package_and_said_to_be_odd_where_they_give_up() {
    for text in ["Version: 1\n", "Package: \n", "Package: a\n\nFilename: b\n"] {
        let error = packages(text.as_bytes(), "x", &mut |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("it has no field Package"), "{error}");
        let error = sources(text.as_bytes(), "x", &mut |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("it has no field Package"), "{error}");
    }
    for (text, packages_there, odd_line) in [
        ("", 0, None),
        ("\n", 0, None),
        ("\nPackage: a\n", 1, Some(1)),
        ("Package: a\n#\n\nPackage: b\n", 2, Some(2)),
    ] {
        let seen = packages(text.as_bytes(), "x", &mut |_| Ok(())).unwrap();
        assert_eq!(seen, Seen { packages: packages_there, odd_line }, "{text:?}");
    }
    let stopped = packages(&b"Package: a\n\nPackage: b\n"[..], "x", &mut |binary| {
        if binary.name == b"b" {
            Err(Error::Key { action: "stop", why: String::new() })
        } else {
            Ok(())
        }
    });
    assert!(matches!(stopped, Err(Error::Key { .. })), "what the caller fails with ends it");
}

#[test]
fn a_source_of_many_files_takes_no_long_time() {
    let mut text = String::from("Checksums-Sha256:\n");
    (0..80_000).for_each(|number| text.push_str(&format!(" {SUM} 1 x{number}\n")));
    assert_eq!(files(&text).unwrap().len(), 80_000);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_lists_panic(
        values in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..40), 7),
    ) {
        let names = ["Package", "Filename", "Size", "SHA256", "Directory", "Files", "Checksums-Sha256"];
        let mut text = Vec::new();
        for (name, value) in names.iter().zip(&values) {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        drop(packages(&text[..], "x", &mut |binary| binary.file().map(drop)));
        drop(sources(&text[..], "x", &mut |source| source.files().map(drop)));
        drop(packages(&values.concat()[..], "x", &mut |binary| binary.file().map(drop)));
    }

    #[test]
    fn a_path_never_leaves_its_root(folder in "[a./]{0,6}", name in "[a./:]{0,8}") {
        if let Ok(path) = file_path(folder.as_bytes(), name.as_bytes()) {
            let joined = format!("{folder}/{name}");
            let parts: Vec<&str> = joined.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            proptest::prop_assert_eq!(path.to_string(), parts.join("/"));
        }
    }
}

/// The package lists that `apt-get update` left on this machine.
pub(crate) fn real_lists() -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new("/var/lib/apt/lists");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_list = |path: &std::path::PathBuf| {
        let name = path.as_os_str().as_encoded_bytes();
        Form::split(name).0.ends_with(b"_Packages")
    };
    let lists: Vec<_> = names.filter(is_list).collect();
    assert!(!lists.is_empty(), "no package lists in {}: run apt-get update", folder.display());
    lists
}

#[test]
fn the_lists_of_this_machine_are_read_as_apt_unpacks_them() {
    use std::fmt::Write as _;
    const SHOW: &str = r#"
        function show() { if (p != "") print p, v, a, s, pr, src, f, n, h; p = v = a = s = pr = src = f = n = h = "" }
        /^$/ { show() } END { show() }
        /^Package: / { p = $2 } /^Version: / { v = $2 } /^Architecture: / { a = $2 } /^Section: / { s = $2 } /^Priority: / { pr = $2 }
        /^Source: / { src = $2 } /^Filename: / { f = $2 } /^Size: / { n = $2 } /^SHA256: / { h = $2 }
    "#;
    let script = format!("/usr/lib/apt/apt-helper cat-file \"$0\" | awk '{SHOW}'");
    for path in real_lists() {
        let output =
            std::process::Command::new("sh").args(["-c", &script]).arg(&path).output().unwrap();
        let expected = String::from_utf8(output.stdout).unwrap();
        let (_, form) = Form::split(path.as_os_str().as_encoded_bytes());
        let from = unpacked(form, std::fs::File::open(&path).unwrap(), 1 << 30).unwrap();
        let mut found = String::new();
        let text = String::from_utf8_lossy;
        let seen = packages(from, "real", &mut |one| {
            let file = one.file()?;
            let source = if one.source.is_some() { one.source().0 } else { b"" };
            let sum = Checksum::sha256(&file.sha256.unwrap()).hex();
            writeln!(
                found,
                "{} {} {} {} {} {} {} {} {sum}",
                text(one.name),
                text(one.version),
                text(one.architecture),
                text(one.section),
                text(one.priority),
                text(source),
                text(file.path.as_bytes()),
                file.size_bytes
            )
            .unwrap();
            Ok(())
        });
        let differ = expected.lines().zip(found.lines()).find(|(one, other)| one != other);
        assert_eq!(differ, None, "{}", path.display());
        assert_eq!(found.lines().count(), expected.lines().count(), "{}", path.display());
        assert_eq!(seen.unwrap().odd_line, None);
    }
}
