use super::*;

#[test]
fn a_defect_has_its_own_exit_code_and_says_what_to_do() {
    let failure = guarded(|| panic!("a test's own")).unwrap_err();
    assert_eq!(failure.code(), 70);
    assert!(!failure.hints.is_empty());
    assert_eq!(guarded(|| Ok(7)).unwrap(), 7);
}
