use super::*;

#[test]
fn what_strangers_wrote_moves_no_cursor() {
    for (text, shown) in [
        ("plain, with é and 日本", "plain, with é and 日本"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\u{1b}[31mred", "\\x1b[31mred"),
        ("back\\slash stays", "back\\slash stays"),
        ("return\r over", "return\\x0d over"),
        ("bidi \u{202e} and \u{9b}", "bidi \\xe2\\x80\\xae and \\xc2\\x9b"),
    ] {
        assert_eq!(clean(text), shown);
    }
}

#[test]
fn json_reads_back_the_same_and_holds_nothing_hidden() {
    let hostile = "\u{1b}[31m \u{202e} \u{7f} \u{feff} \n";
    let value = serde_json::json!({ hostile: [hostile, "plain é"] });
    let text = json(&value);
    assert!(!text.chars().any(|letter| is_hidden(letter) && letter != '\n'), "{text}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
}

#[test]
fn spans_are_shown_by_what_counts_of_them() {
    for (seconds, shown) in [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (90_000, "1 d 1 h"),
        (864_000, "10 d"),
    ] {
        assert_eq!(span(seconds), shown);
    }
}
