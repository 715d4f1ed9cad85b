use super::legal::Legal;
use super::*;
use std::io::{BufRead, ErrorKind};

/// Gives out a few bytes at a time, and is interrupted in between.
struct Drops<'a>(&'a [u8], usize, bool);

impl Read for Drops<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.2 = !self.2;
        if self.2 {
            return Err(ErrorKind::Interrupted.into());
        }
        let length = self.1.min(to.len());
        self.0.read(&mut to[..length])
    }
}

/// Reads a list of items `<r a=…><i>text</i>…</r>`: the attribute, and the texts.
fn read(from: impl Read) -> Result<(Option<String>, Vec<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut xml = Xml::new(from, "r.xml");
    xml.root("r")?;
    let attribute = xml.pick(["a"])?[0].map(text);
    let (mut items, mut item) = (Vec::new(), Vec::new());
    while xml.child(1)? {
        if xml.name() == "i" {
            xml.text(&mut item)?;
            items.push(text(&item));
        }
    }
    assert!(!xml.child(0)?);
    Ok((attribute, items))
}

fn refused(bytes: &[u8]) -> String {
    let whole = read(bytes).unwrap_err().to_string();
    assert!(!whole.contains(['\n', '\0', '\u{1}']), "{whole}");
    assert_eq!(read(Drops(bytes, 1, false)).unwrap_err().to_string(), whole, "byte by byte");
    whole
}

#[test]
fn elements_and_texts_are_read() {
    for (text, attribute, items) in [
        ("<r/>", None, &[][..]),
        (
            "\u{feff}<?xml version='1.0' encoding=\"utf-8\"?>\n<!-- c --><?p i?>\n<r a='1'></r >\n<!-- d -->\n",
            Some("1"),
            &[],
        ),
        (
            "<r a = \"x&amp;&#x41;&#66;'\ty\n\"><i/><j><i>no</i></j><i>1</i>x</r>",
            Some("x&AB'\ty\n"),
            &["", "1"],
        ),
        (
            "<r><i> a&lt;&gt;&quot;&apos;&amp;&#10;<!-- c -->b<![CDATA[<&x;]]><?p?>c\n </i></r>",
            None,
            &[" a<>\"'&\nb<&x;c\n "],
        ),
        (
            "<r xmlns:x='u' x:a='1'><x:i>no</x:i><i>\u{fc}\u{10ffff}\u{fffd}\u{80}\x7f</i></r>",
            None,
            &["\u{fc}\u{10ffff}\u{fffd}\u{80}\x7f"],
        ),
        ("<r c=\">\"><i>></i></r>", None, &[">"]),
    ] {
        let expected =
            (attribute.map(str::to_owned), items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text:?}");
        assert_eq!(
            read(Drops(text.as_bytes(), 1, false)).unwrap(),
            expected,
            "{text:?}, byte by byte"
        );
    }
}

#[test]
fn what_is_not_to_be_followed_names_its_line() {
    let deep = "<r>".repeat(40);
    let name = format!("<{}/>", "x".repeat(300));
    let many: String = (0..70).map(|at| format!(" b{at}=''")).collect();
    let (many, long) = (format!("<r{many}/>"), format!("<r><i>{}</i></r>", "x".repeat(5000)));
    let longer = format!("<r a='{}'/>", "x".repeat(5000));
    for (text, why) in [
        (&b""[..], "line 1: the file ends, where <r> should begin"),
        (b"\n\n", "line 3: the file ends"),
        (b"x", "line 1: text outside of the root element: x"),
        (b"<r/>\n&amp;", "line 2: text outside"),
        (b"<r/><![CDATA[ ]]>", "text outside"),
        (b"<r/>\n<r/>", "line 2: a second root element, <r>"),
        (b"<x:r/>", "line 1: it begins with <x:r>, where <r> is expected"),
        (b"<html>", "it begins with <html>, where <r> is expected"),
        (b"<!DOCTYPE r><r/>", "a document type declaration"),
        (b"<!DOCTYPE r [<!ENTITY a 'b'>]><r><i>&a;</i></r>", "a document type declaration"),
        (b"<r>\n<i>&a;</i></r>", "line 2: the reference &a;,"),
        (b"<r>\n<j><k>&a;</k></j></r>", "line 2: the reference &a;,"),
        (b"<r a='&a;'/>", "line 1: <r> has in the attribute a the reference &a;,"),
        (b"<r a='&amp'/>", "an & that begins no reference"),
        (b"<r a='<'/>", "<r> has in the attribute a a <, which XML forbids"),
        (b"<r a='1' a='2'/>", "<r> has "),
        (b"<r a=1/>", "<r> has "),
        (b"<r a/>", "<r> has "),
        (b"<r>&#0;</r>", "the reference &#0;,"),
        (b"<r>&#1;</r>", "the reference &#1;,"),
        (b"<r>&#xd800;</r>", "the reference &#xd800;,"),
        (b"<r>&#xffff;</r>", "the reference &#xffff;,"),
        (b"<r>&#x110000;</r>", "the reference &#x110000;,"),
        (b"<r>&#+9;</r>", "the reference &#+9;,"),
        (b"<r>&#X9;</r>", "the reference &#X9;,"),
        (b"<r>&#;</r>", "the reference &#;,"),
        (b"<r>&</r>", "line 1: "),
        (b"<r>\n<i>a\x01b</i></r>", "line 2: the control byte \\x01, which XML forbids"),
        (b"<r>\n\n<i>\xfc</i></r>", "line 3: the byte \\xfc, where the text should be UTF-8"),
        (b"<r><!--\n\0--></r>", "line 2: the control byte \\x00"),
        (b"<r>\n<i a='\xc3'/></r>", "line 2: the byte \\xc3"),
        (b"<r>\xef\xbf\xbf</r>", "U+FFFE or U+FFFF"),
        (b"<r/>\n\xc3", "line 2: the file ends within a character"),
        (
            b"<?xml version='1.0' encoding='ISO-8859-1'?><r/>",
            "the encoding ISO-8859-1, where UTF-8",
        ),
        (b"\n<?xml version='1.0'?><r/>", "line 2: an XML declaration that is not at the beginning"),
        (b"<r><i></r>", "line 1: "),
        (b"<r>\n<i>", "line 2: the file is cut within an element"),
        (b"<r>\n<i", "line 2: "),
        (b"</r>", "line 1: "),
        (b"<r><i>a<b/></i></r>", "line 1: <i> holds a tag, where text is expected"),
        (b"<r><!-- a -- b --></r>", "line 1: "),
        (b"<r><!x></r>", "line 1: "),
        (deep.as_bytes(), "more than 32 elements stand in each other"),
        (name.as_bytes(), "the name of an element has more than 255 bytes"),
        (many.as_bytes(), "<r> has more than 64 attributes"),
        (long.as_bytes(), "<i> has a text of more than 4096 bytes"),
        (longer.as_bytes(), "<r> has attributes of more than 4096 bytes"),
    ] {
        let error = refused(text);
        assert!(error.contains(why), "{}: {error}", escape(text));
    }
}

#[test]
fn what_was_read_before_an_error_was_handed_out() {
    let mut xml = Xml::new(&b"<r><i>1</i>\n<i>\x01</i></r>"[..], "r.xml");
    let mut text = Vec::new();
    xml.root("r").unwrap();
    assert!(xml.child(1).unwrap());
    xml.text(&mut text).unwrap();
    assert_eq!((text.as_slice(), xml.line()), (&b"1"[..], 1));
    assert!(xml.child(1).unwrap());
    let error = xml.text(&mut text).unwrap_err().to_string();
    assert!(error.contains("r.xml") && error.contains("line 2: "), "{error}");
}

/// Nothing without an end fills the memory.
#[test]
fn what_never_ends_is_given_up() {
    let begins: [&[u8]; 6] =
        [b"<r>", b"<r a='", b"<r><!--", b"<r><![CDATA[", b"<!DOCTYPE r [", b"<r><?p "];
    for begin in begins {
        let error = read(begin.chain(std::io::repeat(b'x'))).unwrap_err().to_string();
        assert!(error.contains("a tag or text has more than 4194304 bytes"), "{error}");
    }
    // A long text is fine where nobody asks for it.
    let long = [b"<r><j>", vec![b'x'; 3 << 20].as_slice(), b"</j><i>1</i></r>"].concat();
    assert_eq!(read(long.as_slice()).unwrap().1, ["1"]);
}

#[test]
fn lines_and_characters_are_found_across_the_edges_of_what_is_read() {
    for before in (65_530..65_545).chain(131_060..131_080) {
        let mut text = b"<r>".to_vec();
        text.resize(before, b'\n');
        text.extend("\u{20ac}<i>x</i>\n".as_bytes());
        assert_eq!(read(text.as_slice().chain(&b"</r>"[..])).unwrap().1, ["x"]);
        text.extend(b"\xff");
        let error = read(text.as_slice()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("line {}: the byte \\xff", before - 3 + 2)),
            "{before}: {error}"
        );
    }
}

#[test]
fn what_unpacks_the_file_says_why_it_ends() {
    struct Broken(ErrorKind);
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::new(self.0, "it unpacks to more\nthan that"))
        }
    }
    let error = read(b"<r>\n".chain(Broken(ErrorKind::FileTooLarge))).unwrap_err();
    assert!(matches!(error, Error::BadMetadata { .. }));
    let error = error.to_string();
    assert!(
        error.contains("line 2: it is the last that can be read: it unpacks to more\\x0athan that"),
        "{error}"
    );
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from_raw_os_error(5))
        }
    }
    assert!(matches!(read(Failing), Err(Error::Io { .. })));
}

#[test]
fn only_digits_are_numbers() {
    for (text, expected) in [("0", Some(0)), ("18446744073709551615", Some(u64::MAX))] {
        assert_eq!(number(text.as_bytes()), expected);
    }
    for text in ["", "+1", "-1", " 1", "1.5", "0x1", "18446744073709551616", "\u{661}"] {
        assert_eq!(number(text.as_bytes()), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        drop(read(bytes.as_slice()));
        drop(read(b"<r><i>".chain(bytes.as_slice())));
        drop(read(b"<r a='".chain(bytes.as_slice())));
    }

    /// What looks like XML is read in one way, however it arrives.
    #[test]
    fn pieces_of_xml_are_read_in_one_way(
        pieces in proptest::collection::vec(proptest::sample::select(&[
            "<r>", "</r>", "<i>", "</i>", "<i/>", "<j a='1'>", "</j>", "<r a=\"&lt;\">", "x", "&amp;", "&#9;", "&x;", "<!-- c -->",
            "<![CDATA[", "]]>", "<?p?>", "<?xml version='1.0'?>", "<!DOCTYPE r>", "<", ">", "'", "&", ";", "\n", "\u{fc}", "\u{1}",
        ][..]), 0..20),
        step in 1..7usize,
    ) {
        let text = format!("<r>{}", pieces.concat());
        let told = |read: Result<(Option<String>, Vec<String>)>| read.map_err(|error| error.to_string());
        let whole = told(read(text.as_bytes()));
        proptest::prop_assert_eq!(told(read(Drops(text.as_bytes(), step, false))), whole);
    }

    /// Whatever is let through is legal, and all that is legal is let through.
    #[test]
    fn legal_bytes_are_found(bytes in proptest::collection::vec(
        proptest::sample::select(&b"ab\n\x01\x80\xc3\xbc\xe2\x82\xac\xef\xbf\xbe\xf0\x9f"[..]), 0..20), step in 1..5usize,
    ) {
        let mut legal = Legal::new(Box::new(Drops(&bytes, step, false)), "x");
        let mut found = Vec::new();
        let is_whole = loop {
            let Ok(some) = legal.fill_buf() else { break false };
            if some.is_empty() { break true }
            let length = some.len();
            found.extend_from_slice(some);
            legal.consume(length);
        };
        let end = (0..=bytes.len()).rev().find(|end| std::str::from_utf8(&bytes[..*end]).is_ok_and(|text| {
            text.chars().all(|letter| letter == '\n' || letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
        })).unwrap();
        proptest::prop_assert_eq!(&found, &bytes[..end]);
        proptest::prop_assert_eq!(is_whole, end == bytes.len());
    }
}
