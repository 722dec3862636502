use std::ops::RangeInclusive;

/// What a request or an answer is made of, as far as a walk over its bytes needs to know.
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
    /// A count, or none, and so many structures of these fields.
    Structs(&'static [Member]),
    Struct(&'static Struct),
    /// A byte that is 1 in front of the structure, or anything else for none.
    Optional(&'static Struct),
}

/// What a string, a list or a smaller structure takes when it is decoded.
const MEMBER: usize = 32;

impl Kind {
    /// Bytes that one takes at most when it is decoded, without what its arrays hold and without shared bytes.
    pub(super) fn decoded(&self) -> usize {
        match self {
            Self::Fixed(bytes) => *bytes,
            Self::String | Self::Bytes | Self::Array(_) | Self::Structs(_) => MEMBER,
            Self::Struct(of) | Self::Optional(of) => of.decoded(),
        }
    }
}

impl Struct {
    /// As [`Kind::decoded`].
    pub(super) fn decoded(&self) -> usize {
        /// Where unknown tagged fields are kept, and what numbers are rounded up to.
        const FIXED: usize = 64;
        let inner = |kind: &Kind| match kind {
            Kind::Struct(of) | Kind::Optional(of) => of.decoded(),
            _ => MEMBER,
        };
        let members = self.members.iter().map(|member| inner(&member.kind)).sum::<usize>();
        FIXED + members + self.tags.iter().map(|tag| inner(&tag.kind)).sum::<usize>()
    }
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
