//! The table: patterns in order, and for each the files that are tried.
//!
//! A template is text with `${name}` in it: `pinfold_www` (the www folder), `pinfold_view` (what the request asks for,
//! below www), `pinfold_pub` (where that leads to, resolved once a request), and the groups of the pattern. nginx
//! prints them as they are; `answer.rs` fills them in itself.

use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};

use super::cache::{self, CacheSite, Fill};
use super::check::refused;
use super::kinds::{Kind, Manner, OCTETS, TEXT, types};
use super::top::Top;
use super::{LOGS, MirrorSite, SiteConfig, SiteError};

/// For names whose bytes may change: ask each time.
pub(super) const NO_CACHE: &str = "no-cache";
/// For names that hold a hash and for dated trees.
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// For package names, which some vendors build anew in place.
pub(super) const DAY: &str = "public, max-age=86400";

/// How long a client waits for a mirror's first snapshot, in seconds.
pub(super) const RETRY_SECONDS: u32 = 300;

/// A date in full, as dated trees are named; the group leaves out the `Z`.
const FULL: &str = "(?<pinfold_date>[0-9]{8}T[0-9]{6})Z";
/// A day.
const DATE: &str = "(?<pinfold_y>[0-9]{4})-?(?<pinfold_m>[0-9]{2})-?(?<pinfold_d>[0-9]{2})";
/// A day or a time, as one group.
const SPAN: &str =
    "(?<pinfold_date>[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:T[0-9]{2}(?::?[0-9]{2}){0,2}Z?)?)";
/// The links below `at/` of spans shorter than a day, from longer to shorter: what of the time follows the day in a URL,
/// how the last part of such a span is named after the day, and how the part that is asked for is.
const SHORTER: [(&str, &str, &str); 5] = [
    ("T(?<pinfold_h>[0-9]{2})(?::?[0-9]{2}){0,2}", "T23", "T${pinfold_h}"),
    (
        "T(?<pinfold_h>[0-9]{2}):?(?<pinfold_i>[0-9])[0-9](?::?[0-9]{2})?",
        "T${pinfold_h}5",
        "T${pinfold_h}${pinfold_i}",
    ),
    (
        "T(?<pinfold_h>[0-9]{2}):?(?<pinfold_i>[0-9])(?<pinfold_j>[0-9])(?::?[0-9]{2})?",
        "T${pinfold_h}${pinfold_i}9",
        "T${pinfold_h}${pinfold_i}${pinfold_j}",
    ),
    (
        "T(?<pinfold_h>[0-9]{2}):?(?<pinfold_i>[0-9]{2}):?(?<pinfold_s>[0-9])[0-9]",
        "T${pinfold_h}${pinfold_i}5",
        "T${pinfold_h}${pinfold_i}${pinfold_s}",
    ),
    (
        "T(?<pinfold_h>[0-9]{2}):?(?<pinfold_i>[0-9]{2}):?(?<pinfold_s>[0-9])(?<pinfold_t>[0-9])",
        "T${pinfold_h}${pinfold_i}${pinfold_s}9",
        "T${pinfold_h}${pinfold_i}${pinfold_s}${pinfold_t}",
    ),
];

/// A regular expression that nginx and we read alike.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) regex: Regex,
}

impl Pattern {
    /// Compiles a pattern over bytes; `.` takes line ends too, names may hold them.
    pub(super) fn new(text: &str) -> Result<Self, SiteError> {
        let text = format!("(?s){text}");
        match RegexBuilder::new(&text).unicode(false).build() {
            Ok(regex) => Ok(Self { text, regex }),
            Err(error) => Err(refused("names", &text, &error.to_string().replace('\n', " "))),
        }
    }
}

/// Files that are tried one after the other, all with one caching rule.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) candidates: Vec<String>,
    pub(super) cache: Cache,
    pub(super) kind: Kind,
}

impl Step {
    /// Gives the same step with another type.
    pub(super) fn of_kind(&self, kind: &Kind) -> Self {
        Self { kind: kind.clone(), ..self.clone() }
    }
}

/// The Cache-Control of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// Always this one.
    Always(&'static str),
    /// By the name, as the mirror of this number has it.
    ByName(usize),
}

/// What is said when no file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing is known of the URL.
    Plain(&'static str),
    /// Of a mirror in a channel.
    Channel(usize),
    /// Of a dated tree of a mirror.
    Dated(usize),
    /// No file answers, but these words.
    Words {
        /// The HTTP status.
        status: u16,
        /// The MIME type.
        kind: String,
        /// What is said.
        text: String,
    },
}

/// One pattern of URLs.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) pattern: Pattern,
    pub(super) mirror: Option<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) missing: Missing,
    /// Which headers answers carry besides.
    pub(super) manner: Manner,
    /// What nginx brings from elsewhere for it.
    pub(super) fill: Option<Fill>,
}

/// A mirror's part of the table.
#[derive(Debug)]
pub(super) struct Mirror {
    pub(super) name: String,
    /// The first that matches the mirror-relative path, with its leading slash, gives the Cache-Control.
    pub(super) caching: Vec<(Pattern, &'static str)>,
    pub(super) types: BTreeMap<String, String>,
    pub(super) cache: Option<CacheSite>,
}

/// All rules.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) www: String,
    pub(super) logs: String,
    /// What a URL asks for, below www; the first that matches.
    pub(super) views: Vec<(Pattern, String)>,
    /// What every other URL asks for.
    pub(super) view_otherwise: String,
    /// For a URL with a time, from coarse to fine: the pattern, what must be there, and the view if it is; the last one
    /// counts.
    ///
    /// A span has either all its parts below `at/` or, where it had no snapshot, none. So it is the link of its last part
    /// that decides between a part and the whole: falling from an absent hour to its day would show a later state than was
    /// asked for.
    pub(super) finer: Vec<(Pattern, String, String)>,
    pub(super) routes: Vec<Route>,
    pub(super) mirrors: Vec<Mirror>,
    pub(super) types: BTreeMap<String, String>,
}

impl Table {
    /// Makes the table from checked parts.
    pub(super) fn new(
        config: &SiteConfig,
        mirrors: &[MirrorSite],
        root: &str,
    ) -> Result<Self, SiteError> {
        let channels = alternatives(config.channels.iter().map(super::Name::as_str));
        let names = alternatives(mirrors.iter().map(|mirror| mirror.name.as_str()));
        let default = config.default_channel().map_or("production", super::Name::as_str);
        let mut views = vec![(
            Pattern::new(&format!("^/channels/(?<pinfold_channel>{channels})/"))?,
            "channels/${pinfold_channel}".to_owned(),
        )];
        let mut finer = Vec::new();
        if !mirrors.is_empty() {
            let of = format!("^/snapshots/(?<pinfold_mirror>{names})");
            let day = "at/${pinfold_mirror}/${pinfold_y}${pinfold_m}${pinfold_d}";
            views.push((Pattern::new(&format!("{of}/{DATE}(?:T[0-9:]+Z?)?/"))?, day.to_owned()));
            for (time, last, part) in SHORTER {
                let pattern = Pattern::new(&format!("{of}/{DATE}{time}Z?/"))?;
                finer.push((pattern, format!("{day}{last}"), format!("{day}{part}")));
            }
            let tree = "snapshots/${pinfold_mirror}/${pinfold_date}Z";
            finer.push((Pattern::new(&format!("{of}/{FULL}/"))?, tree.to_owned(), tree.to_owned()));
        }
        let top = Top::of(mirrors);
        let mut routes = Vec::new();
        for (number, mirror) in mirrors.iter().enumerate() {
            routes.extend(dotted(number, mirror, &channels)?);
        }
        routes.extend(own()?);
        if let Some(top) = &top {
            routes.extend(top.words()?);
        }
        for (number, mirror) in mirrors.iter().enumerate() {
            if let Some(top) = &top {
                routes.extend(top.inside(number, mirror)?);
            }
            routes.extend(match &mirror.cache {
                None => of_mirror(number, mirror, &channels)?,
                Some(cache) => {
                    let mount = format!("/{}", literal(mirror.mount.as_str()));
                    cache::routes(number, mirror, cache, &mount)?
                }
            });
        }
        if let Some(top) = &top {
            routes.extend(top.routes()?);
        }
        let logs = config
            .logs
            .as_deref()
            .and_then(std::path::Path::to_str)
            .unwrap_or(LOGS)
            .trim_end_matches('/')
            .to_owned();
        Ok(Self {
            www: format!("{root}/www"),
            logs,
            views,
            view_otherwise: format!("channels/{default}"),
            finer,
            routes,
            mirrors: mirrors.iter().map(part).collect::<Result<_, _>>()?,
            types: types(&[]),
        })
    }
}

/// Makes the routes of no mirror; the first refuses hidden names but for those that a mirror's family has.
fn own() -> Result<Vec<Route>, SiteError> {
    let route = |pattern: &str, file: Option<&str>, default_type, manner| {
        let steps = file.map(|file| Step {
            candidates: vec![format!("${{pinfold_www}}/{file}")],
            cache: Cache::Always(NO_CACHE),
            kind: Kind::ByName(default_type),
        });
        let missing = Missing::Plain(if file.is_some() {
            "no such file"
        } else {
            "hidden names are not served"
        });
        Ok(Route {
            pattern: Pattern::new(pattern)?,
            mirror: None,
            steps: steps.into_iter().collect(),
            missing,
            manner,
            fill: None,
        })
    };
    let (file, page) = (Manner::Tagged, Manner::Page);
    Ok(vec![
        route(r"/\.", None, OCTETS, file)?,
        route(r"^/pinfold\.asc\z", Some("pinfold.asc"), TEXT, file)?,
        route(r"^/status/?\z", Some("status/index.html"), OCTETS, page)?,
        route(r"^/status(?<pinfold_rest>/.*)\z", Some("status${pinfold_rest}"), OCTETS, page)?,
    ])
}

/// Where a mirror answers.
struct Place {
    prefix: String,
    missing: Missing,
    /// How root metadata is found.
    root: Vec<Step>,
    /// How everything else is.
    rest: Vec<Step>,
}

/// Gives where a mirror answers: in channels, at full dates, at days and times.
fn places(number: usize, mirror: &MirrorSite, channels: &str) -> [Place; 3] {
    let name = mirror.name.as_str();
    let tree = format!("${{pinfold_pub}}/{name}/tree${{pinfold_rest}}");
    let heads = format!("${{pinfold_pub}}/{name}/heads${{pinfold_rest}}");
    let dated = "${pinfold_pub}${pinfold_rest}".to_owned();
    let own = format!("${{pinfold_www}}/snapshots/{name}/${{pinfold_date}}Z${{pinfold_rest}}");
    let union = format!("${{pinfold_www}}/union/{name}${{pinfold_rest}}");
    let step = |candidates: &[&String], cache| Step {
        candidates: candidates.iter().map(|c| (*c).clone()).collect(),
        cache,
        kind: Kind::ByName(OCTETS),
    };
    let (ask, by_name, fixed) =
        (Cache::Always(NO_CACHE), Cache::ByName(number), Cache::Always(IMMUTABLE));
    // What lies in the dated tree of that name never changes. What stands in for it may: the union, and, where no tree has
    // the name, the one before it.
    [
        Place {
            prefix: format!("^(?:/channels/(?:{channels}))?/{}", literal(mirror.mount.as_str())),
            missing: Missing::Channel(number),
            root: vec![step(&[&heads, &tree], ask)],
            rest: vec![step(&[&tree, &union], by_name)],
        },
        Place {
            prefix: format!("^/snapshots/{}/{FULL}", literal(name)),
            missing: Missing::Dated(number),
            root: vec![step(&[&own], fixed), step(&[&dated], ask)],
            rest: vec![step(&[&own], fixed), step(&[&dated, &union], by_name)],
        },
        Place {
            prefix: format!("^/snapshots/{}/{SPAN}", literal(name)),
            missing: Missing::Dated(number),
            root: vec![step(&[&dated], ask)],
            rest: vec![step(&[&dated, &union], by_name)],
        },
    ]
}

/// Makes the routes of the hidden names that a mirror's family has, which lie in no hidden folder.
fn dotted(number: usize, mirror: &MirrorSite, channels: &str) -> Result<Vec<Route>, SiteError> {
    if mirror.dot_names.is_empty() {
        return Ok(Vec::new());
    }
    let names = strict(&mirror.dot_names);
    let one = |Place { prefix, missing, rest, .. }: Place| {
        let pattern = format!(r"{prefix}(?<pinfold_rest>/(?:[^./][^/]*/)*(?:{names}))\z");
        let steps = rest.iter().map(|step| step.of_kind(&Kind::ByName(TEXT))).collect();
        let (pattern, mirror) = (Pattern::new(&pattern)?, Some(number));
        Ok(Route { pattern, mirror, steps, missing, manner: Manner::Tagged, fill: None })
    };
    places(number, mirror, channels).into_iter().map(one).collect()
}

/// Makes the other routes of a mirror; root metadata first in each place.
fn of_mirror(number: usize, mirror: &MirrorSite, channels: &str) -> Result<Vec<Route>, SiteError> {
    let mut routes = Vec::new();
    for Place { prefix, missing, root, rest } in places(number, mirror, channels) {
        let route = |pattern: &str, steps: &[Step], kind: &Kind| {
            let pattern = Pattern::new(&format!("{prefix}{pattern}"))?;
            let steps = steps.iter().map(|step| step.of_kind(kind)).collect();
            let (mirror, missing) = (Some(number), missing.clone());
            Ok(Route { pattern, mirror, steps, missing, manner: Manner::Tagged, fill: None })
        };
        let named = |names: &str| format!(r"(?<pinfold_rest>/(?:.*/)?(?:{}))\z", strict(names));
        if !mirror.root_names.is_empty() {
            let root = route(&named(&mirror.root_names), &root, &Kind::ByName(TEXT))?;
            let manner = if mirror.has_validators { Manner::Tagged } else { Manner::Untagged };
            routes.push(Route { manner, ..root });
        }
        for (names, kind) in &mirror.typed_names {
            routes.push(route(&named(names), &rest, &Kind::Always(kind.clone()))?);
        }
        for (path, kind, text) in &mirror.words {
            let missing = Missing::Words { status: 200, kind: kind.clone(), text: text.clone() };
            let words = route(&format!(r"/{}\z", literal(path)), &[], &Kind::ByName(TEXT))?;
            routes.push(Route { missing, ..words });
        }
        routes.push(route(r"(?<pinfold_rest>/.*)\z", &rest, &Kind::ByName(OCTETS))?);
    }
    Ok(routes)
}

/// Makes a mirror's rules of caching and types.
fn part(mirror: &MirrorSite) -> Result<Mirror, SiteError> {
    let mut caching = Vec::new();
    if !mirror.hash_names.is_empty() {
        caching.push((Pattern::new(&format!("(?:{})", strict(&mirror.hash_names)))?, IMMUTABLE));
    }
    if !mirror.package_names.is_empty() {
        caching.push((Pattern::new(&format!(r"\.(?:{})\z", strict(&mirror.package_names)))?, DAY));
    }
    let (name, cache) = (mirror.name.as_str().to_owned(), mirror.cache.clone());
    Ok(Mirror { name, caching, types: types(&mirror.types), cache })
}

/// Writes names as alternatives of a pattern, the longest first.
fn alternatives<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.map(literal).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.join("|")
}

/// Writes a checked name or mount so that a pattern takes it literally.
pub(super) fn literal(text: &str) -> String {
    text.replace('.', r"\.").replace('+', r"\+")
}

/// Makes `$` mean the very end: to PCRE it is also the place before a last line end.
pub(super) fn strict(fragment: &str) -> String {
    let (mut strict, mut escaped, mut class) = (String::new(), false, false);
    for letter in fragment.chars() {
        match letter {
            '$' if !escaped && !class => strict.push_str(r"\z"),
            other => strict.push(other),
        }
        class = if escaped { class } else { (class || letter == '[') && letter != ']' };
        escaped = letter == '\\' && !escaped;
    }
    strict
}
