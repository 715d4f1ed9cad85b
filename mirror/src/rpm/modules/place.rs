//! Where in a document something stands, and what is expected there.

/// The keys that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Document,
    Data,
    Name,
    Stream,
    Version,
    Context,
    Arch,
    Artifacts,
    Rpms,
    Other,
}

impl Key {
    fn of(text: &str) -> Self {
        match text {
            "document" => Self::Document,
            "data" => Self::Data,
            "name" => Self::Name,
            "stream" => Self::Stream,
            "version" => Self::Version,
            "context" => Self::Context,
            "arch" => Self::Arch,
            "artifacts" => Self::Artifacts,
            "rpms" => Self::Rpms,
            _ => Self::Other,
        }
    }
}

/// A place whose text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `document`, the document's kind.
    Kind,
    /// A field of `data`.
    Field(Key),
    /// One of `data.artifacts.rpms`.
    Artifact,
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Anything,
    Text(Place),
    List,
    Fields,
}

impl Expected {
    /// Says whether a list may stand there.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Anything | Self::List)
    }

    /// Says whether a mapping may stand there.
    pub(super) fn is_fields(self) -> bool {
        matches!(self, Self::Anything | Self::Fields)
    }

    /// Names it in errors.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Text(Place::Artifact) => "NAME-EPOCH:VERSION-RELEASE.ARCHITECTURE",
            Self::Text(_) => "a short text",
            Self::List => "a list",
            Self::Fields => "KEY: VALUE",
        }
    }
}

/// The collections that are open. The parser bounds how many.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Open>);

/// An open collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    /// A mapping in which a key is next.
    Keys,
    /// A mapping, within a key that is a collection.
    InKey,
    /// A mapping in which the value of a key is next.
    Value(Key),
}

impl Path {
    /// Says what is expected next.
    pub(super) fn expected(&self) -> Expected {
        use Open::{List, Value};
        match self.0.as_slice() {
            [] | [Value(Key::Data)] | [Value(Key::Data), Value(Key::Artifacts)] => Expected::Fields,
            [Value(Key::Document)] => Expected::Text(Place::Kind),
            [Value(Key::Data), Value(Key::Other | Key::Document | Key::Data | Key::Rpms)] => {
                Expected::Anything
            }
            [Value(Key::Data), Value(key)] => Expected::Text(Place::Field(*key)),
            [Value(Key::Data), Value(Key::Artifacts), Value(Key::Rpms)] => Expected::List,
            [Value(Key::Data), Value(Key::Artifacts), Value(Key::Rpms), List] => {
                Expected::Text(Place::Artifact)
            }
            _ => Expected::Anything,
        }
    }

    /// Opens a list.
    pub(super) fn open_list(&mut self) {
        self.open(Open::List);
    }

    /// Opens a mapping.
    pub(super) fn open_mapping(&mut self) {
        self.open(Open::Keys);
    }

    fn open(&mut self, what: Open) {
        if let Some(outside @ Open::Keys) = self.0.last_mut() {
            *outside = Open::InKey;
        }
        self.0.push(what);
    }

    /// Closes what was opened last.
    pub(super) fn close(&mut self) {
        self.0.pop();
        match self.0.last_mut() {
            Some(outside @ Open::InKey) => *outside = Open::Value(Key::Other),
            Some(outside @ Open::Value(_)) => *outside = Open::Keys,
            Some(Open::List | Open::Keys) | None => {}
        }
    }

    /// Goes past a text or an alias.
    pub(super) fn pass(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(outside @ Open::Keys) => *outside = Open::Value(Key::of(text)),
            Some(outside @ Open::Value(_)) => *outside = Open::Keys,
            Some(Open::List | Open::InKey) | None => {}
        }
    }
}
