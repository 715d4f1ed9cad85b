use super::*;

#[test]
fn what_the_index_keeps_is_read_back() {
    for (_, kind) in KINDS {
        for word in ["", "0123 why not"] {
            let judged = Judged { kind, word: word.to_owned() };
            assert_eq!(Judged::read(&judged.written()), Some(judged));
        }
    }
    for other in ["", "signed", "sealed 0123"] {
        assert_eq!(Judged::read(other), None, "{other}: of another version, and judged anew");
    }
}

#[test]
fn every_flaw_is_said_and_nothing_else_is() {
    for (name, kind) in KINDS {
        let judged = Judged { kind, word: "WORD".to_owned() };
        assert_eq!(judged.flaw().is_none(), name == "signed", "{name}");
        assert_eq!(judged.counts().to_string().matches('1').count(), 1, "{name}");
    }
}
