//! What of an archive a mirror's file asks for, in its family's words.

use std::num::NonZeroUsize;

use pinfold_mirror::Pattern;
use pinfold_mirror::apt::{self, SuiteName, Take};
use pinfold_mirror::family::Family;
use pinfold_mirror::pacman::{self, Layout};
use pinfold_mirror::rpm::{self, Folder, PackageSignatures};
use pinfold_store::path::escape;

use super::mirror::Wanted;
use super::written::MirrorFile;

impl MirrorFile {
    /// Names a key that is set and says nothing to the family.
    pub(super) fn foreign(&self, family: Family) -> Option<&'static str> {
        let apt = [
            ("suites", !self.suites.is_empty()),
            ("components", !self.components.is_empty()),
            ("udebs", self.udebs.is_some()),
            ("i18n", self.i18n.is_some()),
            ("contents", self.contents.is_some()),
            ("dep11", self.dep11.is_some()),
            ("signed", self.signed.is_some()),
            ("check-valid-until", self.check_valid_until.is_some()),
            ("sections", !self.filter.sections.is_empty()),
            ("priorities", !self.filter.priorities.is_empty()),
        ];
        let rpm = [
            ("mirrorlist", self.mirrorlist.is_some()),
            ("metalink", self.metalink.is_some()),
            ("repository", self.repository.is_some()),
            ("newest", self.newest.is_some()),
            ("sources", self.sources.is_some()),
            ("debuginfo", self.debuginfo.is_some()),
        ];
        let pacman =
            [("repositories", !self.repositories.is_empty()), ("layout", self.layout.is_some())];
        let of_packages = [("package-signatures", self.package_signatures.is_some())];
        let installer = [("installer", self.installer.is_some())];
        let foreign: &[&[(&'static str, bool)]] = match family {
            Family::Apt => &[&rpm, &of_packages, &pacman],
            Family::Rpm => &[&apt, &pacman],
            Family::Pacman => &[&apt, &rpm, &installer],
            Family::Files => &[&apt, &rpm, &of_packages, &pacman],
        };
        foreign.iter().copied().flatten().find(|(_, is_set)| *is_set).map(|(key, _)| *key)
    }

    /// Says whether something is asked of an upstream.
    pub(super) fn says_what(&self) -> bool {
        !self.suites.is_empty()
            || !self.architectures.is_empty()
            || self.repository.is_some()
            || self.newest.is_some()
            || !self.repositories.is_empty()
    }

    /// Says what is asked of an upstream; `None` where nothing is.
    pub(super) fn wanted(&self, family: Family) -> Result<Option<Wanted>, String> {
        self.check_words()?;
        match family {
            Family::Apt if self.suites.is_empty() && self.architectures.is_empty() => Ok(None),
            Family::Apt => Ok(Some(Wanted::Apt(self.apt()?))),
            Family::Rpm => Ok(Some(Wanted::Rpm(self.rpm()?))),
            Family::Pacman if self.repositories.is_empty() && self.architectures.is_empty() => {
                Ok(None)
            }
            Family::Pacman => Ok(Some(Wanted::Pacman(self.pacman()?))),
            Family::Files if self.architectures.is_empty() => Ok(None),
            Family::Files => {
                Err("upstream: a mirror of family files is fed by pinfold ingest".to_owned())
            }
        }
    }

    /// Refuses words that are no names.
    fn check_words(&self) -> Result<(), String> {
        for (key, words) in
            [("components", &self.components), ("architectures", &self.architectures)]
        {
            for word in words {
                let is_clean = |b: u8| {
                    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'/')
                };
                if word.is_empty() || !word.bytes().all(is_clean) {
                    return Err(format!("{key}: '{}' is no name", escape(word.as_bytes())));
                }
            }
        }
        Ok(())
    }

    fn apt(&self) -> Result<apt::Selection, String> {
        let suites: Vec<SuiteName> = self
            .suites
            .iter()
            .map(|suite| SuiteName::parse(suite).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        if suites.is_empty() {
            return Err(
                "suites: name at least one, such as suites = [\"noble\", \"noble-updates\"]; a flat repository has a slash at its end".to_owned()
            );
        }
        if self.architectures.is_empty() && !suites.iter().all(SuiteName::is_flat) {
            return Err("architectures: name at least one, such as architectures = [\"amd64\"]; \"source\" for sources".to_owned());
        }
        Ok(apt::Selection {
            suites,
            components: self.components.clone(),
            architectures: self.architectures.clone(),
            udebs: self.udebs.unwrap_or_default(),
            installer: self.installer.unwrap_or_default(),
            i18n: take(&self.i18n),
            contents: take(&self.contents),
            dep11: take(&self.dep11),
            filter: self.filter.clone(),
        })
    }

    fn rpm(&self) -> Result<rpm::Selection, String> {
        let folder = self.repository.clone().unwrap_or_default();
        let folder = Folder::try_from(folder).map_err(|error| format!("repository: {error}"))?;
        let newest = match self.newest.map(NonZeroUsize::new) {
            None => None,
            Some(None) => return Err("newest = 0: at least one version is taken".to_owned()),
            Some(count) => count,
        };
        let package_signatures = self.package_signatures("/etc/pki/rpm-gpg/…")?;
        let patterns = |patterns: &[Pattern]| patterns.to_vec();
        Ok(rpm::Selection {
            repositories: vec![folder],
            architectures: self.architectures.clone(),
            newest,
            sources: self.sources.unwrap_or(true),
            debuginfo: self.debuginfo.unwrap_or(true),
            installer: self.installer.unwrap_or_default(),
            include: patterns(&self.filter.include),
            exclude: patterns(&self.filter.exclude),
            package_signatures,
        })
    }
}

impl MirrorFile {
    /// What is done about the packages' own signatures; `example` is where such keys are.
    fn package_signatures(&self, example: &str) -> Result<PackageSignatures, String> {
        let signatures = match self.package_signatures.as_deref() {
            None => return Ok(PackageSignatures::Unchecked),
            Some("report") => PackageSignatures::Report,
            Some("require") => PackageSignatures::Require,
            Some(other) => {
                let other = escape(other.as_bytes());
                return Err(format!("package-signatures = \"{other}\": it is report or require"));
            }
        };
        if self.has_keyrings() {
            return Ok(signatures);
        }
        Err(format!(
            "package-signatures: it needs keyrings = [\"{example}\"] with the vendor's keys"
        ))
    }

    /// Where a tree of pacman's repositories has them.
    pub(super) fn layout(&self) -> Result<Layout, String> {
        self.layout.as_deref().map_or_else(
            || Ok(Layout::default()),
            |text| Layout::parse(text).map_err(|error| error.to_string()),
        )
    }

    fn pacman(&self) -> Result<pacman::Selection, String> {
        let layout = self.layout()?;
        if self.repositories.is_empty() {
            return Err(
                "repositories: name at least one, such as repositories = [\"core\", \"extra\"]"
                    .to_owned(),
            );
        }
        let none = [String::new()];
        let architectures = match (layout.has_architectures(), self.architectures.as_slice()) {
            (true, []) => {
                return Err(
                    "architectures: name at least one, such as architectures = [\"x86_64\"]"
                        .to_owned(),
                );
            }
            (true, architectures) => architectures,
            (false, []) => &none,
            (false, _) => {
                return Err("architectures: the layout has no $arch in it, so that they would choose nothing".to_owned());
            }
        };
        let mut databases = Vec::new();
        for architecture in architectures {
            for repository in &self.repositories {
                let database = layout.database(repository, architecture);
                databases.push(database.map_err(|error| error.to_string())?);
            }
        }
        Ok(pacman::Selection {
            databases,
            include: self.filter.include.clone(),
            exclude: self.filter.exclude.clone(),
            package_signatures: self
                .package_signatures("/usr/share/pacman/keyrings/archlinux.gpg")?,
        })
    }
}

fn take(said: &Option<Take>) -> Take {
    said.clone().unwrap_or_default()
}
