//! What can go wrong with one request, and whether another try would help.

use std::time::Duration;

use pinfold_store::path::escape;

use super::Limits;
use crate::Error;

/// Why a request did not bring what it should.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It may go away: connections, limits of time, answers of servers that are busy.
    Passing {
        /// Why it failed.
        why: String,
        /// How long the server asks to be left alone.
        after: Option<Duration>,
        /// The server answered, if only to refuse: another name may be there.
        is_answer: bool,
    },
    /// Another try would end in the same way.
    Lasting {
        /// Why it failed.
        why: String,
    },
    /// The whole run ends: this machine fails, or the run is stopped.
    Ends(Error),
}

impl Trouble {
    /// Trouble of a connection.
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self::Passing { why: why.into(), after: None, is_answer: false }
    }

    /// Trouble that stays.
    pub(crate) fn lasting(why: impl Into<String>) -> Self {
        Self::Lasting { why: why.into() }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Ends(error)
    }
}

impl From<pinfold_store::Error> for Trouble {
    fn from(error: pinfold_store::Error) -> Self {
        Self::Ends(error.into())
    }
}

/// Says what an error of the transport means.
pub(super) fn of_transport(error: &ureq::Error, limits: &Limits) -> Trouble {
    use ureq::Timeout;
    match error {
        ureq::Error::Timeout(Timeout::Resolve) => {
            Trouble::passing(format!("its host's name was not found within {:?}", limits.connect))
        }
        ureq::Error::Timeout(Timeout::Connect) => {
            Trouble::passing(format!("no connection within {:?}", limits.connect))
        }
        ureq::Error::Timeout(Timeout::RecvResponse) => {
            Trouble::passing(format!("no whole answer's head within {:?}", limits.header))
        }
        ureq::Error::Timeout(_) => {
            Trouble::passing(format!("the server was silent for {:?}", limits.idle))
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::Tls(_) => {
            Trouble::lasting(shown(error))
        }
        ureq::Error::LargeResponseHeader(..) => Trouble::lasting("the answer's head has no end"),
        ureq::Error::Rustls(inner) => of_tls(inner),
        ureq::Error::Io(inner) => match inner.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(tls) => of_tls(tls),
            None if inner.kind() == std::io::ErrorKind::UnexpectedEof => {
                Trouble::passing("the connection was cut")
            }
            None => Trouble::passing(shown(inner)),
        },
        other => Trouble::passing(shown(other)),
    }
}

/// Says what an error of TLS means: a certificate that is not believed now is not believed a second later.
fn of_tls(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            Trouble::lasting(format!("its certificate is not believed: {}", shown(error)))
        }
        other => Trouble::passing(shown(other)),
    }
}

/// Shows an error that may hold what a server sent.
fn shown(error: &dyn std::fmt::Display) -> String {
    escape(error.to_string().as_bytes())
}
