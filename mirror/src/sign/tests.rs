use super::*;

#[test]
fn nothing_is_trusted_by_an_empty_keyring() {
    let rules = Rules::default();
    for bytes in [&b""[..], b"<html>", b"-----BEGIN PGP SIGNED MESSAGE-----\n\nSuite: x\n"] {
        let found = verify_inline(bytes, &Keyring::default(), &rules, "InRelease");
        assert!(matches!(found, Err(Error::NotAuthentic { .. })), "{found:?}");
    }
}
