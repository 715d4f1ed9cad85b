//! The faults by name. Each function knows some of them; `None` leaves the request to the next.

use std::io::{Result, Write};
use std::time::Duration;

use super::{Asked, BEAT, Served, Talk, range};

/// What stands after the colon of a fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Argument<'a>(pub(super) &'a str);

impl Argument<'_> {
    fn number(self) -> usize {
        self.0.trim_end_matches('%').parse().unwrap()
    }
}

impl Talk<'_> {
    /// Faults that replace the whole answer or its head.
    pub(super) fn spoil_head(
        &mut self,
        name: &str,
        argument: Argument<'_>,
        served: &Served,
    ) -> Result<Option<bool>> {
        let done = match name {
            "status" => {
                let (code, after) = argument.0.split_once(':').unwrap_or((argument.0, ""));
                let after =
                    if after.is_empty() { after } else { &format!("Retry-After: {after}\r\n") };
                self.simple(&format!("{code} Because"), after, b"no")?
            }
            "close" => false,
            "mute" => {
                while self.is_there() {}
                false
            }
            "garbage" => {
                self.stream.write_all(&[0x16, 0, 0xff, b'\n', 7, b'H', b'T', 0x80].repeat(64))?;
                false
            }
            "slowhead" => {
                self.say("HTTP/1.1 200 OK\r\nX-Slow: ")?;
                self.endless(b"x", true)?
            }
            "longheader" => {
                self.say("HTTP/1.1 200 OK\r\nX-Long: ")?;
                self.stream.write_all(&vec![b'x'; argument.number()])?;
                false
            }
            "many100" => {
                for _ in 0..argument.number() {
                    self.say("HTTP/1.1 100 Continue\r\n\r\n")?;
                }
                return Ok(None);
            }
            "dupcl" => {
                let length = served.bytes.len();
                self.simple(
                    "200 OK",
                    &format!("Content-Length: {}\r\n", length + 3),
                    &served.bytes,
                )?
            }
            "always304" => self.simple("304 Not Modified", "", b"")?,
            "unasked206" => {
                self.simple("206 Partial Content", "Content-Range: bytes 0-0/9\r\n", b"x")?
            }
            _ => return Ok(None),
        };
        Ok(Some(done))
    }

    /// Redirects.
    pub(super) fn spoil_redirect(
        &mut self,
        name: &str,
        argument: Argument<'_>,
        asked: &Asked,
    ) -> Result<Option<bool>> {
        let path = asked.path.split('?').next().unwrap_or_default();
        let to = match name {
            "loop" => asked.path.clone(),
            "chain" => {
                let hop = asked.path.split_once("?hop=").map_or(0, |(_, hop)| hop.parse().unwrap());
                if hop == argument.number() {
                    return Ok(None);
                }
                format!("{path}?hop={}", hop + 1)
            }
            "redirect" => argument.0.to_owned(),
            "nowhere" => return self.simple("302 Found", "", b"moved").map(Some),
            _ => return Ok(None),
        };
        self.simple("302 Found", &format!("Location: {to}\r\n"), b"moved").map(Some)
    }

    /// Wrong answers to requests for a part.
    pub(super) fn spoil_range(
        &mut self,
        name: &str,
        asked: &Asked,
        served: &Served,
    ) -> Result<Option<bool>> {
        let Some(from) = range(asked) else { return Ok(None) };
        let size = served.bytes.len();
        let span = |from| format!("Content-Range: bytes {from}-{}/{size}\r\n", size - 1);
        let done = match name {
            "range416" => self.simple("416 Range Not Satisfiable", "", b"")?,
            // All of it, said to be all of it, where a part was asked for.
            "badcr" => self.simple("206 Partial Content", &span(0), &served.bytes)?,
            // The first bytes, said to be the last.
            "badrange" => {
                self.simple("206 Partial Content", &span(from), &served.bytes[..size - from])?
            }
            _ => return Ok(None),
        };
        Ok(Some(done))
    }

    /// Faults of the body under an honest head.
    pub(super) fn spoil_body(
        &mut self,
        name: &str,
        argument: Argument<'_>,
        served: &Served,
    ) -> Result<Option<bool>> {
        let bytes = &served.bytes;
        let flipped = || {
            let mut bytes = bytes.clone();
            bytes[served.bytes.len() / 2] ^= 1;
            bytes
        };
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let done = match name {
            "flip" => self.simple("200 OK", "", &flipped())?,
            "zeros" => self.simple("200 OK", "", &vec![0; bytes.len()])?,
            "short" => self.simple("200 OK", "", &bytes[..bytes.len() - argument.number()])?,
            "append" => {
                let more = vec![b'+'; argument.number()];
                self.simple("200 OK", "", &[bytes.as_slice(), &more].concat())?
            }
            "html" => {
                self.simple("200 OK", "Content-Type: text/html\r\n", b"<html>log in</html>")?
            }
            "gzip" => self.simple("200 OK", "Content-Encoding: gzip\r\n", GZIP)?,
            "labelled" => self.simple("200 OK", "Content-Encoding: gzip\r\n", bytes)?,
            "overrun" => {
                // In one piece: what comes later, after the next request, is that request's answer to any client.
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                let more = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".as_bytes();
                self.stream.write_all(&[head.as_bytes(), bytes, more].concat())?;
                true
            }
            "badchunk" => {
                self.say(chunked)?;
                self.say("5\r\nhello\r\nZZ\r\nworld\r\n0\r\n\r\n")?;
                false
            }
            "endless" => {
                self.say(chunked)?;
                let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
                self.endless(&chunk, false)?
            }
            "endless-nocl" => {
                self.say("HTTP/1.1 200 OK\r\n\r\n")?;
                self.endless(&[b'x'; 4096], false)?
            }
            "hugecl" => {
                self.say("HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\n\r\n")?;
                self.endless(&[b'x'; 4096], false)?
            }
            "truncate" | "reset" | "stall" | "drip" => self.cut(name, argument, served)?,
            _ => return Ok(None),
        };
        Ok(Some(done))
    }

    /// Bodies that begin as they should and do not end so.
    fn cut(&mut self, name: &str, argument: Argument<'_>, served: &Served) -> Result<bool> {
        let (bytes, etag) = (&served.bytes, &served.etag);
        let length = bytes.len();
        self.say(&format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {length}\r\n\r\n"))?;
        match name {
            "truncate" => self.stream.write_all(&bytes[..length * argument.number() / 100])?,
            "stall" => {
                self.stream.write_all(&bytes[..argument.number()])?;
                while self.is_there() {}
            }
            "reset" => {
                self.stream.write_all(&bytes[..length / 2])?;
                // The client reads what came before the reset takes it away.
                std::thread::sleep(5 * BEAT);
                rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
            }
            _ => {
                self.endless(&bytes[..1], true)?;
            }
        }
        Ok(false)
    }
}

/// 20 bytes that would be a million zeros, if anybody unpacked them.
const GZIP: &[u8] =
    &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xed, 0xc1, 1, 0x0d, 0, 0, 0, 0xc2, 0xa0, 0xf7];
