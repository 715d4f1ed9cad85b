//! The socket: the only place of Pinfold that connects to another host.
//!
//! ureq's own transport cannot be interrupted while it connects or waits; this one looks at the run's brake every 100 ms.
//! Behind a proxy for plain HTTP it writes the request line that such a proxy wants.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, sockopt};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::brake::{Brake, LOOK, Stop};

/// What a wait of ours fails with when the run must end; the caller asks the brake why.
fn stopped(_: Stop) -> ureq::Error {
    ureq::Error::Io(std::io::Error::other("the run ends"))
}

/// Opens connections; a link in ureq's chain of connectors.
#[derive(Debug)]
pub(super) struct Dial {
    /// Ends the run.
    pub(super) brake: Arc<Brake>,
    /// Which hosts of plain HTTP are asked for through a proxy: their request lines hold the whole URL.
    pub(super) forward: super::proxy::Forward,
}

impl<In: Transport> Connector<In> for Dial {
    type Out = Either<In, Wire>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(made) = chained {
            return Ok(Some(Either::A(made)));
        }
        let stream = self.dial(&details.addrs, details.timeout)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let whole = self.forward.origin(details.uri);
        Ok(Some(Either::B(Wire { stream, buffers, brake: self.brake.clone(), whole })))
    }
}

impl Dial {
    /// Tries the host's addresses one after another; each gets its share of the time that is left.
    fn dial(&self, places: &[SocketAddr], limit: NextTimeout) -> Result<TcpStream, ureq::Error> {
        let until = end(limit);
        let mut last = ureq::Error::HostNotFound;
        for (at, place) in places.iter().enumerate() {
            let left = u32::try_from(places.len() - at).unwrap_or(1).max(1);
            let share = until.map(|until| {
                let now = Instant::now();
                now + until.saturating_duration_since(now) / left
            });
            match self.connect_one(*place, share) {
                Ok(Some(stream)) => return Ok(stream),
                Ok(None) => last = ureq::Error::Timeout(limit.reason),
                Err(error) => last = ureq::Error::Io(error),
            }
            self.brake.check().map_err(stopped)?;
        }
        Err(last)
    }

    /// Connects to one address; `None` where that took too long.
    fn connect_one(
        &self,
        place: SocketAddr,
        until: Option<Instant>,
    ) -> std::io::Result<Option<TcpStream>> {
        let family = if place.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        match rustix::net::connect(&socket, &place) {
            Ok(()) => {}
            Err(Errno::INPROGRESS | Errno::INTR) => {
                let wait = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
                loop {
                    let mut ready = [PollFd::new(&socket, PollFlags::OUT)];
                    match rustix::event::poll(&mut ready, Some(&wait)) {
                        Ok(0) | Err(Errno::INTR) => {}
                        Ok(_) => break,
                        Err(errno) => return Err(errno.into()),
                    }
                    if self.brake.check().is_err() || until.is_some_and(|end| Instant::now() >= end)
                    {
                        return Ok(None);
                    }
                }
                sockopt::socket_error(&socket)??;
            }
            Err(errno) => return Err(errno.into()),
        }
        let stream = TcpStream::from(socket);
        stream.set_nonblocking(false)?;
        Ok(Some(stream))
    }
}

/// When a time limit of ureq ends; `None` for never.
fn end(limit: NextTimeout) -> Option<Instant> {
    let after: Duration = if limit.after.is_not_happening() { return None } else { *limit.after };
    Instant::now().checked_add(after)
}

/// A connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffers: LazyBuffers,
    brake: Arc<Brake>,
    /// Behind a proxy for plain HTTP: what stands before the path in a request line.
    whole: Option<String>,
}

impl Wire {
    /// Tries until it is done, the limit is reached or the run must end. The socket itself gives up every 100 ms.
    fn patiently<T>(
        &mut self,
        limit: NextTimeout,
        mut attempt: impl FnMut(&mut TcpStream, &mut LazyBuffers) -> std::io::Result<T>,
    ) -> Result<T, ureq::Error> {
        let until = end(limit);
        loop {
            self.brake.check().map_err(stopped)?;
            match attempt(&mut self.stream, &mut self.buffers) {
                Ok(done) => return Ok(done),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if until.is_some_and(|until| Instant::now() >= until) {
                        return Err(ureq::Error::Timeout(limit.reason));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let limit = timeout.for_write();
        let whole = self.whole.as_deref();
        let line = whole.and_then(|origin| {
            let output = &self.buffers.output()[..amount];
            output
                .strip_prefix(b"GET /")
                .map(|rest| [b"GET ", origin.as_bytes(), b"/", rest].concat())
        });
        let mut sent = 0;
        loop {
            let wrote = self.patiently(limit, |stream, buffers| match &line {
                Some(line) => stream.write(&line[sent..]),
                None => stream.write(&buffers.output()[sent..amount]),
            })?;
            sent += wrote;
            if wrote == 0 || sent >= line.as_ref().map_or(amount, Vec::len) {
                return Ok(());
            }
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let limit = timeout.for_read();
        let room = self.buffers.input_append_buf().len();
        if room == 0 {
            // Only a head that does not end fills the buffer.
            let size = self.buffers.input().len();
            return Err(ureq::Error::LargeResponseHeader(size, size));
        }
        let read =
            self.patiently(limit, |stream, buffers| stream.read(buffers.input_append_buf()))?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        // Anything to read here was not asked for: its end, or bytes that must not become the next answer.
        rustix::net::recv(&self.stream, &mut [0_u8; 1], flags) == Err(Errno::AGAIN)
    }
}
