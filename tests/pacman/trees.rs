//! Trees that other tools brought: a pool and links into it, as the distribution's own mirrors have it.
use super::mirror;
use crate::harness::{ArchTree, Pacman, Sign, Site};
use std::os::unix::fs::symlink;
use std::path::Path;

const FOLDER: &str = "core/os/x86_64";

/// A site whose mirror `arch` is fed by other tools.
fn fed(more: &str) -> Site {
    let site = Site::fleeting();
    site.mirror("arch", &format!("family = \"pacman\"\n{more}"));
    site.ok(&["init"]);
    site
}

fn pooled(packages: &[&str], sign: Sign) -> ArchTree {
    let tree = ArchTree::of(packages, sign);
    tree.pool(FOLDER);
    tree
}

fn ingest(site: &Site, tree: &Path) {
    site.ok(&["ingest", "arch", tree.to_str().unwrap()]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
}

#[test]
fn a_tree_with_a_pool_comes_in_with_its_links() {
    let site = fed("");
    let tree = pooled(&["hello 1.0-1", "epochpkg 1:3.2-1"], Sign::Listed);
    ingest(&site, tree.path());
    let _nginx = site.nginx();
    let shown = site.tree("arch", &site.dates("arch")[0]).join(FOLDER);
    let link = std::fs::read_link(shown.join("hello-1.0-1-x86_64.pkg.tar.zst")).unwrap();
    assert_eq!(link, Path::new("../../../pool/packages/hello-1.0-1-x86_64.pkg.tar.zst"));
    assert_eq!(std::fs::read_link(shown.join("core.db")).unwrap(), Path::new("core.db.tar.gz"));
    site.run(&["show", "arch"]).expect(0).says("root      core/os/x86_64/core.db");
    site.ok(&["verify", "arch", "--deep"]);
    let client = site.ok(&["client", "arch", "--json"]);
    let pacman = Pacman::given("Required DatabaseOptional", &["core"], &client);
    let late = Pacman::given("Required DatabaseOptional", &["core"], &client);
    late.ok(&["-Sy"]);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "epochpkg"]);

    let next = pooled(&["hello 2.0-1"], Sign::Listed);
    ingest(&site, next.path());
    pacman.ok(&["-Sy"]);
    assert_eq!(pacman.listed("hello").as_deref(), Some("2.0-1"));
    // What the older database named is a link into a pool that has it no more: the union has it, signature and all.
    late.ok(&["-S", "hello"]);
    assert_eq!(late.installed("hello").as_deref(), Some("1.0-1"));
    site.ok(&["rollback", "production"]);
    pacman.ok(&["-Sy"]);
    pacman.ok(&["-S", "hello"]);
    assert_eq!(pacman.installed("hello").as_deref(), Some("1.0-1"));
    let old = format!("arch@{}", site.dates("arch")[0]);
    let diff = site.run(&["diff", &old]).expect(1);
    diff.says("core x86_64").says("hello").says("upgraded").says("removed");
    let json = site.run(&["diff", &old, "--json"]).expect(1).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let changes = json["packages"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[1]["name"], "hello");
    assert_eq!((&changes[1]["old"], &changes[1]["new"]), (&"1.0-1".into(), &"2.0-1".into()));
    site.run(&["diff", &old, "--files"]).expect(1).says("-> ");
    site.sound();
}

#[test]
fn what_is_not_whole_or_leaves_the_tree_is_refused() {
    let site = fed("");
    let ingest = |tree: &ArchTree| site.run(&["ingest", "arch", tree.path().to_str().unwrap()]);
    let tree = pooled(&["hello 1.0-1"], Sign::Nothing);
    let pool = tree.path().join("pool/packages/hello-1.0-1-x86_64.pkg.tar.zst");
    let good = std::fs::read(&pool).unwrap();
    std::fs::remove_file(&pool).unwrap();
    ingest(&tree).expect(4).says("hello-1.0-1-x86_64.pkg.tar.zst");
    std::fs::write(&pool, [&good[..], b"x"].concat()).unwrap();
    ingest(&tree).expect(4).says("hello-1.0-1-x86_64.pkg.tar.zst");
    std::fs::write(&pool, &good).unwrap();
    for target in ["/etc/passwd", "../../../../../etc/passwd"] {
        let link = tree.path().join(FOLDER).join("out");
        symlink(target, &link).unwrap();
        ingest(&tree).expect(2).says("core/os/x86_64/out");
        std::fs::remove_file(&link).unwrap();
    }
    let database = tree.path().join(FOLDER).join("core.db.tar.gz");
    let whole = std::fs::read(&database).unwrap();
    std::fs::write(&database, "junk").unwrap();
    ingest(&tree).expect(4).says("core.db").says("it does not unpack");
    std::fs::write(&database, &whole).unwrap();
    let empty = ArchTree::new();
    std::fs::write(empty.path().join("Thumbs.db"), "SQLite format 3").unwrap();
    ingest(&empty).expect(4).says("no database anywhere");
    assert!(site.dates("arch").is_empty());
    assert_eq!(ingest(&tree).code, Some(0));
    // Not whether anything unpacks is asked of a list of files, but it is told.
    std::fs::write(tree.path().join(FOLDER).join("core.files.tar.gz"), "junk").unwrap();
    ingest(&tree).expect(1).says("pacman -F cannot read it");
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    site.run(&["client", "arch"]).expect(0).says("/$repo/os/$arch");
}

#[test]
fn a_tree_is_proved_by_the_keys_of_its_mirror() {
    let site = Site::fleeting();
    let more = "unsigned = false\nkeyrings = [\"KEYRING\"]\npackage-signatures = \"require\"\n";
    site.mirror("arch", &mirror(&site, "http://127.0.0.1:1", more));
    site.ok(&["init"]);
    let ingest = |tree: &ArchTree| site.run(&["ingest", "arch", tree.path().to_str().unwrap()]);
    let tree = pooled(&["hello 1.0-1"], Sign::All);
    ingest(&tree).expect(0).says("trust = \"signed\"");
    site.ok(&["verify", "arch"]);
    ingest(&pooled(&["hello 2.0-1"], Sign::Listed)).expect(4).says("core.db.sig is not there");
    let spoiled = pooled(&["hello 2.0-1"], Sign::All);
    let database = spoiled.path().join(FOLDER).join("core.db.tar.gz");
    let other = ArchTree::of(&["hello 1.0-1"], Sign::Nothing);
    std::fs::copy(other.path().join(FOLDER).join("core.db"), database).unwrap();
    ingest(&spoiled).expect(4).says("is BAD");
    assert_eq!(site.dates("arch").len(), 1);
}

#[test]
fn a_layout_that_is_not_the_trees_is_said() {
    let site = fed("");
    let tree = ArchTree::new();
    tree.repository("", "vendor", (&["hello 1.0-1"], Sign::Nothing));
    site.ok(&["ingest", "arch", tree.path().to_str().unwrap()]);
    site.ok(&["promote", "arch", "--to", "production", "--allow-shrink"]);
    site.run(&["client", "arch"]).expect(2).says("bad layout");
    site.mirror("arch", "family = \"pacman\"\nlayout = \"\"\n");
    site.run(&["client", "arch"]).expect(0).says("[vendor]").says("/archlinux\n");
}
