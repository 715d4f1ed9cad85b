use proptest::prelude::*;
use serde_json::json;

use super::*;

const SUM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn list(payload: &Value) -> Vec<u8> {
    json!({ "payload": payload.to_string(), "signatures": [] }).to_string().into_bytes()
}

fn parse(payload: &Value) -> Packages {
    Packages::parse(&list(payload), "a list").unwrap()
}

#[test]
fn a_list_is_read_as_brew_reads_it() {
    let packages = parse(&json!({
        "metadata": { "generated_at": 1_790_000_000, "bottle_tag": "x86_64_linux" },
        "formulae": {
            "wget": { "stable_version": "1.25.0", "bottle_checksum": SUM, "desc": "x", "license": { ":any_of": ["MIT"] } },
            "ca-certificates": { "stable_version": "1", "bottle_checksum": SUM, "bottle_tag": ":all", "bottle_rebuild": 1, "revision": 2 },
            "without": { "stable_version": "1" },
        },
        "casks": { "firefox": { "x": [1, 2.5, null] } },
        "formula_aliases": { "get": "wget", "loop": "pool" },
        "formula_renames": { "old": "get", "pool": "loop", "gone": "nowhere" },
    }));
    assert_eq!(packages.made(), Some(1_790_000_000));
    let title = |name: &str| {
        packages.formulae[name].bottle(name, "x86_64_linux").unwrap().map(|bottle| bottle.title())
    };
    assert_eq!(title("wget").as_deref(), Some("1.25.0.x86_64_linux"));
    assert_eq!(title("ca-certificates").as_deref(), Some("1_2.all.1"));
    assert_eq!(title("without"), None);
    for (name, real) in [
        ("wget", Some("wget")),
        ("get", Some("wget")),
        ("old", Some("wget")),
        ("loop", None),
        ("gone", None),
        ("x", None),
    ] {
        assert_eq!(packages.real_name(name), real, "{name}");
    }
}

#[test]
fn what_is_no_list_is_refused() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "no JWS"),
        (b"<html>", "no JWS"),
        (b"{}", "no JWS"),
        (br#"{"payload":{"formulae":{}}}"#, "no JWS"),
        // Only text is read: so does brew.
        (br#"{"payload":"e30"}"#, "no list of formulae"),
        (br#"{"payload":"{}"}"#, "no list of formulae"),
        (br#"{"payload":"{\"formulae\":[]}"}"#, "no list of formulae"),
        (br#"{"payload":"{\"formulae\":{\"a\":{\"revision\":-1}}}"}"#, "no list of formulae"),
    ];
    for (bytes, why) in cases {
        let error = Packages::parse(bytes, "a list").unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains('\n'), "{error}");
    }
    let deep = format!(r#"{{"payload":"x","more":{}"#, "[".repeat(100_000));
    assert!(Packages::parse(deep.as_bytes(), "a list").is_err());
}

#[test]
fn what_a_formula_needs_depends_on_the_system() {
    let packages = parse(&json!({ "formulae": { "a": {
        "stable_dependencies": [
            "plain", { "built": ":build" }, { "tested": [":build", ":test"] }, { "both": [":build", ":recommended"] },
            { "recommended": ":recommended" }, { "optional": ":optional" }, ":macos", { ":macos": [":ventura"] }, { ":arch": [":x86_64", ":build"] }, 7,
        ],
        "stable_uses_from_macos": [
            ["zlib"], ["curl", { ":since": ":sonoma" }], ["odd", { ":since": ":unheard_of" }], [{ "flex": ":build" }],
            [{ "bison": ":build", ":since": ":sonoma" }], [{ "python": ":recommended", ":since": ":catalina" }], [], "x", [3],
        ],
    } } }));
    let needs = |tag: &str| packages.formulae["a"].needs(tag).collect::<Vec<_>>().join(" ");
    let plain = "plain both recommended";
    assert_eq!(needs("x86_64_linux"), format!("{plain} zlib curl odd python"));
    assert_eq!(needs("arm64_linux"), format!("{plain} zlib curl odd python"));
    assert_eq!(needs("arm64_ventura"), format!("{plain} curl odd"));
    assert_eq!(needs("sonoma"), format!("{plain} odd"));
    assert_eq!(needs("arm64_tahoe"), format!("{plain} odd"));
    assert_eq!(needs("arm64_of_tomorrow"), format!("{plain} curl odd python"));
}

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ":?[a-z@+/.]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof!["[a-z:]{1,4}", Just(":since".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Packages::parse(&bytes, "a list"));
    }

    #[test]
    fn no_json_makes_it_panic(deps in prop::collection::vec(any_json(), 0..4), system in prop::collection::vec(any_json(), 0..4), any in any_json()) {
        let formula = json!({ "stable_dependencies": deps, "stable_uses_from_macos": system, "stable_version": "1", "bottle_checksum": SUM });
        let payload = json!({ "formulae": { "a": formula, "b": {} } });
        let packages = parse(&payload);
        for tag in ["sonoma", "x86_64_linux"] {
            packages.formulae["a"].needs(tag).count();
        }
        drop(Packages::parse(&list(&any), "a list"));
        drop(Packages::parse(&list(&json!({ "formulae": { "a": any } })), "a list"));
    }
}
