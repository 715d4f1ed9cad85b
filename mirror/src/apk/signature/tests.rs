use std::io::Write;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha512};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A member that holds files; with its end or without.
fn member(files: &[(&str, &[u8])], is_cut: bool) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    let mut whole = builder.into_inner().unwrap();
    if is_cut {
        whole.truncate(whole.len() - 1024);
    }
    gzip(&whole)
}

fn secret() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut call = std::process::Command::new("openssl");
        call.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
        let made = call.output().expect("openssl runs; ./check installs it");
        RsaPrivateKey::from_pkcs8_pem(&String::from_utf8(made.stdout).unwrap()).unwrap()
    })
}

fn keys(names: &[&str]) -> NamedKeys {
    let pem = secret().to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
    let mut keys = NamedKeys::default();
    names.iter().for_each(|name| keys.add(name.as_bytes(), pem.as_bytes(), name).unwrap());
    keys
}

fn sign(text: &[u8], hashing: Hashing) -> Vec<u8> {
    let (scheme, hash) = match hashing {
        Hashing::Sha1 => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(text).to_vec()),
        Hashing::Sha256 => (Pkcs1v15Sign::new::<Sha256>(), Sha256::digest(text).to_vec()),
        Hashing::Sha512 => (Pkcs1v15Sign::new::<Sha512>(), Sha512::digest(text).to_vec()),
    };
    secret().sign(scheme, &hash).unwrap()
}

fn text() -> Vec<u8> {
    member(&[("DESCRIPTION", b"lab"), ("APKINDEX", b"P:a\n\n")], false)
}

/// Says who vouches, or why nobody does.
fn judged(bytes: &[u8], keys: &NamedKeys) -> Result<(String, Vec<String>), String> {
    let signed = split(bytes, "APKINDEX.tar.gz").map_err(|error| error.to_string())?;
    let found = verify(&signed, keys, false, "APKINDEX.tar.gz");
    found.map(|(key, others)| (key.name.clone(), others)).map_err(|error| error.to_string())
}

#[test]
fn a_signature_is_of_everything_behind_it() {
    let text = text();
    for (kind, hashing) in
        [("RSA", Hashing::Sha1), ("RSA256", Hashing::Sha256), ("RSA512", Hashing::Sha512)]
    {
        let signature = sign(&text, hashing);
        for is_cut in [true, false] {
            let name = format!(".SIGN.{kind}.one.rsa.pub");
            let first = member(&[(&name, &signature)], is_cut);
            let whole = [first.as_slice(), &text].concat();
            assert_eq!(judged(&whole, &keys(&["one.rsa.pub"])).unwrap().0, "one.rsa.pub");
            let mut wrong = whole.clone();
            *wrong.last_mut().unwrap() ^= 1;
            assert!(judged(&wrong, &keys(&["one.rsa.pub"])).unwrap_err().contains("is wrong"));
            let more = [whole.as_slice(), &text].concat();
            assert!(judged(&more, &keys(&["one.rsa.pub"])).unwrap_err().contains("is wrong"));
            let said = judged(&whole, &keys(&["two.rsa.pub"])).unwrap_err();
            assert!(
                said.contains("one.rsa.pub: its key is not in") && said.contains("two.rsa.pub")
            );
        }
    }
}

#[test]
fn of_several_signatures_the_first_by_a_known_key_counts() {
    let text = text();
    let right = sign(&text, Hashing::Sha1);
    let in_one = member(
        &[(".SIGN.DSA.old", &right), (".SIGN.RSA.new", &[7; 256]), (".SIGN.RSA.one", &right)],
        true,
    );
    let apart = [
        member(&[(".SIGN.RSA.new", &[7; 256])], true),
        member(&[(".SIGN.RSA.one", &right), (".SIGN.RSA.two", &right)], true),
    ]
    .concat();
    let whole = |first: &[u8]| [first, &text].concat();
    let (name, others) = judged(&whole(&in_one), &keys(&["one"])).unwrap();
    assert_eq!((name.as_str(), others.len()), ("one", 2), "{others:?}");
    let (name, others) = judged(&whole(&apart), &keys(&["one", "two"])).unwrap();
    assert_eq!((name.as_str(), others.len()), ("one", 2), "{others:?}");
    // apk goes no further than the first.
    assert!(judged(&whole(&apart), &keys(&["new", "one"])).unwrap_err().contains("is wrong"));
}

#[test]
fn what_is_no_index_is_said() {
    let text = text();
    assert!(judged(&text, &keys(&["one"])).unwrap_err().contains("it has no signature"));
    let right = sign(&text, Hashing::Sha1);
    let mixed = member(&[(".SIGN.RSA.one", &right), ("APKINDEX", b"P:b\n\n")], true);
    let said = judged(&[mixed.as_slice(), &text].concat(), &keys(&["one"])).unwrap_err();
    assert!(said.contains("a signature and something else"), "{said}");
    let one = member(&[(".SIGN.RSA.one", &right)], true);
    let many = [one.repeat(MEMBERS_MAX), text.clone()].concat();
    assert!(judged(&many, &keys(&["one"])).unwrap_err().contains("too many parts"));
    let large = member(&[(".SIGN.RSA.one", &vec![0; 2 << 20])], true);
    let said = judged(&[large, text].concat(), &keys(&["one"])).unwrap_err();
    assert!(said.contains("more than 1 MiB"), "{said}");
    assert!(judged(b"no index", &keys(&["one"])).unwrap_err().contains("does not unpack"));
    assert!(judged(&one[..40], &keys(&["one"])).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_taken_apart_or_refused(bytes: Vec<u8>) {
        drop(split(&bytes, "any"));
        drop(split(&gzip(&bytes), "any"));
        drop(split(&gzip(&[b".SIGN.", bytes.as_slice(), &[0; 512]].concat()), "any"));
    }
}
