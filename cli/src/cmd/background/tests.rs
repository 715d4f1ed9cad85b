use super::*;

fn mirror() -> Name {
    "lab".parse().unwrap()
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

#[test]
fn a_host_that_systemd_runs_gets_a_unit_unless_a_proxy_has_a_password() {
    let unit = Way::Unit("pinfold-sync-lab".to_owned());
    assert_eq!(way(&mirror(), true, &|_| None), unit);
    assert_eq!(way(&mirror(), false, &|_| None), Way::Session);
    for (value, expected) in
        [("http://proxy:3128", unit), ("http://me:word@proxy:3128", Way::Session)]
    {
        let variable = |name: &str| (name == "https_proxy").then(|| value.to_owned());
        assert_eq!(way(&mirror(), true, &variable), expected, "{value}");
    }
}

#[test]
fn a_unit_is_the_owners_and_writes_to_the_log() {
    let owner = Owner { user: 997, group: 995 };
    let program = words(&["/usr/bin/pinfold", "--config", "/etc/a b.toml", "sync", "lab"]);
    let variable = |name: &str| (name == "no_proxy").then(|| "localhost".to_owned());
    let made =
        unit("pinfold-sync-lab", owner, &program, Path::new("/var/log/p/lab.log"), &variable);
    let expected = words(&[
        "--unit=pinfold-sync-lab",
        "--description=Pinfold's pinfold-sync-lab",
        "--uid=997",
        "--gid=995",
        "--quiet",
        "--collect",
        "--wait",
        "--property=StandardInput=null",
        "--property=StandardOutput=append:/var/log/p/lab.log",
        "--property=StandardError=append:/var/log/p/lab.log",
        "--property=NoNewPrivileges=yes",
        "--property=LimitNOFILE=524288",
        "--setenv=no_proxy",
        "--",
        "/usr/bin/pinfold",
        "--config",
        "/etc/a b.toml",
        "sync",
        "lab",
    ]);
    assert_eq!(made, expected);
}

/// systemd-run knows every word; without a manager it cannot go further, and says that.
#[test]
fn systemd_run_takes_the_words() {
    let owner = Owner { user: 0, group: 0 };
    let program = words(&["/bin/true"]);
    let made = unit("pinfold-sync-lab", owner, &program, Path::new("/tmp/log"), &|_| None);
    let output = Command::new("systemd-run").args(made).env("LC_ALL", "C").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success()
            || said.contains("Failed to connect to bus")
            || said.contains("not been booted with systemd"),
        "{said}"
    );
}
