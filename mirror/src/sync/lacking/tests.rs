use pinfold_store::Checksum;

use super::*;

fn wanted(path: &str, sum: u8, size_bytes: Option<u64>) -> Wanted {
    let (path, checksum) = (path.parse().unwrap(), Checksum::sha256(&[sum; 32]));
    Wanted { path, also: Vec::new(), size_bytes, expect: checksum.into(), origin: 0 }
}

#[test]
fn of_each_content_the_first_is_asked_for_and_all_others_are_found_by_it() {
    let wanted = [
        wanted("a", 9, Some(1)),
        wanted("b", 7, Some(1)),
        wanted("c", 9, Some(1)),
        wanted("d", 8, Some(1)),
        wanted("e", 9, Some(2)),
        wanted("f", 7, Some(1)),
        wanted("g", 9, None),
    ];
    let lacking = Lacking::new(&wanted, vec![0, 1, 2, 4, 5, 6]);
    assert!(!lacking.is_empty());
    assert_eq!(
        lacking.firsts(),
        [0, 1, 4, 6],
        "the same checksum with another size is another wish"
    );
    for (number, same) in [(0, vec![0, 2]), (1, vec![1, 5]), (4, vec![4]), (6, vec![6])] {
        assert_eq!(lacking.same(number).collect::<Vec<_>>(), same, "{number}");
    }
    let mut all: Vec<usize> = lacking.all().collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 4, 5, 6]);
    let nothing = Lacking::new(&wanted, Vec::new());
    assert!(nothing.is_empty() && nothing.firsts().is_empty());
}
