use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_kafka_wire::{Pieces, PiecesBuilder};
use forebay_storage_metadata::LogBounds;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::FetchResponse;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};

use super::wanted::Wanted;

/// The answer to a Fetch. Its records stand beside it, in pieces that are shared with other answers and with the blocks
/// they were read into: they are not copied to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchAnswer {
    /// Without records.
    response: FetchResponse,
    /// Those of each partition, in the order of the response.
    records: Vec<Pieces>,
}

/// What a partition is answered with.
#[derive(Debug)]
pub(super) struct Records {
    pub bounds: LogBounds,
    /// Whole batches, or none.
    pub bytes: Pieces,
    /// What is wrong, where the bounds are known nevertheless.
    pub code: Option<ResponseError>,
}

pub(super) type Answered = Result<Records, ResponseError>;

/// Partitions by topic, as they come: neighbours of one topic stand together.
#[derive(Debug, Default)]
pub(super) struct Topics {
    topics: Vec<FetchableTopicResponse>,
    records: Vec<Pieces>,
}

/// The first version in which lengths are short and fields have tags.
const FLEXIBLE: i16 = 12;
/// The first version in which topics are told by their ids.
const BY_ID: i16 = 13;
/// The most that a partition takes beside its records, and a topic beside its name.
const PER_PARTITION: usize = 64;

impl FetchAnswer {
    /// Everything but the records.
    #[must_use]
    pub fn response(&self) -> &FetchResponse {
        &self.response
    }

    /// The answer in one piece, for whoever is in the same process.
    #[must_use]
    pub fn into_response(self) -> FetchResponse {
        let Self { mut response, records } = self;
        let partitions = response.responses.iter_mut().flat_map(|topic| &mut topic.partitions);
        for (partition, records) in partitions.zip(records) {
            partition.records = Some(records.join());
        }
        response
    }

    /// Writes the answer as a version has it, as `kafka-protocol` would, but that records stay where they are.
    pub(crate) fn encode(&self, version: i16, into: &mut PiecesBuilder) -> Result<(), String> {
        let flexible = version >= FLEXIBLE;
        let topics = &self.response.responses;
        let names = topics.iter().map(|topic| topic.topic.len() + PER_PARTITION).sum::<usize>();
        into.own().reserve(names + self.records.len() * PER_PARTITION);
        into.own().put_i32(self.response.throttle_time_ms);
        if version >= 7 {
            into.own().put_i16(self.response.error_code);
            into.own().put_i32(self.response.session_id);
        }
        put_count(into.own(), topics.len(), flexible)?;
        let mut records = self.records.iter();
        for topic in topics {
            if version >= BY_ID {
                into.own().put_slice(topic.topic_id.as_bytes());
            } else {
                put_name(into.own(), &topic.topic.0, flexible)?;
            }
            put_count(into.own(), topic.partitions.len(), flexible)?;
            for partition in &topic.partitions {
                put_partition(into.own(), partition, version);
                let records = records.next().cloned().unwrap_or_default();
                put_count(into.own(), records.len(), flexible)?;
                into.share_all(records);
                put_no_tags(into.own(), flexible);
            }
            put_no_tags(into.own(), flexible);
        }
        put_no_tags(into.own(), flexible);
        Ok(())
    }
}

/// An answer without records.
impl From<FetchResponse> for FetchAnswer {
    fn from(response: FetchResponse) -> Self {
        Self { response, records: Vec::new() }
    }
}

/// What stands in front of the records.
fn put_partition(into: &mut BytesMut, partition: &PartitionData, version: i16) {
    into.put_i32(partition.partition_index);
    into.put_i16(partition.error_code);
    into.put_i64(partition.high_watermark);
    into.put_i64(partition.last_stable_offset);
    if version >= 5 {
        into.put_i64(partition.log_start_offset);
    }
    // No list of aborted transactions.
    if version >= FLEXIBLE {
        into.put_u8(0);
    } else {
        into.put_i32(-1);
    }
    if version >= 11 {
        into.put_i32(partition.preferred_read_replica.0);
    }
}

fn put_no_tags(into: &mut BytesMut, flexible: bool) {
    if flexible {
        into.put_u8(0);
    }
}

/// A length of something that is not null.
fn put_count(into: &mut BytesMut, count: usize, flexible: bool) -> Result<(), String> {
    let count = i32::try_from(count).map_err(|_| format!("a length of {count} is too long"))?;
    if flexible {
        put_varint(into, count.unsigned_abs() + 1);
    } else {
        into.put_i32(count);
    }
    Ok(())
}

fn put_name(into: &mut BytesMut, name: &str, flexible: bool) -> Result<(), String> {
    if flexible {
        put_count(into, name.len(), flexible)?;
    } else {
        into.put_i16(i16::try_from(name.len()).map_err(|_| format!("the name {name:?} is too long"))?);
    }
    into.put_slice(name.as_bytes());
    Ok(())
}

/// Seven bits in each byte, the lowest first; all but the last have the highest bit set.
fn put_varint(into: &mut BytesMut, mut number: u32) {
    while number >= 0x80 {
        into.put_u8(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.put_u8(number.to_le_bytes()[0]);
}

impl Topics {
    pub(super) fn push(&mut self, wanted: &Wanted, data: PartitionData, records: Pieces) {
        self.records.push(records);
        match self.topics.last_mut() {
            Some(last) if last.topic_id == wanted.topic.id && *last.topic.0 == *wanted.topic.name => {
                last.partitions.push(data);
            }
            _ => self.topics.push(
                FetchableTopicResponse::default()
                    .with_topic(wanted.topic.wire_name())
                    .with_topic_id(wanted.topic.id)
                    .with_partitions(vec![data]),
            ),
        }
    }

    /// The answer, as far as it is about partitions.
    pub(super) fn into_answer(self, session: i32) -> FetchAnswer {
        let response = FetchResponse::default().with_session_id(session).with_responses(self.topics);
        FetchAnswer { response, records: self.records }
    }
}

/// One partition of an answer, and its records.
pub(super) fn data(wanted: &Wanted, answered: Answered) -> (PartitionData, Pieces) {
    let data =
        PartitionData::default().with_partition_index(wanted.partition).with_records(Some(Bytes::new()));
    let (data, records) = match answered {
        Err(code) => {
            let data = data.with_error_code(wanted.topic.code(code).code()).with_high_watermark(-1);
            (data, Pieces::default())
        }
        Ok(Records { bounds, bytes, code }) => {
            let data = data
                .with_error_code(code.map_or(0, |code| code.code()))
                .with_high_watermark(bounds.high_watermark.get())
                .with_last_stable_offset(bounds.high_watermark.get())
                .with_log_start_offset(bounds.log_start.get());
            (data, bytes)
        }
    };
    (data.with_aborted_transactions(None), records)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::protocol::{Encodable as _, StrBytes};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn partition() -> impl Strategy<Value = (PartitionData, Pieces)> {
        let bytes = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5_000), 0..4);
        (any::<(i32, i16, i64)>(), bytes).prop_map(|((index, code, offset), bytes)| {
            let mut records = PiecesBuilder::default();
            bytes.into_iter().for_each(|bytes| records.share(bytes.into()));
            let data = PartitionData::default()
                .with_partition_index(index)
                .with_error_code(code)
                .with_high_watermark(offset)
                .with_last_stable_offset(offset)
                .with_log_start_offset(offset ^ 7)
                .with_aborted_transactions(None)
                .with_records(Some(Bytes::new()));
            (data, records.build())
        })
    }

    fn answer(by_id: bool) -> impl Strategy<Value = FetchAnswer> {
        let topic = ("[a-z]{1,200}", any::<u128>(), proptest::collection::vec(partition(), 0..4));
        let topics = proptest::collection::vec(topic, 0..3);
        (any::<i32>(), topics).prop_map(move |(session, topics)| {
            let mut records = Vec::new();
            let responses = topics.into_iter().map(|(name, id, partitions)| {
                let (data, pieces): (Vec<_>, Vec<_>) = partitions.into_iter().unzip();
                records.extend(pieces);
                let topic = FetchableTopicResponse::default().with_partitions(data);
                if by_id {
                    topic.with_topic_id(Uuid::from_u128(id))
                } else {
                    topic.with_topic(TopicName(StrBytes::from_string(name)))
                }
            });
            let responses = responses.collect();
            let response = FetchResponse::default().with_responses(responses);
            FetchAnswer { response: response.with_session_id(session), records }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn an_answer_is_written_as_kafka_protocol_writes_it(named in answer(false), by_id in answer(true)) {
            for version in 4..=17 {
                let mut answer = if version >= BY_ID { by_id.clone() } else { named.clone() };
                if version < 7 {
                    answer.response.session_id = 0;
                }
                let mut expected = BytesMut::new();
                answer.clone().into_response().encode(&mut expected, version).unwrap();
                let mut written = PiecesBuilder::default();
                answer.encode(version, &mut written).unwrap();
                prop_assert!(written.build().join() == expected, "version {version}");
            }
        }
    }
}
