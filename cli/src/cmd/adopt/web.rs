//! Which folders a web server's configuration serves, and at which path: as much of nginx's and Apache's language as that needs.

use std::path::PathBuf;

/// A folder that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The URL's path of the folder itself; empty for the top.
    pub(super) path: String,
    pub(super) folder: PathBuf,
    /// Only what lies below this path is served from it.
    pub(super) only: Option<String>,
    pub(super) line: usize,
}

/// Reads nginx's `root` and `alias`.
pub(super) fn nginx(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    // The location of every open block; `None` of a block that is none.
    let mut blocks: Vec<Option<String>> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for (line, token) in tokens(text) {
        match token.as_str() {
            "{" => {
                let is_location = words.first().is_some_and(|word| word == "location");
                let is_pattern = words.iter().any(|word| word.starts_with('~'));
                let path = words.last().filter(|_| is_location && !is_pattern);
                blocks.push(path.cloned());
                words.clear();
            }
            "}" => {
                blocks.pop();
                words.clear();
            }
            ";" => {
                let location = blocks.iter().rev().find_map(Clone::clone);
                match words.as_slice() {
                    [key, folder] if key == "root" && folder.starts_with('/') => {
                        places.push(Place {
                            path: String::new(),
                            folder: PathBuf::from(folder),
                            only: location,
                            line,
                        });
                    }
                    [key, folder] if key == "alias" && folder.starts_with('/') => {
                        if let Some(path) = location {
                            let path = path.trim_end_matches('/').to_owned();
                            let folder = PathBuf::from(folder);
                            places.push(Place { path, folder, only: None, line });
                        }
                    }
                    _ => {}
                }
                words.clear();
            }
            _ => words.push(token),
        }
    }
    places
}

/// Words, braces and semicolons with their lines; without comments and quotes.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (mut word, mut quote) = (String::new(), None);
        let mut end = |word: &mut String| {
            if !word.is_empty() {
                tokens.push((number, std::mem::take(word)));
            }
        };
        for letter in line.chars() {
            match (quote, letter) {
                (Some(open), letter) if open == letter => quote = None,
                (None, '"' | '\'') => quote = Some(letter),
                (None, '#') if word.is_empty() => break,
                (None, '{' | '}' | ';') => {
                    end(&mut word);
                    end(&mut letter.to_string());
                }
                (None, blank) if blank.is_whitespace() => end(&mut word),
                (_, letter) => word.push(letter),
            }
        }
        end(&mut word);
    }
    tokens
}

/// Reads Apache's `DocumentRoot` and `Alias`.
pub(super) fn apache(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<String> =
            line.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
        let (path, folder) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [key, folder] if key.eq_ignore_ascii_case("DocumentRoot") => ("", folder),
            [key, path, folder] if key.eq_ignore_ascii_case("Alias") => (path, folder),
            _ => continue,
        };
        let path = path.trim_end_matches('/').to_owned();
        places.push(Place { path, folder: PathBuf::from(folder), only: None, line: number });
    }
    places
}
