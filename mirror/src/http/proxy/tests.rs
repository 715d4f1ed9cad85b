use super::*;

fn proxies(variables: &[(&str, &str)]) -> Result<Proxies> {
    Proxies::from_environment(&|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_environment_says_which_hosts_are_behind_a_proxy() {
    use Scheme::{Http, Https};
    // Variables, protocol, host, and whether it is behind a proxy.
    type Case<'a> = (&'a [(&'a str, &'a str)], Scheme, &'a str, bool);
    let cases: &[Case<'_>] = &[
        (&[], Http, "h", false),
        (&[("http_proxy", "http://p:3128")], Http, "h", true),
        (&[("http_proxy", "p:3128")], Http, "h", true),
        (&[("HTTP_PROXY", "p")], Http, "h", true),
        (&[("http_proxy", "")], Http, "h", false),
        (&[("http_proxy", "p")], Https, "h", false),
        (&[("https_proxy", "p")], Https, "h", true),
        (&[("all_proxy", "p")], Https, "h", true),
        (&[("all_proxy", "p")], Http, "h", true),
        (&[("http_proxy", "p")], Http, "127.0.0.1", false),
        (&[("http_proxy", "p")], Http, "[::1]", false),
        (&[("http_proxy", "p")], Http, "localhost", false),
        (&[("http_proxy", "p"), ("no_proxy", "*")], Http, "h", false),
        (&[("http_proxy", "p"), ("no_proxy", "a, example.org")], Http, "deb.Example.org", false),
        (&[("http_proxy", "p"), ("no_proxy", ".example.org")], Http, "example.org", false),
        (&[("http_proxy", "p"), ("NO_PROXY", "example.org")], Http, "notexample.org", true),
        (&[("http_proxy", "p"), ("no_proxy", "example.org")], Http, "example.org.evil", true),
    ];
    for (variables, scheme, host, expected) in cases {
        let found = proxies(variables).unwrap().hides(*scheme, host);
        assert_eq!(found, *expected, "{variables:?} {scheme:?} {host}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_by_its_variable() {
    for value in ["socks5://me:secret@p", "https://me:secret@p", "http://me:secret@", "a b:secret"]
    {
        let error = proxies(&[("https_proxy", value)]).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("https_proxy") && !shown.contains("secret"), "{shown}");
    }
    let shown = format!("{:?}", proxies(&[("http_proxy", "http://me:secret@p")]).unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn addresses_that_only_this_machine_has_are_known() {
    let near =
        ["127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"];
    for host in near.into_iter().chain(["[fe80::1]", "localhost", "x.localhost"]) {
        assert!(is_near(host), "{host}");
    }
    for host in ["10.0.0.1", "192.168.1.1", "8.8.8.8", "[2001:db8::1]", "localhost.example.org"] {
        assert!(!is_near(host), "{host}");
    }
}
