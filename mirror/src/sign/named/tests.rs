use std::path::Path;
use std::process::Command;

use super::*;
use crate::tree::tests::put;

/// Runs openssl in a folder.
fn openssl(folder: &Path, words: &str) -> Vec<u8> {
    let mut call = Command::new("openssl");
    let output = call.args(words.split(' ')).current_dir(folder).output();
    let output = output.expect("openssl runs; ./check installs it");
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Makes a key, and gives the path of its public half.
fn key(folder: &Path, name: &str, bits: u32) -> PathBuf {
    openssl(folder, &format!("genrsa -out {name}.secret {bits}"));
    openssl(folder, &format!("rsa -in {name}.secret -pubout -out {name}"));
    folder.join(name)
}

#[test]
fn what_openssl_signed_counts_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let keys = NamedKeys::load(&[
        key(dir.path(), "one.rsa.pub", 2048),
        key(dir.path(), "weak.rsa.pub", 1024),
    ])
    .unwrap();
    put(&dir.path().join("text"), "a list of packages");
    let flaw = |name: &str, hashing, signature: &[u8], weak| {
        keys.get(name).unwrap().flaw(b"a list of packages", hashing, signature, weak)
    };
    for (word, hashing) in
        [("sha1", Hashing::Sha1), ("sha256", Hashing::Sha256), ("sha512", Hashing::Sha512)]
    {
        let signature = openssl(dir.path(), &format!("dgst -{word} -sign one.rsa.pub.secret text"));
        assert_eq!(flaw("one.rsa.pub", hashing, &signature, false), None, "{word}");
        assert!(
            keys.get("one.rsa.pub").unwrap().flaw(b"another", hashing, &signature, false).is_some()
        );
        for other in [Hashing::Sha1, Hashing::Sha256, Hashing::Sha512] {
            let counts = flaw("one.rsa.pub", other, &signature, false).is_none();
            assert_eq!(counts, other == hashing, "{word}");
        }
        for wrong in [&signature[1..], &[], &[0; 256], &[255; 4096]] {
            assert!(flaw("one.rsa.pub", hashing, wrong, false).is_some());
        }
    }
    let weak = openssl(dir.path(), "dgst -sha1 -sign weak.rsa.pub.secret text");
    assert!(flaw("weak.rsa.pub", Hashing::Sha1, &weak, false).unwrap().contains("1024 bits"));
    assert_eq!(flaw("weak.rsa.pub", Hashing::Sha1, &weak, true), None);
    assert!(keys.get("two.rsa.pub").is_none());
    let sum = openssl(dir.path(), "pkey -pubin -in one.rsa.pub -outform DER");
    let sum: String = Sha256::digest(&sum).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(keys.get("one.rsa.pub").unwrap().fingerprint, sum);
}

#[test]
fn what_is_no_key_of_a_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let one = key(dir.path(), "one.rsa.pub", 2048);
    let two = key(dir.path(), "two.rsa.pub", 2048);
    let pem = std::fs::read(&one).unwrap();
    let other = std::fs::read(&two).unwrap();
    let mut keys = NamedKeys::default();
    keys.add(b"alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub", &pem, "x").unwrap();
    keys.add(b"alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub", &pem, "the same").unwrap();
    for (name, bytes) in [
        (&b"alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub"[..], other.as_slice()),
        (b"", &pem),
        (b".hidden", &pem),
        (b"a/b", &pem),
        (b"a b", &pem),
        (b"\xff", &pem),
        (b"cut", &pem[..200]),
        (b"none", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        (b"binary", &[0x30, 0x82, 0xff]),
    ] {
        assert!(keys.add(name, bytes, "x").is_err(), "{}", escape(name));
    }
    openssl(dir.path(), "ecparam -name prime256v1 -genkey -noout -out ec.secret");
    openssl(dir.path(), "ec -in ec.secret -pubout -out ec.pub");
    let said = NamedKeys::load(&[dir.path().join("ec.pub")]).unwrap_err().to_string();
    assert!(said.contains("it is no RSA key"), "{said}");
    assert!(Command::new("chmod").arg("0666").arg(&one).status().unwrap().success());
    assert!(NamedKeys::load(&[one]).unwrap_err().to_string().contains("others than its owner"));
    assert!(NamedKeys::load(&[dir.path().join("absent.rsa.pub")]).is_err());
}
