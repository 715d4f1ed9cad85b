use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::tree::tests::MemoryTree;

/// An index that nobody signed, of packages: name, version, and what their control part hashes to.
fn index(packages: &[(&str, &str, u8)]) -> Vec<u8> {
    let text: String = packages
        .iter()
        .map(|(name, version, sum)| {
            let sum = format!("{sum:02x}").repeat(20);
            format!("C:X1{sum}\nP:{name}\nV:{version}\nA:x86_64\no:src\n\n")
        })
        .collect();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(u64::try_from(text.len()).unwrap());
    builder.append_data(&mut header, "APKINDEX", text.as_bytes()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

fn tree(indices: &[(&str, Vec<u8>)]) -> MemoryTree {
    let path = |folder: &str| format!("{folder}/APKINDEX.tar.gz");
    let files = indices.iter().map(|(folder, bytes)| (path(folder), bytes.clone())).collect();
    MemoryTree { files, links: BTreeMap::new() }
}

#[test]
fn packages_are_compared_index_by_index() {
    let same = index(&[("same", "1", 1)]);
    let old = tree(&[
        (
            "edge/main/x86_64",
            index(&[("up", "1.9-r0", 1), ("back", "2_p1", 1), ("gone", "1", 1), ("anew", "1", 1)]),
        ),
        ("edge/community/x86_64", same.clone()),
        ("v3.19/main/x86_64", same.clone()),
    ]);
    let new = tree(&[
        (
            "edge/main/x86_64",
            index(&[
                ("up", "1.10-r0", 2),
                ("back", "2_rc1", 2),
                ("come", "1", 1),
                ("anew", "1", 2),
            ]),
        ),
        ("edge/community/x86_64", same),
    ]);
    let mut told = Vec::new();
    let lists = compare_trees(&old, &new, &mut |one| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let place = [one.suite, one.component, one.architecture].map(text).join("/");
        let what = match one.change {
            Change::Added(version) => format!("+{}", text(version)),
            Change::Removed(version) => format!("-{}", text(version)),
            Change::Upgraded(was, is) => format!("{} < {}", text(was), text(is)),
            Change::Downgraded(was, is) => format!("{} > {}", text(was), text(is)),
            Change::Rebuilt(version) => format!("={}", text(version)),
        };
        told.push(format!("{place} {} ({}) {what}", text(one.name), text(one.source)));
        Ok(())
    })
    .unwrap();
    assert_eq!((lists.old, lists.new), (3, 2));
    assert_eq!(
        told,
        [
            "edge/main/x86_64 anew (src) =1",
            "edge/main/x86_64 back (src) 2_p1 > 2_rc1",
            "edge/main/x86_64 come (src) +1",
            "edge/main/x86_64 gone (src) -1",
            "edge/main/x86_64 up (src) 1.9-r0 < 1.10-r0",
            "v3.19/main/x86_64 same (src) -1",
        ]
    );
}
