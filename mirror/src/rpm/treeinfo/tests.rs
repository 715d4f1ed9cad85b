use super::*;

const SUM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// Paths and checksums, or what is wrong.
fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    match treeinfo(text.as_bytes(), ".treeinfo") {
        Ok(files) => Ok(files
            .iter()
            .map(|file| {
                (file.path.to_string(), file.checksum.map_or_else(String::new, |s| s.hex()))
            })
            .collect()),
        Err(error) => Err(error.to_string()),
    }
}

fn files(text: &str) -> Vec<(String, String)> {
    read(text).unwrap()
}

#[test]
fn productmd_names_images_with_checksums_and_repositories_that_do_not_count() {
    let text = format!(
        "[header]\ntype = productmd.treeinfo\nversion = 1.2\n\n\
         [checksums]\nimages/boot.iso = sha256:{SUM}\nimages/pxeboot/vmlinuz = sha256:{SUM}\n\
         repodata/repomd.xml = sha256:{SUM}\nAppStream/repodata/repomd.xml = sha256:{SUM}\n\n\
         [general]\n; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.\n\
         packagedir = \nrepository = .\n\n\
         [images-x86_64]\nboot.iso = images/boot.iso\nkernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n\n\
         [images-xen]\nkernel = \n\n\
         [stage2]\nmainimage = images/install.img\n\n\
         [variant-BaseOS]\nrepository = ../../elsewhere\n"
    );
    let owned = |path: &str, sum: &str| (path.to_owned(), sum.to_owned());
    assert_eq!(
        files(&text),
        [
            owned("images/boot.iso", SUM),
            owned("images/install.img", ""),
            owned("images/pxeboot/initrd.img", ""),
            owned("images/pxeboot/vmlinuz", SUM),
        ]
    );
    // The order of sections does not matter, nor line ends of DOS.
    let turned = format!(
        "[stage2]\r\nmainimage=images/install.img\r\n[checksums]\r\nimages/install.img=sha256:{SUM}\r\n"
    );
    assert_eq!(files(&turned), [owned("images/install.img", SUM)]);
}

#[test]
fn odd_forms_are_read_as_they_are_meant() {
    let md5 = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let sha1 = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d";
    for (text, path, sum) in [
        (format!("[checksums]\na:b/c = md5:{md5}"), "a:b/c", md5),
        (format!("[checksums]\n  a/c:md5:{md5}"), "a/c", md5),
        (format!("[checksums]\na=sha:{sha1}"), "a", sha1),
        (format!("[checksums]\na=SHA1:{sha1}"), "a", sha1),
        (format!("[checksums]\na;b#c = sha256:{}", SUM.to_uppercase()), "a;b#c", SUM),
        (format!("[checksums]\n\"a\\b\" = sha256:{SUM}"), "\"a\\\\b\"", SUM),
        (format!("[checksums]\na = sha256:{SUM}\na = sha256:{SUM}"), "a", SUM),
        ("[images-ppc64le]\nkernel = ppc/%2Fvmlinuz?x".to_owned(), "ppc/%2Fvmlinuz?x", ""),
        ("# a comment\n[stage2]\ninstimage = a b".to_owned(), "a b", ""),
    ] {
        assert_eq!(files(&text), [(path.to_owned(), sum.to_owned())], "{text}");
    }
    assert_eq!(files("[general]\nno pair here\n"), []);
    // Another checksum of another kind is another checksum: nobody says which one holds.
    let two = format!("[checksums]\na = sha256:{SUM}\na = md5:{md5}\n");
    assert!(read(&two).unwrap_err().contains("line 3: a has the checksum SHA256"));
}

#[test]
fn what_is_no_treeinfo_is_refused_by_its_line() {
    let many: String =
        (0..=FILES_MAX).fold("[stage2]\n".to_owned(), |text, at| format!("{text}k = f{at}\n"));
    for (text, why) in [
        ("", "it has no section"),
        ("<html>\n", "line 1: expected a section in brackets, found '<html>'"),
        ("[checksums\n", "line 1: a heading without its end: '[checksums'"),
        ("[stage2]\n\nword\n", "line 3: expected KEY = VALUE, found 'word'"),
        ("[stage2]\na = ../x\n", "line 2: "),
        ("[stage2]\na = /etc/passwd\n", "line 2: "),
        ("[stage2]\na = x//y\n", "line 2: "),
        ("[stage2]\na = x\u{7}y\n", "line 2: a control byte in the path 'x\\x07y'"),
        ("[stage2]\na = x\0y\n", "line 2: a control byte"),
        ("[checksums]\n = sha256:00\n", "line 2: "),
        ("[checksums]\na = 00\n", "line 2: expected a checksum like sha256:HEX, found '00'"),
        ("[checksums]\na = sha256:00\n", "line 2: expected a checksum"),
        ("[checksums]\na = crc32:00000000\n", "line 2: expected a checksum"),
        ("[checksums]\na =\n", "line 2: expected a checksum"),
        (&many, "it names more than 10000 files"),
    ] {
        let found = read(text).unwrap_err();
        assert!(found.starts_with(".treeinfo is no metadata") && found.contains(why), "{found}");
        assert!(!found.contains('\n'));
    }
    let large = vec![b'\n'; 1 + usize::try_from(TREEINFO_BYTES_MAX).unwrap()];
    assert!(treeinfo(&large, "x").unwrap_err().to_string().contains("larger than"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        drop(treeinfo(&bytes, "x"));
        drop(treeinfo(&[b"[checksums]\n", bytes.as_slice()].concat(), "x"));
        drop(treeinfo(&[b"[images-x]\n", bytes.as_slice()].concat(), "x"));
    }
}
