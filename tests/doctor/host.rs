//! nginx's site, its certificate, and what setup wrote.

use std::path::Path;
use std::process::Command;

use super::Ward;
use crate::harness::{Archive, Site, UpstreamKey, ran, tool, write};
use crate::status::ending;

#[test]
fn a_site_that_is_missing_other_or_shadowed_is_told() {
    let ward = Ward::well();
    let conf = ward.path("etc/nginx/conf.d/pinfold.conf");
    std::fs::remove_file(&conf).unwrap();
    ward.says("site-missing", "pinfold setup");
    ward.serve();
    let text = std::fs::read_to_string(&conf).unwrap();
    write(&conf, text.replacen("open_file_cache off", "open_file_cache max=9", 1));
    ward.says("site-differs", "conf.d/pinfold.conf");
    ward.serve();
    ward.host("etc/nginx/sites-enabled/other", "server {\n  server_name a 127.0.0.1; # mine\n}\n");
    ward.says("site-shadowed", "sites-enabled/other");
    std::fs::remove_file(ward.path("etc/nginx/sites-enabled/other")).unwrap();
    ward.host("etc/nginx/nginx.conf", "http { }\n");
    ward.says("site-not-included", "add the line: include");
    ward.host("etc/nginx/nginx.conf", "http { include conf.d/*.conf; }\n");
    ward.has(&[]);
    let config = std::fs::read_to_string(ward.site.config()).unwrap();
    write(ward.site.config(), config.replace("listen = \"127.0.0.1:", "listen = \"127.0.0.1:1"));
    ward.serve();
    ward.says("port-differs", "leads to port");
}

#[test]
fn what_setup_wrote_and_somebody_changed_is_told() {
    let ward = Ward::well();
    let prefix = ward.path("").display().to_string();
    ran(&mut ward.site.command(&["setup", "lab", "--prefix", &prefix, "--overwrite"])).expect(0);
    let state =
        ward.path(ward.site.dir().join("setup.toml").to_str().unwrap().trim_start_matches('/'));
    std::fs::copy(&state, ward.site.dir().join("setup.toml")).unwrap();
    ward.serve();
    ward.has(&[]);
    let table = std::fs::read_to_string(ward.path("etc/cron.d/pinfold")).unwrap();
    ward.host("etc/cron.d/pinfold", &table.replace("*/5", "*/7"));
    ward.says("host-differs", "--overwrite, or keep it");
    std::fs::remove_file(ward.path("etc/cron.d/pinfold")).unwrap();
    ward.says("host-differs", "it is gone");
}

fn certificate(dir: &Path, days: &str, name: &str) {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", days, "-subj", "/CN=x"]);
    openssl.args(["-addext", &format!("subjectAltName={name}")]);
    tool(openssl.arg("-keyout").arg(dir.join("site.key")).arg("-out").arg(dir.join("site.pem")));
}

#[test]
fn certificates_and_keys_that_end_or_are_anothers_are_told() {
    let ward = Ward::well();
    let dir = ward.site.dir();
    let config = std::fs::read_to_string(ward.site.config()).unwrap();
    write(
        ward.site.config(),
        config.replace("http:", "https:")
            + &format!("certificate = \"{0}/site.pem\"\nkey = \"{0}/site.key\"\n", dir.display()),
    );
    // Read below the folder that stands for the host; status reads this machine's.
    let host = ward.path(dir.to_str().unwrap().trim_start_matches('/'));
    std::fs::create_dir_all(&host).unwrap();
    certificate(&host, "90", "IP:127.0.0.1");
    ward.serve();
    ward.has(&[]);
    certificate(&host, "90", "DNS:other.example.org");
    ward.says("certificate-name", "it is for other.example.org");
    write(host.join("site.pem"), "none");
    ward.says("certificate-unreadable", "site.pem");
    certificate(&host, "90", "IP:127.0.0.1");
    certificate(dir, "12", "IP:127.0.0.1");
    ward.says("certificate-ends", "renew it");
    certificate(dir, "90", "IP:127.0.0.1");
    let keys = dir.join("keys.asc");
    write(&keys, UpstreamKey::other("soon", &[], "9d").public());
    let mirror = "family = \"apt\"\nmount = \"archive.example.org/lab\"\n";
    ward.site.mirror("lab", &format!("{mirror}keyrings = [\"{}\"]\n", keys.display()));
    ward.says("key-ends", "get upstream's new key");
}

#[test]
fn metadata_that_end_are_told() {
    let ward = Ward::of(Site::new_fleeting());
    let archive = Archive::first();
    ending(&archive, 100);
    let keys = ward.site.dir().join("keys.asc");
    write(&keys, UpstreamKey::shared().public());
    ward.site.mirror(
        "lab",
        &format!(
            "family = \"apt\"\nmount = \"archive.example.org/lab\"\nsigned = \"upstream\"\nsuites = [\"lab\"]\n\
             architectures = [\"amd64\"]\nupstream = \"http://archive.example.org/lab\"\nschedule = \"never\"\nkeyrings = [\"{}\"]\n",
            keys.display()
        ),
    );
    ward.site.ingest(&archive.tree, &[]);
    ward.site.ok(&["promote", "lab", "--to", "staging"]);
    ward.site.ok(&["promote", "lab", "--to", "production"]);
    ward.site.ok(&["fsck", "--deep"]);
    ward.says("valid-until-ends", "in 4 days");
}
