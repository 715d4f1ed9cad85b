use super::*;

const NEW: &[u8] = b"<repomd>new</repomd>\n";
const OLD: &[u8] = b"<repomd>old</repomd>\n";
const OLDER: &[u8] = b"<repomd>older</repomd>\n";

fn hex(bytes: &[u8], algorithm: Algorithm) -> String {
    sum(bytes, algorithm, &mut BTreeMap::new()).hex()
}

/// The checksums of a state, as `MirrorManager` states them.
fn verification(bytes: &[u8]) -> String {
    let hashes: String = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]
        .iter()
        .fold(String::new(), |text, kind| {
            let name = kind.name().to_lowercase();
            format!("{text}<hash type=\"{name}\">{}</hash>\n", hex(bytes, *kind))
        });
    format!("<size>{}</size>\n<verification>\n{hashes}</verification>\n", bytes.len())
}

/// A whole metalink.
fn document(state: &str, alternates: &str, urls: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" type=\"dynamic\" \
         xmlns:mm0=\"http://fedorahosted.org/mirrormanager\">\n <files>\n\
         <file name=\"repomd.xml\">\n{state}\n\
         <mm0:alternates>{alternates}</mm0:alternates>\n\
         <resources maxconnections=\"1\">\n{urls}\n</resources>\n</file>\n </files>\n</metalink>\n"
    )
}

const URL: &str =
    "<url protocol=\"https\" type=\"https\" preference=\"1\">https://m/repodata/repomd.xml</url>";

fn whole() -> String {
    let alternate = |time: u64, bytes| {
        format!(
            "<mm0:alternate>\n<mm0:timestamp>{time}</mm0:timestamp>\n{}</mm0:alternate>\n",
            verification(bytes)
        )
    };
    document(
        &format!("<mm0:timestamp>1800000000</mm0:timestamp>\n{}", verification(NEW)),
        &format!("{}{}", alternate(1_700_000_000, OLD), alternate(1_600_000_000, OLDER)),
        "<url protocol=\"http\" type=\"http\" location=\"US\" preference=\"98\">http://a/f/repodata/repomd.xml</url>\n\
         <url protocol=\"rsync\" preference=\"100\">rsync://r/f/repodata/repomd.xml</url>\n\
         <url protocol=\"https\" location=\"DE\" preference=\"100\">https://b/g/repodata/repomd.xml</url>\n\
         <url protocol=\"https\" preference=\"98\"> https://c/g%2B/repodata/repomd.xml </url>\n\
         <url protocol=\"https\" preference=\"97\">https://b/g/repodata/repomd.xml</url>\n\
         <url protocol=\"http\">http://last/repodata/repomd.xml</url>",
    )
}

fn read(text: &str) -> Result<Metalink, String> {
    metalink(text.as_bytes(), "metalink").map_err(|error| error.to_string())
}

#[test]
fn mirrors_are_in_order_of_preference_and_states_by_their_strongest_checksum() {
    let link = read(&whole()).unwrap();
    let urls: Vec<String> = link.mirrors.iter().map(ToString::to_string).collect();
    assert_eq!(urls, ["https://b/g/", "http://a/f/", "https://c/g%2B/", "http://last/"]);
    assert_eq!(link.newest.timestamp, Some(1_800_000_000));
    assert_eq!(link.newest.size_bytes, Some(21));
    assert_eq!(link.newest.checksum.algorithm(), Algorithm::Sha512);
    assert_eq!(link.alternates.len(), 2);
}

#[test]
fn the_newest_and_those_before_it_count_and_nothing_else() {
    let link = read(&whole()).unwrap();
    assert_eq!(link.accepts(NEW), Verdict::Newest);
    assert_eq!(link.accepts(OLD), Verdict::Alternate(Some(1_700_000_000)));
    assert_eq!(link.accepts(OLDER), Verdict::Alternate(Some(1_600_000_000)));
    for other in [b"".as_slice(), b"<html>", b"<repomd>eww</repomd>\n", &NEW[..20]] {
        let Verdict::No { expected, found } = link.accepts(other) else {
            panic!("{other:?} is accepted")
        };
        let sum = hex(NEW, Algorithm::Sha512);
        assert_eq!(expected, format!("21 bytes with SHA512 {sum}, or one of 2 before it"));
        let sum = hex(other, Algorithm::Sha512);
        assert_eq!(found, format!("{} bytes with SHA512 {sum}", other.len()));
    }
}

#[test]
fn the_strongest_checksum_decides_and_the_size_where_it_is_stated() {
    let sums = |kinds: &[(&str, String)]| {
        kinds.iter().fold(String::new(), |text, (kind, digits)| {
            format!("{text}<hash type=\"{kind}\">{digits}</hash>")
        })
    };
    let (sha256, md5) = (hex(NEW, Algorithm::Sha256), hex(NEW, Algorithm::Md5));
    let wrong = hex(OLD, Algorithm::Sha256);
    for (hashes, size, is_taken) in [
        (sums(&[("sha256", sha256.clone())]), "", true),
        (sums(&[("SHA-256", sha256.to_uppercase())]), "", true),
        (sums(&[("sha256", wrong.clone()), ("md5", md5.clone())]), "", false),
        (sums(&[("md5", md5), ("sha256", wrong)]), "", false),
        // What we do not know says nothing.
        (sums(&[("sha3-512", "00".to_owned()), ("sha256", sha256.clone())]), "", true),
        (sums(&[("sha256", format!("\n {sha256}\n"))]), "<size> 21 </size>", true),
        (sums(&[("sha256", sha256.clone())]), "<size>22</size>", false),
        (sums(&[("sha256", sha256.clone()), ("sha256", sha256)]), "", true),
    ] {
        let state = format!("{size}<verification>{hashes}</verification>");
        let link = read(&document(&state, "", URL)).unwrap();
        assert_eq!(link.accepts(NEW) == Verdict::Newest, is_taken, "{state}");
    }
    // An alternate without one that we know counts for nothing.
    let state = verification(NEW);
    let bare = "<mm0:alternate><mm0:timestamp>1</mm0:timestamp><size>21</size></mm0:alternate>";
    let link = read(&document(&state, bare, URL)).unwrap();
    assert!(link.alternates.is_empty());
    let Verdict::No { expected, .. } = link.accepts(OLD) else { panic!() };
    assert!(expected.ends_with(&hex(NEW, Algorithm::Sha512)), "{expected}");
}

#[test]
fn mirrors_that_nobody_could_follow_are_left_out() {
    let bad = [
        "ftp://m/repodata/repomd.xml",
        "http://m/repomd.xml",
        "http://m/xrepodata/repomd.xml",
        "http://m/repodata/repomd.xml?x",
        "http://user:secret@m/repodata/repomd.xml",
        "http:///repodata/repomd.xml",
        "http://m/a b/repodata/repomd.xml",
        "http://m/../repodata/repomd.xml",
        "/repodata/repomd.xml",
        "http://m:0/repodata/repomd.xml",
        "",
    ];
    let urls = bad.iter().fold(String::new(), |text, url| format!("{text}<url>{url}</url>"));
    let link = read(&document(&verification(NEW), "", &format!("{urls}{URL}"))).unwrap();
    assert_eq!(link.mirrors.len(), 1);
    let error = read(&document(&verification(NEW), "", &urls)).unwrap_err();
    assert!(error.contains("names no mirror of http or https"), "{error}");
    assert!(error.contains("(11 of other kinds)") && !error.contains("secret"), "{error}");
}

#[test]
fn what_is_no_metalink_is_refused() {
    let state = verification(NEW);
    let hash = |text: &str| document(&format!("<verification>{text}</verification>"), "", URL);
    let many = URL.repeat(MIRRORS_MAX + 1);
    let states = "<mm0:alternate/>".repeat(ALTERNATES_MAX + 1);
    let two =
        whole().replace("<files>", &format!("<files><file name=\"repomd.xml\">{state}</file>"));
    for (text, why) in [
        (String::new(), "the file ends, where <metalink> should begin"),
        ("<html><p>sorry</html>".to_owned(), "the file begins with '<html><p>sorry"),
        ("http://m/\n".to_owned(), "the file begins with 'http://m/"),
        ("<metalink></metalink>".to_owned(), "it has no <file> of the name repomd.xml"),
        (whole().replace("repomd.xml\">", "other.xml\">"), "it has no <file>"),
        (two, "a second <file>"),
        (document("", "", URL), "it has no checksum of repomd.xml"),
        (hash("<hash type=\"crc\">00</hash>"), "it has no checksum of repomd.xml"),
        (
            hash(&format!("<hash type=\"md5\">{}</hash>", hex(NEW, Algorithm::Md5))),
            "weak ones (MD5, SHA-1), which prove nothing",
        ),
        (
            hash("<hash type=\"sha256\">00</hash>"),
            "is '00', where 64 digits of SHA256 are expected",
        ),
        (
            hash(&format!(
                "<hash type=\"md5\">{}</hash><hash type=\"md5\">{}</hash>",
                hex(NEW, Algorithm::Md5),
                hex(OLD, Algorithm::Md5)
            )),
            "states a second MD5",
        ),
        (document(&format!("<size>-1</size>{state}"), "", URL), "is '-1', where a number"),
        (
            document(&format!("<timestamp>1</timestamp><timestamp>1</timestamp>{state}"), "", URL),
            "twice",
        ),
        (document(&state, "", &many), "more than 1000 mirrors"),
        (document(&state, &states, URL), "more than 1000 alternates"),
        (
            format!("<!DOCTYPE metalink [<!ENTITY x \"y\">]>{}", whole().split_off(39)),
            "document type",
        ),
        (whole().replace("\"98\"", "\"&x;\""), "the reference &x;"),
        (whole().replace("https://b", "&x;"), "the reference &x;"),
        (whole().replace("</files>", ""), ""),
        (whole()[..whole().len() - 12].to_owned(), "cut"),
        (format!("{}<metalink/>", whole()), "second root"),
    ] {
        let found = read(&text).unwrap_err();
        assert!(found.starts_with("metalink is no metadata"), "{found}");
        assert!(found.contains(why) && !found.contains('\n'), "{found}, not {why}");
    }
    let large = vec![b' '; 1 + usize::try_from(super::super::LIST_BYTES_MAX).unwrap()];
    assert!(metalink(&large, "x").unwrap_err().to_string().contains("larger than"));
}

proptest::proptest! {
    #[test]
    fn no_change_of_a_metalink_makes_it_panic(
        at in 0_usize..2000,
        with in proptest::collection::vec(proptest::num::u8::ANY, 0..8),
    ) {
        let mut bytes = whole().into_bytes();
        let at = at.min(bytes.len() - 8);
        bytes.splice(at..at + 3, with);
        if let Ok(link) = metalink(&bytes, "x") {
            drop(link.accepts(NEW));
        }
    }
}
