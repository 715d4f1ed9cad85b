//! Signatures of what is too large to hold: it is hashed while it passes by, and judged when it has.

use sequoia_openpgp::Packet;
use sequoia_openpgp::crypto::hash::Context;

use super::judge::{Custom, Document, Measure, Verdict};
use super::{Keyring, Rules, check_count, judge_packet, read_packets};

/// A signature, and the hash of what has passed so far.
pub(crate) struct Passing {
    packet: Packet,
    context: Option<Context>,
}

impl Passing {
    /// Reads signatures from packets; an error says why they cannot be read.
    pub(crate) fn read(packets: &[u8]) -> Result<Vec<Self>, String> {
        let mut signatures = Vec::new();
        read_packets(packets, &mut signatures)?;
        check_count(signatures.len())?;
        Ok(signatures.into_iter().map(Self::new).collect())
    }

    fn new(packet: Packet) -> Self {
        let context = match &packet {
            Packet::Signature(signature) => signature.hash_algo().context().ok().map(|builder| {
                let mut context = builder.for_signature(signature.version());
                // Version 6 begins with a salt.
                context.update(signature.salt().unwrap_or_default());
                context
            }),
            _ => None,
        };
        Self { packet, context }
    }

    /// Takes the next bytes of what is signed.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(context) = &mut self.context {
            context.update(bytes);
        }
    }

    /// Judges the signature, by the custom of rpm, when all has passed.
    pub(crate) fn judge(self, keyring: &Keyring, rules: &Rules) -> Verdict {
        let measure = Measure { keyring, rules, custom: Custom::Rpm };
        judge_packet(&self.packet, &Document::Passed(self.context), measure)
    }
}
