//! `prune --explain`: who holds what.
use std::ffi::OsStr;

use super::super::Done;
use crate::context::Context;
use crate::failure::Failure;

pub(super) fn explain(_context: &Context, _what: &OsStr) -> Done {
    Err(Failure::usage("not yet"))
}
