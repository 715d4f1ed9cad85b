//! What `doctor` finds: nothing on a host that is well, and each finding provoked once, alone.

mod clients;
mod fresh;
mod host;
mod kept;
mod mirrors;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::harness::{Archive, Ran, Site, ran, write};
use serde_json::Value;

/// A site that is well, and the folder that stands for the `/` of its host.
#[derive(Debug)]
pub(crate) struct Ward {
    pub(crate) site: Site,
    /// The clock, where it is not the machine's.
    pub(crate) now: Option<String>,
}

impl Ward {
    /// One mirror with a snapshot that both channels show, all read, and nginx's site in place.
    pub(crate) fn well() -> Self {
        let ward = Self::of(Site::new_fleeting());
        ward.site.ingest(&Archive::first().tree, &[]);
        for channel in ["staging", "production"] {
            ward.site.ok(&["promote", "lab", "--to", channel]);
        }
        ward.site.ok(&["fsck", "--deep"]);
        ward
    }

    /// Gives a site a host that is well.
    pub(crate) fn of(site: Site) -> Self {
        let ward = Self { site, now: None };
        ward.host("usr/sbin/nginx", "");
        ward.host("usr/sbin/cron", "");
        ward.host("etc/nginx/nginx.conf", "http {\n  include /etc/nginx/conf.d/*.conf;\n}\n");
        ward.host("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
        ward.serve();
        ward
    }

    /// Where a file of the host is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.site.dir().join("host").join(path)
    }

    /// Writes a file of the host.
    pub(crate) fn host(&self, path: &str, text: &str) {
        write(self.path(path), text);
    }

    /// Brings nginx what the configuration says.
    pub(crate) fn serve(&self) {
        self.host("etc/nginx/conf.d/pinfold.conf", &self.site.ok(&["site"]));
    }

    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        let prefix = self.path("").display().to_string();
        let mut command = self.site.command(&["doctor", "--prefix", &prefix]);
        if let Some(now) = &self.now {
            command.env("PINFOLD_NOW", now);
        }
        ran(command.args(more))
    }

    /// Everything that is found.
    pub(crate) fn findings(&self) -> Vec<Value> {
        let ran = self.run(&["--json"]);
        let value: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.said()));
        let found = value["findings"].as_array().unwrap().clone();
        let is_damage = found.iter().any(|one| one["damage"] == true);
        let code = if found.is_empty() {
            0
        } else if is_damage {
            4
        } else {
            1
        };
        ran.expect(code);
        for one in &found {
            for key in ["code", "subject", "what", "why", "mend"] {
                assert!(one[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {one}");
            }
        }
        found
    }

    /// Exactly these are found.
    pub(crate) fn has(&self, codes: &[&str]) -> Vec<Value> {
        let found = self.findings();
        let is: BTreeSet<&str> = found.iter().map(|one| one["code"].as_str().unwrap()).collect();
        let wanted: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(is, wanted, "{found:#?}");
        found
    }

    /// Exactly this is found, and this is said of it.
    pub(crate) fn says(&self, code: &str, text: &str) {
        let found = self.has(&[code]);
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|one| one.contains(text)), "{text} is not in {said:#?}");
    }
}

#[test]
fn a_host_that_is_well_has_no_findings() {
    let ward = Ward::well();
    assert_eq!(ward.run(&[]).expect(0).out, "nothing found\n");
    ward.has(&[]);
    ward.run(&["lab"]).expect(0);
    ward.run(&["nothing"]).expect(2).says("no mirror 'nothing'");
    let said = ward.site.run(&["doctor", "--help"]).expect(0);
    assert!(said.out.contains("--prefix"));
    std::fs::remove_file(ward.path("usr/sbin/nginx")).unwrap();
    ward.has(&["nginx-missing"]);
    let ran = ward.run(&[]).expect(1);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("nginx-missing: nginx: "), "{lines:?}");
    assert!(
        lines[1].starts_with("  why it matters: ") && lines[2].starts_with("  what mends it: ")
    );
}
