//! What a database says of one package: the file `NAME-VERSION/desc`, read line by line as libalpm reads it.
//!
//! Where a text could be read in two ways it is refused: a key that is there twice, a name that is a path.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinfold_store::path::{NAME_BYTES_MAX, escape};
use pinfold_store::{Algorithm, Checksum};

use super::names::SIGNATURE;

/// The largest signature: pacman takes none that is larger.
pub(super) const SIGNATURE_BYTES_MAX: usize = 16 << 10;

/// A package of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its version, `EPOCH:VERSION-RELEASE`.
    pub version: &'a [u8],
    /// The name of what it was built from; its own where nothing is said.
    pub base: &'a [u8],
    /// Its architecture; `any` for all of them.
    pub architecture: &'a [u8],
    /// The name of its file, which stands beside the database.
    pub file: &'a [u8],
    /// The size of its file.
    pub size_bytes: Option<u64>,
    /// The strongest checksum that is stated.
    pub checksum: Checksum,
    /// Its signature, where the database holds it.
    pub signature: Option<Vec<u8>>,
}

/// The keys that are followed by one line.
const ONE: [&[u8]; 14] = [
    b"%NAME%",
    b"%VERSION%",
    b"%BASE%",
    b"%ARCH%",
    b"%FILENAME%",
    b"%CSIZE%",
    b"%SHA256SUM%",
    b"%MD5SUM%",
    b"%PGPSIG%",
    b"%DESC%",
    b"%URL%",
    b"%BUILDDATE%",
    b"%PACKAGER%",
    b"%ISIZE%",
];
/// So many of them are looked at.
const READ: usize = 9;
/// The keys that are followed by lines up to an empty one.
const MORE: [&[u8]; 11] = [
    b"%DEPENDS%",
    b"%OPTDEPENDS%",
    b"%MAKEDEPENDS%",
    b"%CHECKDEPENDS%",
    b"%PROVIDES%",
    b"%CONFLICTS%",
    b"%REPLACES%",
    b"%GROUPS%",
    b"%LICENSE%",
    b"%FILES%",
    b"%DELTAS%",
];

impl<'a> Package<'a> {
    /// Reads a text; an error says what is wrong with it.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, String> {
        let mut found: [Option<&[u8]>; READ] = [None; READ];
        let mut lines = text.split(|b| *b == b'\n');
        while let Some(line) = lines.next() {
            if let Some(at) = ONE.iter().position(|key| *key == line) {
                let value = lines.next().unwrap_or_default();
                if let Some(place) = found.get_mut(at)
                    && place.replace(value).is_some()
                {
                    return Err(format!("it has {} twice", escape(ONE[at])));
                }
            } else if MORE.contains(&line) {
                // What looks like a key in a list is a value.
                lines.by_ref().find(|line| line.is_empty());
            }
        }
        let [name, version, base, arch, file, size, sha256, md5, signature] =
            found.map(|value| value.filter(|value| !value.is_empty()));
        let needed = |what: Option<&'a [u8]>, key| {
            let value = what.ok_or_else(|| format!("it has no {key}"))?;
            check(value, key).map(|()| value)
        };
        let name = needed(name, "%NAME%")?;
        Ok(Self {
            name,
            version: needed(version, "%VERSION%")?,
            base: base.unwrap_or(name),
            architecture: arch.unwrap_or_default(),
            file: file_name(needed(file, "%FILENAME%")?)?,
            size_bytes: size.map(number).transpose()?,
            checksum: checksum(sha256, md5)?,
            signature: signature.map(decoded).transpose()?,
        })
    }
}

/// Refuses what cannot be part of a name.
fn check(value: &[u8], key: &str) -> Result<(), String> {
    let shown = || escape(&value[..value.len().min(100)]);
    if value.contains(&b'/') || value.starts_with(b".") {
        return Err(format!("its {key} is a path or hidden: {}", shown()));
    }
    if value.iter().any(u8::is_ascii_control) || value.len() > NAME_BYTES_MAX {
        return Err(format!("its {key} holds a control byte or is too long: {}", shown()));
    }
    Ok(())
}

/// Refuses what its signature would be called after, or that is called like one.
fn file_name(name: &[u8]) -> Result<&[u8], String> {
    if name.len() + SIGNATURE.len() > NAME_BYTES_MAX || name.ends_with(SIGNATURE.as_bytes()) {
        let shown = escape(&name[..name.len().min(100)]);
        return Err(format!("its %FILENAME% is none of a package: {shown}"));
    }
    Ok(name)
}

fn number(digits: &[u8]) -> Result<u64, String> {
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit));
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| {
        format!("its %CSIZE% is no number: {}", escape(&digits[..digits.len().min(100)]))
    })
}

/// Reads the strongest checksum: databases of old have MD5 only.
fn checksum(sha256: Option<&[u8]>, md5: Option<&[u8]>) -> Result<Checksum, String> {
    let (key, digits, algorithm) = match (sha256, md5) {
        (Some(digits), _) => ("%SHA256SUM%", digits, Algorithm::Sha256),
        (None, Some(digits)) => ("%MD5SUM%", digits, Algorithm::Md5),
        (None, None) => return Err("it has no checksum".to_owned()),
    };
    Checksum::of_hex(algorithm, digits).ok_or_else(|| {
        format!("its {key} is no checksum: {}", escape(&digits[..digits.len().min(100)]))
    })
}

fn decoded(text: &[u8]) -> Result<Vec<u8>, String> {
    if text.len() > SIGNATURE_BYTES_MAX / 3 * 4 + 4 {
        return Err("its %PGPSIG% is larger than any signature".to_owned());
    }
    STANDARD.decode(text).map_err(|error| format!("its %PGPSIG% is no base64: {error}"))
}

#[cfg(test)]
mod tests;
