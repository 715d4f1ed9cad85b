use std::io::Write;
use std::process::{Command, Stdio};

use super::{CheckInput, client_check};
use crate::family::Family;
use crate::rpm::Tool;

const UPSTREAM: &[String] = &[];

fn input(family: Family, url: &'static str) -> CheckInput<'static> {
    let name = Box::leak(Box::new("lab".parse().unwrap()));
    CheckInput {
        mirror: name,
        family,
        tool: None,
        follows: "production",
        url,
        reachable: url,
        upstream: UPSTREAM,
        key: None,
    }
}

#[test]
fn shells_and_their_critics_take_every_script() {
    let upstream = vec!["http://archive.ubuntu.com/ubuntu".to_owned()];
    for (family, tool) in [
        (Family::Apt, None),
        (Family::Rpm, Some(Tool::Dnf)),
        (Family::Rpm, Some(Tool::Zypper)),
        (Family::Apk, None),
        (Family::Pacman, None),
    ] {
        let input = CheckInput {
            tool,
            upstream: &upstream,
            key: Some("-----BEGIN"),
            ..input(family, "https://mirror.example.org/lab/")
        };
        let text = client_check(&input).unwrap();
        let mut critic = Command::new("shellcheck")
            .args(["--shell=sh", "--severity=style", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        critic.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = critic.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{family:?}:\n{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn what_would_be_more_than_a_word_is_refused() {
    for url in [
        "http://a/'; reboot #",
        "http://a/$(id)",
        "http://a/`id`",
        "ftp://a/",
        "http://u:p@a/",
        "http://a/\n",
    ] {
        assert!(client_check(&input(Family::Apt, url)).is_err(), "{url}");
    }
    assert!(client_check(&input(Family::Files, "http://a/b")).is_err());
    let said =
        client_check(&CheckInput { follows: "a'b", ..input(Family::Apt, "http://a/b") }).unwrap();
    assert!(said.contains("follows='a b'"), "{said}");
}
