use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::*;
use crate::tree::tests::put;

/// The header that Homebrew has: not encoded, and said to be understood.
const HEADER: &str = r#"{"alg":"PS512","b64":false,"crit":["b64"]}"#;

fn openssl(folder: &Path, words: &str) -> Vec<u8> {
    let mut call = Command::new("openssl");
    let output = call.args(words.split(' ')).current_dir(folder).output();
    let output = output.expect("openssl runs; ./check installs it");
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Signs as Homebrew does, with a salt of so many bytes.
fn sign(folder: &Path, header: &str, payload: &str, salt: u32) -> (String, String) {
    let protected = BASE64_URL_SAFE_NO_PAD.encode(header);
    put(&folder.join("text"), format!("{protected}.{payload}"));
    let words = format!(
        "dgst -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt} -sign secret text"
    );
    (protected, BASE64_URL_SAFE_NO_PAD.encode(openssl(folder, &words)))
}

fn envelope(payload: &str, signatures: &[(&str, &(String, String))]) -> Envelope {
    let signatures: Vec<_> = signatures
        .iter()
        .map(|(kid, (protected, signature))| json!({ "protected": protected, "header": { "kid": kid }, "signature": signature }))
        .collect();
    let text = json!({ "payload": payload, "signatures": signatures }).to_string();
    Envelope::parse(text.as_bytes(), "a list").unwrap()
}

#[test]
fn a_list_counts_by_the_signature_of_its_key_alone() {
    let dir = tempfile::tempdir().unwrap();
    openssl(dir.path(), "genrsa -out secret 2048");
    openssl(dir.path(), "rsa -in secret -pubout -out homebrew-1.pem");
    let keys = NamedKeys::load(&[dir.path().join("homebrew-1.pem")]).unwrap();
    let payload = "{\"formulae\":{}} \u{e4}\n";
    let right = sign(dir.path(), HEADER, payload, 64);
    let flaw = |payload: &str, signatures: &[(&str, &(String, String))]| {
        verify(&envelope(payload, signatures), &keys).err()
    };
    assert_eq!(flaw(payload, &[("homebrew-1", &right)]), None);
    let padded = (right.0.clone(), format!("{}==", right.1));
    assert_eq!(flaw(payload, &[("homebrew-1", &padded)]), None);
    // Somebody else's beside it.
    let none = (String::new(), String::new());
    assert_eq!(flaw(payload, &[("other", &none), ("homebrew-1.pem", &right)]), None);
    let is_about = |why: Option<String>, text: &str| {
        let why = why.unwrap_or_default();
        assert!(why.contains(text), "{why:?} is not about {text:?}");
    };
    is_about(flaw("{\"formulae\":{\"a\":{}}}", &[("homebrew-1", &right)]), "of another text");
    is_about(flaw(payload, &[]), "signed by nobody");
    is_about(
        flaw(payload, &[("homebrew-2", &right)]),
        "signed by homebrew-2, and accepted is homebrew-1.pem",
    );
    // The first of its key has to be right.
    is_about(flaw(payload, &[("homebrew-1", &none), ("homebrew-1", &right)]), "none of PS512");
    for header in [
        r#"{"alg":"none","b64":false}"#,
        r#"{"alg":"RS512","b64":false}"#,
        r#"{"alg":"PS512","b64":true}"#,
        r#"{"alg":"PS512"}"#,
        "{}",
        "",
    ] {
        let signed = sign(dir.path(), header, payload, 64);
        is_about(flaw(payload, &[("homebrew-1", &signed)]), "none of PS512");
    }
    let salted = sign(dir.path(), HEADER, payload, 20);
    is_about(flaw(payload, &[("homebrew-1", &salted)]), "of another text");
    for signature in ["", "AAAA", "!", &right.1[4..]] {
        let signed = (right.0.clone(), signature.to_owned());
        assert!(flaw(payload, &[("homebrew-1", &signed)]).is_some(), "{signature}");
    }
}
