use pinfold_store::{Class, Digest, RelPath};

use super::*;
use crate::expect::Expect;

fn wanted(path: &str, origin: u32, bytes: u64) -> Wanted {
    let path = RelPath::parse(path.as_bytes()).unwrap();
    let size_bytes = Some(bytes);
    Wanted { path, also: Vec::new(), size_bytes, expect: Expect::Names([0; 32]), origin }
}

#[test]
fn a_file_of_several_parts_counts_in_each_and_is_alone_in_none() {
    let labels: Vec<Vec<String>> = [["s", "main", "amd64"], ["s", "main", "i386"]]
        .iter()
        .map(|words| words.map(str::to_owned).to_vec())
        .collect();
    let all = [
        wanted("pool/a_all.deb", 0, 10),
        wanted("pool/a_all.deb", 1, 10),
        wanted("pool/b_amd64.deb", 0, 7),
        wanted("pool/b_amd64.deb", 0, 7),
    ];
    let parts = by_origin(&labels, all.iter());
    let told =
        parts.iter().map(|part| (part.of[2].as_str(), part.files, part.bytes, part.alone_bytes));
    assert_eq!(told.collect::<Vec<_>>(), [("amd64", 2, 17, 7), ("i386", 1, 10, 0)]);
}

#[test]
fn paths_say_the_part_family_by_family() {
    let cases: [(Family, &str, &[&str]); 9] = [
        (Family::Rpm, "Packages/h/hello-1.0-1.x86_64.rpm", &["x86_64"]),
        (Family::Rpm, "repodata/repomd.xml", &["metadata"]),
        (Family::Apk, "v3.22/main/x86_64/a-1-r0.apk", &["v3.22", "main", "x86_64"]),
        (Family::Apk, "x86_64/a-1-r0.apk", &["", "", "x86_64"]),
        (Family::Pacman, "core/os/x86_64/a-1-1-any.pkg.tar.zst", &["core", "x86_64"]),
        (Family::Pacman, "pool/packages/a-1-1-any.pkg.tar.zst", &["pool", "packages"]),
        (Family::Files, "folder/below/file", &["folder"]),
        (Family::Files, "file", &["."]),
        (Family::Rpm, "odd.rpm", &[""]),
    ];
    for (family, path, name) in cases {
        assert_eq!(name_of(family, path.as_bytes()), name, "{path}");
        assert_eq!(name.len(), titles(family).len());
    }
    let entry = |path: &str, size_bytes| Entry {
        path: RelPath::parse(path.as_bytes()).unwrap(),
        node: Node::File { digest: Digest::of(path.as_bytes()), size_bytes, class: Class::Fixed },
        added: false,
    };
    let parts = by_path(Family::Files, &[entry("a/1", 3), entry("a/2", 4), entry("b/1", 5)]);
    let told = parts.iter().map(|part| (part.of[0].as_str(), part.files, part.bytes));
    assert_eq!(told.collect::<Vec<_>>(), [("a", 2, 7), ("b", 1, 5)]);
}
