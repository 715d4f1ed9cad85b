use pinfold_store::{Silent, Tally};

use super::*;
use crate::rpm::made::{Made, Named, add};
use crate::tree::tests::MemoryTree;

/// A tree that must not be asked for some of its files.
struct Sealed(MemoryTree, &'static str);

impl TreeReader for Sealed {
    fn entries(&self) -> Result<crate::tree::Entries<'_>> {
        self.0.entries()
    }

    fn open(&self, digest: Digest, size_bytes: u64) -> Result<Box<dyn Read>> {
        let closed = self.0.files.iter().filter(|(path, _)| path.ends_with(self.1));
        for (path, bytes) in closed {
            assert_ne!(Digest::of(bytes), digest, "{path} was read");
        }
        self.0.open(digest, size_bytes)
    }
}

fn tree(folder: &str, packages: &[Named<'_>], advisories: &[&str]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    extend(&mut tree, folder, packages, advisories);
    tree
}

fn extend(tree: &mut MemoryTree, folder: &str, packages: &[Named<'_>], advisories: &[&str]) {
    let one = |id: &&str| format!("<update type=\"security\"><id>{id}</id></update>");
    let text: String = advisories.iter().map(one).collect();
    let text = format!("<updates>{text}</updates>");
    add(tree, folder, packages, vec![Made::packed("updateinfo", "*updateinfo.xml.gz", &text)]);
}

/// Names every change in one line, and every advisory that came.
fn compared(old: &dyn TreeReader, new: &dyn TreeReader, monitor: &dyn Monitor) -> Vec<String> {
    let mut all = Vec::new();
    let mut each = |one: &PackageChange<'_>| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        all.push(format!("{}:{} {:?}", text(one.suite), text(one.name), one.change));
        Ok(())
    };
    let (_, came) = compare_trees(old, new, &mut each, monitor).unwrap();
    let word = |line: String| line.split('(').next().unwrap_or_default().to_owned();
    let all = all.into_iter().map(word);
    all.chain(came.into_iter().map(|one| one.id.into_string())).collect()
}

const ONE: Named<'static> = ("a", "1-1", "noarch");
const TWO: Named<'static> = ("a", "2-1", "noarch");

#[test]
fn packages_and_advisories_of_every_repository_are_compared() {
    let mut old = tree("", &[ONE], &["A-1"]);
    extend(&mut old, "gone/", &[ONE], &["A-2"]);
    let mut new = tree("", &[TWO], &["A-1", "A-3"]);
    // What another repository had before is no news.
    extend(&mut new, "come/", &[ONE], &["A-2", "A-4"]);
    let expected = [":a Upgraded", "come:a Added", "gone:a Removed", "A-3", "A-4"];
    assert_eq!(compared(&old, &new, &Silent), expected);
    assert_eq!(compared(&new, &new, &Silent), [] as [&str; 0]);
}

#[test]
fn what_did_not_change_is_not_read() {
    let (old, new) = (tree("", &[ONE], &["A-1"]), tree("", &[ONE], &["A-1", "A-2"]));
    let closed = |tree| Sealed(tree, "-primary.xml.gz");
    assert_eq!(compared(&closed(old), &closed(new), &Silent), ["A-2"]);
    let (old, new) = (tree("", &[ONE], &["A-1"]), tree("", &[TWO], &["A-1"]));
    let closed = |tree| Sealed(tree, "-updateinfo.xml.gz");
    assert_eq!(compared(&closed(old), &closed(new), &Silent), [":a Upgraded"]);
}

#[test]
fn advisories_that_cannot_be_read_keep_no_packages_from_being_compared() {
    let old = tree("", &[ONE], &[]);
    let mut new = MemoryTree::default();
    let broken = "<updates><update><id>A-1</id></update><update>";
    let list = Made::packed("updateinfo", "*updateinfo.xml.gz", broken);
    add(&mut new, "", &[TWO], vec![list]);
    let tally = Tally::default();
    assert_eq!(compared(&old, &new, &tally), [":a Upgraded", "A-1"]);
    let [problem] = &tally.problems()[..] else { panic!("{:?}", tally.problems()) };
    assert!(problem.subject.ends_with("-updateinfo.xml.gz"), "{problem:?}");
}

#[test]
fn a_list_of_packages_that_is_not_there_is_an_error() {
    let mut new = tree("x/", &[TWO], &[]);
    new.files.retain(|path, _| !path.ends_with("-primary.xml.gz"));
    let same = tree("", &[], &[]);
    let error = compare_trees(&same, &new, &mut |_| Ok(()), &Silent).unwrap_err().to_string();
    assert!(error.contains("the list of packages that its repomd.xml names"), "{error}");
}
