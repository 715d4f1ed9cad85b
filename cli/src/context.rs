//! What every verb needs: configuration, clock, who asks, the store, the locks.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pinfold_mirror::apt::{self, HeadsInput, Signed};
use pinfold_mirror::family::{self, Family};
use pinfold_mirror::key::Key;
use pinfold_mirror::rpm;
use pinfold_publisher::generation::{Content, Head, HeadsWanted};
use pinfold_store::lock::{Asker, MirrorLock};
use pinfold_store::running::Running;
use pinfold_store::store::{Abilities, FOLDERS};
use pinfold_store::{Kind, Name, RelPath, Stamp, Store};

use crate::args::Args;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::ui::{self, Progress};

/// How long what took its time waits for a lock that others hold for a moment only.
const MOMENT: Duration = Duration::from_secs(600);

/// What every verb needs.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    /// The configuration's file.
    pub(crate) config_path: PathBuf,
    pub(crate) json: bool,
    pub(crate) dry_run: bool,
    pub(crate) now: Stamp,
    pub(crate) who: String,
    wait: Duration,
    verb: String,
}

impl Context {
    pub(crate) fn new(args: &Args, verb: &str) -> Result<Self, Failure> {
        Ok(Self {
            config: Arc::new(config::load(&args.config)?),
            config_path: args.config.clone(),
            json: args.json,
            dry_run: args.dry_run,
            now: now()?,
            who: who(),
            wait: Duration::from_secs(args.wait),
            verb: verb.to_owned(),
        })
    }

    /// The same, for what only looks.
    pub(crate) fn dry(&self) -> Self {
        Self { dry_run: true, ..self.clone() }
    }

    /// The same at this moment: for what takes its time.
    pub(crate) fn later(&self) -> Result<Self, Failure> {
        Ok(Self { now: now()?, ..self.clone() })
    }

    /// Writes a time for people, in the time zone of the configuration.
    pub(crate) fn shown(&self, time: Stamp) -> String {
        let at = jiff::Timestamp::from_second(time.seconds());
        let civil = at.map(|at| self.config.zone.to_datetime(at));
        civil
            .map_or_else(|_none| time.human(), |civil| civil.strftime("%Y-%m-%d %H:%M").to_string())
    }

    /// Who asks for a lock.
    pub(crate) fn asker(&self) -> Asker {
        Asker { verb: format!("pinfold {}", self.verb), wait: self.wait }
    }

    /// How long is waited for a lock, in seconds.
    pub(crate) fn wait_seconds(&self) -> u64 {
        self.wait.as_secs()
    }

    /// Lets a run say what it does, as long as it shows progress.
    pub(crate) fn note(
        &self,
        (store, lock): (&Store, &MirrorLock),
        progress: &Progress,
        starter: Option<u32>,
    ) {
        let said = Running {
            verb: self.verb.clone(),
            pid: std::process::id(),
            starter,
            is_begun: false,
            since: self.now,
            seconds: 0,
            fetched_files: 0,
            fetched_bytes: 0,
            step: None,
            planned: None,
        };
        progress.note(store.notes(lock), said);
    }

    /// Prints what was done: as text, or with `--json` as the same in JSON.
    pub(crate) fn answer(&self, text: &str, value: &serde_json::Value) -> Result<(), Failure> {
        if self.json { ui::print_json(value) } else { ui::print(text) }
    }

    /// Who asks for a lock that others hold for a moment only: what took hours must not fail for it in the end.
    pub(crate) fn patient(&self) -> Asker {
        Asker { wait: self.wait.max(MOMENT), ..self.asker() }
    }

    /// Opens the store; its parts must lie on one file system.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        let store = Store::open(&self.config.root)?.with_min_free(self.config.min_free);
        self.check_parts(&store)?;
        Ok(store)
    }

    /// Opens the store for a verb that must work on a full disk: one that goes back, makes room or only looks.
    pub(crate) fn store_on_any_disk(&self) -> Result<Store, Failure> {
        let store = self.store()?;
        // Another user than the owner cannot, and may find that there is room enough for it.
        if store.give_reserve().unwrap_or(false) {
            ui::tell("pinfold: the disk is full: gave back what was set aside for this");
        }
        Ok(store)
    }

    /// Refuses a root whose parts lie on two file systems: nothing could be linked or renamed between them.
    pub(crate) fn check_parts(&self, store: &Store) -> Result<(), Failure> {
        let device = |part: &str| {
            let path = store.root().join(part);
            std::fs::metadata(&path).map(|meta| meta.dev()).map_err(|error| {
                Failure::machine(format!("cannot look at {}: {error}", path.display()))
                    .hint("pinfold init makes folders of the root that are missing")
            })
        };
        let own = device("")?;
        for part in FOLDERS {
            if device(part)? != own {
                return Err(self.split(part));
            }
        }
        Ok(())
    }

    /// Refuses a root whose parts cannot be linked into each other, though they may lie on one device.
    pub(crate) fn check_links(&self, abilities: &Abilities) -> Result<(), Failure> {
        abilities.unlinked.as_ref().map_or(Ok(()), |part| Err(self.split(part)))
    }

    fn split(&self, part: &str) -> Failure {
        let (at, root) = (&self.config.root_at, self.config.root.display());
        Failure::machine(format!(
            "{at}: root = \"{root}\": {part} lies on another file system than the rest: hardlinks cannot cross from one mount, btrfs subvolume or xfs project to another"
        ))
        .hint("give the whole root one file system, mounted once: no mount, bind mount or subvolume inside; or name another root")
    }

    /// Refuses a channel that the configuration does not name.
    pub(crate) fn check_channel(&self, channel: &Name) -> Result<(), Failure> {
        if self.config.channels.contains_key(channel) {
            return Ok(());
        }
        let known: Vec<&str> = self.config.channels.keys().map(Name::as_str).collect();
        Err(Failure::usage(format!(
            "no channel '{channel}' in the configuration: there are {}",
            known.join(", ")
        ))
        .hint(format!("add [channels.{channel}] to pinfold.toml and run pinfold init")))
    }

    /// Where the signing key is.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.config.root.join("keys/signing.asc")
    }

    /// The URL of a dated tree.
    pub(crate) fn dated_url(&self, mirror: &Name, taken: Stamp) -> String {
        format!("{}/snapshots/{mirror}/{taken}", self.config.site.url.trim_end_matches('/'))
    }

    /// The value of the field `Snapshots` in a channel's `Release`.
    pub(crate) fn snapshots_url(&self, mirror: &Name) -> String {
        format!("{}/snapshots/{mirror}/@SNAPSHOTID@/", self.config.site.url.trim_end_matches('/'))
    }

    /// The family of a mirror: as configured, or as the snapshot's record has it.
    fn family(
        &self,
        store: &Store,
        mirror: &Name,
        taken: Stamp,
    ) -> pinfold_publisher::Result<Option<Family>> {
        match self.config.mirrors.get(mirror) {
            Some(mirror) => Ok(Some(mirror.family)),
            None => Ok(family::by_name(&store.record(mirror, taken)?.family)),
        }
    }

    /// Says whether channels show the root metadata of a mirror with our signature.
    pub(crate) fn is_signed(
        &self,
        store: &Store,
        mirror: &Name,
        taken: Stamp,
    ) -> Result<bool, Failure> {
        let signed =
            self.config.mirrors.get(mirror).map(|mirror| mirror.signed).unwrap_or_default();
        let family = self.family(store, mirror, taken)?;
        Ok(signed == Signed::Local && family.is_some_and(Family::is_signed))
    }

    /// Makes the root metadata of a mirror in a new generation, as its family does.
    pub(crate) fn heads(
        &self,
        store: &Store,
        wanted: &HeadsWanted<'_>,
    ) -> pinfold_publisher::Result<Vec<Head>> {
        let failed = |kind: Kind, source: Box<dyn std::error::Error + Send + Sync>| {
            pinfold_publisher::Error::Heads { mirror: wanted.mirror.clone(), kind, source }
        };
        let configured = self.config.mirrors.get(wanted.mirror);
        let own = |path: &RelPath| Head { path: path.clone(), content: Content::OfTree };
        let made = |(path, bytes)| Head { path, content: Content::Bytes(bytes) };
        match self.family(store, wanted.mirror, wanted.snapshot)? {
            Some(Family::Files) | None => Ok(Vec::new()),
            Some(Family::Rpm) => {
                let dated_url = self.dated_url(wanted.mirror, wanted.snapshot);
                let lists = rpm::dated_lists(wanted.roots, &dated_url)
                    .map_err(|error| failed(error.kind(), Box::new(error)))?;
                Ok(wanted.roots.iter().map(own).chain(lists.into_iter().map(made)).collect())
            }
            Some(Family::Apk | Family::Pacman | Family::Brew) => {
                Ok(wanted.roots.iter().map(own).collect())
            }
            Some(Family::Apt) => {
                let heads = Key::load(&self.key_path()).and_then(|key| {
                    apt::heads(&HeadsInput {
                        tree: &wanted.tree,
                        roots: wanted.roots,
                        date: wanted.date,
                        key: &key,
                        signed: configured.map(|mirror| mirror.signed).unwrap_or_default(),
                        snapshots_url: Some(self.snapshots_url(wanted.mirror)),
                    })
                });
                let heads = heads.map_err(|error| failed(error.kind(), Box::new(error)))?;
                Ok(heads.into_iter().map(made).collect())
            }
        }
    }
}

/// The clock; for tests what `PINFOLD_NOW` says it is.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> Result<Stamp, Failure> {
    let Some(said) = std::env::var_os("PINFOLD_NOW") else {
        return Ok(Stamp::from_seconds(jiff::Timestamp::now().as_second()));
    };
    let text = said.to_string_lossy();
    let time: jiff::Timestamp = text.parse().map_err(|_not_one| {
        Failure::usage(format!("PINFOLD_NOW={text}: it is a time such as 2026-11-23T04:00:00Z"))
    })?;
    Ok(Stamp::from_seconds(time.as_second()))
}

/// Who asks: the person behind sudo, else the user, else the number.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the environment who it is")]
fn who() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let uid = rustix::process::getuid();
    let by_number =
        || if uid.is_root() { "root".to_owned() } else { format!("uid {}", uid.as_raw()) };
    named.map_or_else(by_number, |user| pinfold_store::path::escape(user.as_bytes()))
}
