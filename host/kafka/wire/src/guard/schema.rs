use std::ops::RangeInclusive;

/// What a request is made of, as far as a walk over its bytes needs to know.
#[derive(Debug)]
pub(super) struct Layout {
    /// From which version on lengths are compact and structures end with tagged fields.
    pub flexible: i16,
    pub body: Struct,
}

#[derive(Debug)]
pub(super) struct Struct {
    pub members: &'static [Member],
    /// Tagged fields that decoding knows. All others are skipped by their size.
    pub tags: &'static [Tag],
}

#[derive(Debug)]
pub(super) struct Member {
    pub versions: RangeInclusive<i16>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) struct Tag {
    pub number: u32,
    pub since: i16,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// So many bytes.
    Fixed(usize),
    /// A string, or none.
    String,
    /// Bytes, or none.
    Bytes,
    /// A count, or none, and so many of these.
    Array(&'static Self),
    Struct(&'static Struct),
    /// A byte that is 1 in front of the structure, or anything else for none.
    Optional(&'static Struct),
}

pub(super) const BOOL: Kind = Kind::Fixed(1);
pub(super) const I8: Kind = Kind::Fixed(1);
pub(super) const I16: Kind = Kind::Fixed(2);
pub(super) const I32: Kind = Kind::Fixed(4);
pub(super) const I64: Kind = Kind::Fixed(8);
pub(super) const UUID: Kind = Kind::Fixed(16);

pub(super) const fn layout(flexible: i16, members: &'static [Member]) -> Layout {
    Layout { flexible, body: structure(members) }
}

pub(super) const fn structure(members: &'static [Member]) -> Struct {
    Struct { members, tags: &[] }
}

/// A field of all versions.
pub(super) const fn always(kind: Kind) -> Member {
    Member { versions: 0..=i16::MAX, kind }
}

pub(super) const fn since(version: i16, kind: Kind) -> Member {
    Member { versions: version..=i16::MAX, kind }
}

pub(super) const fn between(first: i16, last: i16, kind: Kind) -> Member {
    Member { versions: first..=last, kind }
}
