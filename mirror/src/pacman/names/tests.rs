use super::*;
use crate::tree::tests::path;

#[test]
fn names_are_known_by_their_ends() {
    for (name, root, package) in [
        ("core/os/x86_64/core.db", true, false),
        ("core.db.sig", true, false),
        ("core.files", true, false),
        ("core.files.sig", true, false),
        ("core.db.tar.gz", true, false),
        ("core.db.tar.zst.sig", true, false),
        ("core.db.tar", true, false),
        ("my.repo.db", true, false),
        ("core.db.tar.gz.old", false, false),
        ("core.db.old", false, false),
        (".db", false, false),
        ("db", false, false),
        ("core.links.tar.gz", false, false),
        ("lastupdate", false, false),
        ("a-1:2+3-1-any.pkg.tar.zst", false, true),
        ("a-1-1-any.pkg.tar", false, true),
        ("a-1-1-any.pkg.tar.xz.sig", false, true),
        ("pool/packages/a-1-1-any.pkg.tar.xz", false, true),
        ("a-1-1-any.pkg.zst", false, false),
        ("a-1-1.src.tar.gz", false, false),
        ("a.pkg.tar.", false, false),
        ("a.pkg.tarball", false, false),
        ("core.db/x", false, false),
    ] {
        assert_eq!(is_root(&path(name)), root, "{name} is root metadata");
        assert_eq!(is_package(&path(name)), package, "{name} is a package");
    }
}
