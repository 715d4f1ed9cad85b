use super::*;

fn channel(text: &str) -> Result<Channel, String> {
    let file: ChannelFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    file.channel()
}

#[test]
fn a_table_that_says_nothing_is_moved_by_people_only() {
    let schedule = |text: &str| channel(text).unwrap().schedule.to_string();
    assert_eq!(schedule(""), "never");
    assert_eq!(schedule("from = \"staging\""), SCHEDULE);
    assert_eq!(schedule("after = \"3d\""), SCHEDULE);
    assert_eq!(schedule("schedule = \"never\"\nfrom = \"staging\""), "never");
    assert_eq!(schedule("schedule = \"0 6 * * mon\""), "0 6 * * mon");
    assert!(channel("schedule = \"0 25 * * *\"").unwrap_err().contains("schedule"));
}

#[test]
fn durations_have_days_and_no_months() {
    let day = Duration::from_secs(24 * 3600);
    for (text, length) in
        [("3d", 3 * day), ("1w", 7 * day), ("36h", day + day / 2), ("0s", Duration::ZERO)]
    {
        let rules = channel(&format!("after = \"{text}\"")).unwrap().rules;
        assert_eq!(rules.after, Some(length), "{text}");
    }
    for text in ["1mo", "-1d", "soon", "", "3"] {
        let why = channel(&format!("after = \"{text}\"")).unwrap_err();
        assert!(why.contains("it is a duration such as"), "{text}: {why}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_key() {
    for (text, says) in [
        ("verify = \"quick\"", "verify = \"quick\": it is true, false or \"deep\""),
        ("max-change = 101", "max-change = 101: it is a percentage"),
        ("gate = [\"gate\"]", "gate: gate: name the program by its whole path"),
        ("gate = []", "gate: it names no program"),
        ("check-deadline = \"1m\"", "check-deadline: there is no check"),
        ("from = \"../etc\"", "from: "),
        ("groups = { a = [\"one\"], b = [\"one\"] }", "groups: one is named twice"),
        ("groups = { a = [\"one\", \"one\"] }", "groups: one is named twice"),
        ("gates = []", "unknown field"),
    ] {
        let why = channel(text).unwrap_err();
        assert!(why.contains(says), "{text}: {why}");
    }
}

#[test]
fn a_mirror_says_only_what_is_its_own() {
    for text in ["schedule = \"never\"", "from = \"a\"", "groups = {}", "check = [\"/bin/true\"]"] {
        let file: ChannelFile = toml::from_str(text).unwrap();
        let why = file.rules_of_mirror().unwrap_err();
        assert!(why.contains("it is for the whole channel"), "{text}: {why}");
    }
    let own: ChannelFile = toml::from_str("after = \"7d\"\nverify = false").unwrap();
    let common: ChannelFile =
        toml::from_str("after = \"3d\"\nverify = true\nmax-change = 5").unwrap();
    let rules = own.rules_of_mirror().unwrap().or(&common.rules().unwrap());
    assert_eq!(rules.after, Some(Duration::from_secs(7 * 24 * 3600)));
    assert_eq!((rules.verify, rules.max_change), (Some(Verify::No), Some(5)));
}

#[test]
fn channels_that_lead_nowhere_or_in_a_circle_are_refused() {
    let channels = |all: &[(&str, &str)]| -> BTreeMap<Name, Channel> {
        all.iter().map(|(name, text)| (name.parse().unwrap(), channel(text).unwrap())).collect()
    };
    let no_mirror = |_: &Name| false;
    let line = channels(&[
        ("dev", ""),
        ("staging", "from = \"dev\""),
        ("production", "from = \"staging\""),
    ]);
    assert_eq!(check(&line, &no_mirror), Ok(()));
    let circle = channels(&[("a", "from = \"b\""), ("b", "from = \"a\"")]);
    assert!(check(&circle, &no_mirror).unwrap_err().contains("leads back"));
    let own = channels(&[("a", "from = \"a\"")]);
    assert!(check(&own, &no_mirror).unwrap_err().contains("leads back"));
    let nowhere = channels(&[("a", "from = \"b\"")]);
    assert!(check(&nowhere, &no_mirror).unwrap_err().contains("no such channel"));
    let group = channels(&[("a", "groups = { g = [\"debian\"] }")]);
    assert!(check(&group, &no_mirror).unwrap_err().contains("no mirror 'debian'"));
}
