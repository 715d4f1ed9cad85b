//! Texts, times and numbers as the page shows them.

use maud::{Markup, PreEscaped, Render, html};
use pinfold_store::Stamp;
use pinfold_store::path::is_hidden;

use super::draft::short;

/// Text that came from an archive or an operator: never markup, on one line, of bounded length. Characters that change how others are
/// shown stand as `\xNN`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        short(&plain(self.0)).as_str().render_to(buffer);
    }
}

/// The same as plain text, for attributes.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                shown.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Shows a span of time by its two largest units that count.
#[must_use]
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) if minutes < 10 => format!("{minutes} min {} s", seconds % 60),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (1..10, _, _) => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

/// A span by its largest unit alone, as people say it.
pub(super) fn rough(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long ago something was.
pub(super) fn ago(now: Stamp, then: Stamp) -> String {
    match u64::try_from(now.seconds().saturating_sub(then.seconds())) {
        Ok(0..60) => "just now".to_owned(),
        Ok(seconds) => format!("{} ago", rough(seconds)),
        Err(_) => "in the future".to_owned(),
    }
}

/// When something will be.
pub(super) fn ahead(now: Stamp, then: Stamp) -> String {
    match u64::try_from(then.seconds().saturating_sub(now.seconds())) {
        Ok(0) | Err(_) => "due".to_owned(),
        Ok(seconds) => format!("in {}", rough(seconds)),
    }
}

/// A time to the minute: `2026-11-23 04:00`.
pub(super) fn minute(stamp: Stamp) -> String {
    let mut text = stamp.human();
    text.truncate("2026-11-23 04:00".len());
    text
}

/// A time as an element that programs read too.
pub(super) fn time(stamp: Stamp) -> Markup {
    let human = stamp.human();
    html! { time datetime=(human.replace(' ', "T") + "Z") { (minute(stamp)) } }
}

/// A day: `2026-11-23`.
pub(super) fn day(stamp: Stamp) -> String {
    let mut text = stamp.human();
    text.truncate("2026-11-23".len());
    text
}

/// A number with thin gaps between thousands: `63 440`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    bytesize::ByteSize::b(bytes).display().si().to_string()
}

/// A number of things: `1 package`, `2 packages`.
pub(super) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Shapes beside words, so that no meaning is in a colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Fine,
    /// Somebody must look.
    Look,
    /// It waits, as it was meant to.
    Waits,
    /// It is on its way.
    Goes,
}

/// A word with its shape.
pub(super) fn mark(mark: Mark, word: &str) -> Markup {
    let (class, path) = match mark {
        Mark::Fine => ("fine", "M3 8.5l3.2 3.2L13 4.8"),
        Mark::Look => ("look", "M8 2L14.5 13.5H1.5zM8 6v3.4M8 11.2v.6"),
        Mark::Waits => ("waits", "M5.5 3.5v9M10.5 3.5v9"),
        Mark::Goes => ("goes", "M2.5 8h10M8.5 4l4 4-4 4"),
    };
    html! {
        span class={ "mark " (class) } {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" { path d=(path) {} }
            (word)
        }
    }
}

/// What a stylesheet or a picture is made of and nobody from outside wrote.
pub(super) fn own(text: &str) -> PreEscaped<&str> {
    PreEscaped(text)
}
