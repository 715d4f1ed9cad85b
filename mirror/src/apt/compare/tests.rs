use pinfold_store::{Finding, Tally};

use super::*;
use crate::tree::tests::MemoryTree;
use crate::unpack::tests::packed;

/// Reads a suite that has one packed list and states another content's size and checksum for the plain one.
fn read(form: Form, packed: Vec<u8>, plain: &[u8]) -> (Result<crate::apt::Reading>, Vec<Finding>) {
    let mut tree = MemoryTree::default();
    let sha = |bytes: &[u8]| format!("{:x}", Sha256::digest(bytes));
    let ending = form.ending();
    let text = format!(
        "SHA256:\n {} {} m/Packages\n {} {} m/Packages{ending}\n",
        sha(plain),
        plain.len(),
        sha(&packed),
        packed.len()
    );
    tree.files.insert("d/Release".to_owned(), text.into_bytes());
    tree.files.insert(format!("d/m/Packages{ending}"), packed);
    let tally = Tally::default();
    (crate::apt::read(&tree, &tally), tally.problems())
}

#[test]
fn packed_lists_unpack_to_what_is_listed_for_the_plain_one() {
    for form in PREFERRED {
        assert!(
            read(form, packed(form, b"Package: foo\n"), b"Package: foo\n").0.is_ok(),
            "{form:?}"
        );
        for (bytes, plain, word) in [
            (packed(form, b"Package: foo\n"), b"Package: bar\n".as_slice(), "expected"),
            (packed(form, b"Package: foo\n"), b"Package: foobar\n", "expected 16 of d/m/Packages"),
            (
                packed(form, &[b'a'; 10_000_000]),
                b"Package: foo\n",
                "more than the 13 bytes of d/m/Packages",
            ),
            (b"no packed file at all, only junk".to_vec(), b"Package: foo\n", "does not unpack"),
        ] {
            let (result, problems) = read(form, bytes, plain);
            assert!(matches!(result, Err(Error::Mismatch { count: 1, .. })), "{form:?} {word}");
            assert_eq!(problems[0].subject, format!("d/m/Packages{}", form.ending()));
            assert!(problems[0].detail.contains(word), "{form:?}: {}", problems[0].detail);
        }
    }
}

#[test]
fn junk_behind_gzip_is_taken_as_apt_takes_it() {
    let junk = [packed(Form::Gz, b"Package: foo\n"), b"junk behind it".to_vec()].concat();
    assert!(read(Form::Gz, junk, b"Package: foo\n").0.is_ok());
}
