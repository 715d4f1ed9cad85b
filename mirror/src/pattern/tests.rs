use super::*;

#[test]
fn patterns_match_whole_names_as_a_shell_does() {
    for (pattern, name, expected) in [
        ("bash", "bash", true),
        ("bash", "bash-doc", false),
        ("bash*", "bash-doc", true),
        ("python3.?", "python3.9", true),
        ("python3.?", "python3.10", false),
        ("[ab]*", "bash", true),
        ("*", "", true),
        ("BASH", "bash", false),
        ("libstdc++", "libstdc++", true),
    ] {
        let one = Pattern::try_from(pattern.to_owned()).unwrap();
        assert_eq!(one.matches(name), expected, "{pattern} {name}");
        assert_eq!(String::from(one), pattern);
    }
}

#[test]
fn what_is_no_pattern_says_so() {
    for bad in ["[", "a[b", "***"] {
        let error = Pattern::try_from(bad.to_owned()).unwrap_err().to_string();
        assert!(error.contains("pattern of names") && error.contains(bad), "{error}");
    }
}
