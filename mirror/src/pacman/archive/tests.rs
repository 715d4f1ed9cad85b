use super::*;

#[test]
fn a_time_is_digits_on_the_first_line() {
    for (text, expected) in [
        ("1795757809\n", Some(1_795_757_809)),
        ("1795757809", Some(1_795_757_809)),
        (" 1795757809 \nmore", Some(1_795_757_809)),
        ("", None),
        ("\n1", None),
        ("-1", None),
        ("+1", None),
        ("Fri Nov 27", None),
        ("999999999999999999999", None),
    ] {
        assert_eq!(time(text.as_bytes()), expected, "{text:?}");
    }
}
