use super::*;

/// The SHA-256 and MD5 of nothing, and others.
const SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER: &str = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// Somebody who vouches.
fn somebody() -> Verified {
    let signer = sign::Signer {
        fingerprint: "AA".to_owned(),
        subkey: "AA".to_owned(),
        user_id: "Lab".to_owned(),
        made: 1,
        certificate: b"certificate".to_vec(),
    };
    Verified { text: Vec::new(), signers: vec![signer], others: Vec::new(), warnings: Vec::new() }
}

/// Adds a list; `who` vouches for it.
fn add(lists: &mut Lists, path: &str, text: &str, who: Vec<Verified>) -> Result<()> {
    let path: RelPath = path.parse().unwrap();
    let sheet = sheet(path.split().1).unwrap();
    let text = text.as_bytes().to_vec();
    let list = List { path: &path, sheet, text, verified: who, beside: Vec::new() };
    lists.add(&list, &|path| path.as_bytes() == b"sub/there")
}

fn of(lists: &Lists, path: &str) -> Option<(String, bool)> {
    let claim = lists.of(&path.parse().unwrap())?;
    Some((claim.sum.hex(), claim.is_proved))
}

#[test]
fn what_is_proved_counts_before_what_is_strong() {
    let signed = || vec![somebody()];
    let strong = format!("{SHA}{SHA}");
    type Case<'a> = (&'a str, String, Vec<Verified>);
    let sha = || -> Case<'_> { ("SHA256SUMS", format!("{SHA}  a\n"), Vec::new()) };
    let sha512 = || -> Case<'_> { ("SHA512SUMS", format!("{strong}  a\n"), Vec::new()) };
    let md5 = || -> Case<'_> { ("MD5SUMS", format!("{MD5}  a\n"), Vec::new()) };
    let with = |one: Case<'static>| (one.0, one.1, signed());
    for (cases, expected) in [
        (vec![md5(), sha()], (SHA, false)),
        (vec![sha(), md5()], (SHA, false)),
        (vec![sha(), sha512()], (strong.as_str(), false)),
        (vec![with(("SHA256SUMS", format!("{SHA}  a\n"), Vec::new())), sha512()], (SHA, true)),
        // Whoever can make two contents of one MD5 was signed nothing.
        (vec![with(("MD5SUMS", format!("{MD5}  a\n"), Vec::new()))], (MD5, false)),
        (vec![with(("MD5SUMS", format!("{MD5}  a\n"), Vec::new())), sha()], (SHA, false)),
    ] {
        let mut lists = Lists::default();
        for (path, text, who) in cases {
            add(&mut lists, path, &text, who).unwrap();
        }
        assert_eq!(of(&lists, "a"), Some((expected.0.to_owned(), expected.1)));
    }
}

#[test]
fn two_lists_of_a_kind_must_agree() {
    let mut lists = Lists::default();
    add(&mut lists, "SHA256SUMS", &format!("{SHA}  a\n{OTHER}  b\n"), Vec::new()).unwrap();
    add(&mut lists, "sha256sum.txt", &format!("{SHA}  a\n"), Vec::new()).unwrap();
    let error = add(&mut lists, "CHECKSUM", &format!("{OTHER}  a\n"), Vec::new()).unwrap_err();
    assert!(error.to_string().contains("SHA256SUMS and CHECKSUM name two contents"), "{error}");
    add(&mut lists, "x_SHA256SUMS", &format!("{SHA}  b\n"), vec![somebody()]).unwrap();
    assert_eq!(of(&lists, "b"), Some((SHA.to_owned(), true)), "the signed one counts");
}

#[test]
fn lines_name_files_below_their_list() {
    for (path, line, expected) in [
        ("SHA256SUMS", "a", Some("a")),
        ("SHA256SUMS", "./././a", Some("a")),
        ("sub/SHA256SUMS", "a/b", Some("sub/a/b")),
        ("SHA256SUMS", "SHA256SUMS", None),
        ("SHA256SUMS", "", None),
        ("SHA256SUMS", "../a", None),
        ("SHA256SUMS", "/a", None),
        ("sub/x.sha256", "", Some("sub/x")),
        ("sub/x.sha256", "x", Some("sub/x")),
        ("sub/x.sha256", "/build/x", Some("sub/x")),
        ("sub/x.sha256", "there", Some("sub/there")),
        ("sub/x.sha256", "elsewhere", None),
    ] {
        let mut lists = Lists::default();
        add(&mut lists, path, &format!("{SHA}  {line}\n"), Vec::new()).unwrap();
        let named: Vec<String> = lists.named().map(ToString::to_string).collect();
        assert_eq!(named, expected.into_iter().collect::<Vec<_>>(), "{path}: {line}");
        assert_eq!(lists.odd, usize::from(line.starts_with("..") || line == "/a"), "{line}");
    }
}

#[test]
fn a_list_by_which_nothing_was_compared_proves_nothing() {
    let mut lists = Lists::default();
    add(&mut lists, "b/SHA256SUMS", &format!("{SHA}  a\n{SHA}  c\n"), vec![somebody()]).unwrap();
    add(&mut lists, "a/SHA256SUMS", &format!("{SHA}  a\n"), Vec::new()).unwrap();
    add(&mut lists, "c/SHA256SUMS", "nothing\n", Vec::new()).unwrap();
    for path in ["b/a", "b/c", "a/a", "d"] {
        lists.count(&path.parse().unwrap());
    }
    assert!(lists.has_signed() && lists.vouchers.len() == 1);
    assert!(
        lists.proves(&"b/a".parse().unwrap()) && lists.proves(&"b/SHA256SUMS".parse().unwrap())
    );
    assert!(
        !lists.proves(&"a/a".parse().unwrap())
            && !lists.proves(&"b/SHA256SUMS.gpg".parse().unwrap())
    );
    let proofs = lists.into_proofs();
    let found: Vec<(String, u64, usize)> = proofs
        .iter()
        .map(|proof| (proof.root.to_string(), proof.files, proof.signers.len()))
        .collect();
    assert_eq!(found, [("a/SHA256SUMS".to_owned(), 1, 0), ("b/SHA256SUMS".to_owned(), 2, 1)]);
}
