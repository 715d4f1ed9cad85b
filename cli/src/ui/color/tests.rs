use super::*;

#[test]
fn heads_are_columns_in_capital_letters_and_nothing_else_is() {
    for head in [
        " SNAPSHOT               FILES  SIZE",
        "SUITE  COMPONENT",
        "NOWHERE ELSE  SIZE",
        " MIRROR  NEWEST (UTC)  AGE",
    ] {
        assert!(is_head(head), "{head}");
    }
    for other in ["", "A", "A B", "DEBIAN  3 files", "  \"A  B\"", "lab  PRODUCTION", "  --  -"] {
        assert!(!is_head(other), "{other}");
    }
}
