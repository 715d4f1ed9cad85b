//! What is wrong in the file of a mirror of rpm is refused with file, line and what mends it.

use crate::harness::Site;

const GOOD: &str =
    "family = \"rpm\"\nmount = \"lab\"\nupstream = \"http://127.0.0.1:1/a/b\"\nunsigned = true\n";

/// Runs against a file whose further lines begin at the fifth.
fn refused(text: &str, line: Option<u32>, says: &[&str]) {
    let site = Site::fleeting();
    site.mirror("lab", text);
    let ran = site.run(&["channels"]);
    assert_eq!(ran.code, Some(2), "{text}: {}", ran.said());
    let place = line.map_or("lab.toml: ".to_owned(), |line| format!("lab.toml, line {line}: "));
    let ran = ran.says(&place);
    let ran = says.iter().fold(ran, |ran, word| ran.says(word));
    assert!(ran.out.is_empty() && ran.err.lines().count() <= 2, "{}", ran.said());
}

#[test]
fn every_wrong_value_is_refused_at_its_line() {
    for (more, says) in [
        ("newest = 0\n", "at least one version"),
        ("newest = -1\n", "-1"),
        ("newest = \"all\"\n", "\"all\""),
        ("sources = \"no\"\n", "a boolean"),
        ("debuginfo = 1\n", "a boolean"),
        ("installer = \"yes\"\n", "a boolean"),
        ("repository = \"../x\"\n", "'../x'"),
        ("repository = \"/x\"\n", "'/x'"),
        ("repository = \"a/b/c\"\n", "fewer levels"),
        ("repository = [\"a\"]\n", "a string"),
        ("package-signatures = \"yes\"\n", "it is report or require"),
        ("package-signatures = true\n", "a string"),
        ("package-signatures = \"report\"\n", "keyrings = ["),
        ("mirrorlist = \"http://127.0.0.1/list\"\n", "upstream says already"),
        ("metalink = \"http://127.0.0.1/list\"\n", "upstream or mirrorlist says already"),
        ("client-key = \"/etc/key.pem\"\n", "client-certificate = \""),
        ("client-certificate = \"/etc/cert.pem\"\n", "client-key = \""),
        ("client-certificate = \"cert.pem\"\nclient-key = \"/k\"\n", "an absolute path"),
        ("authorities = \"ca.pem\"\n", "an absolute path"),
        ("auth = \"auth.conf\"\n", "an absolute path"),
        ("retry-wait = \"soon\"\n", "it is a duration"),
        ("rate-limit = \"x\"\n", "it is a size a second"),
        ("architectures = [\"x86 64\"]\n", "'x86 64' is no name"),
        ("package-signature = \"report\"\n", "unknown field `package-signature`"),
        ("metalinks = \"http://127.0.0.1/list\"\n", "unknown field `metalinks`"),
    ] {
        refused(&format!("{GOOD}{more}"), Some(5), &[says]);
    }
    let list = |more: &str| GOOD.replace("upstream = \"http://127.0.0.1:1/a/b\"", more);
    for (more, says) in [
        ("mirrorlist = \"file:///etc/list?Geheim\"", "only http:// and https://"),
        ("mirrorlist = \"http://127.0.0.1/#x?Geheim\"", "a fragment"),
        ("metalink = \"/etc/list\"", "only http:// and https://"),
        ("metalink = \"ftp://me:Geheim@127.0.0.1/list\"", "only http:// and https://"),
        ("metalink = [\"http://127.0.0.1/list\"]", "a string"),
        ("upstream = \"http://127.0.0.1/../x?Geheim\"", "is . or .."),
        ("upstream = 1", "OneOrMore"),
    ] {
        refused(&list(more), Some(3), &[says]);
    }
    let both = "mirrorlist = \"http://127.0.0.1/a\"\nmetalink = \"http://127.0.0.1/b\"";
    refused(&list(both), Some(4), &["says already from where"]);
}

#[test]
fn what_is_asked_needs_an_upstream_and_somebody_to_believe() {
    let fed = "family = \"rpm\"\nmount = \"lab\"\n";
    for (more, line, says) in [
        ("newest = 2\n", None, "add upstream = \""),
        ("repository = \"a\"\n", None, "add upstream = \""),
        ("architectures = [\"x86_64\"]\n", None, "add upstream = \""),
        (
            "package-signatures = \"require\"\nkeyrings = \"/k\"\n",
            Some(3),
            "it needs upstream = \"",
        ),
        ("client-key = \"/k\"\n", Some(3), "client-certificate = \""),
        ("upstream = \"http://127.0.0.1/\"\n", None, "unsigned = true"),
        ("mirrorlist = \"http://127.0.0.1/\"\n", None, "keyrings = ["),
        ("metalink = \"http://127.0.0.1/\"\n", None, "keyrings = ["),
    ] {
        refused(&format!("{fed}{more}"), line, &[says]);
    }
}

#[test]
fn keys_of_another_family_are_refused_by_name() {
    let upstream = "upstream = \"http://127.0.0.1/\"\nkeyrings = \"/k\"\n";
    for (family, more) in [
        ("apt", "mirrorlist = \"http://127.0.0.1/\"\n"),
        ("apt", "metalink = \"http://127.0.0.1/\"\n"),
        ("apt", "repository = \"a\"\n"),
        ("apt", "newest = 1\n"),
        ("apt", "sources = false\n"),
        ("apt", "debuginfo = false\n"),
        ("apt", "package-signatures = \"report\"\n"),
        ("files", "mirrorlist = \"http://127.0.0.1/\"\n"),
        ("files", "newest = 1\n"),
        ("files", "package-signatures = \"require\"\n"),
        ("files", "installer = true\n"),
        ("files", "client-certificate = \"/c\"\nclient-key = \"/k\"\n"),
        ("rpm", "suites = [\"lab\"]\n"),
        ("rpm", "components = [\"main\"]\n"),
        ("rpm", "udebs = true\n"),
        ("rpm", "i18n = false\n"),
        ("rpm", "contents = false\n"),
        ("rpm", "dep11 = false\n"),
        ("rpm", "signed = \"upstream\"\n"),
        ("rpm", "check-valid-until = false\n"),
    ] {
        let text = format!("family = \"{family}\"\nmount = \"lab\"\n{upstream}{more}");
        let key = more.split(" = ").next().unwrap();
        let says = format!("{key}: it means nothing to a mirror of family {family}");
        refused(&text, Some(5), &[&says]);
    }
    let text =
        format!("family = \"rpm\"\nmount = \"lab\"\n{upstream}[filter]\nsections = [\"net\"]\n");
    refused(&text, Some(6), &["sections: it means nothing to a mirror of family rpm"]);
}
