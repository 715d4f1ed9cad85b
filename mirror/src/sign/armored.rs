//! Blocks of ASCII armor, with the checksum that the cryptographic library does not look at and gpg does.

use pinfold_store::path::escape;
use sequoia_openpgp::armor::{Kind, Reader, ReaderMode};

use crate::tree::read_bounded;

/// The most bytes that one block may decode to.
const BLOCK_BYTES_MAX: u64 = 10_000_000;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes one block, whose lines end in LF and have no blanks at their ends; an error says what is wrong with it.
pub(super) fn decode(block: &[u8], kind: Kind) -> Result<Vec<u8>, String> {
    let reader = Reader::from_bytes(block, ReaderMode::Tolerant(Some(kind)));
    let bytes =
        read_bounded(reader, BLOCK_BYTES_MAX).map_err(|e| escape(e.to_string().as_bytes()))?;
    let stated = block.split(|b| *b == b'\n').find(|line| line.len() == 5 && line[0] == b'=');
    match stated {
        Some(stated) if stated[1..] != checksum(&bytes) => {
            Err("its checksum is not that of its bytes".to_owned())
        }
        _ => Ok(bytes),
    }
}

/// Computes the checksum of RFC 4880, section 6.1, as armor spells it.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(0x00b7_04ce_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    });
    [18, 12, 6, 0].map(|shift| BASE64[(crc >> shift & 63) as usize])
}
