//! Package lists in memory: what comparing needs of them, sorted.

use pinfold_store::Algorithm;

/// What tells one build of a version from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    /// The kind of checksum that it was made of: those of two kinds say nothing about each other.
    pub(crate) kind: Option<Algorithm>,
    /// A checksum, or a digest of what is stated.
    pub(crate) sum: [u8; 32],
}

/// A package of a list.
#[derive(Debug)]
pub(crate) struct Row {
    /// Where its texts begin, and how long they are: name, architecture, version, source.
    at: usize,
    lengths: [usize; 4],
    pub(crate) content: Content,
}

/// The packages of a list: once sorted, by what makes them one, version and content.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// All texts, one behind the other: one allocation and not five for each package.
    text: Vec<u8>,
    rows: Vec<Row>,
    /// Whether packages of several architectures are in it, of which each is a package of its own.
    is_mixed: bool,
}

impl Table {
    /// Makes a list of packages of several architectures, of which each is a package of its own.
    pub(crate) fn mixed() -> Self {
        Self { is_mixed: true, ..Self::default() }
    }

    /// Appends a package: its name, architecture, version and source.
    pub(crate) fn push(&mut self, fields: [&[u8]; 4], content: Content) {
        let at = self.text.len();
        fields.iter().for_each(|field| self.text.extend_from_slice(field));
        self.rows.push(Row { at, lengths: fields.map(<[u8]>::len), content });
    }

    /// Sorts it, which comparing needs.
    pub(crate) fn sort(&mut self) {
        let Self { text, rows, is_mixed } = self;
        let key = |row: &Row| (key(text, row, *is_mixed), field(text, row, 2), row.content);
        rows.sort_unstable_by(|one, other| {
            key(one).cmp(&key(other)).then_with(|| one.at.cmp(&other.at))
        });
    }

    /// Gives all packages in order.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Gives what makes two rows the same package.
    pub(crate) fn key(&self, row: &Row) -> (&[u8], &[u8]) {
        key(&self.text, row, self.is_mixed)
    }

    pub(crate) fn name(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 0)
    }

    pub(crate) fn architecture(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 1)
    }

    pub(crate) fn version(&self, row: &Row) -> &[u8] {
        field(&self.text, row, 2)
    }

    pub(crate) fn source(&self, row: &Row) -> &[u8] {
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
