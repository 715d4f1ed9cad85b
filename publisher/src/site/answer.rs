//! Looking a URL up in the table, as nginx would.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use regex::bytes::{Captures, Regex};

use super::kinds::{Kind, Manner, TEXT};
use super::table::{Cache, Missing, NO_CACHE, Pattern, RETRY_SECONDS, Route, Table};

/// What answers a request: the first candidate that is there, else the refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Files in the order in which they are tried.
    pub candidates: Vec<Candidate>,
    /// What is said when none is there.
    pub not_found: Refusal,
    /// Which headers it has besides.
    pub manner: Manner,
}

/// A file that may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it would be.
    pub path: PathBuf,
    /// Its Cache-Control.
    pub cache: &'static str,
    /// Its MIME type.
    pub content_type: String,
}

/// An answer without a file; its Cache-Control is `no-cache`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What is said, with a line end.
    pub text: String,
    /// The MIME type of that.
    pub content_type: String,
    /// The seconds of Retry-After.
    pub retry_after: Option<u32>,
}

impl Refusal {
    fn new(status: u16, text: &str) -> Self {
        Self { status, text: format!("{text}\n"), content_type: TEXT.to_owned(), retry_after: None }
    }
}

impl Answer {
    /// Gives the first candidate that is there and no folder.
    #[must_use]
    pub fn found(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| std::fs::metadata(&candidate.path).is_ok_and(|meta| !meta.is_dir()))
    }

    fn refuse(not_found: Refusal) -> Self {
        Self { candidates: Vec::new(), manner: Manner::Tagged, not_found }
    }
}

/// The texts of what is missing, with their templates filled in by nginx or by us.
pub(super) struct Words {
    /// The folder that must be there.
    pub(super) probe: String,
    /// What is said without it.
    pub(super) without: (u16, String),
    /// What is said when it is there.
    pub(super) with: (u16, String),
}

/// What is said of a file that a mirror does not have.
pub(super) fn words(table: &Table, missing: &Missing) -> Option<Words> {
    match missing {
        Missing::Plain(_) | Missing::Words { .. } => None,
        Missing::Channel(number) => {
            let name = &table.mirrors[*number].name;
            Some(Words {
                probe: format!("${{pinfold_pub}}/{name}/tree"),
                without: (
                    503,
                    format!(
                        "{name} has no snapshot in ${{pinfold_view}} yet; pinfold promote {name} brings the first"
                    ),
                ),
                with: (404, format!("{name} has no such file in ${{pinfold_view}}")),
            })
        }
        Missing::Dated(number) => {
            let name = &table.mirrors[*number].name;
            Some(Words {
                probe: "${pinfold_pub}".to_owned(),
                without: (
                    404,
                    format!(
                        "{name}@${{pinfold_date}} is not published; pinfold publish {name}@${{pinfold_date}} does it, if that snapshot is kept"
                    ),
                ),
                with: (404, format!("{name}@${{pinfold_date}} has no such file")),
            })
        }
    }
}

/// Looks a URL up.
pub(super) fn resolve(table: &Table, uri_path: &[u8]) -> Answer {
    let Some(uri) = normalize(uri_path) else {
        return Answer::refuse(Refusal::new(400, "the URL is not one"));
    };
    let Some((route, groups)) =
        table.routes.iter().find_map(|route| Some((route, route.pattern.regex.captures(&uri)?)))
    else {
        return Answer::refuse(Refusal::new(404, NOWHERE));
    };
    let view = view(table, &uri);
    let below = |view: &[u8]| {
        PathBuf::from(OsString::from_vec([table.www.as_bytes(), b"/", view].concat()))
    };
    let shown = std::fs::canonicalize(below(&view)).unwrap_or_else(|_| below(ABSENT.as_bytes()));
    let values = Values {
        table,
        regex: &route.pattern.regex,
        groups: &groups,
        view: &view,
        shown: shown.into_os_string().into_vec(),
    };
    let mut candidates = Vec::new();
    for step in &route.steps {
        let cache = cache(table, step.cache, &groups);
        candidates.extend(step.candidates.iter().map(|template| {
            let path = values.path(template);
            let content_type = content_type(table, route.mirror, &step.kind, &path);
            Candidate { path, cache, content_type }
        }));
    }
    let not_found = refusal(table, route, &values);
    Answer { candidates, manner: route.manner, not_found }
}

/// The folder below www that stands for a view that leads nowhere.
pub(super) const ABSENT: &str = ".absent";
/// What is said of a URL that is nobody's.
pub(super) const NOWHERE: &str = "no mirror answers here; a dated tree is /snapshots/MIRROR/2026-11-23/, with a time 2026-11-23T04:00, in full 20261123T040000Z";

fn refusal(table: &Table, route: &Route, values: &Values<'_>) -> Refusal {
    let Some(words) = words(table, &route.missing) else {
        return match &route.missing {
            Missing::Plain(text) => Refusal::new(404, text),
            Missing::Words { status, kind, text } => {
                Refusal { content_type: kind.clone(), ..Refusal::new(*status, text) }
            }
            Missing::Channel(_) | Missing::Dated(_) => Refusal::new(404, NOWHERE),
        };
    };
    let (status, text) =
        if values.path(&words.probe).is_dir() { words.with } else { words.without };
    let mut refusal = Refusal::new(status, &String::from_utf8_lossy(&values.fill(&text)));
    refusal.retry_after = (status == 503).then_some(RETRY_SECONDS);
    refusal
}

fn cache(table: &Table, cache: Cache, groups: &Captures<'_>) -> &'static str {
    match cache {
        Cache::Always(text) => text,
        Cache::ByName(number) => {
            let rest = groups.name("pinfold_rest").map_or(&b""[..], |rest| rest.as_bytes());
            let first = table.mirrors[number]
                .caching
                .iter()
                .find(|(pattern, _)| pattern.regex.is_match(rest));
            first.map_or(NO_CACHE, |(_, text)| text)
        }
    }
}

/// Says what a URL asks for, below www.
fn view(table: &Table, uri: &[u8]) -> Vec<u8> {
    let groups_of = |pattern: &Pattern, fill: &dyn Fn(&Values<'_>) -> Option<Vec<u8>>| {
        let groups = pattern.regex.captures(uri)?;
        let regex = &pattern.regex;
        fill(&Values { table, regex, groups: &groups, view: b"", shown: Vec::new() })
    };
    let finest = table.finer.iter().rev().find_map(|(pattern, probe, view)| {
        groups_of(pattern, &|values| {
            let is_there = values.path(&format!("${{pinfold_www}}/{probe}")).exists();
            is_there.then(|| values.fill(view))
        })
    });
    let coarse = || {
        let mut views = table.views.iter();
        views.find_map(|(pattern, view)| groups_of(pattern, &|values| Some(values.fill(view))))
    };
    finest.or_else(coarse).unwrap_or_else(|| table.view_otherwise.clone().into_bytes())
}

fn content_type(table: &Table, mirror: Option<usize>, kind: &Kind, path: &Path) -> String {
    let otherwise = match kind {
        Kind::Always(kind) => return kind.clone(),
        Kind::ByName(otherwise) => *otherwise,
    };
    let types = mirror.map_or(&table.types, |number| &table.mirrors[number].types);
    let name =
        path.as_os_str().as_encoded_bytes().rsplit(|b| *b == b'/').next().unwrap_or_default();
    let extension =
        name.iter().rposition(|b| *b == b'.').map(|dot| name[dot + 1..].to_ascii_lowercase());
    let known = extension.and_then(|extension| types.get(std::str::from_utf8(&extension).ok()?));
    known.map_or_else(|| otherwise.to_owned(), Clone::clone)
}

/// The values of a template's names in one request.
struct Values<'a> {
    table: &'a Table,
    regex: &'a Regex,
    groups: &'a Captures<'a>,
    view: &'a [u8],
    shown: Vec<u8>,
}

impl Values<'_> {
    fn fill(&self, template: &str) -> Vec<u8> {
        let mut filled = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            filled.extend_from_slice(before.as_bytes());
            filled.extend_from_slice(match name {
                "pinfold_www" => self.table.www.as_bytes(),
                "pinfold_view" => self.view,
                "pinfold_pub" => &self.shown,
                group if self.regex.capture_names().flatten().any(|known| known == group) => {
                    self.groups.name(group).map_or(&b""[..], |group| group.as_bytes())
                }
                _ => b"",
            });
            rest = tail;
        }
        filled.extend_from_slice(rest.as_bytes());
        filled
    }

    fn path(&self, template: &str) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.fill(template)))
    }
}

/// Decodes a request's path and takes out `.`, `..` and doubled slashes, as nginx does with `merge_slashes`; `None`
/// where nginx answers 400. Decoded dots and slashes count as such.
fn normalize(raw: &[u8]) -> Option<Vec<u8>> {
    let end = raw.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(raw.len());
    if raw.first() != Some(&b'/') || raw.iter().any(|b| *b <= b' ' || *b == 0x7f) {
        return None;
    }
    let mut decoded = Vec::new();
    let mut bytes = raw[..end].iter().copied();
    while let Some(byte) = bytes.next() {
        let digit = |b: Option<u8>| char::from(b?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        decoded.push(match byte {
            b'%' => match digit(bytes.next())? << 4 | digit(bytes.next())? {
                0 => return None,
                byte => byte,
            },
            plain => plain,
        });
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut folder = true;
    for part in decoded.split(|b| *b == b'/').skip(1) {
        folder = matches!(part, b"" | b"." | b"..");
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    let mut path = vec![b'/'];
    path.extend_from_slice(&parts.join(&b'/'));
    if folder && !parts.is_empty() {
        path.push(b'/');
    }
    Some(path)
}
