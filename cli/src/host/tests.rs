use super::*;

#[test]
fn paths_and_users_are_plain_words_or_refused() {
    assert_eq!(plain("root", Path::new("/srv/pin_fold-1.0+a@b")).unwrap(), "/srv/pin_fold-1.0+a@b");
    for bad in
        ["srv", "", "/a b", "/a%n", "/a;b", "/$(id)", "/a\nb", "/a'b", "/\u{202e}", "/a\\b", "/a*"]
    {
        assert!(plain("root", Path::new(bad)).is_err(), "{bad:?}");
    }
    assert_eq!(user_name("www-data").unwrap(), "www-data");
    for bad in ["", "-u", "a b", "a%", "a\n* * * * * root x"] {
        assert!(user_name(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_file_of_the_host_is_found_below_its_folder() {
    let host = Host::new(Some(Path::new("/mnt/image")));
    assert_eq!(host.at("/etc/cron.d/pinfold"), Path::new("/mnt/image/etc/cron.d/pinfold"));
    assert!(!host.is_here());
    let here = Host::new(None);
    assert_eq!(here.at("/etc/passwd"), Path::new("/etc/passwd"));
    assert_eq!(here.read("/nowhere/at/all").unwrap(), None);
}
