use super::*;
use crate::tree::tests::put;

const URL: &str = "http://m/alpine";

fn paths(folders: &[&str]) -> Vec<RelPath> {
    folders.iter().map(|folder| format!("{folder}/APKINDEX.tar.gz").parse().unwrap()).collect()
}

fn lists(input: &ClientInput<'_>) -> (String, Vec<String>) {
    let files = client(input).unwrap();
    let list = files.last().unwrap();
    assert_eq!(list.path, "/etc/apk/repositories");
    let lines = list.content.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
    (list.content.clone(), lines.collect())
}

#[test]
fn a_client_gets_one_version_each_repository_a_line() {
    let (mirror, channel): (Name, Name) =
        ("alpine".parse().unwrap(), "production".parse().unwrap());
    let roots = paths(&[
        "edge/main/x86_64",
        "latest-stable/community/x86_64",
        "latest-stable/main/x86_64",
        "v3.20/community/x86_64",
        "v3.20/main/aarch64",
        "v3.20/main/x86_64",
    ]);
    let preferred = ["v3.20".to_owned(), "edge".to_owned()];
    let input = ClientInput {
        mirror: &mirror,
        url: URL,
        follows: Follows::Channel(&channel),
        roots: &roots,
        versions: &[],
        preferred: &preferred,
        keyrings: &[],
    };
    let (text, lines) = lists(&input);
    assert_eq!(lines, [format!("{URL}/v3.20/main"), format!("{URL}/v3.20/community")]);
    for says in [
        "--force-refresh",
        "--available",
        "takes the newest version",
        "--allow-untrusted",
        "other versions: edge;",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    let (_, lines) = lists(&ClientInput { preferred: &[], ..input.clone() });
    assert_eq!(lines, [format!("{URL}/edge/main")]);
    for (version, count) in [("edge", 1), ("latest-stable", 2)] {
        let versions = [version.to_owned()];
        let (_, lines) = lists(&ClientInput { versions: &versions, ..input.clone() });
        assert_eq!(lines.len(), count, "{version}: {lines:?}");
    }
    let versions = ["v3.19".to_owned()];
    assert!(client(&ClientInput { versions: &versions, ..input.clone() }).is_err());
    let taken = Stamp::from_seconds(1_795_000_000);
    let (text, _) = lists(&ClientInput { follows: Follows::Date(taken), ..input.clone() });
    assert!(text.contains("pinfold pin") && !text.contains("--force-refresh"), "{text}");
    for url in [
        "ftp://m/alpine",
        "http://m/al pine",
        "http://m/$x",
        "http://u:p@m/alpine",
        "http://m/a\nb",
    ] {
        assert!(client(&ClientInput { url, ..input.clone() }).is_err(), "{url}");
    }
}

#[test]
fn a_tree_without_versions_has_its_repositories_at_the_top() {
    let (mirror, channel): (Name, Name) =
        ("alpine".parse().unwrap(), "production".parse().unwrap());
    for (folder, line) in [("main/x86_64", "http://m/alpine/main"), ("x86_64", "http://m/alpine/")]
    {
        let roots = paths(&[folder]);
        let (_, lines) = lists(&ClientInput {
            mirror: &mirror,
            url: URL,
            follows: Follows::Channel(&channel),
            roots: &roots,
            versions: &[],
            preferred: &[],
            keyrings: &[],
        });
        assert_eq!(lines, [line]);
    }
}

#[test]
fn a_key_that_cannot_be_read_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("lab.rsa.pub");
    put(&file, "no key");
    let mirror: Name = "alpine".parse().unwrap();
    let made = client(&ClientInput {
        mirror: &mirror,
        url: URL,
        follows: Follows::Date(Stamp::from_seconds(1_795_000_000)),
        roots: &paths(&["main/x86_64"]),
        versions: &[],
        preferred: &[],
        keyrings: &[file],
    });
    assert!(made.unwrap_err().to_string().contains("lab.rsa.pub"));
}
