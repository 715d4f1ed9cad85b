use super::*;

const DATED: &str = "http://m/snapshots/rocky/20261123T040000Z";

fn lists(roots: &[&str]) -> Vec<(String, String)> {
    let roots: Vec<RelPath> = roots.iter().map(|root| root.parse().unwrap()).collect();
    let shown =
        |(path, bytes): (RelPath, Vec<u8>)| (path.to_string(), String::from_utf8(bytes).unwrap());
    dated_lists(&roots, DATED).unwrap().into_iter().map(shown).collect()
}

#[test]
fn every_repository_has_a_list_beside_it_and_nothing_else_has() {
    let whole = ["repodata/comps.xml", "repodata/repomd.xml", "repodata/repomd.xml.asc"];
    assert_eq!(lists(&whole), [("mirrorlist".to_owned(), format!("{DATED}/\n"))]);
    let several =
        ["AppStream/repodata/repomd.xml", "a/b/repodata/repomd.xml", "xrepodata/repomd.xml"];
    let expected = [("AppStream/mirrorlist", "AppStream"), ("a/b/mirrorlist", "a/b")];
    let expected = expected.map(|(path, folder)| (path.to_owned(), format!("{DATED}/{folder}/\n")));
    assert_eq!(lists(&several), expected);
    assert_eq!(lists(&[]), []);
}

#[test]
fn what_a_client_would_read_as_something_else_than_a_folder_is_escaped() {
    let [(path, list)] = &lists(&["a b/$x,+%/c~d.e_f-g/repodata/repomd.xml"])[..] else { panic!() };
    assert_eq!(path, "a b/$x,+%/c~d.e_f-g/mirrorlist");
    assert_eq!(list, &format!("{DATED}/a%20b/%24x%2C%2B%25/c~d.e_f-g/\n"));
}
