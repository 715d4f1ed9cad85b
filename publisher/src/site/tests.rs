#![expect(clippy::disallowed_methods, reason = "a www folder made by hand")]

mod answers;
mod bottles;
mod urls;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use self::answers::{FOUND, REFUSED};
use self::urls::{BAD_MOUNTS, PARTS, PLACES, RESTS, WHOLE};
use self::world::{Nginx, Www, home, nginx};
use super::{MirrorSite, Mount, PROBE, Rules, SiteConfig, probe_answer};

const HEX: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn apt(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        name: name.parse().unwrap(),
        mount: mount.parse().unwrap(),
        root_names: r"InRelease|Release|Release\.gpg".to_owned(),
        dot_names: String::new(),
        hash_names: r"/by-hash/(?:MD5Sum|SHA1|SHA256|SHA512)/[0-9a-f]+$|\.diff/T-".to_owned(),
        has_validators: true,
        package_names: r"[ud]?deb|dsc|diff\.gz|(?:orig|debian)(?:-[^/]*)?\.tar\.(?:gz|bz2|xz|lzma|zst)(?:\.asc)?".to_owned(),
        types: vec![("deb".to_owned(), "application/vnd.debian.binary-package".to_owned()), ("dsc".to_owned(), "text/plain".to_owned())],
        typed_names: Vec::new(),
        top_names: String::new(),
        words: Vec::new(),
        cache: None,
    }
}

fn files(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        root_names: String::new(),
        hash_names: String::new(),
        package_names: String::new(),
        types: Vec::new(),
        ..apt(name, mount)
    }
}

/// Its channels serve a list that names the dated tree, as root metadata.
fn rpm(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        root_names: r"repomd\.xml(?:\.asc|\.key)?|mirrorlist".to_owned(),
        dot_names: r"\.treeinfo|\.discinfo".to_owned(),
        hash_names: r"/repodata/[0-9a-f]+-".to_owned(),
        package_names: "d?rpm".to_owned(),
        types: vec![("rpm".to_owned(), "application/x-rpm".to_owned())],
        ..apt(name, mount)
    }
}

/// Its root metadata go out without time and tag.
fn pacman(name: &str, mount: &str) -> MirrorSite {
    MirrorSite {
        root_names: r"[^/]+\.(?:db|files)(?:\.tar(?:\.[0-9A-Za-z]+)?)?(?:\.sig)?".to_owned(),
        hash_names: String::new(),
        package_names: r"pkg\.tar(?:\.[0-9A-Za-z]+)?(?:\.sig)?".to_owned(),
        types: vec![("db".to_owned(), "application/octet-stream".to_owned())],
        has_validators: false,
        ..apt(name, mount)
    }
}

fn mirrors() -> Vec<MirrorSite> {
    vec![
        apt("ubuntu", "archive.ubuntu.com/ubuntu"),
        apt("ubuntu.sec-1", "security.ubuntu.com/ubuntu"),
        files("tools", "tools+x"),
        apt("new", "new.example.org/apt"),
        rpm("rocky", "rocky-baseos"),
        pacman("arch", "archlinux"),
    ]
}

fn config(port: u16) -> SiteConfig {
    SiteConfig {
        url: format!("http://127.0.0.1:{port}"),
        listen: vec![format!("127.0.0.1:{port}")],
        certificate: None,
        key: None,
        logs: None,
        channels: vec![
            "staging".parse().unwrap(),
            "production".parse().unwrap(),
            "empty".parse().unwrap(),
            "absent".parse().unwrap(),
        ],
    }
}

fn rules(www: &Www, port: u16) -> Rules {
    let config = SiteConfig { logs: Some(www.dir.path().to_owned()), ..config(port) };
    Rules::new(&config, &mirrors(), &www.root()).unwrap()
}

/// Compares one URL; says what differs.
fn compare(nginx: &Nginx, rules: &Rules, uri: &str) -> Result<u16, String> {
    let reply = nginx.ask("GET", uri, "");
    let answer = rules.resolve(uri.as_bytes());
    let found = answer.found();
    let (status, body, cache, kind) = match found {
        Some(file) => (200, fs::read(&file.path).unwrap(), file.cache, file.content_type.as_str()),
        None => (
            answer.not_found.status,
            answer.not_found.text.clone().into_bytes(),
            "no-cache",
            answer.not_found.content_type.as_str(),
        ),
    };
    let retry = answer
        .not_found
        .retry_after
        .filter(|_| found.is_none())
        .map_or(String::new(), |seconds| seconds.to_string());
    let has_validators = found.is_some() && answer.manner.has_validators();
    let policy = found.and(answer.manner.policy()).unwrap_or_default();
    // What nginx itself refuses has a page of its own.
    let same = reply.status == status
        && (status == 400
            || (reply.body == body
                && reply.header("cache-control") == cache
                && reply.header("etag").is_empty() != has_validators
                && reply.header("last-modified").is_empty() != has_validators
                && reply.header("content-type") == kind
                && reply.header("content-security-policy") == policy
                && reply.header("retry-after") == retry));
    if same {
        return Ok(status);
    }
    Err(format!(
        "{uri}\n  nginx {} {:?} {:?} {:?}\n  table {status} {cache:?} {kind:?} {:?}",
        reply.status,
        reply.header("cache-control"),
        reply.header("content-type"),
        String::from_utf8_lossy(&reply.body),
        String::from_utf8_lossy(&body)
    ))
}

#[test]
fn nginx_and_the_table_answer_alike() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let rules = rules(&www, nginx.port);
    let mut statuses = BTreeMap::new();
    let mut differences = Vec::new();
    let crossed =
        PLACES.iter().flat_map(|place| RESTS.iter().map(move |rest| format!("{place}{rest}")));
    for uri in crossed.chain(WHOLE.iter().map(|whole| (*whole).to_owned())) {
        match compare(&nginx, &rules, &uri) {
            Ok(status) => *statuses.entry(status).or_insert(0) += 1,
            Err(difference) => differences.push(difference),
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    // The table is no proof where everything is absent.
    assert!(
        statuses[&200] > 250
            && statuses[&404] > 500
            && statuses[&503] > 100
            && statuses[&400] > 100,
        "{statuses:?}"
    );
}

#[test]
fn nginx_and_the_table_read_odd_urls_alike() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let rules = rules(&www, nginx.port);
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut differences = Vec::new();
    for _ in 0..3000 {
        let length = next(9);
        let uri: String =
            std::iter::once("/").chain((0..length).map(|_| PARTS[next(PARTS.len())])).collect();
        differences.extend(compare(&nginx, &rules, &uri).err());
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn answers_are_those_of_the_design() {
    let www = Www::new();
    let rules = rules(&www, 80);
    let root = fs::canonicalize(www.path("")).unwrap();
    for &(uri, file, cache) in FOUND {
        let answer = rules.resolve(uri.as_bytes());
        let found = answer.found().unwrap_or_else(|| panic!("{uri}: {:?}", answer.not_found));
        assert_eq!(fs::canonicalize(&found.path).unwrap(), root.join(file), "{uri}");
        assert_eq!(found.cache, cache, "{uri}");
    }
    for &(uri, status, text) in REFUSED {
        let answer = rules.resolve(uri.as_bytes());
        assert_eq!(answer.found(), None, "{uri}");
        assert_eq!(
            (answer.not_found.status, answer.not_found.text.as_str()),
            (status, text),
            "{uri}"
        );
    }
}

#[test]
fn nginx_follows_flips_and_conditions() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let uri = "/archive.ubuntu.com/ubuntu/dists/noble/InRelease";
    let first = nginx.ask("GET", uri, "");
    assert_eq!(first.body, b"generations/production/7/ubuntu/heads/dists/noble/InRelease\n");
    for header in ["if-modified-since: ", "if-none-match: "] {
        let value = first.header(if header.starts_with("if-m") { "last-modified" } else { "etag" });
        assert_eq!(
            nginx.ask("GET", uri, &format!("{header}{value}\r\n")).status,
            304,
            "{header}{value}"
        );
    }
    // Exact, not before: after a rollback a file may be older than what the client has.
    assert_eq!(
        nginx.ask("GET", uri, "if-modified-since: Fri, 01 Jan 2100 00:00:00 GMT\r\n").status,
        200
    );
    let part = nginx.ask("GET", uri, "range: bytes=0-10\r\n");
    assert_eq!((part.status, part.body.as_slice()), (206, b"generations".as_slice()));
    let head = nginx.ask("HEAD", uri, "");
    assert_eq!((head.status, head.body.len(), head.header("cache-control")), (200, 0, "no-cache"));
    assert_eq!(head.header("x-content-type-options"), "nosniff");
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        assert_eq!(nginx.ask(method, uri, "").status, 405, "{method}");
    }
    symlink("../generations/staging/9", www.path("channels/next")).unwrap();
    fs::rename(www.path("channels/next"), www.path("channels/production")).unwrap();
    assert_eq!(
        nginx.ask("GET", uri, "").body,
        b"generations/staging/9/ubuntu/heads/dists/noble/InRelease\n"
    );
    let log = fs::read_to_string(www.dir.path().join("ubuntu.access.log")).unwrap();
    assert!(log.lines().count() >= 6 && log.contains("channels/production"), "{log}");
    let own = fs::read_to_string(www.dir.path().join("pinfold.access.log")).unwrap_or_default();
    assert!(!own.contains("\"GET /archive.ubuntu.com"), "{own}");
}

#[test]
fn what_goes_out_without_time_and_tag_answers_no_condition() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    for place in ["/archlinux", "/channels/staging/archlinux", "/snapshots/arch/20261122T040000Z"] {
        let uri = format!("{place}/core/os/x86_64/core.db");
        for condition in [
            "",
            "if-modified-since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
            "if-modified-since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
            "if-none-match: \"x\"\r\n",
        ] {
            let reply = nginx.ask("GET", &uri, condition);
            let seen = (reply.status, reply.header("last-modified"), reply.header("etag"));
            assert_eq!(seen, (200, "", ""), "{uri} {condition}");
            assert_eq!(reply.header("cache-control").contains("no-cache"), !uri.contains("Z/"));
        }
        let package =
            nginx.ask("GET", &format!("{place}/core/os/x86_64/a-1:2+3-1-any.pkg.tar.zst"), "");
        assert!(!package.header("etag").is_empty() && !package.header("last-modified").is_empty());
    }
}

#[test]
fn nginx_takes_it_beside_the_default_site() {
    let www = Www::new();
    let port = 80;
    for listen in
        [vec!["80".to_owned()], vec![], vec!["127.0.0.1:80".to_owned(), "[::]:80".to_owned()]]
    {
        let config = SiteConfig {
            url: "http://mirror.example.org/".to_owned(),
            listen,
            logs: Some(www.dir.path().to_owned()),
            ..config(port)
        };
        let text = super::nginx(&config, &mirrors(), &www.root()).unwrap();
        let home = home(&www, "beside", &text);
        fs::write(
            home.join("default.conf"),
            "server { listen 80 default_server; listen [::]:80 default_server; root /var/www/html; index index.html; server_name _; location / { try_files $uri $uri/ =404; } }\n",
        )
        .unwrap();
        let ran = nginx(&home).arg("-t").output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && !said.contains("[warn]"), "{said}");
    }
    // One without mirrors too, and a root with blanks.
    let spaced = www.dir.path().join("a root # with");
    let text = super::nginx(
        &SiteConfig { logs: Some(www.dir.path().to_owned()), ..config(80) },
        &[],
        &spaced,
    )
    .unwrap();
    let home = home(&www, "bare", &text);
    let ran = nginx(&home).arg("-t").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn nginx_takes_a_certificate() {
    let www = Www::new();
    let (certificate, key) = (www.dir.path().join("cert.pem"), www.dir.path().join("key.pem"));
    let mut make = std::process::Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    make.args(["-subj", "/CN=mirror.example.org", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    assert!(make.output().unwrap().status.success());
    let config = SiteConfig {
        url: "https://mirror.example.org".to_owned(),
        listen: Vec::new(),
        certificate: Some(certificate),
        key: Some(key),
        logs: Some(www.dir.path().to_owned()),
        ..config(443)
    };
    let text = super::nginx(&config, &mirrors(), &www.root()).unwrap();
    assert!(text.contains("listen [::]:443 ssl;"), "{text}");
    let ran = nginx(&home(&www, "tls", &text)).arg("-t").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && !said.contains("[warn]"), "{said}");
}

fn refused(config: &SiteConfig, mirrors: &[MirrorSite], root: &Path) -> String {
    super::nginx(config, mirrors, root).unwrap_err().to_string()
}

#[test]
fn what_could_become_a_directive_is_refused() {
    let root = Path::new("/srv/pinfold");
    let nothing: &[MirrorSite] = &[];
    for url in [
        "mirror.example.org",
        "ftp://x",
        "http://",
        "http://a b",
        "http://a;b",
        "http://a/path",
        "http://a$b",
        "http://a\nb",
        "http://a:0",
        "http://a:99999",
        "http://a:x",
        "http://[::1",
        "http://{a}",
        "http://-a",
        "http://_;",
        "http://[zz]",
        "http://\u{e4}",
    ] {
        assert!(
            refused(&SiteConfig { url: url.to_owned(), ..config(80) }, nothing, root)
                .starts_with("bad url"),
            "{url}"
        );
    }
    for listen in ["", "80;", "80 default_server", "80\n", "$port", "{", "unix:/x y"] {
        assert!(
            refused(&SiteConfig { listen: vec![listen.to_owned()], ..config(80) }, nothing, root)
                .starts_with("bad listen"),
            "{listen}"
        );
    }
    for bad in [
        "relative", "/a/../b", "/a$b", "/a;b", "/a{b", "/a}b", "/a\"b", "/a'b", "/a\nb", "/a\\b",
        "/a`b",
    ] {
        assert!(refused(&config(80), nothing, Path::new(bad)).starts_with("bad root"), "{bad}");
        let logs = SiteConfig { logs: Some(bad.into()), ..config(80) };
        assert!(refused(&logs, nothing, root).starts_with("bad logs"), "{bad}");
        let tls =
            SiteConfig { certificate: Some(bad.into()), key: Some("/k".into()), ..config(80) };
        assert!(refused(&tls, nothing, root).starts_with("bad certificate"), "{bad}");
    }
}

#[test]
fn half_a_certificate_and_odd_words_are_refused() {
    let root = Path::new("/srv/pinfold");
    let nothing: &[MirrorSite] = &[];
    let half = SiteConfig { certificate: Some("/c".into()), ..config(80) };
    assert!(refused(&half, nothing, root).contains("go together"));
    assert!(
        refused(&SiteConfig { channels: Vec::new(), ..config(80) }, nothing, root)
            .starts_with("bad channels")
    );
    for words in ["a b", "a\"", "a'", "a{2}", "(a)", "(?<x>a)", "a;", "[a", "a\n", "\u{e4}"] {
        let mirror = MirrorSite { package_names: words.to_owned(), ..files("m", "m") };
        assert!(refused(&config(80), &[mirror], root).starts_with("bad names"), "{words}");
    }
    for (extension, mime) in
        [("", "a/b"), ("x;", "a/b"), ("x", "ab"), ("x", "a/b;"), ("x y", "a/b")]
    {
        let mirror =
            MirrorSite { types: vec![(extension.to_owned(), mime.to_owned())], ..files("m", "m") };
        assert!(
            refused(&config(80), &[mirror], root).starts_with("bad type"),
            "{extension} {mime}"
        );
    }
    assert!(refused(&config(80), &[files("m", "a"), files("m", "b")], root).contains("twice"));
}

#[test]
fn mounts_are_checked() {
    for good in [
        "ubuntu",
        "archive.ubuntu.com/ubuntu",
        "a/b/c",
        "x+y~z_1-2",
        "snapshots.example.org",
        "channelsx/at",
    ] {
        assert_eq!(good.parse::<Mount>().unwrap().as_str(), good);
    }
    for bad in BAD_MOUNTS {
        assert!(bad.parse::<Mount>().is_err(), "{bad}");
    }
    assert!("a".repeat(600).parse::<Mount>().is_err());
    for (first, second, overlap) in [
        ("a", "a", true),
        ("a", "a/b", true),
        ("a/b", "a", true),
        ("a", "ab", false),
        ("a/b", "a/c", false),
        ("a/b", "a/bc", false),
    ] {
        let mirrors = [files("one", first), files("two", second)];
        let made = Rules::new(&config(80), &mirrors, Path::new("/srv/pinfold"));
        assert_eq!(made.is_err(), overlap, "{first} {second}");
    }
}

#[test]
fn a_hash_keeps_for_a_year_only_where_the_name_ends() {
    let www = Www::new();
    let rules = rules(&www, 80);
    let cache = |rest: &str| {
        rules.resolve(format!("/archive.ubuntu.com/ubuntu{rest}").as_bytes()).candidates[0].cache
    };
    assert!(cache(&format!("/by-hash/SHA256/{HEX}")).contains("immutable"));
    assert_eq!(cache(&format!("/by-hash/SHA256/{HEX}%0a")), "no-cache");
    assert_eq!(cache(&format!("/by-hash/SHA256/{HEX}/x")), "no-cache");
    assert_eq!(cache("/pool/a.deb"), "public, max-age=86400");
    assert_eq!(cache("/pool/adeb"), "no-cache");
    assert_eq!(cache("/pool/a.deb.x"), "no-cache");
}

#[test]
fn a_configuration_says_what_it_answers_to_a_probe() {
    let www = Www::new();
    let nginx = Nginx::start(&www, |port| rules(&www, port).nginx());
    let text = rules(&www, nginx.port).nginx();
    let says = probe_answer(&text).unwrap();
    assert_eq!(nginx.ask("GET", PROBE, "").body, format!("{says}\n").into_bytes());
    assert_ne!(Some(says), probe_answer(&rules(&www, 1).nginx()), "of another configuration");
    assert_eq!(probe_answer("server { }"), None);
}
