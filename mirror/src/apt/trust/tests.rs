use super::*;

fn verified(text: &[u8]) -> Verified {
    Verified { text: text.to_owned(), signers: Vec::new(), others: Vec::new() }
}

#[test]
fn a_release_beside_an_inrelease_is_of_one_state_or_not() {
    for (inline, beside, is_same) in [
        ("a: b\nc: d", "a: b\nc: d\n", true),
        ("a: b\nc: d", "a: b\nc: d", true),
        ("a:\nc: d", "a: \t\r\nc: d\r\n", true),
        ("a: b\nc: d", "a: b\nc: d\n\n", false),
        ("a: b\nc: d", "a: b\nc: e\n", false),
        ("a: b\nc: d", "a: b\n c: d\n", false),
        ("a: b", "a: b\nc: d\n", false),
        ("", "\n", true),
    ] {
        assert_eq!(
            is_same_text(&verified(inline.as_bytes()), &verified(beside.as_bytes())),
            is_same,
            "{inline:?} {beside:?}"
        );
    }
}
