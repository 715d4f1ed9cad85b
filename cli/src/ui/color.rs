//! Colours: on a terminal, unless `--color` or the environment (`NO_COLOR`, `CLICOLOR_FORCE`) says otherwise. They say nothing that the
//! words do not.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// What was typed holds for all that is shown.
pub(crate) fn choose(color: Color) {
    use anstream::ColorChoice;
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Paints the heads of tables in text for the standard output, which is clean already.
pub(super) fn heads(text: &str) -> String {
    if !is_colored(&std::io::stdout()) {
        return text.to_owned();
    }
    let paint = |line: &str| match is_head(line) {
        true => painted(line, Style::new().bold()),
        false => line.to_owned(),
    };
    text.split('\n').map(paint).collect::<Vec<_>>().join("\n")
}

/// Paints the first word of a line for the standard error.
pub(super) fn first_word(word: &str) -> String {
    let color = if word.starts_with("error") { AnsiColor::Red } else { AnsiColor::Cyan };
    match is_colored(&std::io::stderr()) {
        true => painted(word, color.on_default().bold()),
        false => word.to_owned(),
    }
}

fn is_colored(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

fn painted(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// The head of a table: columns in capital letters, two spaces or more between them.
fn is_head(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(|letter: char| letter.is_ascii_uppercase())
        && line.contains("  ")
        && line
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'-' | b'(' | b')'))
}

#[cfg(test)]
mod tests;
