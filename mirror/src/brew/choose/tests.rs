use serde_json::{Value, json};

use super::*;
use crate::pattern::Pattern;

const SUM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn formula(needs: &[&str]) -> Value {
    json!({ "stable_version": "1", "bottle_checksum": SUM, "stable_dependencies": needs })
}

fn choose(formulae: &[&str]) -> Choice {
    let list = json!({
        "formulae": {
            "a": formula(&["b", "old-c"]), "b": formula(&["a"]), "c": formula(&["nowhere", "user/tap/x"]), "d": formula(&[]),
            "lib-x": formula(&[]), "lib-y": formula(&["d"]), "source": { "stable_version": "1", "stable_dependencies": ["d"] },
        },
        "formula_aliases": { "alias": "a" }, "formula_renames": { "old-c": "c" },
    });
    let text = json!({ "payload": list.to_string() }).to_string();
    let packages = Packages::parse(text.as_bytes(), "a list").unwrap();
    let formulae = formulae.iter().map(|one| Pattern::try_from((*one).to_owned()).unwrap());
    let selection = Selection { formulae: formulae.collect(), ..Selection::default() };
    let mut choice = Choice::default();
    let count = choice.add(&selection, &packages, "sonoma", "a list").unwrap();
    assert_eq!(usize::try_from(count).unwrap(), choice.bottles.len());
    choice
}

#[test]
fn what_is_needed_comes_with_what_is_asked_for() {
    let cases: &[(&[&str], &str)] = &[
        (&["a"], "a b c"),
        (&["b"], "a b c"),
        (&["alias", "d"], "a b c d"),
        (&["old-c"], "c"),
        (&["lib-*"], "d lib-x lib-y"),
        (&["lib-?", "b"], "a b c d lib-x lib-y"),
        (&["*"], "a b c d lib-x lib-y"),
        // It is built from its source, on what has bottles.
        (&["source"], "d"),
        (&["nothing"], ""),
        (&[], ""),
    ];
    for (asked, expected) in cases {
        let choice = choose(asked);
        let names: Vec<&str> = choice.bottles.iter().map(Bottle::name).collect();
        assert_eq!(names.join(" "), *expected, "{asked:?}");
    }
}

#[test]
fn what_is_asked_for_in_vain_is_known() {
    let choice = choose(&["a", "alias", "nothing", "source", "no*"]);
    let expected = [
        ("a", Standing::Bottled),
        ("alias", Standing::Bottled),
        ("nothing", Standing::Unlisted),
        ("source", Standing::Unbottled),
    ];
    let named: Vec<(&str, Standing)> =
        choice.named.iter().map(|(name, at)| (name.as_str(), *at)).collect();
    assert_eq!(named, expected);
    let missing: Vec<&str> = choice.missing.iter().map(String::as_str).collect();
    assert_eq!(missing, ["nowhere", "user/tap/x"]);
}
