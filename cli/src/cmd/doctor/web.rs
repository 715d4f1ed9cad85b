//! Whether the site is served as the configuration says: nginx's files, its ports, the certificate, the name.

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use pinfold_mirror::site_certificate::SiteCertificate;
use pinfold_publisher::site::Rules;
use pinfold_store::disk;
use pinfold_store::path::{escape, escape_path};

use super::{Code, Found, Scene};
use crate::cmd::setup;
use crate::cmd::status::ahead::SOON;
use crate::config::SetUp;
use crate::host::change::{Change, Edited, Fate};
use crate::host::nginx::{self, Nginx};
use crate::host::probe::Probe;
use crate::host::{self, Parts, machine};

/// Where servers are, beside where setup writes ours.
const FOLDERS: [&str; 3] = ["/etc/nginx/conf.d", "/etc/nginx/http.d", "/etc/nginx/sites-enabled"];
/// How what we print begins, wherever an operator put it.
const PRINTED: &str = "# Printed by `pinfold site`";
const PROGRAMS: [&str; 3] = ["usr/sbin/nginx", "usr/bin/nginx", "usr/local/sbin/nginx"];
const LOGS_MEND: &str =
    "pinfold setup MIRROR writes it; pinfold setup MIRROR --dry-run shows what it would";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let config = &scene.context.config;
    certificate(scene, found);
    ends(scene, found);
    let rules = match host::site(config, &config.active()) {
        Ok(rules) => rules,
        Err(failure) => {
            let mend = failure.hints.join("; ");
            return found.add(Code::SiteDiffers, ("site", failure.message), mend);
        }
    };
    ports(scene, &rules, found);
    if !PROGRAMS.iter().any(|path| scene.host.at(Path::new("/").join(path)).exists()) {
        let mend = "install it: apt-get install nginx, dnf install nginx, apk add nginx";
        return found.add(Code::NginxMissing, ("nginx", "it is not installed on this host"), mend);
    }
    if let Err(failure) = nginx::folder(scene.host) {
        let mend = failure.hints.join("; ");
        found.add(Code::SiteNotIncluded, ("/etc/nginx/nginx.conf", failure.message), mend);
    }
    given(scene, found);
    let text = site_file(scene, &rules, found);
    shadows(scene, &rules, found);
    if let (Some(text), true) = (text, scene.host.is_here()) {
        ask(scene, (&rules, &text), found);
    }
}

/// What setup gave the host, against what it would give now.
fn given(scene: &Scene<'_>, found: &mut Found) {
    let config = &scene.context.config;
    let Some(before) = &config.set_up else { return };
    let planned = || {
        let config_path = setup::config_path(scene.context)?;
        let user = machine::user(scene.host, &config.root)?;
        let program = machine::program(scene.host)?;
        let parts = Parts {
            config,
            config_path: &config_path,
            program: &program,
            user: &user.name,
            mirrors: &before.mirrors,
            starter: before.starter,
        };
        let change = Change::plan(scene.host, parts, SetUp::clone(before), Edited::Keep)?;
        Ok::<_, crate::failure::Failure>(
            change
                .steps
                .into_iter()
                .filter(|step| step.fate != Fate::Same)
                .map(|step| (step.path, step.old.is_some(), step.fate))
                .collect::<Vec<_>>(),
        )
    };
    match planned() {
        Ok(steps) => {
            // The site itself is looked at below, wherever it stands.
            let steps = steps.into_iter().filter(|(path, _, _)| !path.ends_with(nginx::FILE));
            for (path, is_there, fate) in steps {
                let what = match (is_there, fate) {
                    (false, _) => "it is gone",
                    (true, Fate::Kept) => "somebody edited it",
                    (true, _) => "it is not what setup would write now",
                };
                let mend = if fate == Fate::Kept {
                    "pinfold setup MIRROR --overwrite, or keep it"
                } else {
                    LOGS_MEND
                };
                found.add(Code::HostDiffers, (escape_path(&path), what), mend);
            }
        }
        Err(failure) => {
            found.add(Code::HostDiffers, ("setup", failure.message), failure.hints.join("; "));
        }
    }
}

/// Every file of servers, with its text.
fn servers(scene: &Scene<'_>) -> Vec<(PathBuf, String)> {
    let files = FOLDERS.iter().flat_map(|folder| {
        let names = disk::names(&scene.host.at(folder)).unwrap_or_default();
        names.into_iter().map(move |name| Path::new(folder).join(name))
    });
    let read = |path: PathBuf| Some((path.clone(), scene.host.read(&path).ok()??));
    files.filter_map(read).collect()
}

/// Compares our site with what is to be; gives what stands there.
fn site_file(scene: &Scene<'_>, rules: &Rules, found: &mut Found) -> Option<String> {
    let servers = servers(scene);
    let is_ours = |text: &String| text.contains(PRINTED);
    let Some((path, text)) = servers.into_iter().find(|(_, text)| is_ours(text)) else {
        let what = format!("no file below {} is our site", FOLDERS.join(", "));
        found.add(Code::SiteMissing, ("site", what), LOGS_MEND);
        return None;
    };
    let is_same = match text.split_once(PRINTED) {
        // What an operator put before it is theirs.
        Some((before, after)) => {
            rules.nginx().ends_with(&format!("{PRINTED}{after}"))
                && before.lines().all(|line| line.starts_with('#') || line.trim().is_empty())
        }
        None => false,
    };
    if !is_same {
        let what = "it is not what pinfold site prints for this configuration";
        found.add(Code::SiteDiffers, (escape_path(&path), what), LOGS_MEND);
    }
    Some(text)
}

/// Other blocks that answer for our name.
fn shadows(scene: &Scene<'_>, rules: &Rules, found: &mut Found) {
    let (name, _) = rules.host();
    for (path, text) in servers(scene) {
        let names = |line: &str| {
            let words = line.split('#').next().unwrap_or_default().trim().trim_end_matches(';');
            let mut words = words.split_whitespace();
            words.next() == Some("server_name") && words.any(|word| word == name)
        };
        if !text.contains(PRINTED) && text.lines().any(names) {
            let what =
                format!("it has a server_name {name}, too: nginx takes whichever it reads first");
            found.add(
                Code::SiteShadowed,
                (escape_path(&path), what),
                "take the name out there, or give [site] url another",
            );
        }
    }
}

/// Asks the site itself.
fn ask(scene: &Scene<'_>, (rules, text): (&Rules, &str), found: &mut Found) {
    let config = &scene.context.config;
    if rustix::process::geteuid().is_root()
        && let Some(Err(said)) = Nginx::find().as_ref().map(Nginx::test)
    {
        found.add(
            Code::NginxRefuses,
            ("nginx -t", said),
            "mend what it names, then nginx -s reload",
        );
    }
    let (name, _) = rules.host();
    if (name, 0).to_socket_addrs().is_err() {
        let what = format!("{} has no address here", escape(name.as_bytes()));
        found.add(
            Code::NameUnknown,
            ("site", what),
            "enter it in the name servers that clients ask",
        );
    }
    let asked = Probe::new(&config.site, rules, text).map_err(|failure| failure.message);
    if let Err(why) = asked.and_then(|probe| probe.ask()) {
        let (code, mend) = if why.contains("does not answer") {
            (
                Code::SiteSilent,
                "start nginx (systemctl enable --now nginx), and look at listen in [site] and at the firewall",
            )
        } else {
            (
                Code::SiteShadowed,
                "nginx -s reload; then nginx -T shows every server block: another with this server_name or address comes first",
            )
        };
        found.add(code, ("site", why), mend);
    }
}

fn ports(scene: &Scene<'_>, rules: &Rules, found: &mut Found) {
    let (_, port) = rules.host();
    let listen = &scene.context.config.site.listen;
    let has = |one: &String| one.rsplit(':').next().is_some_and(|end| end.parse() == Ok(port));
    if !listen.is_empty() && !listen.iter().any(has) {
        let what = format!("[site] url leads to port {port}, and listen is {}", listen.join(", "));
        found.add(
            Code::PortDiffers,
            ("site", what),
            "mend url or listen in pinfold.toml, unless something in front of nginx leads there",
        );
    }
}

fn certificate(scene: &Scene<'_>, found: &mut Found) {
    let site = &scene.context.config.site;
    let Some(path) = &site.certificate else { return };
    let host = site.url.split("://").nth(1).unwrap_or_default();
    let host = host.split('/').next().unwrap_or_default();
    let host = host
        .rsplit_once(':')
        .map_or(host, |(host, port)| if port.contains(']') { "" } else { host });
    match SiteCertificate::load(&scene.host.at(path)) {
        Ok(one) if !one.is_for(host) => {
            let what =
                format!("it is for {}, and [site] url is {}", one.names.join(", "), site.url);
            found.add(
                Code::CertificateName,
                (escape_path(path), what),
                "get one for that name, or give clients a URL that it has",
            );
        }
        Ok(_) => {}
        Err(error) => {
            let mend = "mend certificate in [site], or run doctor as a user who may read it";
            found.add(Code::CertificateUnreadable, (escape_path(path), error.to_string()), mend);
        }
    }
}

/// What ends soon.
fn ends(scene: &Scene<'_>, found: &mut Found) {
    let Some(status) = scene.status else { return };
    for one in status.expiries.iter().filter(|one| one.days < SOON) {
        let mirror = one.mirror.as_ref().map_or_else(|| "MIRROR".to_owned(), ToString::to_string);
        let (code, mend) = match one.kind {
            "site-certificate" => {
                (Code::CertificateEnds, "renew it, then nginx -s reload".to_owned())
            }
            "signing-key" => (Code::KeyEnds, "pinfold key rotate".to_owned()),
            "valid-until" => (
                Code::ValidUntilEnds,
                format!(
                    "pinfold sync {mirror}, then pinfold promote {mirror}; or signed = \"local\""
                ),
            ),
            _ => (
                Code::KeyEnds,
                format!("get upstream's new key into keyrings in mirrors.d/{mirror}.toml"),
            ),
        };
        let what = format!("it ends at {} UTC, in {} days", one.at.human(), one.days);
        found.add(code, (&one.subject, what), mend);
    }
}
