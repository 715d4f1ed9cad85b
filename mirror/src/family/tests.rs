use super::*;

#[test]
fn every_family_is_found_by_its_own_name() {
    for family in ALL {
        assert_eq!(by_name(family.name()), Some(*family));
    }
    assert_eq!(by_name("deb"), None);
    assert_eq!(by_name(""), None);
}

#[test]
fn words_for_the_site_can_stand_in_an_nginx_line() {
    for family in ALL {
        let words = family.site();
        for text in [words.root_names, words.hash_names, words.package_names] {
            assert!(!text.contains(['{', '}', '"', '\'', ' ', ';', '#']), "{text}");
            assert_eq!(text.matches('(').count(), text.matches("(?:").count(), "{text}");
        }
    }
}
