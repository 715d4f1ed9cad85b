use super::*;
use crate::unpack::{Form, unpacked};
use std::io::Write;

const SHA: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A package as `createrepo_c` writes it.
const PACKAGE: &str = r#"<package type="rpm">
  <name>hello</name>
  <arch>x86_64</arch>
  <version epoch="1" ver="2.10" rel="3.el9"/>
  <checksum type="sha256" pkgid="YES">00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff</checksum>
  <summary>Says &lt;hello&gt;</summary>
  <description>Greets, with &amp; more; or <![CDATA[less]]>.</description>
  <packager>A &amp; B</packager>
  <url>http://example.org/?a=b&amp;c</url>
  <time file="1700000001" build="1700000000"/>
  <size package="123" installed="456" archive="789"/>
  <location href="Packages/h/hello-2.10-3.el9.x86_64.rpm"/>
  <format>
    <rpm:license>GPL</rpm:license>
    <rpm:sourcerpm>hello-2.10-3.el9.src.rpm</rpm:sourcerpm>
    <rpm:header-range start="4504" end="6900"/>
    <rpm:provides>
      <rpm:entry name="hello" flags="EQ" epoch="1" ver="2.10" rel="3.el9"/>
    </rpm:provides>
    <file>/usr/bin/hello</file>
    <file type="dir">/usr/share/hello</file>
  </format>
</package>
"#;

fn package() -> String {
    PACKAGE.to_owned()
}

/// Wraps packages as `createrepo_c` does.
fn list(stated: &str, packages: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" \
         xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"{stated}\">\n{packages}</metadata>\n"
    )
}

/// Reads a list; shows every package.
fn read(from: impl Read) -> Result<(Vec<String>, Seen), String> {
    let mut all = Vec::new();
    let seen = packages(from, "primary.xml", &mut |package| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let nevra =
            [package.name, package.epoch, package.version, package.release, package.architecture]
                .map(text);
        let size = package.size_bytes;
        all.push(format!(
            "{} {size:?} {} from '{}'",
            nevra.join("|"),
            text(package.href),
            text(package.source_rpm)
        ));
        Ok(())
    });
    seen.map(|seen| (all, seen)).map_err(|error| {
        assert!(matches!(error, Error::BadMetadata { .. }));
        error.to_string()
    })
}

fn one(package: &str) -> Result<String, String> {
    let (mut all, seen) = read(list("1", package).as_bytes())?;
    assert_eq!((all.len(), seen.packages), (1, 1));
    Ok(all.remove(0))
}

#[test]
fn a_package_is_read_field_by_field() {
    let both = list(
        "2",
        &[package(), package().replace("hello", "world").replace("x86_64<", "src<")].concat(),
    );
    let mut lines = Vec::new();
    let seen = packages(both.as_bytes(), "primary.xml", &mut |package| {
        assert_eq!(
            package.checksum,
            Checksum::of_hex(pinfold_store::Algorithm::Sha256, SHA.as_bytes()).unwrap()
        );
        assert_eq!(package.is_source(), package.name == b"world");
        lines.push(package.line);
        Ok(())
    });
    assert_eq!(seen.unwrap(), Seen { packages: 2, stated: Some(2) });
    assert_eq!(lines, [3, 26]);
    assert_eq!(
        one(&package()).unwrap(),
        "hello|1|2.10|3.el9|x86_64 Some(123) \
         Packages/h/hello-2.10-3.el9.x86_64.rpm from 'hello-2.10-3.el9.src.rpm'"
    );
}

#[test]
fn what_may_be_missing_is_empty() {
    let bare = format!(
        "<package><name>n</name><arch>noarch</arch><version ver='1'/><checksum type='md5'>{}</checksum><location href='n.rpm'/></package>",
        &SHA[..32]
    );
    assert_eq!(one(&bare).unwrap(), "n|0|1||noarch None n.rpm from ''");
    for (edit, expected) in [
        ("<size package='0'/>", "None"),
        ("<size installed='x'/>", "None"),
        ("<size package='1'/>", "Some(1)"),
        ("<format/><format><rpm:sourcerpm/></format>", "from ''"),
        // Names are what they are written as: this is another element, as for clients.
        (
            "<x:name>m</x:name><format><sourcerpm>x</sourcerpm><a><rpm:sourcerpm>y</rpm:sourcerpm></a></format>",
            "from ''",
        ),
    ] {
        let shown = one(&bare.replace("</package>", &format!("{edit}</package>"))).unwrap();
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn the_number_of_packages_is_told_and_not_believed() {
    for (stated, number) in
        [("7", Some(7)), ("0", Some(0)), ("-1", None), ("many", None), ("", None)]
    {
        assert_eq!(
            read(list(stated, &package()).as_bytes()).unwrap().1,
            Seen { packages: 1, stated: number }
        );
    }
    assert_eq!(read(&b"<metadata/>"[..]).unwrap().1, Seen { packages: 0, stated: None });
    // What stands elsewhere is no package, for clients neither.
    let deep = list("1", &format!("<x>{}</x><x:package/>", package()));
    assert_eq!(read(deep.as_bytes()).unwrap().1.packages, 0);
}

#[test]
fn names_are_bytes_and_paths_are_resolved() {
    let place = Place::new(Some("2/core/guid/x86_64".parse().unwrap()));
    for (href, expected) in [
        ("a%2B+^~ ?#&amp;&#60;.rpm", "2/core/guid/x86_64/a%2B+^~ ?#&<.rpm"),
        ("../../../../blobstore/ab/x.rpm", "blobstore/ab/x.rpm"),
        ("\u{fc}.rpm", "2/core/guid/x86_64/\u{fc}.rpm"),
        (
            "../../../../../x.rpm",
            "line 3: package hello: the path leaves the tree, of whose root the repository is 4 folder(s)",
        ),
        ("a&#10;b.rpm", "line 3: package hello: the path holds a control byte: a\\x0ab.rpm"),
        ("a\nb.rpm", "the path holds a control byte"),
        ("a\tb.rpm", "the path holds a control byte"),
        ("", "the path is empty"),
        ("/x.rpm", "the path is absolute"),
        ("http://cdn.example.org/x.rpm", "the path is a URL of the host cdn.example.org"),
    ] {
        let text = list("1", &package().replace("Packages/h/hello-2.10-3.el9.x86_64.rpm", href));
        let mut found = None;
        let read = packages(text.as_bytes(), "primary.xml", &mut |package| {
            found = Some(package.path(&place)?);
            Ok(())
        });
        match read {
            Ok(_) => assert_eq!(found.unwrap().as_bytes(), expected.as_bytes()),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    }
}

#[test]
fn every_checksum_that_a_client_knows_is_taken() {
    let digits = SHA.repeat(2);
    for (kind, length) in
        [("sha", 40), ("sha1", 40), ("md5", 32), ("sha224", 56), ("sha384", 96), ("sha512", 128)]
    {
        let edited =
            package().replace("\"sha256\"", &format!("\"{kind}\"")).replace(SHA, &digits[..length]);
        one(&edited).unwrap();
    }
}

/// The package without what is from one text to another.
fn without(begin: &str, end: &str) -> String {
    let text = package();
    let (from, to) = (text.find(begin).unwrap(), text.find(end).unwrap() + end.len());
    text[..from].to_owned() + &text[to..]
}

/// The package with more at its end.
fn with(more: &str) -> String {
    package().replace("</package>", &format!("{more}</package>"))
}

/// The package with another text in place of one.
fn edit(from: &str, to: &str) -> String {
    package().replace(from, to)
}

fn refused(package: &str, why: &str) {
    let error = one(package).unwrap_err();
    assert!(error.starts_with("primary.xml is no metadata") && error.contains(why), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn what_is_missing_says_so() {
    for (text, why) in [
        (without("<name>", "</name>"), "line 3: package : it has no <name>"),
        (edit(">hello<", "><"), "line 3: package : it has no <name>"),
        (without("<arch>", "</arch>"), "line 3: package hello: it has no <arch>"),
        (without("<version", "el9\"/>"), "line 3: package hello: it has no <version>"),
        (edit("ver=\"2.10\" rel=\"3.el9\"/>", "/>"), "line 6: <version> has no ver"),
        (without("<checksum", "</checksum>"), "line 3: package hello: it has no <checksum>"),
        (without("<location", "rpm\"/>"), "line 3: package hello: it has no <location>"),
        (edit("href=", "ref="), "line 14: <location> has no href"),
    ] {
        refused(&text, why);
    }
}

#[test]
fn what_stands_twice_is_refused() {
    for more in [
        "<name>x</name>",
        "<arch/>",
        "<version ver=''/>",
        "<location href='x'/>",
        "<size package='0'/>",
        "<checksum type='md5'>00112233445566778899aabbccddeeff</checksum>",
        "<format><rpm:sourcerpm>x</rpm:sourcerpm></format>",
    ] {
        let name = more.trim_start_matches("<format>").split(['<', '>', '/', ' ']).nth(1).unwrap();
        refused(&with(more), &format!("line 25: <{name}> stands twice in one <package>"));
    }
}

#[test]
fn what_cannot_be_followed_says_where_and_why() {
    let base = "<location xml:base=\"https://u:p@cdn.example.org/x/\" ";
    for (from, to, why) in [
        ("\"123\"", "\"12x\"", "line 13: <size> is '12x', where a number of bytes is expected"),
        (
            "sha256",
            "sha3",
            "line 7: <checksum> is of the type 'sha3', where one of md5, sha, sha1,",
        ),
        ("aabb", "AABB", "line 7: <checksum> is '00112233445566778899AABB"),
        ("eeff<", "eeff\n<", "<checksum> is '0011"),
        (
            "<location ",
            base,
            "line 14: <location> has an xml:base to the host 'cdn.example.org': clients",
        ),
        ("<location ", "<location xml:base=\"cdn/x\" ", "has an xml:base to the host 'cdn'"),
        (">hello<", ">he<b/>llo<", "line 4: <name> holds a tag, where text is expected"),
        (
            ">hello<",
            ">he\nllo<",
            "line 3: package he\\x0allo: <name> holds a control byte: he\\x0allo",
        ),
        ("rel=\"3.el9\"/>", "rel=\"3&#9;\"/>", "<version> holds a control byte: 3\\x09"),
        ("GPL", "\u{1}", "line 16: the control byte \\x01, which XML forbids"),
        ("GPL", "&#1;", "line 16: the reference &#1;, which XML does not know or forbids"),
        ("GPL", "&nbsp;", "line 16: the reference &nbsp;,"),
        ("&amp; more", "& more", "line 9: the reference & more;, which XML does not know"),
        ("</format>", "", "line 25: "),
    ] {
        refused(&edit(from, to), why);
    }
    let latin = list("1", &package()).replace("Says", "S\u{fc}ys").into_bytes();
    let latin: Vec<u8> = latin.into_iter().filter(|byte| *byte != 0xc3).collect();
    let error = read(latin.as_slice()).unwrap_err();
    assert!(error.contains("line 8: the byte \\xbc, where the text should be UTF-8"), "{error}");
}

#[test]
fn what_is_no_list_says_so() {
    let bomb = "<!DOCTYPE m [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>";
    for (text, why) in [
        (String::new(), "line 1: the file ends, where <metadata> should begin"),
        ("<filelists/>".to_owned(), "it begins with <filelists>, where <metadata> is expected"),
        ("<m:metadata xmlns:m='x'/>".to_owned(), "it begins with <m:metadata>"),
        ("<html>".to_owned(), "it begins with <html>"),
        (
            list("1", &package()).replace("<metadata", &format!("{bomb}<metadata")),
            "line 2: a document type declaration",
        ),
        (list("1", &package()).replace("UTF-8", "ISO-8859-1"), "the encoding ISO-8859-1"),
        (list("1", &package()).replace("</metadata>\n", ""), "the file is cut within an element"),
        (list("1", &package()) + "<metadata/>", "line 27: a second root element, <metadata>"),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn an_error_of_the_caller_ends_it() {
    let text = list("2", &package().repeat(2));
    let mut count = 0;
    let read = packages(text.as_bytes(), "primary.xml", &mut |package| {
        count += 1;
        Err(package.bad("no\nroom"))
    });
    assert_eq!(count, 1);
    assert!(read.unwrap_err().to_string().contains("line 3: package hello: no\nroom"));
}

#[test]
fn a_packed_list_is_read_up_to_the_size_that_is_stated() {
    let text = list("3", &package().repeat(3));
    let (begin, end) = text.as_bytes().split_at(1000);
    let mut packed = Vec::new();
    for part in [begin, end] {
        let mut gz = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
        gz.write_all(part).unwrap();
        gz.finish().unwrap();
    }
    let whole = unpacked(Form::Gz, packed.as_slice(), text.len() as u64).unwrap();
    assert_eq!(read(whole).unwrap().1, Seen { packages: 3, stated: Some(3) });
    let cut = unpacked(Form::Gz, packed.as_slice(), 1500).unwrap();
    let error = read(cut).unwrap_err();
    assert!(
        error.contains("it is the last that can be read: it unpacks to more than 1500 bytes"),
        "{error}"
    );
}

proptest::proptest! {
    /// Arbitrary bytes in a good list are read or refused.
    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
        at in 0..1600usize,
        length in 0..40usize,
    ) {
        let mut text = list("1", &package()).into_bytes();
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, bytes);
        drop(read(text.as_slice()));
    }

    /// What a package is called comes back as it was.
    #[test]
    fn texts_are_escaped_and_come_back(name in "[ -~\u{fc}]{1,20}", version in "[ -~]{0,20}", href in "[ -~]{0,20}") {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let text = package()
            .replace(">hello<", &format!(">{}<", escaped(&name)))
            .replace("\"2.10\"", &format!("\"{}\"", escaped(&version)))
            .replace("Packages/h/hello-2.10-3.el9.x86_64.rpm", &escaped(&href));
        let shown = one(&text).unwrap();
        proptest::prop_assert!(shown.starts_with(&format!("{name}|1|{version}|3.el9|x86_64 ")), "{}", shown);
        proptest::prop_assert!(shown.contains(&format!(") {href} from ")), "{}", shown);
    }
}
