//! What `--json` prints, verb by verb: docs/reference/json.md names every key.
use crate::harness::{Archive, Site, Upstream, following, tool, walk, write};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const CHANNELS: &str = "[channels.staging]\n[channels.production]\nfrom = \"staging\"\nafter = \"3d\"\nschedule = \"0 6 * * mon\"\n";

/// A life of two mirrors, after the second state came.
const LIFE: [&str; 30] = [
    "promote lab --to staging",
    "sync lab",
    "snapshots",
    "show lab",
    "diff lab@staging lab",
    "diff lab@staging lab --files",
    "verify lab",
    "promote --plan",
    "run --dry-run",
    "promote lab more --to staging --dry-run",
    "promote lab more --to staging",
    "rollback staging --reason night",
    "channels",
    "log staging",
    "pin lab keep --reason why --until 7d",
    "pin lab --in production",
    "status",
    "unpin lab --in production",
    "unpin lab keep",
    "retire lab --dry-run",
    "retire lab",
    "publish lab --dry-run",
    "publish lab",
    "prune --dry-run",
    "prune",
    "fsck",
    "fsck --repair",
    "run",
    "client lab --channel staging",
    "clients",
];

/// Every key of a value, wherever it stands; names of mirrors and channels are none.
fn keys(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                if !["lab", "more", "gone", "staging", "production"].contains(&key.as_str()) {
                    all.insert(key.clone());
                }
                keys(below, all);
            }
        }
        Value::Array(list) => list.iter().for_each(|below| keys(below, all)),
        _plain => {}
    }
}

/// What each section of the page names in backticks, by its head; the part before the first section counts for all.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut parts = page.split("\n## ");
    let shared = words(parts.next().unwrap());
    let section = |part: &str| {
        let (head, text) = part.split_once('\n').unwrap();
        let all: BTreeSet<String> = words(text).union(&shared).cloned().collect();
        words(head).into_iter().map(move |verb| (verb, all.clone())).collect::<Vec<_>>()
    };
    parts.flat_map(section).collect()
}

/// What was printed by each verb.
struct Printed {
    site: Site,
    by_verb: BTreeMap<String, BTreeSet<String>>,
}

impl Printed {
    fn run(&mut self, line: &str) -> Value {
        let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let ran = self.site.run(&args);
        assert!(matches!(ran.code, Some(0 | 1)), "{line}: {}", ran.said());
        let value = serde_json::from_str(&ran.out)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{}", ran.said()));
        keys(&value, self.by_verb.entry(args[0].to_owned()).or_default());
        value
    }
}

#[test]
fn every_key_of_every_verb_is_documented() {
    let archive = Archive::first();
    let upstream = Upstream::of(&archive.tree, "");
    let site = following(&upstream.url(), "");
    let logs = site.dir().join("access");
    let today = tool(Command::new("date").args(["-u", "+%d/%b/%Y"]).env("LC_ALL", "C")).stdout;
    let today = String::from_utf8(today).unwrap();
    let asked = format!(
        "192.0.2.9 - - [{}:00:00:00 +0000] \"GET /x HTTP/1.1\" 200 77 \"-\" \"apt\" channels/production\n",
        today.trim()
    );
    write(logs.join("lab.access.log"), asked);
    let logs = logs.display();
    site.configure(&format!("logs = \"{logs}\"\n{CHANNELS}"));
    site.mirror("more", "family = \"apt\"\nmount = \"more\"\n");
    let tree = archive.tree.display().to_string();
    let mut printed = Printed { site, by_verb: BTreeMap::new() };
    for line in ["init --dry-run", "init", "key show", "key print", "estimate lab"] {
        printed.run(line);
    }
    printed.run("sync lab --dry-run");
    printed.run("sync lab");
    printed.run(&format!("ingest more {tree} --dry-run"));
    printed.run(&format!("ingest more {tree}"));
    archive.second_state();
    for line in LIFE {
        printed.run(line);
    }
    let pool = archive.tree.join("pool");
    let debs = walk(&pool);
    let deb = debs.iter().find(|path| path.extension().is_some_and(|end| end == "deb")).unwrap();
    let path = deb.strip_prefix(&archive.tree).unwrap().display();
    printed.run(&format!("prune --explain {path}"));
    let etc = printed.site.dir().join("host");
    write(etc.join("etc/nothing"), "");
    let prefix = etc.display();
    printed.run(&format!("setup lab --prefix {prefix}"));
    printed.run(&format!("retract lab --prefix {prefix}"));
    std::fs::remove_file(printed.site.dir().join("mirrors.d/more.toml")).unwrap();
    printed.run("delete more --even-if-used --dry-run");
    printed.run(&format!("adopt {tree} --name gone --mount gone --prefix {prefix} --dry-run"));

    nothing_lacks(&printed);
}

/// Every key that was printed is documented with its verb.
fn nothing_lacks(printed: &Printed) {
    let documented = documented();
    let mut lacking = Vec::new();
    for (verb, keys) in &printed.by_verb {
        let known = documented.get(verb).cloned().unwrap_or_default();
        let unknown: Vec<&String> = keys.difference(&known).collect();
        if !unknown.is_empty() {
            lacking.push(format!("{verb}: {unknown:?}"));
        }
    }
    assert!(lacking.is_empty(), "not in docs/reference/json.md:\n{}", lacking.join("\n"));
}
