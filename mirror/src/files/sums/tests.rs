use proptest::prelude::*;

use super::*;

/// The SHA-256 of nothing.
const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn names(text: &str, algorithm: Option<Algorithm>) -> Vec<String> {
    let lines = parse(text.as_bytes(), algorithm);
    lines.iter().map(|line| String::from_utf8_lossy(&line.name).into_owned()).collect()
}

#[test]
fn the_forms_of_all_tools_are_read() {
    let upper = HEX.to_ascii_uppercase();
    let sha512 = format!("{HEX}{HEX}");
    for (text, algorithm, expected) in [
        (format!("{HEX}  a b\n"), None, &["a b"][..]),
        (format!("{HEX} *a\n"), None, &["a"]),
        (format!("{HEX} a\n"), None, &["a"]),
        (format!("{HEX}\ta\r\n"), None, &["a"]),
        (format!("{upper}  ./a"), None, &["./a"]),
        (format!("{HEX}\n"), None, &[""]),
        (format!("{HEX}  \n"), None, &[""]),
        (format!("SHA256 (a (1)) = {HEX}\n"), None, &["a (1)"]),
        (format!("sha256 (a) = {HEX}\n"), None, &["a"]),
        (format!("SHA2-256 (a) = {HEX}\n"), None, &["a"]),
        (format!("\\{HEX}  a\\nb\\\\c\n"), None, &["a\nb\\c"]),
        (format!("\\SHA256 (a\\rb) = {HEX}\n"), None, &["a\rb"]),
        (format!("\\{HEX}  a\\tb\n"), None, &[]),
        (format!("# of a release\n{HEX}  a\n\n{HEX}  b\n"), None, &["a", "b"]),
        (format!("{HEX}  a\n{sha512}  a\n"), Some(Algorithm::Sha512), &["a"]),
        (format!("SHA512 (a) = {HEX}\n"), None, &[]),
        (format!("MD5 (a) = {HEX}\n"), None, &[]),
        (format!("BLAKE2 (a) = {HEX}\n"), None, &[]),
        (format!("MD5 (a) = {}\n", &HEX[..32]), Some(Algorithm::Sha256), &[]),
        (format!("{}  a\n", &HEX[1..]), None, &[]),
        (format!("{HEX}a  a\n"), None, &[]),
        (format!("{HEX}-a\n"), None, &[]),
        ("SHA256 (a) = \n) = (\n (\n= \n".to_owned(), None, &[]),
        (format!("{HEX}  {}\n", "n".repeat(9000)), None, &[]),
        ("<html>no list</html>".to_owned(), None, &[]),
    ] {
        assert_eq!(names(&text, algorithm), expected, "{text}");
    }
}

#[test]
fn how_long_a_checksum_is_says_its_kind() {
    let kinds = [(32, Algorithm::Md5), (40, Algorithm::Sha1), (64, Algorithm::Sha256)];
    for (length, kind) in kinds {
        let lines = parse(format!("{}  a", &HEX[..length]).as_bytes(), None);
        assert_eq!(lines[0].sum.algorithm(), kind);
    }
}

proptest! {
    #[test]
    fn no_list_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&bytes, None);
    }

    #[test]
    fn what_tools_write_is_read_back(name in "[^\\\\\n\r]{1,40}", is_binary: bool) {
        let mark = if is_binary { '*' } else { ' ' };
        let text = format!("{HEX} {mark}{name}\n");
        prop_assert_eq!(names(&text, Some(Algorithm::Sha256)), vec![name.clone()]);
        let text = format!("SHA256 ({name}) = {HEX}\n");
        prop_assert_eq!(names(&text, Some(Algorithm::Sha256)), vec![name]);
    }
}
