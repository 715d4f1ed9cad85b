use super::*;

fn read(text: &str) -> Result<Vec<Wanted>, String> {
    deltas(text.as_bytes(), "prestodelta.xml", &Place::default()).map_err(|error| error.to_string())
}

/// A delta as `createrepo_c` writes it.
fn delta(filename: &str, size: &str, sum: &str) -> String {
    format!(
        "<prestodelta><newpackage name=\"a\" epoch=\"0\" version=\"2\" release=\"1\" arch=\"noarch\">\
         <delta oldepoch=\"0\" oldversion=\"1\" oldrelease=\"1\"><filename>{filename}</filename>\
         <sequence>a-1-1-00</sequence><size>{size}</size><checksum type=\"sha256\">{sum}</checksum></delta>\
         </newpackage></prestodelta>"
    )
}

const SUM: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn deltas_of_both_kinds_of_lists_are_files_with_a_checksum() {
    let text = delta("drpms/a-1-1_2-1.noarch.drpm", " 12 ", SUM);
    for text in [text.clone(), text.replace("prestodelta", "deltainfo")] {
        let [one] = &read(&text).unwrap()[..] else { panic!("{text}") };
        assert_eq!(one.path.to_string(), "drpms/a-1-1_2-1.noarch.drpm");
        assert_eq!((one.size_bytes, one.expect.sum().unwrap().hex().as_str()), (Some(12), SUM));
    }
}

#[test]
fn a_size_that_is_none_says_nothing_and_a_delta_without_a_file_is_passed_over() {
    for size in ["0", "", "x", "-1"] {
        assert_eq!(read(&delta("a.drpm", size, SUM)).unwrap()[0].size_bytes, None, "{size}");
    }
    let nameless = delta("a", "1", SUM).replace("<filename>a</filename>", "");
    assert_eq!(read(&nameless).unwrap(), []);
    assert_eq!(read("<prestodelta><other><delta/></other></prestodelta>").unwrap(), []);
    assert_eq!(read("<prestodelta/>").unwrap(), []);
}

#[test]
fn a_path_or_checksum_that_is_none_is_named_with_its_line() {
    for (text, expected) in [
        (delta("../a.drpm", "1", SUM), "leaves the tree"),
        (delta("/a.drpm", "1", SUM), "absolute"),
        (delta("a.drpm", "1", "00"), "digits"),
        (delta("a.drpm</filename><filename>b.drpm", "1", SUM), "filename"),
        (delta("a.drpm", "1", SUM).replace("</prestodelta>", ""), "line 1"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(expected) && error.contains("prestodelta.xml"), "{error}");
    }
}
