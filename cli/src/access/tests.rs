use super::*;

const GOOD: &str = "192.0.2.7 - - [27/Nov/2026:14:50:11 +0000] \"GET /u/dists/noble/InRelease HTTP/1.1\" 200 1234 \"-\" \"Debian APT-HTTP/1.3\" channels/production\n";

fn at(text: &str) -> Stamp {
    text.parse().unwrap()
}

#[test]
fn a_line_says_who_when_how_much_and_what() {
    let request = parse(GOOD).unwrap();
    assert_eq!(request.address.to_string(), "192.0.2.7");
    assert_eq!((request.at, request.status, request.bytes), (at("20261127T145011Z"), 200, 1234));
    assert_eq!(request.view, "production");
    let dated = GOOD.replace("channels/production", "snapshots/lab/20261123T040000Z");
    assert_eq!(parse(&dated).unwrap().view, "20261123T040000Z");
    let zone = GOOD.replace("+0000", "+0200");
    assert_eq!(parse(&zone).unwrap().at, at("20261127T125011Z"));
    let user = GOOD.replace("- - [", "- a [b] [28/Nov/2026:00:00:00 +0000] [");
    assert_eq!(
        parse(&user).unwrap().at,
        at("20261127T145011Z"),
        "the name of a user is a stranger's"
    );
    assert_eq!(
        parse(&GOOD.replace("192.0.2.7", "2001:db8::7")).unwrap().address.to_string(),
        "2001:db8::7"
    );
}

#[test]
fn hostile_lines_are_counted_and_nothing_else() {
    let mut account = Account::default();
    let bad = [
        "\n".to_owned(),
        "no line\n".to_owned(),
        GOOD.replace("192.0.2.7", "$(reboot)"),
        GOOD.replace("27/Nov", "99/Nov"),
        GOOD.replace(" 200 ", " two "),
        GOOD.replace("1234", "99999999999999999999999999"),
        GOOD.replace("channels/production", "channels/\u{1b}[2J"),
        GOOD.replace("\"-\"", "\"-\" \"-\""),
        format!("{}\n", "x".repeat(1000)),
    ];
    let mut bytes: Vec<u8> = bad.concat().into_bytes();
    bytes.extend(b"\xff\xfe\n");
    bytes.extend(vec![b'y'; usize::try_from(LINE_BYTES_MAX).unwrap() + 10]);
    account.add(bytes.as_slice(), at("20261101T000000Z")).unwrap();
    assert_eq!(account.addresses.len(), 0);
    assert!(account.odd >= 11, "{}", account.odd);
    assert!(
        parse(&GOOD.replace("InRelease", "\\x22 200 5 \\x22\\x1B[2J")).is_some(),
        "nginx escaped it"
    );
}

#[test]
fn rotated_logs_are_read_and_what_is_older_or_anothers_is_not() {
    use std::io::Write;
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        if name.ends_with(".gz") {
            let file = disk::append(&path).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            gzip.write_all(text.as_bytes()).unwrap();
            gzip.finish().unwrap();
        } else {
            disk::append(&path).unwrap().write_all(text.as_bytes()).unwrap();
        }
    };
    file("lab.access.log", GOOD);
    file("lab.access.log.1", &GOOD.replace(" 200 ", " 404 "));
    file("lab.access.log.2.gz", &GOOD.replace("14:50:11", "13:00:00").repeat(3));
    file("lab.access.log-20261120.gz", &GOOD.replace("27/Nov", "02/Nov"));
    file("lab.access.log.3.xz", "not read");
    file("lab.access.log.bak", GOOD);
    file("lab2.access.log", GOOD);
    file("lab.access.logs", GOOD);
    let account = read(dir.path(), &"lab".parse().unwrap(), at("20261120T000000Z")).unwrap();
    let seen = &account.addresses[&"192.0.2.7".parse().unwrap()];
    assert_eq!((seen.requests, seen.failed, seen.bytes), (4, 1, 5 * 1234));
    assert_eq!(seen.last, at("20261127T145011Z"));
    assert_eq!(seen.views["production"], 5);
    assert_eq!((account.files.len(), account.unread.len(), account.clients()), (4, 1, 1));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut account = Account::default();
    for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 10 {
        let address = std::net::Ipv4Addr::from(number).to_string();
        let line = GOOD.replace("192.0.2.7", &address);
        account.add(line.as_bytes(), at("20261101T000000Z")).unwrap();
    }
    assert_eq!((account.addresses.len(), account.others), (ADDRESSES_MAX, 10));
}
