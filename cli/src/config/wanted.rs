//! What of an archive a mirror's file asks for, in its family's words.

use std::num::NonZeroUsize;

use pinfold_mirror::apk;
use pinfold_mirror::apt::{self, SuiteName, Take};
use pinfold_mirror::brew;
use pinfold_mirror::family::Family;
use pinfold_mirror::files;
use pinfold_mirror::http::Base;
use pinfold_mirror::judged::PackageSignatures;
use pinfold_mirror::pacman::{self, Layout};
use pinfold_mirror::rpm::{self, Folder};
use pinfold_store::path::escape;

use super::mirror::{Cache, Wanted};
use super::written::{MirrorFile, Mode};

impl MirrorFile {
    /// Names a key that is set and says nothing to the family.
    pub(super) fn foreign(&self, family: Family) -> Option<&'static str> {
        use Family::{Apk, Apt, Brew, Files, Pacman, Rpm};
        let [include, exclude] =
            [&self.filter.include, &self.filter.exclude].map(|one| !one.is_empty());
        let is_name = |name: &Option<String>| name.is_some();
        let is_switch = |switch: &Option<bool>| switch.is_some();
        // Each with the families that know it.
        let keys: &[(&str, bool, &[Family])] = &[
            ("suites", !self.suites.is_empty(), &[Apt]),
            ("components", !self.components.is_empty(), &[Apt]),
            ("udebs", is_switch(&self.udebs), &[Apt]),
            ("i18n", self.i18n.is_some(), &[Apt]),
            ("contents", self.contents.is_some(), &[Apt]),
            ("dep11", self.dep11.is_some(), &[Apt]),
            ("signed", self.signed.is_some(), &[Apt]),
            ("check-valid-until", is_switch(&self.check_valid_until), &[Apt]),
            ("sections", !self.filter.sections.is_empty(), &[Apt]),
            ("priorities", !self.filter.priorities.is_empty(), &[Apt]),
            ("mirrorlist", is_name(&self.mirrorlist), &[Rpm]),
            ("metalink", is_name(&self.metalink), &[Rpm]),
            ("repository", is_name(&self.repository), &[Rpm]),
            ("newest", self.newest.is_some(), &[Rpm]),
            ("sources", is_switch(&self.sources), &[Rpm]),
            ("debuginfo", is_switch(&self.debuginfo), &[Rpm]),
            ("package-signatures", is_name(&self.package_signatures), &[Rpm, Pacman]),
            ("versions", !self.versions.is_empty(), &[Apk]),
            ("repositories", !self.repositories.is_empty(), &[Apk, Pacman]),
            ("latest-stable", is_name(&self.latest_stable), &[Apk]),
            ("layout", is_name(&self.layout), &[Pacman]),
            ("formulae", !self.formulae.is_empty(), &[Brew]),
            ("tags", !self.tags.is_empty(), &[Brew]),
            ("registry", is_name(&self.registry), &[Brew]),
            ("mode", self.mode.is_some(), &[Brew]),
            ("cache-folder", self.cache_folder.is_some(), &[Brew]),
            ("cache-size", is_name(&self.cache_size), &[Brew]),
            ("resolvers", !self.resolvers.is_empty(), &[Brew]),
            ("architectures", !self.architectures.is_empty(), &[Apt, Rpm, Apk, Pacman]),
            ("include", include, &[Apt, Rpm, Apk, Pacman, Files]),
            ("exclude", exclude, &[Apt, Rpm, Apk, Pacman, Files]),
            ("depth", self.depth.is_some(), &[Files]),
            ("installer", is_switch(&self.installer), &[Apt, Rpm]),
            // Keys by the names of their files: a name and a fingerprint are the same to whoever gives each a file.
            ("signers", !self.signers.is_empty(), &[Apt, Rpm, Pacman, Files]),
        ];
        let foreign =
            |(_, is_set, families): &&(_, bool, &[Family])| *is_set && !families.contains(&family);
        keys.iter().find(foreign).map(|(key, ..)| *key)
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
            Family::Pacman if self.repositories.is_empty() && self.architectures.is_empty() => {
                Ok(None)
            }
            Family::Pacman => Ok(Some(Wanted::Pacman(self.pacman()?))),
            Family::Files => Ok(Some(Wanted::Files(self.files()?))),
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

    fn files(&self) -> Result<files::Selection, String> {
        let depth = match self.depth {
            None => files::DEPTH_MAX,
            Some(depth @ 1..=files::DEPTH_MAX) => depth,
            Some(depth) => {
                let most = files::DEPTH_MAX;
                return Err(format!("depth = {depth}: it is between 1, the top alone, and {most}"));
            }
        };
        Ok(files::Selection {
            depth,
            include: self.filter.include.clone(),
            exclude: self.filter.exclude.clone(),
            brought: false,
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
