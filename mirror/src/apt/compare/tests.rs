use std::io::Write as _;

use pinfold_store::Tally;

use super::*;
use crate::tree::tests::MemoryTree;

fn packed(ending: &str, bytes: &[u8]) -> Vec<u8> {
    match ending {
        ".xz" => liblzma::encode_all(bytes, 1).unwrap(),
        ".bz2" => {
            let mut to = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            to.write_all(bytes).unwrap();
            to.finish().unwrap()
        }
        ".gz" => {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            to.write_all(bytes).unwrap();
            to.finish().unwrap()
        }
        ".zst" => zstd::encode_all(bytes, 1).unwrap(),
        ".lz4" => {
            let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
            to.write_all(bytes).unwrap();
            to.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}

/// Reads a suite that has one packed list and states another content's size and checksum for the plain one.
fn read(
    ending: &str,
    packed: Vec<u8>,
    plain: &[u8],
) -> (Result<crate::apt::Reading>, Vec<Finding>) {
    let mut tree = MemoryTree::default();
    let sha = |bytes: &[u8]| format!("{:x}", Sha256::digest(bytes));
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
    for ending in [".xz", ".bz2", ".gz", ".zst", ".lz4"] {
        let two = [packed(ending, b"Package: "), packed(ending, b"foo\n")].concat();
        if ending != ".lz4" {
            assert!(read(ending, two, b"Package: foo\n").0.is_ok(), "{ending}: several streams");
        }
        assert!(
            read(ending, packed(ending, b"Package: foo\n"), b"Package: foo\n").0.is_ok(),
            "{ending}"
        );
        for (bytes, plain, word) in [
            (packed(ending, b"Package: foo\n"), b"Package: bar\n".as_slice(), "expected"),
            (
                packed(ending, b"Package: foo\n"),
                b"Package: foobar\n",
                "expected 16 of d/m/Packages",
            ),
            (
                packed(ending, &[b'a'; 10_000_000]),
                b"Package: foo\n",
                "more than the 13 bytes of d/m/Packages",
            ),
            (b"no packed file at all, only junk".to_vec(), b"Package: foo\n", "does not unpack"),
        ] {
            let (result, problems) = read(ending, bytes, plain);
            assert!(matches!(result, Err(Error::Mismatch { count: 1, .. })), "{ending} {word}");
            assert_eq!(problems[0].subject, format!("d/m/Packages{ending}"));
            assert!(problems[0].detail.contains(word), "{ending}: {}", problems[0].detail);
        }
    }
}

#[test]
fn junk_behind_gzip_is_taken_as_apt_takes_it() {
    let junk = [packed(".gz", b"Package: foo\n"), b"junk behind it".to_vec()].concat();
    assert!(read(".gz", junk, b"Package: foo\n").0.is_ok());
}
