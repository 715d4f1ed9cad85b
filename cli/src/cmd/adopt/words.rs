//! The words of a line as a shell splits them: quotes and backslashes, nothing that runs.

/// Splits a line; a word's variables and commands stay as they are written.
pub(super) fn split(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, '#') if word.is_none() => break,
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// `NAME=value` of a shell.
pub(super) fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, _) = line.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let word = split(line).into_iter().next()?;
    let (_, value) = word.split_once('=')?;
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// The words before what a shell does with them: pipes, redirections, the next command.
pub(super) fn of_one_command(words: &[String]) -> &[String] {
    let is_end = |word: &String| {
        let word = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        ["|", "&", ";", ">", "<"].iter().any(|mark| word.starts_with(mark))
    };
    let end = words.iter().position(is_end).unwrap_or(words.len());
    &words[..end]
}

/// The lines of a script, those that end in a backslash joined with the next; with the number of the first of each.
pub(super) fn lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let (line, continues) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        match lines.last_mut() {
            Some((_, last)) if goes_on => *last += line,
            _ => lines.push((number, line.to_owned())),
        }
        goes_on = continues;
    }
    lines
}
