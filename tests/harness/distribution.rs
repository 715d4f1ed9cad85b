//! A repository with all that a distribution's has: metadata and packages signed, modules, groups, advisories.
use super::{Repo, Rpm, UpstreamKey, temp_dir, write};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The repository, which goes from state to state.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// What is served.
    pub(crate) repo: Repo,
    advisories: Mutex<Vec<String>>,
}

impl Distribution {
    /// `alpha`, `steady`, `gone` and the module's `tool` have version 1.0.
    pub(crate) fn first() -> Self {
        Self::below("")
    }

    /// The same in a folder of its tree.
    pub(crate) fn below(folder: &str) -> Self {
        let distribution = Self { repo: Repo::below(folder), advisories: Mutex::default() };
        for name in ["alpha", "steady", "gone", "tool"] {
            distribution.package(name, "1.0");
        }
        distribution.advise("LAB-2026:1", "CVE-2026-0001", "1.0");
        distribution.index("1.0");
        distribution
    }

    /// `alpha` and `tool` 2.0 replace 1.0, `fresh` comes, `gone` goes, an advisory says why.
    pub(crate) fn second_state(&self) {
        self.next_state("1.0", "2.0");
        self.package("fresh", "0.1");
        self.repo.remove("Packages/gone-1.0-1.noarch.rpm");
        self.advise("LAB-2026:2", "CVE-2026-0002", "2.0");
        self.index("2.0");
    }

    /// `alpha` and `tool` 3.0 replace 2.0, an advisory says why.
    pub(crate) fn third_state(&self) {
        self.next_state("2.0", "3.0");
        self.advise("LAB-2026:3", "CVE-2026-0003", "3.0");
        self.index("3.0");
    }

    fn next_state(&self, old: &str, new: &str) {
        for name in ["alpha", "tool"] {
            self.repo.remove(&format!("Packages/{name}-{old}-1.noarch.rpm"));
            self.package(name, new);
        }
    }

    /// Adds so many packages; gives their names. They count when it is indexed next.
    pub(crate) fn fill(&self, count: usize) -> Vec<String> {
        let names: Vec<String> = (0..count).map(|number| format!("many{number}")).collect();
        names.iter().for_each(|name| self.package(name, "1.0"));
        names
    }

    /// Adds a signed package.
    pub(crate) fn package(&self, name: &str, version: &str) {
        self.add(&Rpm::new(name, version));
    }

    /// Adds any package, signed.
    pub(crate) fn add(&self, rpm: &Rpm) {
        self.repo.file(&format!("Packages/{}", rpm.file()), signed(rpm));
    }

    /// Makes all metadata anew and signs them; `tool` is the version that the module's stream has.
    pub(crate) fn index(&self, tool: &str) {
        self.repo.createrepo(&[]);
        self.repo.modules(&modules(tool));
        self.repo.group(COMPS);
        let advisories = self.advisories.lock().unwrap().concat();
        self.repo.updateinfo(&format!("<updates>{advisories}</updates>"));
        self.repo.sign(UpstreamKey::shared());
    }

    fn advise(&self, id: &str, cve: &str, version: &str) {
        self.advisories.lock().unwrap().push(format!(
            "<update from=\"lab@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>{id}</id><title>alpha {version}</title>\
             <issued date=\"2026-03-23 04:00:00\"/><severity>Important</severity><description>Take it.</description>\
             <references><reference href=\"https://example.org/{cve}\" id=\"{cve}\" title=\"{cve}\" type=\"cve\"/></references>\
             <pkglist><collection short=\"lab\"><name>lab</name>\
             <package name=\"alpha\" version=\"{version}\" release=\"1\" epoch=\"0\" arch=\"noarch\" src=\"alpha-{version}-1.src.rpm\">\
             <filename>alpha-{version}-1.noarch.rpm</filename></package></collection></pkglist></update>"
        ));
    }
}

/// The signed bytes of a package, the same in every repository of this run.
fn signed(rpm: &Rpm) -> Vec<u8> {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let bytes = rpm.built();
    let mut known = KNOWN.lock().unwrap();
    let entry = known.entry(bytes);
    let sign = |bytes: &Vec<u8>| {
        let dir = temp_dir();
        let file = dir.path().join(rpm.file());
        write(&file, bytes);
        UpstreamKey::shared().sign_rpm(&file);
        std::fs::read(file).unwrap()
    };
    entry.or_insert_with_key(sign).clone()
}

fn modules(version: &str) -> String {
    format!(
        "---\ndocument: modulemd\nversion: 2\ndata:\n  name: tool\n  stream: \"1\"\n  version: {number}\n  context: 1ab1ab1a\n  arch: x86_64\n\
         \u{20} summary: a tool\n  description: a tool\n  license:\n    module: [MIT]\n  profiles:\n    default:\n      rpms: [tool]\n\
         \u{20} artifacts:\n    rpms:\n    - tool-0:{version}-1.noarch\n...\n\
         ---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: tool\n  stream: \"1\"\n  profiles:\n    \"1\": [default]\n...\n",
        number = version.replace('.', "")
    )
}

const COMPS: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n\
    <comps><group><id>lab</id><name>Lab</name><description>Lab</description><default>true</default><uservisible>true</uservisible>\
    <packagelist><packagereq type=\"mandatory\">steady</packagereq></packagelist></group></comps>\n";
