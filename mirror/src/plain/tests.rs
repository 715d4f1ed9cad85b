use std::io::Cursor;

use pinfold_store::Digest;
use pinfold_store::sums::Sums;

use super::*;
use crate::supply::{Root, Stage, Supplied, Wanted};

/// One file.
struct One(Vec<u8>);

impl Supply for One {
    fn root(&mut self, _: &RelPath, _: u64) -> Result<Option<Root>> {
        Ok(None)
    }

    fn get(&mut self, _: Stage, _: &[Wanted]) -> Result<Vec<Supplied>> {
        Ok(Vec::new())
    }

    fn open(&self, _: Content) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }

    fn has_unpacked(&self, _: Content, _: &Checksum) -> Result<bool> {
        Ok(false)
    }

    fn remember_unpacked(&mut self, _: &[(Content, Checksum)]) -> Result<()> {
        Ok(())
    }
}

const TEXT: &[u8] = b"an index of some length";

fn sum(bytes: &[u8]) -> Option<Checksum> {
    Sums::of(bytes).of_kind(pinfold_store::Algorithm::Sha256)
}

/// Reads so many bytes and says what is wrong with the whole.
fn flaw(bytes: &[u8], form: Form, stated: Stated, read: usize) -> Option<String> {
    let supply = One(bytes.to_vec());
    let content = Content { digest: Digest::of(bytes), size_bytes: bytes.len() as u64 };
    let path = "x/Index".parse().unwrap();
    let mut plain = Plain::open(&supply, (&path, content, form), stated).unwrap();
    plain.read_exact(&mut vec![0; read]).unwrap();
    plain.flaw(&path)
}

#[test]
fn what_is_stated_holds_wherever_its_reader_stops() {
    let size = u64::try_from(TEXT.len()).unwrap();
    let right = Stated { size_bytes: Some(size), checksum: sum(TEXT) };
    for read in [0, 1, TEXT.len()] {
        assert_eq!(flaw(TEXT, Form::Plain, right, read), None);
        assert_eq!(flaw(TEXT, Form::Plain, Stated::default(), read), None);
        for (stated, why) in [
            (Stated { size_bytes: Some(size + 1), ..right }, "bytes, expected 24 of x/Index"),
            (Stated { size_bytes: Some(size - 1), ..right }, "which is what x/Index has"),
            (Stated { checksum: sum(b"other"), ..right }, "of x/Index"),
        ] {
            let read = read.min(TEXT.len() - 1);
            let found = flaw(TEXT, Form::Plain, stated, read).unwrap();
            assert!(found.contains(why), "{found}");
        }
    }
}

#[test]
fn what_does_not_unpack_is_a_flaw_though_nothing_is_stated() {
    let found = flaw(b"\x1f\x8b\x08\0", Form::Gz, Stated::default(), 0).unwrap();
    assert!(found.starts_with("it does not unpack"), "{found}");
}
