//! What members of the classic protocol tell each other through the broker, in the form of Kafka's own consumers. The
//! broker does not look into it: what comes is somebody else's, and is read with care.

use std::collections::BTreeSet;

use bytes::{BufMut as _, Bytes, BytesMut};

/// A partition as members name it to each other.
pub(super) type Named = (String, i32);

/// What a member says of itself when it joins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subscribed {
    pub topics: BTreeSet<String>,
    /// What it still has, where it gives up nothing before it joins.
    pub owned: BTreeSet<Named>,
    /// The generation in which it got that, -1 for none.
    pub generation: i32,
    /// What it had before it gave everything up, and in which generation.
    pub before: Option<(BTreeSet<Named>, i32)>,
}

/// Versions with what is owned, and with its generation.
const OWNED: i16 = 1;
const GENERATION: i16 = 2;
/// Members of such a group have not more of anything.
const MOST: usize = 1_000_000;

impl Subscribed {
    pub(super) fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_i16(GENERATION);
        put_count(&mut bytes, self.topics.len());
        self.topics.iter().for_each(|topic| put_text(&mut bytes, topic));
        match &self.before {
            None => bytes.put_i32(-1),
            Some((before, generation)) => {
                let mut data = BytesMut::new();
                put_partitions(&mut data, before);
                data.put_i32(*generation);
                put_count(&mut bytes, data.len());
                bytes.extend_from_slice(&data);
            }
        }
        put_partitions(&mut bytes, &self.owned);
        bytes.put_i32(self.generation);
        bytes.freeze()
    }

    /// Reads as much as there is: none where it is something else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let version = from.i16()?;
        let topics = from.many(Reader::text)?.into_iter().collect();
        let data = from.optional_bytes()?;
        let mut read = Self { topics, generation: -1, ..Self::default() };
        if version >= OWNED {
            read.owned = from.partitions()?;
        }
        if version >= GENERATION {
            read.generation = from.i32()?;
        }
        read.before = data.and_then(|data| {
            let mut from = Reader(data);
            let before = from.partitions()?;
            Some((before, from.i32().unwrap_or(-1)))
        });
        Some(read)
    }
}

/// What a member is to read.
pub(super) fn assignment_to_bytes(partitions: &BTreeSet<Named>) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    put_partitions(&mut bytes, partitions);
    bytes.put_i32(-1);
    bytes.freeze()
}

/// The same from bytes: none where they are something else.
pub(super) fn parse_assignment(bytes: &[u8]) -> Option<BTreeSet<Named>> {
    if bytes.is_empty() {
        return Some(BTreeSet::new());
    }
    let mut from = Reader(bytes);
    from.i16()?;
    from.partitions()
}

fn put_count(into: &mut BytesMut, count: usize) {
    into.put_i32(i32::try_from(count).unwrap_or(i32::MAX));
}

fn put_text(into: &mut BytesMut, text: &str) {
    into.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
    into.extend_from_slice(text.as_bytes());
}

fn put_partitions(into: &mut BytesMut, partitions: &BTreeSet<Named>) {
    let mut topics: Vec<(&str, Vec<i32>)> = Vec::new();
    for (topic, partition) in partitions {
        match topics.last_mut().filter(|(last, _)| last == topic) {
            Some((_, numbers)) => numbers.push(*partition),
            None => topics.push((topic, vec![*partition])),
        }
    }
    put_count(into, topics.len());
    for (topic, numbers) in topics {
        put_text(into, topic);
        put_count(into, numbers.len());
        numbers.into_iter().for_each(|number| into.put_i32(number));
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()?).ok()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn optional_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        let length = self.i32()?;
        if length < 0 {
            return Some(None);
        }
        self.take(usize::try_from(length).ok()?).map(Some)
    }

    /// Makes no room for what only a count claims.
    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.i32()?).unwrap_or(0);
        if count > MOST {
            return None;
        }
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }

    fn partitions(&mut self) -> Option<BTreeSet<Named>> {
        let topics = self.many(|from| Some((from.text()?, from.many(Self::i32)?)))?;
        let named = topics
            .into_iter()
            .flat_map(|(topic, numbers)| numbers.into_iter().map(move |number| (topic.clone(), number)));
        Some(named.collect())
    }
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
    use kafka_protocol::protocol::Decodable as _;

    use super::*;

    fn named(partitions: &[(&str, i32)]) -> BTreeSet<Named> {
        partitions.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition)).collect()
    }

    #[test]
    fn what_members_say_is_read_by_others_and_by_kafka() {
        let said = Subscribed {
            topics: ["a".to_owned(), "b".to_owned()].into(),
            owned: named(&[("a", 0), ("a", 2), ("b", 1)]),
            generation: 7,
            before: Some((named(&[("b", 3)]), 6)),
        };
        let bytes = said.to_bytes();
        assert_eq!(Subscribed::parse(&bytes), Some(said));
        let mut body = bytes.slice(2..);
        let read = ConsumerProtocolSubscription::decode(&mut body, GENERATION).unwrap();
        assert_eq!((read.topics.len(), read.owned_partitions.len(), read.generation_id), (2, 2, 7));

        let assigned = named(&[("a", 0), ("c", 9)]);
        let bytes = assignment_to_bytes(&assigned);
        assert_eq!(parse_assignment(&bytes), Some(assigned));
        let mut body = bytes.slice(2..);
        assert_eq!(ConsumerProtocolAssignment::decode(&mut body, 0).unwrap().assigned_partitions.len(), 2);
        assert_eq!(parse_assignment(b""), Some(BTreeSet::new()));
    }

    #[test]
    fn what_ends_early_or_claims_too_much_is_nothing() {
        let bytes = Subscribed { topics: ["topic".to_owned()].into(), ..Subscribed::default() }.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Subscribed::parse(&bytes[..end]), None, "{end}");
        }
        assert_eq!(Subscribed::parse(b"\0\x01\x7f\xff\xff\xff\0\x01a"), None);
        assert_eq!(parse_assignment(b"\0\0\0\0\0\x01\0\x01a\x7f\xff\xff\xff"), None);
    }
}
