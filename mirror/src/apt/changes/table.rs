//! A package list in memory: what comparing needs of it, sorted.

use std::path::PathBuf;

use pinfold_store::Digest;

use super::PackageKind;
use super::index::Index;
use crate::apt::packages::{Binary, Source, packages, sources};
use crate::unpack::unpacked;
use crate::{Error, Result, TreeReader};

/// A package of a list.
#[derive(Debug)]
pub(super) struct Row {
    /// Where its texts begin, and how long they are: name, architecture, version, source.
    at: usize,
    lengths: [usize; 4],
    /// What tells one build of a version from another.
    pub(super) content: [u8; 32],
}

/// The packages of a list, sorted by name (in flat archives by architecture too), version and content.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// All texts, one behind the other: one allocation and not five for each package.
    text: Vec<u8>,
    rows: Vec<Row>,
    /// Whether packages of several architectures are in it, of which each is a package of its own.
    is_mixed: bool,
}

impl Table {
    /// Reads a list in the form that unpacks quickest; a list that is not there or has no file is empty.
    pub(super) fn load(
        tree: &dyn TreeReader,
        list: Option<(&pinfold_store::RelPath, &Index)>,
    ) -> Result<Self> {
        let mut table = Self::default();
        let Some((path, index)) = list else { return Ok(table) };
        let Some((form, (digest, size_bytes))) = index.forms.first_key_value() else {
            return Ok(table);
        };
        table.is_mixed = index.architecture.is_none() && index.kind == PackageKind::Binary;
        let shown = format!("{path}{}", form.ending());
        let from = unpacked(*form, tree.open(*digest, *size_bytes)?, index.bytes_max).map_err(
            |source| Error::Io { action: "unpack", path: PathBuf::from(&shown), source },
        )?;
        match index.kind {
            PackageKind::Binary => packages(from, &shown, &mut |one| table.binary(&one, index))?,
            PackageKind::Source => sources(from, &shown, &mut |one| table.source_package(&one))?,
        };
        let Self { text, rows, is_mixed } = &mut table;
        let key = |row: &Row| (key(text, row, *is_mixed), field(text, row, 2), row.content);
        rows.sort_by(|one, other| key(one).cmp(&key(other)));
        Ok(table)
    }

    fn binary(&mut self, one: &Binary<'_>, index: &Index) -> Result<()> {
        let (source, _) = one.source();
        let architecture = match &index.architecture {
            Some(of) if one.architecture != b"all" => of,
            Some(_) | None => one.architecture,
        };
        let content = match (one.sha256()?, one.sha512()?) {
            (Some(sum), _) => sum,
            (None, Some(sum)) => *Digest::of(&sum).as_bytes(),
            // What no client takes is told by its size.
            (None, None) => *Digest::of(&one.size_bytes()?.to_be_bytes()).as_bytes(),
        };
        self.push([one.name, architecture, one.version, source], content);
        Ok(())
    }

    fn source_package(&mut self, one: &Source<'_>) -> Result<()> {
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
        self.push([one.name, b"", one.version, one.name], *Digest::of(&text).as_bytes());
        Ok(())
    }

    fn push(&mut self, fields: [&[u8]; 4], content: [u8; 32]) {
        let at = self.text.len();
        fields.iter().for_each(|field| self.text.extend_from_slice(field));
        self.rows.push(Row { at, lengths: fields.map(<[u8]>::len), content });
    }

    /// Gives all packages in order.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Gives what makes two rows the same package.
    pub(super) fn key(&self, row: &Row) -> (&[u8], &[u8]) {
        key(&self.text, row, self.is_mixed)
    }

    pub(super) fn name(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 0)
    }

    pub(super) fn architecture(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 1)
    }

    pub(super) fn version(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 2)
    }

    pub(super) fn source(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 3)
    }
}

fn key<'a>(text: &'a [u8], row: &Row, is_mixed: bool) -> (&'a [u8], &'a [u8]) {
    (field(text, row, 0), if is_mixed { field(text, row, 1) } else { b"" })
}

fn field<'a>(text: &'a [u8], row: &Row, number: usize) -> &'a [u8] {
    let begin = row.at + row.lengths[..number].iter().sum::<usize>();
    &text[begin..begin + row.lengths[number]]
}
