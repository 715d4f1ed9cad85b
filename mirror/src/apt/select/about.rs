//! What a file is about that a `Release` lists, by its path alone (formats/apt.md, section 1).

/// What a listed path is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct About<'a> {
    pub(super) component: Option<&'a str>,
    /// Whose it is; several where one file serves any of them.
    pub(super) architecture: Option<&'a str>,
    pub(super) kind: Kind<'a>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    #[default]
    Any,
    Udeb,
    Installer,
    Language(&'a str),
    Contents(&'a str),
    Dep11(Option<&'a str>),
}

/// Says whether a folder's name says what the files below it are about.
fn is_kind(folder: &str) -> bool {
    matches!(folder, "source" | "i18n" | "dep11" | "cnf" | "debian-installer")
        || folder.starts_with("binary-")
        || folder.starts_with("installer-")
}

/// Reads from a listed path what it is about.
pub(super) fn about<'a>(path: &'a str, components: &[String]) -> About<'a> {
    // The patches of an index are what it is.
    let path = path.strip_suffix(".diff/Index").unwrap_or(path);
    let mut parts: Vec<&str> = path.split('/').collect();
    let mut about = About::default();
    let name = parts.pop().unwrap_or_default();
    // The folder that says what a file is about ends the component's name, which may have several parts.
    let named = || parts.iter().position(|part| components.iter().any(|one| one == part));
    let end = parts.iter().position(|part| is_kind(part)).or_else(|| Some(named()? + 1));
    let end = end.unwrap_or(0);
    about.component = parts.drain(..end).next_back();
    let stem = name.split('.').next().unwrap_or(name);
    let after = |prefix: &str| stem.strip_prefix(prefix);
    if parts.first() == Some(&"debian-installer") {
        about.kind = Kind::Udeb;
        parts.remove(0);
    }
    if let Some(folder) = parts.first() {
        if let Some(architecture) = folder.strip_prefix("binary-") {
            about.architecture = Some(architecture);
        } else if let Some(architecture) = folder.strip_prefix("installer-") {
            about.architecture = Some(architecture);
            about.kind = Kind::Installer;
        } else if *folder == "source" {
            about.architecture = Some("source");
        } else if *folder == "i18n" {
            about.kind = after("Translation-").map_or(Kind::Any, Kind::Language);
        } else if *folder == "dep11" {
            let of = after("Components-");
            about.kind = Kind::Dep11(of);
            about.architecture = of;
        } else if *folder == "cnf" {
            about.architecture = after("Commands-");
        }
    }
    if let Some(of) = after("Contents-udeb-") {
        about.architecture = Some(of);
        about.kind = Kind::Udeb;
    } else if let Some(of) = after("Contents-") {
        about.architecture = Some(of);
        about.kind = Kind::Contents(of);
    }
    about
}
