//! What of an archive a mirror's file asks for, in its family's words.

use std::num::NonZeroUsize;

use pinfold_mirror::apk;
use pinfold_mirror::apt::{self, SuiteName, Take};
use pinfold_mirror::brew;
use pinfold_mirror::family::Family;
use pinfold_mirror::http::Base;
use pinfold_mirror::rpm::{self, Folder, PackageSignatures};
use pinfold_store::path::escape;

use super::mirror::{Cache, Wanted};
use super::written::{MirrorFile, Mode};

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
            ("package-signatures", self.package_signatures.is_some()),
        ];
        let brew = [
            ("formulae", !self.formulae.is_empty()),
            ("tags", !self.tags.is_empty()),
            ("registry", self.registry.is_some()),
            ("mode", self.mode.is_some()),
            ("cache-folder", self.cache_folder.is_some()),
            ("cache-size", self.cache_size.is_some()),
            ("resolvers", !self.resolvers.is_empty()),
        ];
        let listed = [
            ("architectures", !self.architectures.is_empty()),
            ("installer", self.installer.is_some()),
            ("include", !self.filter.include.is_empty()),
            ("exclude", !self.filter.exclude.is_empty()),
            ("signers", !self.signers.is_empty()),
        ];
        let apk = [
            ("versions", !self.versions.is_empty()),
            ("repositories", !self.repositories.is_empty()),
            ("latest-stable", self.latest_stable.is_some()),
        ];
        // A name and a fingerprint are the same to whoever gives each key a file.
        let not_apk =
            [("signers", !self.signers.is_empty()), ("installer", self.installer.is_some())];
        let others: &[&[_]] = match family {
            Family::Apt => &[&rpm, &apk, &brew],
            Family::Rpm => &[&apt, &apk, &brew],
            Family::Apk => &[&apt, &rpm, &brew, &not_apk],
            Family::Brew => &[&apt, &rpm, &apk, &listed],
            Family::Files => &[&apt, &rpm, &apk, &brew],
        };
        others.iter().copied().flatten().find(|(_, is_set)| *is_set).map(|(key, _)| *key)
    }

    /// Says whether something is asked of an upstream.
    pub(super) fn says_what(&self) -> bool {
        !self.suites.is_empty()
            || !self.architectures.is_empty()
            || self.repository.is_some()
            || !self.versions.is_empty()
            || !self.repositories.is_empty()
            || self.newest.is_some()
            || !self.formulae.is_empty()
            || !self.tags.is_empty()
    }

    /// Says what is asked of an upstream; `None` where nothing is.
    pub(super) fn wanted(&self, family: Family) -> Result<Option<Wanted>, String> {
        self.check_words()?;
        match family {
            Family::Apt if self.suites.is_empty() && self.architectures.is_empty() => Ok(None),
            Family::Apt => Ok(Some(Wanted::Apt(self.apt()?))),
            Family::Rpm => Ok(Some(Wanted::Rpm(self.rpm()?))),
            Family::Brew if self.formulae.is_empty() && self.tags.is_empty() => Ok(None),
            Family::Brew => self.brew().map(Some),
            Family::Apk => Ok(Some(Wanted::Apk(self.apk()?))),
            Family::Files if self.architectures.is_empty() => Ok(None),
            Family::Files => {
                Err("upstream: a mirror of family files is fed by pinfold ingest".to_owned())
            }
        }
    }

    /// Refuses words that are no names.
    fn check_words(&self) -> Result<(), String> {
        for (key, words) in [
            ("components", &self.components),
            ("architectures", &self.architectures),
            ("versions", &self.versions),
            ("repositories", &self.repositories),
        ] {
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
        let package_signatures = match self.package_signatures.as_deref() {
            None => PackageSignatures::Unchecked,
            Some("report") => PackageSignatures::Report,
            Some("require") => PackageSignatures::Require,
            Some(other) => {
                let other = escape(other.as_bytes());
                return Err(format!("package-signatures = \"{other}\": it is report or require"));
            }
        };
        if package_signatures != PackageSignatures::Unchecked && !self.has_keyrings() {
            return Err("package-signatures: it needs keyrings = [\"/etc/pki/rpm-gpg/…\"] with the vendor's keys".to_owned());
        }
        Ok(rpm::Selection {
            repositories: vec![folder],
            architectures: self.architectures.clone(),
            newest,
            sources: self.sources.unwrap_or(true),
            debuginfo: self.debuginfo.unwrap_or(true),
            installer: self.installer.unwrap_or_default(),
            include: self.filter.include.clone(),
            exclude: self.filter.exclude.clone(),
            package_signatures,
        })
    }

    fn brew(&self) -> Result<Wanted, String> {
        if self.formulae.is_empty() {
            return Err("formulae: name at least one, such as formulae = [\"wget\", \"openssl@3\"], or \"*\" for all".to_owned());
        }
        if self.tags.is_empty() {
            return Err(
                "tags: name at least one, such as tags = [\"arm64_sequoia\", \"x86_64_linux\"]"
                    .to_owned(),
            );
        }
        let registry = self.registry()?;
        let (formulae, tags) = (self.formulae.clone(), self.tags.clone());
        let selection = brew::Selection { formulae, tags, as_found: false };
        match selection.flaw() {
            Some(why) => Err(why),
            None => Ok(Wanted::Brew { selection, registry }),
        }
    }

    fn registry(&self) -> Result<Base, String> {
        let url = self.registry.as_deref().unwrap_or(brew::REGISTRY);
        Base::parse(url).map_err(|error| format!("registry: {error}"))
    }

    /// What nginx keeps of what is asked for; `None` where the mirror is one.
    pub(super) fn cache(&self) -> Result<Option<Cache>, String> {
        let is_cache = self.mode == Some(Mode::Cache);
        let kept = [
            ("cache-folder", self.cache_folder.is_some()),
            ("cache-size", self.cache_size.is_some()),
            ("resolvers", !self.resolvers.is_empty()),
        ];
        let asked = [("formulae", !self.formulae.is_empty()), ("tags", !self.tags.is_empty())];
        let (foreign, what) =
            if is_cache { (&asked[..], "a cache") } else { (&kept[..], "what is no cache") };
        if let Some((key, _)) = foreign.iter().find(|(_, is_set)| *is_set) {
            return Err(format!("{key}: it means nothing to {what}"));
        }
        if !is_cache {
            return Ok(None);
        }
        let size = self.cache_size.as_deref().unwrap_or("200GiB");
        let bytes: Result<bytesize::ByteSize, _> = size.parse();
        let mebibytes_max = bytes.ok().map(|size| size.as_u64() >> 20).filter(|size| *size > 0);
        let mebibytes_max = mebibytes_max.ok_or_else(|| {
            format!("cache-size = \"{}\": it is a size such as 200GB", escape(size.as_bytes()))
        })?;
        let (registry, resolvers) = (self.registry()?, self.resolvers.clone());
        Ok(Some(Cache { registry, folder: self.cache_folder.clone(), mebibytes_max, resolvers }))
    }
}

impl MirrorFile {
    fn apk(&self) -> Result<apk::Selection, String> {
        if self.architectures.is_empty() {
            return Err(
                "architectures: name at least one, such as architectures = [\"x86_64\"]".to_owned()
            );
        }
        if self.repositories.is_empty() && !self.versions.is_empty() {
            return Err("repositories: name at least one, such as repositories = [\"main\", \"community\"]; \"edge/testing\" is of that version only".to_owned());
        }
        if let Some(version) = &self.latest_stable
            && !self.versions.contains(version)
        {
            let version = escape(version.as_bytes());
            return Err(format!("latest-stable = \"{version}\": it is none of the versions"));
        }
        let selection = apk::Selection {
            versions: self.versions.clone(),
            repositories: self.repositories.clone(),
            architectures: self.architectures.clone(),
            folders: Vec::new(),
            latest_stable: self.latest_stable.clone(),
            include: self.filter.include.clone(),
            exclude: self.filter.exclude.clone(),
        };
        selection.places().map(|_| selection)
    }
}

fn take(said: &Option<Take>) -> Take {
    said.clone().unwrap_or_default()
}
