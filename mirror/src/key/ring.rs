//! The signing keys of a root, `ROOT/keys/`, and the file that clients take them from, `www/pinfold.asc`.
//!
//! A rotation has two steps, so that clients trust the new key before it signs: the first makes `next.asc` and publishes both
//! public halves, the second makes it `signing.asc`. The old one stays published as `retired-FINGERPRINT.asc` until it is
//! forgotten: what a channel shows may still be signed by it.
//!
//! Holds: `signing.asc` is replaced by one rename, so that channels can be signed at any moment. Killed between two steps,
//! the keys on disk say what is left to do, and the next call does it. Every changing function takes the site's lock, under
//! which channels are signed too.

use std::path::{Path, PathBuf};

use pinfold_store::disk;
use pinfold_store::lock::SiteLock;

use super::certificate::{Certificate, public_armor};
use crate::{Error, Result};

const SIGNING: &str = "signing.asc";
const NEXT: &str = "next.asc";
/// What the names of keys begin with that sign no more.
const RETIRED: &str = "retired-";

/// The keys of a root.
#[derive(Debug)]
pub struct Ring {
    folder: PathBuf,
    public: PathBuf,
    is_rehearsal: bool,
    /// The key that signs.
    pub signing: Option<Certificate>,
    /// The key that will sign, while a rotation is under way.
    pub next: Option<Certificate>,
    /// Keys that signed before and that clients still need.
    pub retired: Vec<Certificate>,
}

impl Ring {
    /// Reads the keys in `folder`; `public` is the file that clients take them from.
    ///
    /// # Errors
    /// See [`Certificate::load`].
    pub fn open(folder: &Path, public: &Path) -> Result<Self> {
        let load = |name: &std::ffi::OsStr| Certificate::load(&folder.join(name));
        let (mut signing, mut next, mut retired) = (None, None, Vec::new());
        for name in disk::names(folder)? {
            match name.to_str() {
                Some(SIGNING) => signing = Some(load(&name)?),
                Some(NEXT) => next = Some(load(&name)?),
                Some(text) if text.starts_with(RETIRED) && text.ends_with(".asc") => {
                    retired.push(load(&name)?);
                }
                _ => {}
            }
        }
        // A switch that was interrupted leaves a copy of the key that signs, under one of the other names.
        let signs = signing.as_ref().map(Certificate::fingerprint);
        next = next.filter(|key| Some(key.fingerprint()) != signs);
        retired.retain(|key| Some(key.fingerprint()) != signs);
        let (folder, public) = (folder.to_owned(), public.to_owned());
        Ok(Self { folder, public, is_rehearsal: false, signing, next, retired })
    }

    /// Makes the changing functions check everything and write nothing.
    #[must_use]
    pub const fn rehearsed(mut self) -> Self {
        self.is_rehearsal = true;
        self
    }

    /// Gives the key that signs.
    ///
    /// # Errors
    /// [`Error::Key`] where there is none.
    pub fn signing(&self) -> Result<&Certificate> {
        let none = || Error::Key {
            action: "find",
            why: format!("{} is not there", self.folder.join(SIGNING).display()),
        };
        self.signing.as_ref().ok_or_else(none)
    }

    /// Lists every key with its part and its file.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, &Certificate, PathBuf)> {
        let part = |role, key, name: &str| (role, key, self.folder.join(name));
        let signing = self.signing.iter().map(move |key| part("signing", key, SIGNING));
        let next = self.next.iter().map(move |key| part("next", key, NEXT));
        let retired = self.retired.iter().map(move |key| part("retired", key, &retired_name(key)));
        signing.chain(next).chain(retired)
    }

    /// Writes the public halves of all keys, as clients take them.
    ///
    /// # Errors
    /// [`Error::Key`] where they cannot be written.
    pub fn armor(&self) -> Result<Vec<u8>> {
        public_armor(self.keys().map(|(_, key, _)| key))
    }

    /// Brings the file that clients take the keys from in step.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn publish(&self, _lock: &SiteLock) -> Result<()> {
        let armor = self.armor()?;
        if !self.is_rehearsal && std::fs::read(&self.public).ok().as_deref() != Some(&armor) {
            disk::write_durably(&self.public, &armor, 0o644)?;
            disk::point("keys-published");
        }
        Ok(())
    }

    /// Takes the first key, and publishes it; the same once more is fine.
    ///
    /// # Errors
    /// [`Error::KeyRefused`] where there is another.
    pub fn place(&mut self, key: Certificate, lock: &SiteLock) -> Result<()> {
        if let Some(there) = self.signing.as_ref() {
            if there.fingerprint() != key.fingerprint() {
                let why = format!("{} signs: it can only be rotated away", there.fingerprint());
                return Err(refused("take", &key, why));
            }
        } else {
            self.write(SIGNING, &key)?;
            self.signing = Some(key);
        }
        self.publish(lock)
    }

    /// Begins a rotation: takes the next key and publishes it beside the one that signs; the same once more is fine.
    ///
    /// # Errors
    /// [`Error::KeyRefused`] where another is the next one, or this one signs already.
    pub fn prepare(&mut self, key: Certificate, lock: &SiteLock) -> Result<()> {
        if self.signing()?.fingerprint() == key.fingerprint() {
            return Err(refused("rotate to", &key, "it signs already".to_owned()));
        }
        if let Some(there) = self.next.as_ref() {
            if there.fingerprint() != key.fingerprint() {
                let why = format!("a rotation to {} is under way", there.fingerprint());
                return Err(refused("rotate to", &key, why));
            }
        } else {
            self.write(NEXT, &key)?;
            disk::point("next-key-written");
            self.next = Some(key);
        }
        self.publish(lock)
    }

    /// Makes the next key the one that signs; the old one stays published. Without a next key: completes what was interrupted.
    ///
    /// # Errors
    /// See [`Ring::signing`]; [`Error::Key`] where the next key cannot sign; a file cannot be written.
    pub fn switch(&mut self, lock: &SiteLock) -> Result<()> {
        if let Some(next) = self.next.clone() {
            next.signer()?;
            let old = self.signing()?.clone();
            self.write(&retired_name(&old), &old)?;
            disk::point("key-retired");
            self.write(SIGNING, &next)?;
            disk::point("key-switched");
            self.retired.retain(|key| key.fingerprint() != next.fingerprint());
            self.retired.push(old);
            (self.signing, self.next) = (Some(next), None);
        }
        self.remove(NEXT)?;
        self.publish(lock)
    }

    /// Ends a rotation that was begun: the next key goes, the one that signs stays.
    ///
    /// # Errors
    /// A file cannot be written or removed.
    pub fn cancel(&mut self, lock: &SiteLock) -> Result<()> {
        self.remove(NEXT)?;
        self.next = None;
        self.publish(lock)
    }

    /// Removes the keys that sign no more, for good; clients that know no other refuse every channel from then on.
    ///
    /// # Errors
    /// A file cannot be written or removed.
    pub fn forget(&mut self, lock: &SiteLock) -> Result<()> {
        for name in disk::names(&self.folder)? {
            if let Some(name) = name.to_str().filter(|name| name.starts_with(RETIRED)) {
                self.remove(name)?;
                disk::point("key-forgotten");
            }
        }
        self.retired.clear();
        self.publish(lock)
    }

    fn write(&self, name: &str, key: &Certificate) -> Result<()> {
        if !self.is_rehearsal {
            disk::write_durably(&self.folder.join(name), &key.secret_armor()?, 0o600)?;
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        if !self.is_rehearsal && disk::remove_file(&path)? {
            disk::sync_parent(&path)?;
        }
        Ok(())
    }
}

fn retired_name(key: &Certificate) -> String {
    format!("{RETIRED}{}.asc", key.fingerprint())
}

fn refused(action: &'static str, key: &Certificate, why: String) -> Error {
    Error::KeyRefused { action, key: key.fingerprint(), why }
}

#[cfg(test)]
mod tests;
