//! What stands beside a name in a listing: date and size, in the words of the server.

/// More words are no date and size.
const WORDS_MAX: usize = 16;

/// Date and size of a file as a listing shows them. They are compared and never understood: servers write them in any order,
/// rounded, and in a time zone of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words, one blank between two.
    pub text: String,
    /// The size, as exact as it is shown.
    pub about_bytes: u64,
}

impl Words {
    /// Reads what stands beside a name; `None` where it holds no date with a time of day, or no size: then it says too little
    /// about whether the file changed.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX + 1).collect();
        if words.len() > WORDS_MAX {
            return None;
        }
        let has_both = words.iter().any(|word| is_moment(word));
        let has_date = words.iter().any(|word| is_date(word));
        let has_time = words.iter().any(|word| is_time(word));
        let mut sizes = words.iter().enumerate().filter(|(_, word)| !is_date(word));
        let about_bytes = sizes.find_map(|(at, word)| {
            let next = words.get(at + 1).copied().unwrap_or_default();
            size(word, next)
        })?;
        (has_both || (has_date && has_time)).then(|| Self { text: words.join(" "), about_bytes })
    }
}

/// Says whether a word is a date and a time of day in one, such as `2026-03-23T04:00:10Z`.
fn is_moment(word: &str) -> bool {
    let time = |rest: &str| is_time(rest.get(..5).unwrap_or_default());
    word.split_once('T').is_some_and(|(date, rest)| is_date(date) && time(rest))
}

/// Says whether a word is a day with its year: `23-Mar-2026`, `2026-03-23`, `03/23/2026`.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', '/', '.']).collect();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_part = |part: &&str| {
        part.len() <= 4 && !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    parts.len() == 3
        && parts.iter().all(is_part)
        && [0, 2].iter().any(|at| parts[*at].len() == 4 && is_number(parts[*at]))
}

/// Says whether a word is a time of day: `04:00`, `4:00:10`.
fn is_time(word: &str) -> bool {
    let parts: Vec<&str> = word.split(':').collect();
    let is_part =
        |part: &&str| matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.len(), 2 | 3) && parts.iter().all(is_part)
}

/// Reads a size such as `1500`, `1.5K`, `2.9M`, `3 B`, `1,500`, `2 MiB`.
fn size(word: &str, next: &str) -> Option<u64> {
    let end = word.find(|c: char| !matches!(c, '0'..='9' | '.' | ',')).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let unit = if unit.is_empty() && unit_of(next).is_some() { next } else { unit };
    let unit = if unit.is_empty() { 1 } else { unit_of(unit)? };
    let number: String = number.chars().filter(|c| *c != ',').collect();
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    let whole: u64 = whole.parse().ok()?;
    let tenths = part.bytes().next().map_or(0, |digit| u64::from(digit.saturating_sub(b'0')));
    Some(whole.saturating_mul(unit).saturating_add(tenths * unit / 10))
}

fn unit_of(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let text = text.strip_suffix("ib").or_else(|| text.strip_suffix('b')).unwrap_or(&text);
    Some(match text {
        "" | "ytes" | "yte" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return None,
    })
}
