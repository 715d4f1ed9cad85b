use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive without its end.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    let mut whole = builder.into_inner().unwrap();
    whole.truncate(whole.len() - 1024);
    gzip(&whole)
}

fn info(data: &[u8]) -> String {
    let sum: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("# made by hand\npkgname = hello\ndatahash = {sum}\n")
}

/// A package, and the SHA-1 of its control part.
fn package(info: &str, data: &[u8], signatures: usize) -> (Vec<u8>, [u8; 20]) {
    let control = archive(&[(".PKGINFO", info.as_bytes()), (".post-install", b"#!/bin/sh\n")]);
    let mut whole = Vec::new();
    for number in 0..signatures {
        whole.extend(archive(&[(&format!(".SIGN.RSA.key{number}.rsa.pub"), &[1; 256])]));
    }
    whole.extend_from_slice(&control);
    whole.extend_from_slice(data);
    (whole, Sha1::digest(&control).into())
}

fn flaw(bytes: &[u8], control: &[u8; 20]) -> Option<String> {
    package_flaw(&mut &bytes[..], control).unwrap()
}

#[test]
fn a_package_is_right_whoever_signed_it() {
    let data = archive(&[("usr/bin/hello", b"hello")]);
    for signatures in [0, 1, 2, 15] {
        let (whole, control) = package(&info(&data), &data, signatures);
        assert_eq!(flaw(&whole, &control), None, "{signatures}");
    }
    let (whole, control) = package(&info(&data), &data, 16);
    assert!(flaw(&whole, &control).unwrap().contains("too many parts"));
}

#[test]
fn what_is_wrong_with_a_package_is_said() {
    let data = archive(&[("usr/bin/hello", b"hello")]);
    let (whole, control) = package(&info(&data), &data, 1);
    let wrong = |bytes: &[u8], says: &str| {
        let said = flaw(bytes, &control).unwrap_or_default();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    };
    assert!(flaw(&whole, &[7; 20]).unwrap().contains("its control part has SHA1"));
    wrong(&whole[..whole.len() - 1], "its data hash to");
    wrong(&[whole.as_slice(), b"more"].concat(), "its data hash to");
    wrong(b"", "it ends before its description");
    wrong(b"no package", "does not unpack");
    wrong(&whole[..300], "does not unpack");
    let signature = archive(&[(".SIGN.RSA.key0.rsa.pub", &[1; 256])]);
    wrong(&signature, "it ends before its description");
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    wrong(&changed, "its data hash to");
    for text in [
        "pkgname = hello\n".to_owned(),
        "datahash = 00\n".to_owned(),
        format!("{}{}", info(&data), info(&data)),
        info(&data).replace(" = ", "="),
    ] {
        let (whole, control) = package(&text, &data, 1);
        assert!(flaw(&whole, &control).unwrap().contains("datahash"), "{text}");
    }
}

#[test]
fn a_small_package_that_unpacks_to_a_huge_one_is_refused() {
    let (whole, control) = package("pkgname = hello\n", &[], 0);
    let bomb = gzip(&vec![0; usize::try_from(CONTROL_BYTES_MAX).unwrap() + 1]);
    assert!(bomb.len() < 200_000);
    let said = flaw(&[bomb, whole].concat(), &control).unwrap();
    assert!(said.contains("more than 16 MiB"), "{said}");
}

#[test]
fn a_disk_that_fails_is_no_flaw_of_the_package() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> Result<usize> {
            Err(std::io::Error::from_raw_os_error(5))
        }
    }
    assert!(package_flaw(&mut Broken, &[0; 20]).is_err());
}

proptest! {
    #[test]
    fn any_change_of_a_signed_part_is_noticed(at in 0_usize..4096, bit in 0_u8..8) {
        let data = archive(&[("usr/bin/hello", b"hello")]);
        let (mut whole, control) = package(&info(&data), &data, 0);
        let at = at % whole.len();
        whole[at] ^= 1 << bit;
        prop_assert!(flaw(&whole, &control).is_some());
    }

    #[test]
    fn no_bytes_are_a_package_by_chance(bytes: Vec<u8>) {
        prop_assert!(flaw(&bytes, &[0; 20]).is_some());
        prop_assert!(flaw(&gzip(&bytes), &[0; 20]).is_some());
    }
}
