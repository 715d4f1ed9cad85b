//! What operators have today, the copies of `dnf reposync`, comes in by `ingest`, is proved, and serves dnf again.

use super::Followed;
use crate::harness::{Distribution, Dnf, Repo, Site, UpstreamKey, temp_dir, write};
use std::path::{Path, PathBuf};

/// A site with one mirror that follows nothing; further lines of its file.
fn fed(more: &str) -> Site {
    let site = Site::bare();
    site.mirror("lab", &format!("family = \"rpm\"\nmount = \"lab\"\n{more}"));
    site.ok(&["init"]);
    site
}

fn keyring(site: &Site) -> String {
    let path = site.dir().join("upstream.asc");
    write(&path, UpstreamKey::shared().public());
    format!("keyrings = [\"{}\"]\n", path.display())
}

/// A dnf that knows one repository and each of these sections' lines.
fn dnf_of(sections: &[(&str, String)]) -> Dnf {
    let content: String = sections
        .iter()
        .map(|(name, url)| format!("[{name}]\nname={name}\nbaseurl={url}\ngpgcheck=0\n"))
        .collect();
    let files = serde_json::json!([{ "path": "/etc/yum.repos.d/own.repo", "content": content }]);
    Dnf::given(&files.to_string())
}

/// The folder of each section below a folder of their own.
fn copied(dnf: &Dnf, to: &Path, args: &[&str]) -> PathBuf {
    dnf.reposync(to, args);
    to.join("lab")
}

#[test]
fn probe() {
    let distribution = Distribution::first();
    let upstream = crate::harness::Upstream::of(&distribution.repo.tree, "");
    let key = temp_dir();
    write(key.path().join("k.asc"), UpstreamKey::shared().public());
    let content = format!("[lab]\nname=lab\nbaseurl={}\ngpgcheck=0\nrepo_gpgcheck=1\ngpgkey=file://{}/k.asc\n", upstream.url(), key.path().display());
    let files = serde_json::json!([{ "path": "/etc/yum.repos.d/own.repo", "content": content }]);
    let dnf = Dnf::given(&files.to_string());
    let to = temp_dir();
    let at = copied(&dnf, to.path(), &["--download-metadata"]);
    for path in crate::harness::walk(to.path()) { println!("{}", path.display()); }
    for more in ["", "unsigned = true\n", &keyring(&fed(""))] {
        let site = fed(&more);
        let more = if more.starts_with("key") { keyring(&site) } else { more.to_owned() };
        let site2 = site; site2.mirror("lab", &format!("family = \"rpm\"\nmount = \"lab\"\n{more}"));
        println!("{more}: {:?}", site2.run(&["ingest", "lab", at.to_str().unwrap()]));
        println!("{more}: {:?}", site2.run(&["verify", "lab"]));
        println!("{more}: {}", site2.run(&["show", "lab"]).out);
    }
    let site = fed("");
    println!("{:?}", site.run(&["ingest", "lab", at.join("Packages").to_str().unwrap()]));
}
