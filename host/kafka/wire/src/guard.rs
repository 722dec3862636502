//! The guard in front of decoding. `kafka-protocol` makes room for as many elements as a count says,
//! before it looks at the first one: four bytes could ask for all memory there is. So every body is walked first, field
//! by field as the decoder will read it, without making room for anything: requests by a broker, answers by a client.

mod answers;
mod requests;
mod schema;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Request};

use self::schema::{Kind, Layout, Struct, structure};
use crate::cursor::{Cursor, Ended};
use crate::varint::{self, VarintError};

/// Elements of arrays and tagged fields in one request. Decoded, each takes up to about 200 bytes, however
/// few it has on the wire; one with a tagged field that nobody knows takes 400 more.
pub const MOST_ELEMENTS: usize = 250_000;

/// Bytes that an answer may take beside its own when it is decoded. A partition in the metadata of a topic counts as 290
/// or so, with 4 more for each number of a replica.
pub const MOST_DECODED: usize = 256 << 20;

/// The body of a request that is not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("requests of {api:?} are not served")]
    NotServed { api: i16 },
    #[error("a request of {api:?} version {version}, {left} bytes before its end")]
    Malformed { api: ApiKey, version: i16, left: usize, source: Malformed },
    #[error("a request of {api:?} version {version}: {reason}")]
    Undecodable { api: ApiKey, version: i16, reason: String },
}

/// The body of an answer that is not decoded.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("nobody here reads answers to API {api}")]
    NotKnown { api: i16 },
    #[error("an answer to {api:?} version {version}, {left} bytes before its end")]
    Malformed { api: ApiKey, version: i16, left: usize, source: Malformed },
    #[error("an answer to {api:?} version {version}: {reason}")]
    Undecodable { api: ApiKey, version: i16, reason: String },
}

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error(transparent)]
    Varint(#[from] VarintError),
    #[error("a length is {0}")]
    Length(i32),
    #[error("there are more than {MOST_ELEMENTS} elements")]
    Elements,
    #[error("decoded it would take more than {MOST_DECODED} bytes")]
    Decoded,
    #[error("tagged field {tag} says that it has {said} bytes, and has {found}")]
    Tag { tag: u32, said: usize, found: usize },
}

/// Decodes the body of a request, after a walk that shows that no count in it is larger than its bytes explain.
/// What follows the body is ignored, as Kafka does: librdkafka sends three bytes too many when it asks for all topics.
///
/// # Errors
/// When the body is not what the API and version say, or has more elements than [`MOST_ELEMENTS`].
pub fn decode<R: Request>(mut body: Bytes, version: i16) -> Result<R, DecodeError> {
    let api = ApiKey::try_from(R::KEY).map_err(|()| DecodeError::NotServed { api: R::KEY })?;
    let layout = requests::layout_of(api).ok_or(DecodeError::NotServed { api: R::KEY })?;
    let mut from = Cursor::new(&body);
    let mut walk = Walk::new(layout, version, Room::Elements(MOST_ELEMENTS));
    walk.structure(&layout.body, &mut from).map_err(|source| DecodeError::Malformed {
        api,
        version,
        left: from.remaining(),
        source,
    })?;
    <R as Decodable>::decode(&mut body, version).map_err(|error| DecodeError::Undecodable {
        api,
        version,
        reason: error.to_string(),
    })
}

/// Decodes the body of an answer to a request, after the same walk. What follows the body is ignored.
///
/// # Errors
/// When the body is not what the API and version say, or would take more than [`MOST_DECODED`].
pub fn decode_answer<R: Request>(mut body: Bytes, version: i16) -> Result<R::Response, AnswerError> {
    let api = ApiKey::try_from(R::KEY).map_err(|()| AnswerError::NotKnown { api: R::KEY })?;
    let layout = answers::layout_of(api).ok_or(AnswerError::NotKnown { api: R::KEY })?;
    let mut from = Cursor::new(&body);
    let mut walk = Walk::new(layout, version, Room::Bytes(MOST_DECODED));
    walk.structure(&layout.body, &mut from).map_err(|source| AnswerError::Malformed {
        api,
        version,
        left: from.remaining(),
        source,
    })?;
    <R::Response as Decodable>::decode(&mut body, version).map_err(|error| AnswerError::Undecodable {
        api,
        version,
        reason: error.to_string(),
    })
}

struct Walk {
    version: i16,
    flexible: bool,
    room: Room,
}

/// What is left of what a body may hold.
enum Room {
    Elements(usize),
    /// Of what they take when they are decoded.
    Bytes(usize),
}

/// What the first tagged field of a structure takes that the decoder does not know. They are kept as they came, in a tree
/// whose leaves have room for eleven.
const FIRST_UNKNOWN: usize = 416;
/// What each further one takes at most.
const NEXT_UNKNOWN: usize = 88;

impl Walk {
    fn new(layout: &Layout, version: i16, room: Room) -> Self {
        Self { version, flexible: version >= layout.flexible, room }
    }

    fn structure(&mut self, of: &Struct, from: &mut Cursor<'_>) -> Result<(), Malformed> {
        for member in of.members {
            if member.versions.contains(&self.version) {
                self.field(&member.kind, from)?;
            }
        }
        if self.flexible { self.tags(of, from) } else { Ok(()) }
    }

    fn field(&mut self, kind: &Kind, from: &mut Cursor<'_>) -> Result<(), Malformed> {
        match kind {
            Kind::Fixed(bytes) => {
                from.take(*bytes)?;
            }
            Kind::String => {
                let length = if self.flexible { compact(from)? } else { plain(i32::from(from.i16()?))? };
                from.take(length.unwrap_or(0))?;
            }
            Kind::Bytes => {
                let length = if self.flexible { compact(from)? } else { plain(from.i32()?)? };
                from.take(length.unwrap_or(0))?;
            }
            Kind::Array(element) => {
                for _ in 0..self.count(from)? {
                    self.element(element.decoded())?;
                    self.field(element, from)?;
                }
            }
            Kind::Structs(members) => {
                let of = structure(members);
                for _ in 0..self.count(from)? {
                    self.element(of.decoded())?;
                    self.structure(&of, from)?;
                }
            }
            Kind::Struct(of) => self.structure(of, from)?,
            Kind::Optional(of) => {
                // Only a 1 says that it is there, to the decoder.
                if from.byte()? == 1 {
                    self.structure(of, from)?;
                }
            }
        }
        Ok(())
    }

    /// How many elements an array has.
    fn count(&self, from: &mut Cursor<'_>) -> Result<usize, Malformed> {
        let count = if self.flexible { compact(from)? } else { plain(from.i32()?)? };
        Ok(count.unwrap_or(0))
    }

    /// The tagged fields at the end of a structure. The decoder reads those that it knows without regard
    /// for their size, so that has to be right.
    fn tags(&mut self, of: &Struct, from: &mut Cursor<'_>) -> Result<(), Malformed> {
        let mut unknown = FIRST_UNKNOWN;
        for _ in 0..varint::unsigned(from)? {
            let tag = varint::unsigned(from)?;
            let said = varint::unsigned(from)? as usize;
            let Some(known) = of.tags.iter().find(|known| known.number == tag) else {
                self.element(unknown)?;
                unknown = NEXT_UNKNOWN;
                from.take(said)?;
                continue;
            };
            // Its structure has room for it.
            self.element(0)?;
            let before = from.remaining();
            if self.version >= known.since {
                self.field(&known.kind, from)?;
            }
            let found = before - from.remaining();
            if found != said {
                return Err(Malformed::Tag { tag, said, found });
            }
        }
        Ok(())
    }

    /// Counts an element, of so many bytes when it is decoded.
    fn element(&mut self, bytes: usize) -> Result<(), Malformed> {
        let (left, taken, refused) = match &mut self.room {
            Room::Elements(left) => (left, 1, Malformed::Elements),
            Room::Bytes(left) => (left, bytes, Malformed::Decoded),
        };
        *left = left.checked_sub(taken).ok_or(refused)?;
        Ok(())
    }
}

/// A length that is sent with one added, so that zero is none.
fn compact(from: &mut Cursor<'_>) -> Result<Option<usize>, Malformed> {
    Ok(varint::unsigned(from)?.checked_sub(1).map(|length| length as usize))
}

fn plain(length: i32) -> Result<Option<usize>, Malformed> {
    match length {
        -1 => Ok(None),
        length => usize::try_from(length).map(Some).map_err(|_| Malformed::Length(length)),
    }
}
