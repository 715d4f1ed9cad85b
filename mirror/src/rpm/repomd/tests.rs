use super::*;

const SHA: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn place(folder: &str) -> Place {
    Place::new((!folder.is_empty()).then(|| folder.parse().unwrap()))
}

/// Wraps entries as `createrepo_c` writes them.
fn repomd(entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\" \
         xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n{entries}</repomd>\n"
    )
}

/// An entry of a kind, at a path, with more fields.
fn entry(kind: &str, href: &str, fields: &str) -> String {
    format!(
        "  <data type=\"{kind}\">\n    <checksum type=\"sha256\">{SHA}</checksum>\n    <location href=\"{href}\"/>\n{fields}  </data>\n"
    )
}

fn parse(text: &str) -> Result<Repomd, String> {
    Repomd::parse(text.as_bytes(), &Place::default(), "repodata/repomd.xml").map_err(|error| {
        assert!(matches!(error, Error::BadMetadata { .. }));
        error.to_string()
    })
}

fn refused(text: &str, why: &str) {
    let error = parse(text).unwrap_err();
    assert!(
        error.starts_with("repodata/repomd.xml is no metadata") && error.contains(why),
        "{error}"
    );
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn everything_that_it_names_is_read() {
    let primary = entry(
        "primary",
        &format!("repodata/{SHA}-primary.xml.gz"),
        &format!(
            "    <open-checksum type=\"sha\">{}</open-checksum>\n    <timestamp>1700000000.12</timestamp>\n    <size>123</size>\n    \
             <open-size>456</open-size>\n    <unknown><size>9</size></unknown>\n",
            &SHA[..40]
        ),
    );
    let zck = entry(
        "primary_zck",
        "repodata/primary.xml.zck",
        &format!(
            "<header-checksum type=\"sha512\">{SHA}{SHA}</header-checksum><header-size>7</header-size><size>0</size><open-size>0</open-size>\
             <database_version>10</database_version>"
        ),
    );
    // Only checksum and location are certain.
    let group = entry("group", "repodata/a%2B b?#.xml", "");
    let text = repomd(&format!(
        "  <revision> 17 &amp; more\n</revision>\n  <tags><content>x</content></tags>\n{primary}{zck}{group}"
    ));
    let read = parse(&text).unwrap();
    assert_eq!(read.revision, "17 & more");
    let [primary, zck, group] = &read.data[..] else { panic!("{read:?}") };
    assert_eq!(
        (primary.kind.as_str(), primary.size_bytes, primary.open_size_bytes),
        ("primary", Some(123), Some(456))
    );
    assert_eq!(primary.checksum.to_string(), format!("SHA256 {SHA}"));
    assert_eq!(primary.open_checksum.unwrap().to_string(), format!("SHA1 {}", &SHA[..40]));
    assert!(primary.is_hash_named() && !primary.is_outside_repodata());
    assert_eq!((zck.size_bytes, zck.open_size_bytes), (None, None));
    assert!(!zck.is_hash_named());
    assert_eq!((group.open_checksum, group.size_bytes), (None, None));
    assert_eq!(group.path.as_bytes(), b"repodata/a%2B b?#.xml");
    assert_eq!(read.of_kind("primary"), Some(primary));
    assert_eq!((read.of_kind("filelists"), read.outside_repodata().count()), (None, 0));
}

#[test]
fn a_name_that_holds_another_checksum_changes_in_place() {
    for (href, expected) in [
        (format!("repodata/{SHA}-primary.xml.gz"), true),
        (format!("repodata/{SHA}.xml.gz"), false),
        (format!("repodata/{OTHER}-primary.xml.gz"), false),
        (format!("repodata/x{SHA}-primary.xml.gz"), false),
        (format!("repodata/{SHA}-/primary.xml.gz"), false),
        (format!("repodata/{}-primary.xml.gz", SHA.to_uppercase()), false),
        ("repodata/primary.xml.gz".to_owned(), false),
    ] {
        let read = parse(&repomd(&entry("primary", &href, ""))).unwrap();
        assert_eq!(read.data[0].is_hash_named(), expected, "{href}");
    }
}

#[test]
fn metadata_outside_of_the_folder_of_metadata_are_told() {
    for (folder, href, path, is_outside) in [
        ("", "repodata/p.xml", "repodata/p.xml", false),
        ("os/x86_64", "repodata/p.xml", "os/x86_64/repodata/p.xml", false),
        ("os", "./repodata/sub/p.xml", "os/repodata/sub/p.xml", false),
        ("", "p.xml", "p.xml", true),
        ("os", "repodata2/p.xml", "os/repodata2/p.xml", true),
        ("os", "../repodata/p.xml", "repodata/p.xml", true),
        ("os", "../os/repodata/p.xml", "os/repodata/p.xml", false),
    ] {
        let text = repomd(&entry("primary", href, ""));
        let read = Repomd::parse(text.as_bytes(), &place(folder), "x").unwrap();
        assert_eq!(read.data[0].path.as_bytes(), path.as_bytes());
        assert_eq!(read.data[0].is_outside_repodata(), is_outside, "{href}");
        assert_eq!(read.outside_repodata().count(), usize::from(is_outside));
    }
}

#[test]
fn one_path_has_one_checksum() {
    let primary = entry("primary", "repodata/p.xml", "");
    let twice = repomd(&format!("{primary}{}", entry("other", "./repodata//p.xml", "")));
    assert_eq!(parse(&twice).unwrap().data.len(), 2);
    let other = entry("other", "repodata/p.xml", "").replace(SHA, OTHER);
    let why = format!(
        "repodata/p.xml has two checksums, SHA256 {SHA} as primary and SHA256 {OTHER} as other"
    );
    refused(&repomd(&format!("{primary}{other}")), &why);
}

#[test]
fn there_is_one_list_of_packages() {
    refused(&repomd(""), "no <data> of type primary");
    refused(&repomd(&entry("filelists", "repodata/f.xml", "")), "no <data> of type primary");
    let two =
        [entry("primary", "repodata/p.xml", ""), entry("primary", "repodata/q.xml", "")].concat();
    refused(&repomd(&two), "2 <data> of type primary, where one is expected");
    // Others may come twice, and all are held.
    let groups = [
        entry("primary", "repodata/p.xml", ""),
        entry("x", "repodata/x", ""),
        entry("x", "repodata/y", ""),
    ];
    assert_eq!(parse(&repomd(&groups.concat())).unwrap().data.len(), 3);
}

#[test]
fn a_location_is_below_the_tree() {
    for (href, why) in [
        (
            "../repodata/p.xml",
            "line 5: <location> has an href that cannot be followed: the path leaves the tree",
        ),
        ("/repodata/p.xml", "the path is absolute"),
        ("https://cdn.example.org/p.xml", "the path is a URL of the host cdn.example.org"),
        ("repodata/p&#10;.xml", "the path holds a control byte"),
        ("repodata/p\n.xml", "the path holds a control byte"),
        ("", "the path is empty"),
        (
            "p\" xml:base=\"https://u:p@cdn.example.org/x",
            "line 5: <location> has an xml:base to the host 'cdn.example.org': clients would pass the mirror by",
        ),
    ] {
        refused(&repomd(&entry("primary", href, "")), why);
    }
}

#[test]
fn fields_that_cannot_be_followed_say_where_and_why() {
    for (fields, why) in [
        (
            "<checksum type=\"md5\">00112233445566778899aabbccddeeff</checksum>",
            "line 6: <checksum> stands twice in one <data>",
        ),
        ("<location href=\"repodata/q\"/>", "line 6: <location> stands twice in one <data>"),
        ("<size>1</size><size>1</size>", "<size> stands twice"),
        ("<size>-1</size>", "<size> is '-1', where a number of bytes is expected"),
        ("<size>1.5</size>", "<size> is '1.5'"),
        ("<size/>", "<size> is ''"),
        ("<open-checksum type=\"crc\">1</open-checksum>", "<open-checksum> is of the type 'crc'"),
        ("<x>\u{1}</x>", "line 6: the control byte \\x01"),
        ("<x>&nbsp;</x>", "line 6: the reference &nbsp;"),
    ] {
        refused(&repomd(&entry("primary", "repodata/p.xml", fields)), why);
    }
}

#[test]
fn what_cannot_be_followed_says_where_and_why() {
    let bomb = "<!DOCTYPE r [<!ENTITY a 'b'>]>\n<repomd";
    let long = format!("<revision>{}</revision></repomd>", "1".repeat(1001));
    for (from, to, why) in [
        ("sha256", "sha3", "line 4: <checksum> is of the type 'sha3', where one of md5, sha,"),
        (" type=\"sha256\"", "", "<checksum> is of the type ''"),
        ("aabb", "AABB", "line 4: <checksum> is '00112233445566778899AABB"),
        ("eeff<", "eeff <", "<checksum> is '0011"),
        ("location", "place", "line 6: the <data> of type primary has no <location>"),
        ("checksum", "sum", "the <data> of type primary has no <checksum>"),
        ("href", "ref", "line 5: <location> has no href"),
        (" type=\"primary\"", "", "line 3: <data> has no type"),
        ("\"primary\"", "\"pri\nmary\"", "<data> has no type, or none that is a word"),
        ("\"primary\"", "\"pri&a;mary\"", "<data> has in the attribute type the reference &a;"),
        (
            "</repomd>",
            "<revision/><revision>2</revision></repomd>",
            "<revision> stands twice in one <repomd>",
        ),
        ("</repomd>", &long, "<revision> has more than 1000 bytes"),
        ("</repomd>", "", "the file is cut within an element"),
        ("</repomd>", "</repomd><x/>", "a second root element, <x>"),
        ("<repomd", bomb, "a document type declaration"),
    ] {
        refused(&repomd(&entry("primary", "repodata/p.xml", "")).replace(from, to), why);
    }
    refused(&repomd(&entry("x", "repodata/x", "").repeat(1001)), "more than 1000 entries <data>");
}

/// A mirror that is gone answers with a page and the status of a success.
#[test]
fn a_page_is_known_by_its_first_words() {
    for (text, why) in [
        (
            "<!DOCTYPE html>\n<html><body>Sorry",
            "declaration, which could hide anything; the file begins with: <!DOCTYPE html>\\x0a<html><body>Sorry",
        ),
        (
            "<html>\n<meta charset=utf-8><br>",
            "it begins with <html>, where <repomd> is expected; the file begins with: <html>\\x0a<meta",
        ),
        ("Not found\n", "the file begins with: Not found\\x0a"),
        ("", "the file ends, where <repomd> should begin"),
        ("\u{1f}\u{8b}", "the file begins with: \\x1f"),
        ("<metadata/>", "it begins with <metadata>, where <repomd> is expected"),
    ] {
        refused(text, why);
    }
    let error = parse(&format!("<html>{}", "x".repeat(10_000))).unwrap_err();
    assert!(error.len() < 500, "{error}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        at in 0..700usize,
        length in 0..20usize,
    ) {
        // Of the whole, and of a good file in which they replace some.
        drop(Repomd::parse(&bytes, &Place::default(), "x"));
        let mut text = repomd(&entry("primary", "repodata/p.xml", "<size>1</size>")).into_bytes();
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, bytes);
        if let Ok(read) = Repomd::parse(&text, &Place::default(), "x") {
            proptest::prop_assert!(read.of_kind("primary").is_some());
        }
    }
}
