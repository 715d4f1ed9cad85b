use super::*;

/// Reads everything: name and value of every field, stanza by stanza, and the odd line.
type All = (Vec<Vec<(String, String)>>, Option<u64>);

fn read(from: impl Read) -> Result<All> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut stanzas = Stanzas::new(from, "d/Packages");
    let mut all = Vec::new();
    while let Some(stanza) = stanzas.next()? {
        all.push(stanza.fields().map(|(name, value)| (text(name), text(value))).collect());
    }
    assert_eq!(stanzas.stanzas(), all.len() as u64);
    Ok((all, stanzas.odd_line()))
}

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

#[test]
fn odd_spellings_are_read_as_clients_read_them() {
    let one = [("Package", "foo"), ("Version", "1")];
    for (text, expected, odd_line) in [
        ("", vec![], None),
        ("\n\r\n\n", vec![], None),
        ("# nothing\n", vec![], None),
        ("Package: foo\nVersion: 1\n", vec![one.to_vec()], None),
        ("Package: foo\nVersion: 1", vec![one.to_vec()], None),
        ("Package:foo\r\nVersion:\t1 \r\n\r\n\n\n", vec![one.to_vec()], None),
        ("Package : foo\n\nVersion: 1\n", vec![vec![one[0]], vec![one[1]]], None),
        ("Package: foo\r\n\r\r\nVersion: 1\r", vec![vec![one[0]], vec![one[1]]], None),
        // A line of blanks does not end a stanza: clients see one package here.
        ("Package: foo\n \nVersion: 1\n", vec![one.to_vec()], None),
        ("Package: foo\n\t\nVersion: 1\n", vec![one.to_vec()], None),
        ("\n\nPackage: foo\nVersion: 1\n", vec![one.to_vec()], Some(1)),
        ("Package: foo\n# x\nVersion: 1\n\n#\n", vec![one.to_vec()], Some(2)),
        ("#x\n#y\nPackage: foo\n\n\nVersion: 1\n", vec![vec![one[0]], vec![one[1]]], Some(1)),
        ("a:\n b\n  c\n\td\nb: \n", vec![vec![("a", "b\n  c\n\td"), ("b", "")]], None),
        ("a: 1\nA: 2\na: 3\n", vec![vec![("a", "1"), ("A", "2"), ("a", "3")]], None),
        ("a: \0\u{fc}:x\n", vec![vec![("a", "\0\u{fc}:x")]], None),
    ] {
        let expected: Vec<Vec<(String, String)>> = expected
            .into_iter()
            .map(|stanza| stanza.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect())
            .collect();
        assert_eq!(read(text.as_bytes()).unwrap(), (expected.clone(), odd_line), "{text:?}");
        let drops = read(Drops(text.as_bytes(), 1, false)).unwrap();
        assert_eq!(drops, (expected, odd_line), "{text:?}, byte by byte");
    }
}

#[test]
fn what_is_no_stanza_is_refused_by_line() {
    for (text, why) in [
        ("Package: foo\nno field\n", "line 2 is no field: no field"),
        ("\n\n: x\n", "line 3 is no field: : x"),
        (" x\n", "line 1 continues nothing"),
        ("a: b\n\n x: y\n", "line 3 continues nothing"),
        ("<html>\x1b\n", "line 1 is no field: <html>\\x1b"),
    ] {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("d/Packages ") && error.ends_with(why), "{text:?}: {error}");
    }
    let broken = |error: fn() -> std::io::Error| {
        read(Drops(b"a: b\n", 1, false).chain(Broken(error))).unwrap_err()
    };
    let disk = broken(|| std::io::Error::from_raw_os_error(5));
    assert!(matches!(disk, Error::Io { action: "read", .. }), "{disk}");
    let packed = broken(|| std::io::Error::other("bad \x1b")).to_string();
    assert!(packed.ends_with("line 1 is the last that can be read: bad \\x1b"), "{packed}");
}

struct Broken(fn() -> std::io::Error);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(self.0())
    }
}

#[test]
fn a_field_is_picked_whatever_its_case_and_the_last_one_counts() {
    let mut stanzas = Stanzas::new(&b"A: 1\nb: 2\na: 3\nAB: 4\n"[..], "x");
    let stanza = stanzas.next().unwrap().unwrap();
    let picked = stanza.pick(&["a", "B", "c", "Ab"]);
    assert_eq!(picked, [Some(&b"3"[..]), Some(b"2"), None, Some(b"4")]);
    assert_eq!(stanza.line, 1);
    assert!(stanza.bad("so").to_string().contains("the stanza at line 1: so"));
}

#[test]
fn huge_input_is_read_or_refused_and_never_held() {
    // Lines and stanzas of Debian's greatest size, 20 of them through a buffer that has to grow in between.
    let line = format!("Package: x\nProvides: {}\n", "p".repeat(75_649 - 10));
    let stanza = format!("{line}More: {}\n\n", "m".repeat(76_338 - line.len() - 7));
    let (all, _) = read(stanza.repeat(20).as_bytes()).unwrap();
    assert!(all.len() == 20 && all.iter().all(|one| one[1].1.len() == 75_639));
    let large = format!("a: {}\n\nb: c\n\n", "x".repeat(3 << 20));
    let (all, _) = read(Drops(large.repeat(3).as_bytes(), 100_000, false)).unwrap();
    let lengths: Vec<usize> = all.iter().map(|one| one[0].1.len()).collect();
    assert_eq!(lengths, [3 << 20, 1, 3 << 20, 1, 3 << 20, 1]);
    let fields = |count: usize| (0..count).map(|n| format!("F{n}: x\n")).collect::<String>();
    assert_eq!(read(fields(100_000).as_bytes()).unwrap().0[0].len(), 100_000);
    let error = read(fields(FIELDS_MAX + 1).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("line 200001 is one field more than the 200000"), "{error}");
    for endless in [&b"x"[..], b"a: b\n", b"a:\n b", b"a: b\n "] {
        let mut stanzas = Stanzas::new(Endless(endless, 0), "x");
        let error = loop {
            match stanzas.next() {
                Ok(stanza) => assert!(stanza.is_some()),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("more than") || error.contains("bytes or more"), "{error}");
        assert!(stanzas.buffer.len() <= STANZA_BYTES_MAX);
    }
    // Comments and empty lines may go on for ever, they take no room.
    for nothing in [&b"\n"[..], b"# x\n"] {
        let much = Endless(nothing, 0).take(30 << 20);
        assert!(read(much).unwrap().0.is_empty());
    }
}

struct Endless<'a>(&'a [u8], usize);

impl Read for Endless<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *to {
            *byte = self.0[self.1 % self.0.len()];
            self.1 += 1;
        }
        Ok(to.len())
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        drop(read(&bytes[..]));
    }

    #[test]
    fn the_reader_agrees_with_a_plain_one(text in "([a-c: #\t\r]{0,4}\n){0,12}[a-c:]{0,3}", step in 1_usize..7) {
        let whole = read(text.as_bytes()).ok();
        proptest::prop_assert_eq!(&read(Drops(text.as_bytes(), step, false)).ok(), &whole);
        proptest::prop_assert_eq!(plain(&text), whole.map(|(all, _)| all));
    }
}

/// The same by splitting a whole text into lines.
fn plain(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut all: Vec<Vec<(String, String)>> = Vec::new();
    let (mut is_open, mut comments) = (false, String::new());
    for line in text.split('\n') {
        if line.trim_end_matches('\r').is_empty() {
            is_open = false;
            comments.clear();
        } else if line.starts_with([' ', '\t', '\r']) {
            let value = &mut all.last_mut().filter(|_| is_open)?.last_mut()?.1;
            value.push_str(&comments);
            value.push('\n');
            value.push_str(line);
            comments.clear();
        } else if line.starts_with('#') {
            // Part of a value only where the value goes on behind it.
            comments.push('\n');
            comments.push_str(line);
        } else {
            comments.clear();
            let (name, value) = line.split_once(':')?;
            if name.trim().is_empty() {
                return None;
            }
            if !is_open {
                all.push(Vec::new());
            }
            is_open = true;
            all.last_mut()?.push((name.trim_end().to_owned(), value.to_owned()));
        }
    }
    for (_, value) in all.iter_mut().flatten() {
        *value = value.trim().to_owned();
    }
    Some(all)
}
