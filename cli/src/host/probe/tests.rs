use super::*;

#[test]
fn what_nginx_listens_on_is_reached_by_one_address() {
    for (listen, wanted) in [
        ("80", "127.0.0.1:80"),
        ("*:8080", "127.0.0.1:8080"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:443", "[::1]:443"),
        ("[::1]", "[::1]:80"),
        ("[2001:db8::7]:8443", "[2001:db8::7]:8443"),
        ("192.0.2.7:81", "192.0.2.7:81"),
        ("192.0.2.7", "192.0.2.7:80"),
        ("localhost:82", "127.0.0.1:82"),
    ] {
        let found = address(listen).unwrap();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let is_local = listen.starts_with("localhost") && found == ["[::1]:82"];
        assert!(is_local || found == [wanted], "{listen}: {found:?}");
    }
    for bad in ["80:", "127.0.0.1:99999", "999999"] {
        assert!(address(bad).is_err(), "{bad}");
    }
}
