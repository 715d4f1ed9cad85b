//! What clients of one mirror ask for at the top of the server, beside all mounts.
//!
//! Homebrew's well-known variable names the server and nothing else, and what it asks for there may look like another mirror's: it
//! has a formula `alpine`. What lies in that mirror counts more; where nothing does, the file of the one mirror is tried.

use super::cache;
use super::kinds::{Kind, Manner, OCTETS};
use super::table::{Cache, Missing, Pattern, Route, Step, literal, strict};
use super::{MirrorSite, SiteError};

/// The first mirror whose names are asked for at the top.
pub(super) struct Top<'a> {
    number: usize,
    mirror: &'a MirrorSite,
}

impl<'a> Top<'a> {
    /// Finds it.
    pub(super) fn of(mirrors: &'a [MirrorSite]) -> Option<Self> {
        let mut numbered = mirrors.iter().enumerate();
        let (number, mirror) = numbered.find(|(_, mirror)| !mirror.top_names.is_empty())?;
        Some(Self { number, mirror })
    }

    /// Gives the step that tries a file of it; `folder` is what stands before the part of the URL that the pattern keeps.
    fn step(&self, folder: &str, kind: Kind) -> Step {
        let name = self.mirror.name.as_str();
        let tree = format!("${{pinfold_pub}}/{name}/tree{folder}${{pinfold_rest}}");
        let union = format!("${{pinfold_www}}/union/{name}{folder}${{pinfold_rest}}");
        Step { candidates: vec![tree, union], cache: Cache::ByName(self.number), kind }
    }

    /// Makes the routes of folders that answer with words: no mount has anything to say of a folder.
    pub(super) fn words(&self) -> Result<Vec<Route>, SiteError> {
        let words = self.mirror.words.iter().map(|(path, kind, text)| {
            Ok(Route {
                pattern: Pattern::new(&format!(r"^/{}\z", literal(path)))?,
                mirror: Some(self.number),
                steps: Vec::new(),
                missing: Missing::Words { status: 200, kind: kind.clone(), text: text.clone() },
                manner: Manner::Tagged,
                fill: None,
            })
        });
        words.collect()
    }

    /// Makes the routes within another mirror's mount, which come before its own.
    pub(super) fn inside(
        &self,
        number: usize,
        other: &MirrorSite,
    ) -> Result<Vec<Route>, SiteError> {
        if number == self.number || self.mirror.cache.is_some() {
            return Ok(Vec::new());
        }
        let (name, mount) = (other.name.as_str(), other.mount.as_str());
        let candidates =
            ["${pinfold_pub}/NAME/heads", "${pinfold_pub}/NAME/tree", "${pinfold_www}/union/NAME"];
        let own = Step {
            candidates: candidates
                .iter()
                .map(|folder| format!("{}${{pinfold_rest}}", folder.replace("NAME", name)))
                .collect(),
            cache: Cache::ByName(number),
            kind: Kind::ByName(OCTETS),
        };
        let typed = self.mirror.typed_names.iter().map(|(names, kind)| {
            let names = strict(names);
            let pattern =
                format!(r"^/{}(?<pinfold_rest>(?:/[^/]+)*/(?:{names}))\z", literal(mount));
            Ok(Route {
                pattern: Pattern::new(&pattern)?,
                mirror: Some(number),
                steps: vec![
                    own.clone(),
                    self.step(&format!("/{mount}"), Kind::Always(kind.clone())),
                ],
                missing: Missing::Channel(number),
                manner: Manner::Tagged,
                fill: None,
            })
        });
        typed.collect()
    }

    /// Makes the routes outside of all mounts, which come last.
    pub(super) fn routes(&self) -> Result<Vec<Route>, SiteError> {
        let route = |pattern: &str, steps: Vec<Step>, missing: Missing| {
            let (pattern, mirror) = (Pattern::new(pattern)?, Some(self.number));
            Ok(Route { pattern, mirror, steps, missing, manner: Manner::Tagged, fill: None })
        };
        if let Some(cache) = &self.mirror.cache {
            return cache::routes(self.number, self.mirror, cache, "");
        }
        let missing = || Missing::Channel(self.number);
        let mut routes = Vec::new();
        for (names, kind) in &self.mirror.typed_names {
            let pattern = format!(r"^(?<pinfold_rest>(?:/[^/]+)+/(?:{}))\z", strict(names));
            let step = self.step("", Kind::Always(kind.clone()));
            routes.push(route(&pattern, vec![step], missing())?);
        }
        let pattern = format!(r"^(?<pinfold_rest>/(?:{}))\z", strict(&self.mirror.top_names));
        let step = self.step("", Kind::ByName(OCTETS));
        routes.push(route(&pattern, vec![step], missing())?);
        Ok(routes)
    }
}
