use std::path::{Path, PathBuf};

use super::*;

/// The words of a line as a shell reads them, up to what is the shell's own.
fn words(line: &str) -> Vec<OsString> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            '#' | '>' | '|' | '&' | ';' if !is_quoted => break,
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(Into::into).collect()
}

fn parse(line: &str) -> Result<(), String> {
    match read(words(line)) {
        Err(error) if error.use_stderr() => Err(format!("{line}\n{error}")),
        _read_or_help => Ok(()),
    }
}

#[test]
fn the_grammar_is_sound() {
    grammar().debug_assert();
}

#[test]
fn every_verb_has_examples_and_they_parse() {
    for verb in grammar().get_subcommands().map(clap::Command::get_name) {
        assert!(examples::EXAMPLES.iter().any(|(name, _)| *name == verb), "{verb} has no example");
    }
    for (verb, lines) in examples::EXAMPLES {
        for (line, why) in *lines {
            assert!(line.starts_with(&format!("pinfold {verb}")) && !why.is_empty(), "{line}");
            parse(line).unwrap();
        }
    }
}

/// README.md and every page of docs/.
fn pages() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut folders, mut pages) = (vec![top.join("docs")], vec![top.join("README.md")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|end| end == "md") {
                pages.push(entry);
            }
        }
    }
    pages
}

/// What a page says one may type: blocks, indented by four, with what a line is for behind two spaces; and spans within lines.
fn typed(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in page.lines() {
        let text = line.trim_start();
        if line.starts_with("    ") && text.starts_with("pinfold ") {
            lines.extend(text.split("  ").next().map(str::to_owned));
        } else {
            let spans = text.split('`').skip(1).step_by(2);
            lines.extend(spans.filter(|span| span.starts_with("pinfold ")).map(str::to_owned));
        }
    }
    // What is left out, or may be, is no command.
    lines.retain(|line| !line.contains(['…', '[', '|']));
    lines
}

/// A word in capitals stands for a name.
fn named(line: &str) -> String {
    let name = |word: &str| match word {
        "SECONDS" | "N" => "3".to_owned(),
        "VERB" => "sync".to_owned(),
        "ADDRESS" => "127.0.0.1:8080".to_owned(),
        word if word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'@') => {
            word.to_lowercase()
        }
        word => word.to_owned(),
    };
    line.split(' ').map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_command_in_the_documentation_parses() {
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages() {
        for line in typed(&std::fs::read_to_string(&page).unwrap()) {
            count += 1;
            // A verb alone is spoken of, not typed.
            let whole = if line.split(' ').count() == 2 { format!("{line} --help") } else { line };
            if let Err(error) = parse(&named(&whole)) {
                wrong.push(format!("{}: {error}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count} commands");
}
