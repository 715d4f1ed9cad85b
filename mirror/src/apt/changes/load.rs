//! A package list read into memory.

use std::path::PathBuf;

use pinfold_store::{Algorithm, Digest, RelPath};

use super::PackageKind;
use super::index::Index;
use crate::apt::packages::{Binary, Source, packages, sources};
use crate::change::table::{Content, Table};
use crate::unpack::unpacked;
use crate::{Error, Result, TreeReader};

/// Reads a list in the form that unpacks quickest; a list that is not there or has no file is empty.
pub(super) fn load(tree: &dyn TreeReader, list: Option<(&RelPath, &Index)>) -> Result<Table> {
    let Some((path, index)) = list else { return Ok(Table::default()) };
    let Some((form, (digest, size_bytes))) = index.forms.first_key_value() else {
        return Ok(Table::default());
    };
    let is_mixed = index.architecture.is_none() && index.kind == PackageKind::Binary;
    let mut table = if is_mixed { Table::mixed() } else { Table::default() };
    let shown = format!("{path}{}", form.ending());
    let from = unpacked(*form, tree.open(*digest, *size_bytes)?, index.bytes_max)
        .map_err(|source| Error::Io { action: "unpack", path: PathBuf::from(&shown), source })?;
    match index.kind {
        PackageKind::Binary => {
            packages(from, &shown, &mut |one| push_binary(&mut table, &one, index))?
        }
        PackageKind::Source => sources(from, &shown, &mut |one| push_source(&mut table, &one))?,
    };
    table.sort();
    Ok(table)
}

fn push_binary(table: &mut Table, one: &Binary<'_>, index: &Index) -> Result<()> {
    let (source, _) = one.source();
    let architecture = match &index.architecture {
        Some(of) if one.architecture != b"all" => of,
        Some(_) | None => one.architecture,
    };
    let (kind, sum) = match (one.sha256()?, one.sha512()?) {
        (Some(sum), _) => (Some(Algorithm::Sha256), sum),
        (None, Some(sum)) => (Some(Algorithm::Sha512), *Digest::of(&sum).as_bytes()),
        // What no client takes is told by its size.
        (None, None) => (None, *Digest::of(&one.size_bytes()?.to_be_bytes()).as_bytes()),
    };
    table.push([one.name, architecture, one.version, source], Content { kind, sum });
    Ok(())
}

fn push_source(table: &mut Table, one: &Source<'_>) -> Result<()> {
    let mut text = Vec::new();
    for file in one.files()? {
        text.extend_from_slice(file.path.split().1);
        text.extend_from_slice(&file.size_bytes.to_be_bytes());
        match (&file.sha256, &file.sha512) {
            (Some(sum), _) => text.extend_from_slice(sum),
            (None, Some(sum)) => text.extend_from_slice(sum),
            (None, None) => {}
        }
    }
    let content = Content { kind: None, sum: *Digest::of(&text).as_bytes() };
    table.push([one.name, b"", one.version, one.name], content);
    Ok(())
}
