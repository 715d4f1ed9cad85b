use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

/// Packs bytes with the tool of a form.
pub(crate) fn packed(form: Form, bytes: &[u8]) -> Vec<u8> {
    match form {
        Form::Plain => bytes.to_vec(),
        Form::Lz4 => piped("lz4", &["-zc"], bytes),
        Form::Zst => piped("zstd", &["-qc1"], bytes),
        Form::Gz => piped("gzip", &["-cn1"], bytes),
        Form::Xz => piped("xz", &["-c1"], bytes),
        Form::Lzma => piped("xz", &["-c1", "--format=lzma"], bytes),
        Form::Bz2 => piped("bzip2", &["-c"], bytes),
    }
}

/// Runs a tool with bytes as its input.
pub(crate) fn piped(tool: &str, args: &[&str], bytes: &[u8]) -> Vec<u8> {
    let started =
        Command::new(tool).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("needs {tool}: {error}"));
    let mut to = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || to.write_all(bytes).unwrap());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{tool} {args:?}");
        output.stdout
    })
}

fn read(form: Form, bytes: &[u8], bytes_max: u64) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    unpacked(form, bytes, bytes_max)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// Bytes that do not pack to nothing.
fn text() -> Vec<u8> {
    (0..30_000).flat_map(|number| format!("Package: p{number}\n\n").into_bytes()).collect()
}

#[test]
fn every_form_unpacks_up_to_its_stated_size() {
    let text = text();
    let size = text.len() as u64;
    for form in Form::ALL {
        let bytes = packed(form, &text);
        assert!(form == Form::Plain || bytes.len() < text.len() / 2, "{form:?} packs");
        assert_eq!(read(form, &bytes, size).unwrap(), text, "{form:?}");
        assert_eq!(read(form, &bytes, u64::MAX).unwrap(), text, "{form:?}");
        let error = read(form, &bytes, size - 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{form:?}");
        assert_eq!(error.to_string(), format!("it unpacks to more than {} bytes", size - 1));
        if form != Form::Plain {
            assert!(read(form, &bytes[..bytes.len() / 2], size).is_err(), "{form:?}: cut");
            assert!(read(form, b"<html>no packed file</html>", size).is_err(), "{form:?}: junk");
        }
    }
}

#[test]
fn every_form_of_nothing_is_nothing() {
    for (form, length) in
        [(Form::Bz2, 14), (Form::Gz, 20), (Form::Xz, 32), (Form::Zst, 0), (Form::Lz4, 0)]
    {
        let bytes = packed(form, b"");
        assert!(length == 0 || bytes.len() == length, "{form:?}: {}", bytes.len());
        assert_eq!(read(form, &bytes, 0).unwrap(), b"", "{form:?}");
        assert!(read(form, &packed(form, b"x"), 0).is_err(), "{form:?}: listed as empty");
    }
}

#[test]
fn all_streams_are_read_and_junk_behind_the_stated_bytes_is_passed_over() {
    for form in [Form::Gz, Form::Xz, Form::Bz2, Form::Zst, Form::Lz4, Form::Plain] {
        let parts = [&b"Package: "[..], b"", b"foo\n"].map(|part| packed(form, part));
        assert_eq!(read(form, &parts.concat(), 13).unwrap(), b"Package: foo\n", "{form:?}");
        if form != Form::Plain {
            let junk = [packed(form, b"Package: foo\n"), b"some junk".to_vec()].concat();
            assert_eq!(read(form, &junk, 13).unwrap(), b"Package: foo\n", "{form:?}");
        }
    }
}

#[test]
fn a_small_file_that_unpacks_to_much_costs_nothing() {
    // What unpacks to 20 MB is given up after 1,000 bytes, not after 20 MB.
    for form in [Form::Gz, Form::Xz, Form::Bz2, Form::Zst] {
        let bomb = packed(form, &vec![0; 20 << 20]);
        let mut from = unpacked(form, &bomb[..], 1000).unwrap();
        let mut plain = Vec::new();
        let error = from.read_to_end(&mut plain).unwrap_err();
        assert_eq!((error.kind(), plain.len()), (ErrorKind::FileTooLarge, 1000), "{form:?}");
    }
}

#[test]
fn a_name_says_its_form() {
    for (name, stem, form) in [
        ("a/Packages", "a/Packages", Form::Plain),
        ("a/Packages.gz", "a/Packages", Form::Gz),
        ("a/Packages.xz.lz4", "a/Packages.xz", Form::Lz4),
        ("a.gz/Release", "a.gz/Release", Form::Plain),
        ("Packages.GZ", "Packages.GZ", Form::Plain),
        (".bz2", "", Form::Bz2),
        ("", "", Form::Plain),
    ] {
        assert_eq!(Form::split(name.as_bytes()), (stem.as_bytes(), form), "{name}");
    }
    assert!(Form::ALL.is_sorted());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        cut in 0_usize..400,
        flip in 0_usize..400,
    ) {
        for form in Form::ALL {
            drop(read(form, &bytes, 1000));
            // Whole files that were damaged get further than junk.
            let good = match form {
                Form::Lz4 => {
                    let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
                    to.write_all(&bytes).unwrap();
                    to.finish().unwrap()
                }
                Form::Zst => zstd::encode_all(&bytes[..], 1).unwrap(),
                Form::Gz => {
                    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    to.write_all(&bytes).unwrap();
                    to.finish().unwrap()
                }
                Form::Xz => liblzma::encode_all(&bytes[..], 0).unwrap(),
                Form::Plain | Form::Lzma | Form::Bz2 => continue,
            };
            drop(read(form, &good[..cut.min(good.len())], 1000));
            let mut bad = good.clone();
            let at = flip % bad.len();
            bad[at] ^= 1 << (cut % 8);
            drop(read(form, &bad, 1000));
        }
    }
}
