use std::io::Write;

use super::*;

const MD5: &str = "818ce36092dac176b29f892451d89e28";

/// What a database says of a package.
pub(crate) fn desc(name: &str, version: &str, more: &str) -> String {
    format!(
        "%FILENAME%\n{name}-{version}-any.pkg.tar.zst\n\n%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%MD5SUM%\n{MD5}\n\n%ARCH%\nany\n\n{more}"
    )
}

/// An archive of entries of some type, each with a path and content.
pub(crate) fn archive(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        // As it is, whatever it is.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A database of packages, each with a name and a version.
pub(crate) fn database(list: &[(&str, &str)]) -> Vec<u8> {
    let texts: Vec<(String, String)> = list
        .iter()
        .map(|(name, version)| (format!("{name}-{version}/desc"), desc(name, version, "")))
        .collect();
    let mut entries = Vec::new();
    for (path, text) in &texts {
        entries.push((EntryType::Directory, path.trim_end_matches("desc"), ""));
        entries.push((EntryType::Regular, path.as_str(), text.as_str()));
    }
    archive(&entries)
}

fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let seen = packages(bytes, "x.db", &mut |package| {
        all.push(format!("{} {}", escape(package.name), escape(package.version)));
        Ok(())
    });
    match seen {
        Ok(seen) => {
            assert_eq!(seen.packages, all.len() as u64);
            Ok(all)
        }
        Err(Error::BadMetadata { path, why }) => {
            assert_eq!(path, "x.db");
            assert!(!why.contains('\n'), "{why:?}");
            Err(why)
        }
        Err(other) => panic!("{other}"),
    }
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_database_is_read_however_it_is_packed() {
    let plain = database(&[("a", "1-1"), ("b", "2:3+4-1")]);
    let xz = {
        let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 1);
        packer.write_all(&plain).unwrap();
        packer.finish().unwrap()
    };
    for packed in [plain.clone(), gz(&plain), xz, zstd::encode_all(&plain[..], 1).unwrap()] {
        assert_eq!(read(&packed).unwrap(), ["a 1-1", "b 2:3+4-1"]);
        assert!(is_database(&packed[..]));
        // Cut anywhere it is no shorter list. What is not packed says nothing between two files.
        for cut in [packed.len() / 4, packed.len() / 2, packed.len() * 3 / 4] {
            let read = read(&packed[..cut]);
            let is_told = read.as_ref().is_err_and(|why| why.contains("unpack"));
            assert!(is_told || (packed == plain && cut % 512 == 0), "{cut}: {read:?}");
        }
    }
    assert_eq!(read(&database(&[])).unwrap(), [""; 0]);
    assert!(is_database(&database(&[])[..]));
    for other in [&b""[..], b"SQLite format 3\0", &[1; 2000]] {
        assert!(!is_database(other));
    }
}

#[test]
fn what_libarchive_takes_for_a_name_is_one() {
    let text = desc("a", "1-1", "");
    let long = "x".repeat(120);
    let long_text = desc(&long, "1-1", "");
    let pax = |record: &str| {
        let length = (1..).find(|n: &usize| n.to_string().len() + 1 + record.len() + 1 == *n);
        format!("{} {record}\n", length.unwrap())
    };
    let long_path = format!("{long}-1-1/desc");
    let (gnu, extension) = (format!("{long_path}\0"), pax(&format!("path={long_path}")));
    let other = EntryType::Regular;
    for (entries, expected) in [
        (vec![(other, "./a-1-1/desc", text.as_str())], "a 1-1"),
        (
            vec![(EntryType::XGlobalHeader, "g", "12 comment=x\n"), (other, "a-1-1/desc", &text)],
            "a 1-1",
        ),
        (
            vec![(EntryType::GNULongName, "././@LongLink", &gnu), (other, "cut", &long_text)],
            &format!("{long} 1-1"),
        ),
        (
            vec![(EntryType::XHeader, "PaxHeader/x", &extension), (other, "cut", &long_text)],
            &format!("{long} 1-1"),
        ),
        // Other files are none of a package.
        (
            vec![
                (other, "a-1-1/files", "%FILES%\n"),
                (other, "a-1-1/desc", &text),
                (other, "a-1-1/deeper/desc", "x"),
                (other, "desc", "x"),
            ],
            "a 1-1",
        ),
    ] {
        assert_eq!(read(&archive(&entries)).unwrap(), [expected]);
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let (text, other) = (desc("a", "1-1", ""), desc("a", "2-1", ""));
    let large = desc("a", "1-1", &"x".repeat(2 << 20));
    let file = EntryType::Regular;
    for (entries, why) in [
        (vec![(file, "a-1-1/desc", text.as_str()), (file, "a-1-1/desc", &text)], "is there twice"),
        (vec![(file, "a-1-1/desc", &text), (file, "a-2-1/desc", &other)], "is there twice"),
        (vec![(file, "b-1-1/desc", &text)], "b-1-1: its folder is not called after its name"),
        (vec![(file, "a-1-1/desc", "")], "a-1-1: it has no %NAME%"),
        (vec![(file, "a-1-1/desc", &large)], "it is larger than 1048576 bytes"),
        (vec![(EntryType::Symlink, "a-1-1/desc", "")], "neither file nor folder"),
        (vec![(EntryType::GNUSparse, "a-1-1/desc", &text)], "neither file nor folder"),
        (
            vec![(EntryType::XHeader, "x", "9 size=1\n"), (file, "a-1-1/desc", &text)],
            "states a size",
        ),
        (vec![(EntryType::XHeader, "x", "junk\n")], "that cannot be read"),
    ] {
        let refused = read(&archive(&entries)).unwrap_err();
        assert!(refused.contains(why), "{why:?} is not in {refused:?}");
    }
    for junk in [&b"<html>no such repository</html>"[..], &[0x1f, 0x8b, 8, 0, 0], &[7; 4000]] {
        assert!(read(junk).unwrap_err().contains("it does not unpack"), "{junk:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        junk in proptest::collection::vec(proptest::num::u8::ANY, 0..600),
        at in 0_usize..3000,
        byte in proptest::num::u8::ANY,
    ) {
        drop(read(&junk));
        let mut spoiled = database(&[("a", "1-1")]);
        let at = at % spoiled.len();
        spoiled[at] = byte;
        drop(read(&spoiled));
        drop(read(&gz(&spoiled)));
    }
}
