use std::path::Path;
use std::process::Command;

use super::SiteCertificate;

fn made(more: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (key, pem) = (dir.path().join("key"), dir.path().join("pem"));
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "20",
        "-subj",
        "/CN=mirror",
    ]);
    command.args(more).arg("-keyout").arg(&key).arg("-out").arg(&pem);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(pem).unwrap()
}

#[test]
fn it_says_when_it_ends_and_whom_it_is_for() {
    let names = "subjectAltName=DNS:Mirror.Example.org,DNS:*.lan.example.org,IP:192.0.2.7,IP:::1";
    let one = SiteCertificate::parse(&made(&["-addext", names]), Path::new("/x")).unwrap();
    assert_eq!(one.until.seconds() - one.from.seconds(), 20 * 86_400);
    for host in
        ["mirror.example.org", "MIRROR.example.org", "a.lan.example.org", "192.0.2.7", "[::1]"]
    {
        assert!(one.is_for(host), "{host}");
    }
    for host in ["mirror", "a.b.lan.example.org", "lan.example.org", "192.0.2.8", "example.org"] {
        assert!(!one.is_for(host), "{host}");
    }
    // The common name counts for nobody any more.
    let plain = SiteCertificate::parse(&made(&[]), Path::new("/x")).unwrap();
    assert!(!plain.is_for("mirror") && plain.names.is_empty());
}

#[test]
fn text_and_the_key_in_the_same_file_are_passed_over() {
    let own = made(&[]);
    let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let plain = SiteCertificate::parse(&own, Path::new("/x")).unwrap();
    for file in [
        [b"subject=CN = mirror\n".as_slice(), &own].concat(),
        [own.as_slice(), key].concat(),
        [key.as_slice(), &own, b"\n\n"].concat(),
    ] {
        assert_eq!(SiteCertificate::parse(&file, Path::new("/x")).unwrap(), plain);
    }
}

#[test]
fn what_is_none_is_refused_with_its_path() {
    for bytes in [
        &b""[..],
        b"no certificate\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = SiteCertificate::parse(bytes, Path::new("/etc/ssl/x.pem")).unwrap_err();
        assert!(error.to_string().contains("/etc/ssl/x.pem"), "{error}");
    }
}
