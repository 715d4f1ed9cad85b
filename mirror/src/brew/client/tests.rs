use super::*;

fn file(url: &str, follows: Follows<'_>, form: Form) -> Result<ClientFile> {
    let mirror: Name = "brew".parse().unwrap();
    let mut files = client(&ClientInput { mirror: &mirror, url, follows, form })?;
    assert_eq!(files.len(), 1);
    Ok(files.remove(0))
}

fn lines(file: &ClientFile) -> Vec<&str> {
    file.content.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_variables_are_those_that_work() {
    let channel: Name = "production".parse().unwrap();
    let url = "http://mirror.example.org/brew";
    let one = file(url, Follows::Channel(&channel), Form::Only).unwrap();
    assert_eq!(one.path, "/etc/homebrew/brew.env");
    assert_eq!(
        lines(&one),
        [
            "HOMEBREW_API_DOMAIN=http://mirror.example.org/brew/api",
            "HOMEBREW_ARTIFACT_DOMAIN=http://mirror.example.org/brew",
            "HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK=1",
            "HOMEBREW_NO_AUTO_UPDATE=1",
            "HOMEBREW_FORCE_API_AUTO_UPDATE=1",
        ]
    );
    let date = Follows::Date("20261123T040000Z".parse().unwrap());
    let one =
        file("http://mirror.example.org/snapshots/brew/20261123T040000Z/", date, Form::Fallback)
            .unwrap();
    assert_eq!(
        lines(&one),
        [
            "HOMEBREW_API_DOMAIN=http://mirror.example.org/snapshots/brew/20261123T040000Z/api",
            "HOMEBREW_ARTIFACT_DOMAIN=http://mirror.example.org/snapshots/brew/20261123T040000Z",
            "HOMEBREW_NO_AUTO_UPDATE=1",
        ]
    );
    let one = file(url, Follows::Channel(&channel), Form::Lines).unwrap();
    assert_eq!(one.path, "/etc/profile.d/pinfold-brew.sh");
    assert_eq!(lines(&one)[1], "export HOMEBREW_BOTTLE_DOMAIN=http://mirror.example.org/brew");
    let one = file(url, Follows::Newest, Form::Only).unwrap();
    assert!(
        !one.content.contains("HOMEBREW_API_DOMAIN=")
            && one.content.contains("does not work with a cache")
    );
}

#[test]
fn what_would_be_another_url_to_brew_is_refused() {
    let date = Follows::Date("20261123T040000Z".parse().unwrap());
    for url in [
        "http://mirror.example.org/v2",
        "http://mirror.example.org/v2/brew",
        "http://mirror.example.org/a b",
        "http://mirror.example.org/$(id)",
        "http://mirror.example.org/\nHOMEBREW_X=1",
        "http://me:secret@mirror.example.org/",
        "ftp://mirror.example.org/",
        "",
    ] {
        let error = file(url, date, Form::Only).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    file("http://mirror.example.org/x/v2", date, Form::Only).unwrap();
}
