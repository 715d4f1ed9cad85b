use proptest::prelude::*;

use super::*;

const DIGITS: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

#[test]
fn only_whole_content_of_a_registry_is_taken() {
    let whole = format!(
        "\u{0}\u{5}nginx\nKEY: blob:sha256:{DIGITS}\nHTTP/1.1 200 OK\r\nServer: x\r\n\r\ncontent\n\n"
    );
    let cases = [
        (whole.clone(), true),
        (whole.replace("200 OK", "404 Not Found"), false),
        (whole.replace("200 OK", "206 Partial Content"), false),
        (whole.replace("blob:sha256:", "index:/wget/manifests/"), false),
        (whole.replace(DIGITS, &DIGITS[1..]), false),
        (whole.replace("KEY: ", "key: "), false),
        (whole.replace("\r\n\r\n", "\r\n"), false),
        (whole.replace("HTTP/1.1", "nothing"), false),
        (String::new(), false),
        (format!("{}{whole}", "x\n".repeat(40_000)), false),
    ];
    for (text, is_taken) in cases {
        let mut from = BufReader::new(text.as_bytes());
        let sum = head(&mut from).unwrap();
        assert_eq!(sum.is_some(), is_taken, "{text:.200}");
        if is_taken {
            let mut rest = String::new();
            from.read_to_string(&mut rest).unwrap();
            assert_eq!((rest.as_str(), sum.unwrap().hex().as_str()), ("content\n\n", DIGITS));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(head(&mut bytes.as_slice()));
        let key = [b"KEY: blob:sha256:".as_slice(), DIGITS.as_bytes(), b"\n", &bytes].concat();
        drop(head(&mut key.as_slice()));
    }
}
