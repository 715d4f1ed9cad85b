use proptest::prelude::*;

use super::*;

const SUM: &str = "Q1q+iM3bWzq7gH0cL4bq2T8gnY9wI=";

/// Name, version, architecture, size, origin and build time of each package.
type Read = (String, String, String, Option<u64>, String, i64);

fn read(text: &str) -> Result<Vec<Read>> {
    let mut found = Vec::new();
    packages(&mut text.as_bytes(), "APKINDEX", &mut |one| {
        let origin = String::from_utf8_lossy(one.origin).into_owned();
        let [name, version, architecture] =
            [one.name, one.version, one.architecture].map(str::to_owned);
        found.push((name, version, architecture, one.size_bytes, origin, one.built));
        Ok(())
    })?;
    Ok(found)
}

fn entry(more: &str) -> String {
    format!("C:{SUM}\nP:hello\nV:1.0-r0\n{more}\n")
}

#[test]
fn an_index_is_read_as_apk_reads_it() {
    let text = format!(
        "{}{}\n\n{}",
        entry(
            "A:x86_64\nS:1234\nI:20\nT:a: b\nU:\nL:MIT\no:hello-src\nm:A <a@example.org>\nt:1700000000\nc:00\nk:100\nD:so:libc\np:cmd:hello=1.0-r0\nr:x\n"
        ),
        entry("S:1\nS:2\nt:none\nZ:what a later version has\n"),
        // The last one needs no empty line.
        entry("").trim_end(),
    );
    let of = |architecture: &str, size, origin: &str, built| {
        let [name, version] = ["hello", "1.0-r0"].map(str::to_owned);
        (name, version, architecture.to_owned(), size, origin.to_owned(), built)
    };
    assert_eq!(
        read(&text).unwrap(),
        [
            of("x86_64", Some(1234), "hello-src", 1_700_000_000),
            of("", Some(2), "hello", 0),
            of("", None, "hello", 0)
        ]
    );
    assert!(read("").unwrap().is_empty());
    assert!(read("\n\n\n").unwrap().is_empty());
}

#[test]
fn what_cannot_be_followed_refuses_the_index() {
    for (text, says) in [
        (entry("no field\n"), "line 4, 'no field', is no field"),
        (entry("S:-1\n"), "S:-1: it is no size"),
        (entry("S:99999999999999999999\n"), "it is no size"),
        (entry("P:../../etc/passwd\n"), "P:../../etc/passwd: it cannot be a part"),
        (entry("P:a/b\n"), "it cannot be a part"),
        (entry("P:.hidden\n"), "it cannot be a part"),
        (entry("P:a b\n"), "it cannot be a part"),
        (entry("P:\u{1b}[31m\n"), "P:\\x1b[31m: it cannot be a part"),
        (entry("V:\n"), "V:: it cannot be a part"),
        (entry("A:../noarch\n"), "A:../noarch: it cannot be a part"),
        (entry(&format!("P:{}\n", "a".repeat(129))), "it cannot be a part"),
        ("P:hello\nV:1.0\n\n".to_owned(), "C:: it is no checksum"),
        (entry("C:Q1AAAA\n"), "it is no SHA-1"),
        (entry("C:Q2q+iM3bWzq7gH0cL4bq2T8gnY9wIq+iM3bWzq7gH0cL4bq2=\n"), "it is no SHA-1"),
        (entry("C:MD5\n"), "it is no checksum"),
    ] {
        let said = read(&text).unwrap_err().to_string();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
        assert!(!said.contains('\n'));
    }
    let long = entry(&format!("D:{}\n", "a".repeat(LINE_BYTES_MAX)));
    assert!(read(&long).unwrap_err().to_string().contains("longer than 4 MiB"));
}

#[test]
fn both_spellings_of_a_checksum_are_one() {
    let hex: String = control(SUM.as_bytes()).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(control(format!("X1{hex}").as_bytes()), control(SUM.as_bytes()));
}

proptest! {
    #[test]
    fn any_bytes_are_an_index_or_an_error(bytes: Vec<u8>) {
        drop(packages(&mut bytes.as_slice(), "any", &mut |_| Ok(())));
        drop(unpack(&bytes, "any", &mut |_| Ok(())));
    }

    #[test]
    fn any_fields_are_an_entry_or_an_error(fields in proptest::collection::vec("[A-Za-z]:[ -~]{0,12}", 0..8)) {
        let text = fields.join("\n") + "\n\n";
        if let Ok(found) = read(&text) {
            for (name, version, ..) in found {
                let slashes = format!("{name}{version}").contains('/');
                prop_assert!(!slashes);
            }
        }
    }
}
