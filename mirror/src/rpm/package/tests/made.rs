//! Packages that a test writes byte by byte.

use pinfold_store::sums::{Algorithm, Checking};

/// The value of a tag.
#[derive(Debug, Clone)]
pub(super) enum Of {
    Bytes(Vec<u8>),
    Numbers(Vec<u32>),
    Long(u64),
    Text(String),
    Texts(Vec<String>),
}

pub(super) fn text(value: &str) -> Of {
    Of::Text(value.to_owned())
}

/// Writes a header of a region.
pub(super) fn header(region: u32, tags: &[(u32, Of)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    let words = |words: [u32; 4]| words.into_iter().flat_map(u32::to_be_bytes);
    for (tag, value) in tags {
        let ended = |text: &String| [text.as_bytes(), &[0]].concat();
        let (kind, align, count, bytes) = match value {
            Of::Bytes(bytes) => (7, 1, bytes.len(), bytes.clone()),
            Of::Numbers(all) => {
                (4, 4, all.len(), all.iter().flat_map(|one| one.to_be_bytes()).collect())
            }
            Of::Long(one) => (5, 8, 1, one.to_be_bytes().to_vec()),
            Of::Text(text) => (6, 1, 1, ended(text)),
            Of::Texts(texts) => (8, 1, texts.len(), texts.iter().flat_map(ended).collect()),
        };
        store.resize(store.len().next_multiple_of(align), 0);
        let (offset, count) = (number(store.len()), number(count));
        index.extend(words([*tag, kind, offset, count]));
        store.extend(bytes);
    }
    let all = number(tags.len()) + 1;
    index.splice(..0, words([region, 7, number(store.len()), 16]));
    store.extend(words([region, 7, (all * 16).wrapping_neg(), 16]));
    let counts = [all, number(store.len())].map(u32::to_be_bytes).concat();
    [&[0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0][..], &counts, &index, &store].concat()
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

/// The checksum of bytes, as rpm writes it.
pub(super) fn hex(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut running = Checking::toward(algorithm);
    running.update(bytes);
    running.finish().hex()
}

/// A package in its parts.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) signatures: Vec<(u32, Of)>,
    pub(super) main: Vec<(u32, Of)>,
    pub(super) payload: Vec<u8>,
}

impl Made {
    /// Makes a package as rpm 4.14 and later do, unsigned and without digests of the header.
    pub(super) fn new() -> Self {
        let payload = b"the payload, in whatever form".repeat(999);
        let digest = hex(Algorithm::Sha256, &payload);
        let main = vec![
            (1000, text("hello")),
            (1001, text("1.0")),
            (1002, text("3.el9")),
            (1003, Of::Numbers(vec![2])),
            (1022, text("x86_64")),
            (1044, text("hello-1.0-3.el9.src.rpm")),
            (5092, Of::Texts(vec![digest])),
            (5093, Of::Numbers(vec![8])),
        ];
        Self { signatures: vec![(1008, Of::Bytes(vec![0; 99]))], main, payload }
    }

    /// Makes one as rpm before 4.14 did: nothing in it says what its payload is.
    pub(super) fn old() -> Self {
        let mut made = Self::new();
        made.main.retain(|(tag, _)| *tag < 5092);
        made
    }

    /// Adds a tag to the header of signatures.
    pub(super) fn with(mut self, tag: u32, value: Of) -> Self {
        self.signatures.push((tag, value));
        self
    }

    /// Adds a signature to the header of signatures.
    pub(super) fn signed(self, tag: u32, packets: &[u8]) -> Self {
        self.with(tag, Of::Bytes(packets.to_vec()))
    }

    /// Changes a tag of the header.
    pub(super) fn put(mut self, tag: u32, value: Of) -> Self {
        self.main.retain(|(one, _)| *one != tag);
        self.main.push((tag, value));
        self
    }

    /// Gives the bytes that a signature of the header covers.
    pub(super) fn header(&self) -> Vec<u8> {
        header(63, &self.main)
    }

    /// Gives the bytes that a signature of all covers.
    pub(super) fn whole(&self) -> Vec<u8> {
        [self.header(), self.payload.clone()].concat()
    }

    /// Gives the file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 96];
        bytes[..5].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3]);
        bytes[79] = 5;
        bytes.extend(header(62, &self.signatures));
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        [bytes, self.whole()].concat()
    }
}
