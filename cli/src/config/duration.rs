//! Times that are written in words: `90s`, `2h30m`, `7d`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use pinfold_store::path::escape;

/// Reads a duration that may be set.
pub(super) fn seconds(key: &str, text: Option<&String>) -> Result<Option<Duration>, String> {
    text.map(|text| duration(key, text)).transpose()
}

/// Reads a duration such as `15m30s` or `7d`. A day is 24 hours, a week seven days; what is longer has no fixed length.
pub(crate) fn duration(key: &str, text: &str) -> Result<Duration, String> {
    let bad = || {
        let said = escape(text.as_bytes());
        format!("{key} = \"{said}\": it is a duration such as 90s, 15m, 2h30m or 7d")
    };
    let span: Span = text.parse().map_err(|_not_one| bad())?;
    let fixed =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_no_fixed_length| bad())?;
    Duration::try_from(fixed).map_err(|_negative| bad())
}
