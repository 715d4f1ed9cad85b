use super::*;
use crate::Error;

fn all(text: impl AsRef<[u8]>) -> Result<Vec<Advisory>> {
    let mut all = Vec::new();
    advisories(text.as_ref(), "updateinfo.xml", &mut |one| {
        all.push(one);
        Ok(())
    })?;
    Ok(all)
}

/// Advisories as three archives write them.
const REAL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="errata@example.org" status="final" type="security" version="2">
    <id>RLSA-2026:1234</id>
    <title>Important: bash &amp; more security update</title>
    <issued date="2026-11-01 00:00:00"/>
    <updated date="2026-11-02 10:00:00"/>
    <rights>Copyright</rights>
    <severity>Important</severity>
    <summary/>
    <description>Long text
of CVE-1999-0001 and <![CDATA[<more>]]>.</description>
    <references>
      <reference href="https://example.org/1" id="CVE-2026-20002" type="cve" title="CVE-2026-20002"/>
      <reference href="https://example.org/2" id="CVE-2026-1001" type="cve" title=""/>
      <reference href="https://example.org/3" id="2345678" type="bugzilla" title="CVE-2026-1001 CVE-2026-3003: bash: overflow"/>
    </references>
    <pkglist>
      <collection short="baseos">
        <name>BaseOS</name>
        <module name="bash" stream="5" version="1" context="x" arch="x86_64"/>
        <package name="bash" version="5.1.8" release="9.el9" epoch="0" arch="x86_64" src="bash-5.1.8-9.el9.src.rpm">
          <filename>bash-5.1.8-9.el9.x86_64.rpm</filename>
          <sum type="sha256">00</sum>
          <reboot_suggested>True</reboot_suggested>
        </package>
        <package name="bash-doc" version="5.1.8" release="9.el9" epoch="2" arch="noarch"><filename>x</filename></package>
      </collection>
      <collection><package name="late" version="1" release="1" arch="src"/></collection>
    </pkglist>
  </update>
  <update type="recommended"><id> openSUSE-2026-1 </id><issued date="1793491200"/><references/></update>
  <update><id>bare</id></update>
</updates>
"#;

#[test]
fn advisories_are_read_one_after_the_other() {
    let found = all(REAL).unwrap();
    let cves = ["CVE-2026-1001", "CVE-2026-20002", "CVE-2026-3003"];
    let expected = Advisory {
        id: "RLSA-2026:1234".into(),
        kind: "security".into(),
        severity: "Important".into(),
        cves: cves.map(Into::into).to_vec(),
    };
    assert_eq!(found[0], expected);
    let rest: Vec<[&str; 2]> = found[1..].iter().map(|one| [&*one.id, &*one.kind]).collect();
    assert_eq!(rest, [["openSUSE-2026-1", "recommended"], ["bare", ""]]);
    assert!(all("<updates/>").unwrap().is_empty());
    assert!(all("<updates><other><id>x</id></other></updates>").unwrap().is_empty());
}

/// One advisory with something in it.
fn with(inside: &str) -> String {
    format!("<updates>\n<update type='x'><id>a</id>\n{inside}\n</update></updates>")
}

#[test]
fn what_clients_pass_over_is_passed_over() {
    assert!(all("<updates><update><title>x</title></update></updates>").unwrap().is_empty());
    for inside in [
        "<pkglist><collection><package name='a b'/></collection></pkglist>",
        "<title> a <b>c</b> d </title>",
        &format!("<title>{}</title>", "y".repeat(100_000)),
    ] {
        assert_eq!(&*all(with(inside)).unwrap().remove(0).id, "a", "{inside}");
    }
}

#[test]
fn names_of_cves_are_found_in_texts() {
    for (text, expected) in [
        ("CVE-2026-1", &["CVE-2026-1"][..]),
        ("x CVE-2026-1234567: y, CVE-1999-0001", &["CVE-2026-1234567", "CVE-1999-0001"]),
        ("(CVE-2026-1)[CVE-2026-2]", &["CVE-2026-1", "CVE-2026-2"]),
        ("CVE-2026-", &[]),
        ("CVE-26-1", &[]),
        ("CVE-2026-1a", &[]),
        ("CVE-20261", &[]),
        ("cve-2026-1 XCVE-2026-1", &[]),
        ("CVE-2026-11111111111111111111111111", &[]),
        ("CVE-", &[]),
        ("", &[]),
    ] {
        let found: Vec<Box<str>> = cve_names(text.as_bytes()).collect();
        assert_eq!(found.iter().map(|one| &**one).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn what_is_no_list_of_advisories_is_refused_with_its_line() {
    for (text, why) in [
        (String::new(), "line 1"),
        ("<html>\n</html>".to_owned(), "where <updates> is expected"),
        ("<updates>".to_owned(), "line 1"),
        ("<updates/><updates/>".to_owned(), "root element"),
        ("<!DOCTYPE x><updates/>".to_owned(), "document type"),
        (with("<severity>&boom;</severity>"), "&boom;"),
        (with("<severity>\u{1}</severity>"), "line 3"),
        (with("<severity><b/></severity>"), "holds a tag"),
        (
            with(&format!("<severity>{}</severity>", "x".repeat(5000))),
            "<severity> has a text of more than",
        ),
        (with("<references></pkglist>"), "line 3"),
    ] {
        match all(&text) {
            Err(Error::BadMetadata { path, why: found }) => {
                assert_eq!(path, "updateinfo.xml");
                assert!(found.contains(why) && !found.contains('\n'), "{text}: {found}");
            }
            other => panic!("{other:?} is refused: {text}"),
        }
    }
    assert!(all(b"<updates><update><id>\xe9</id></update></updates>").is_err());
}

#[test]
fn an_error_of_the_caller_ends_it() {
    let mut count = 0;
    let failed = advisories(REAL.as_bytes(), "x", &mut |_| {
        count += 1;
        Err(Error::Interrupted)
    });
    assert!(matches!(failed, Err(Error::Interrupted)) && count == 1);
}

proptest::proptest! {
    #[test]
    fn a_broken_list_never_panics(at in 0_usize..2400, cut in 0_usize..30, put in "[<>/&;'\" =a]{0,4}") {
        let mut text = REAL.as_bytes().to_vec();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, put.bytes());
        drop(all(text));
    }
}
