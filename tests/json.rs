//! What `--json` prints, verb by verb: docs/reference/json.md names every key.
use crate::harness::{Archive, Site, Upstream, following, tool, walk, write};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const CHANNELS: &str = "[channels.staging]\n[channels.production]\nfrom = \"staging\"\nafter = \"3d\"\nschedule = \"0 6 * * mon\"\n";

/// What is typed once there are two states upstream.
const LINES: &[&str] = &[
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
    "doctor",
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
        assert!(matches!(ran.code, Some(0 | 1)) || args[0] == "doctor", "{line}: {}", ran.said());
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
    for line in LINES {
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

/// A head as a link names it.
fn anchor(head: &str) -> String {
    let text = head.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_head() {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![top.join("README.md"), top.join("CONTRIBUTING.md")];
    let written = walk(&top.join("docs")).into_iter().chain(walk(&top.join("recipes")));
    pages.extend(written.filter(|path| path.extension().is_some_and(|end| end == "md")));
    let mut count = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, head) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !head.is_empty() {
                let there = std::fs::read_to_string(&target).unwrap();
                let mut heads = there.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(heads.any(|known| known == head), "{}: {link}", page.display());
            }
        }
    }
    assert!(count > 50, "{count}");
}
