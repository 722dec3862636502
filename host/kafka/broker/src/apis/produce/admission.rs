use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use forebay_kafka_security::{Operation, ResourceType};
use forebay_kafka_wire::{BatchError, BatchHeader, Compression, HeaderError, RecordBatch};
use forebay_model::TopicIdPartition;
use forebay_storage_log::NewBatch;
use forebay_storage_metadata::{IdempotentBatch, StoreFailure};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::{Place, at, refuse};
use crate::apis::{TOPIC_DENIED, denied, topic_key};
use crate::authorization::Access;
use crate::broker::Parts;
use crate::configs::{CompressionType, TopicConfig};
use crate::error_code;
use crate::service::Call;
use crate::topics::{Topic, TopicKey};

/// The first version whose clients know zstd.
const ZSTD_SINCE: i16 = 7;
/// The most that a batch may hold decompressed where it is compressed again.
const MOST_UNPACKED: usize = 128 << 20;

/// Why a batch is not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: ResponseError,
    pub text: String,
}

impl Refusal {
    pub(super) fn new(code: ResponseError, text: impl ToString) -> Self {
        Self { code, text: text.to_string() }
    }
}

/// What is looked at before a batch may go to the log: its topic, and its header. Its records stay as they are, unless
/// the topic wants them compressed in another way; those of compacted topics must have keys.
pub(super) struct Admission {
    version: i16,
    access: Access,
    topics: Result<HashMap<TopicKey, Arc<Topic>>, StoreFailure>,
    /// Why nothing of the request is taken.
    whole: Option<Refusal>,
}

impl Admission {
    pub(super) async fn new(parts: &Parts, call: &Call, request: &ProduceRequest) -> Self {
        let whole = if !(-1..=1).contains(&request.acks) {
            Some(Refusal::new(ResponseError::InvalidRequiredAcks, "acks must be -1, 0 or 1"))
        } else if !call.roles.produces() {
            // Its client asks for metadata again, and is told where producers may come.
            let text = "this agent serves consumers: producers have warpstream_proxy_target=proxy-produce in their \
                        client ids";
            Some(Refusal::new(ResponseError::NotLeaderOrFollower, text))
        } else if let Some(id) = &request.transactional_id
            && !call.access.allows(Operation::Write, ResourceType::TransactionalId, &id.0)
        {
            let text = denied(Operation::Write, "the transactional id");
            Some(Refusal::new(ResponseError::TransactionalIdAuthorizationFailed, text))
        } else if request.transactional_id.is_some() {
            Some(Refusal::new(ResponseError::InvalidTxnState, "transactions are not supported yet"))
        } else {
            None
        };
        let access = call.access.clone();
        Self { version: call.version, access, topics: find_topics(parts, request).await, whole }
    }

    /// Takes the batches of a request, and writes into the answer why others are not.
    pub(super) async fn take(
        &self,
        parts: &Parts,
        request: ProduceRequest,
        response: &mut ProduceResponse,
    ) -> (Vec<Place>, Vec<NewBatch>) {
        let (mut places, mut batches) = (Vec::new(), Vec::new());
        for (topic_index, data) in request.topic_data.into_iter().enumerate() {
            let topic = self.topic(topic_key(&data.name, data.topic_id).as_ref());
            for (partition_index, partition) in data.partition_data.into_iter().enumerate() {
                let place = Place { topic: topic_index, partition: partition_index };
                let taken = match &topic {
                    Ok(topic) => {
                        let records = partition.records.unwrap_or_default();
                        self.batch(parts, topic, partition.index, records).await
                    }
                    Err((code, text)) => Err(Refusal::new(*code, text)),
                };
                match taken {
                    Ok(batch) => {
                        places.push(place);
                        batches.push(batch);
                    }
                    Err(refusal) => {
                        if let Some(partition) = at(response, place) {
                            refuse(partition, &refusal);
                        }
                    }
                }
            }
        }
        (places, batches)
    }

    fn topic(&self, key: Option<&TopicKey>) -> Result<&Arc<Topic>, (ResponseError, String)> {
        if let Some(whole) = &self.whole {
            return Err((whole.code, whole.text.clone()));
        }
        let topics =
            self.topics.as_ref().map_err(|failure| (error_code::of_store(failure), failure.to_string()))?;
        let Some(key) = key else {
            return Err((ResponseError::InvalidTopicException, "no topic can have this name".to_owned()));
        };
        // Who may not write to a topic is not told whether it is there.
        let found = topics.get(key);
        let name = match (key, found) {
            (TopicKey::Name(name), _) => Some(name),
            (TopicKey::Id(_), found) => found.map(|topic| &topic.description.name),
        };
        if let Some(name) = name
            && !self.access.allows(Operation::Write, ResourceType::Topic, name.as_str())
        {
            return Err((TOPIC_DENIED, denied(Operation::Write, "the topic")));
        }
        found.ok_or_else(|| {
            let code = match key {
                TopicKey::Name(_) => ResponseError::UnknownTopicOrPartition,
                TopicKey::Id(_) => ResponseError::UnknownTopicId,
            };
            (code, "there is no such topic".to_owned())
        })
    }

    async fn batch(
        &self,
        parts: &Parts,
        topic: &Topic,
        partition: i32,
        records: Bytes,
    ) -> Result<NewBatch, Refusal> {
        let log = topic.log(partition).ok_or_else(|| {
            Refusal::new(ResponseError::UnknownTopicOrPartition, format!("there is no partition {partition}"))
        })?;
        let batch = RecordBatch::parse(records).map_err(|error| Refusal::new(of_bytes(&error), error))?;
        self.check(&batch, &topic.config)?;
        let batch = if topic.config.compaction.is_some() { with_keys(parts, batch).await? } else { batch };
        let batch = repacked(parts, batch, topic.config.compression).await?;
        Ok(new_batch(log, batch, &topic.config))
    }

    fn check(&self, batch: &RecordBatch, config: &TopicConfig) -> Result<(), Refusal> {
        let header = batch.header();
        let invalid = |text: &str| Err(Refusal::new(ResponseError::InvalidRecord, text));
        if batch.bytes().len() > config.max_message_bytes {
            let text = format!(
                "the batch has {} bytes, max.message.bytes of the topic is {}",
                batch.bytes().len(),
                config.max_message_bytes
            );
            return Err(Refusal::new(ResponseError::MessageTooLarge, text));
        }
        batch.check_crc().map_err(|error| Refusal::new(ResponseError::CorruptMessage, error))?;
        let compression = header
            .attributes
            .compression()
            .map_err(|error| Refusal::new(ResponseError::UnsupportedCompressionType, error))?;
        if compression == Compression::Zstd && self.version < ZSTD_SINCE {
            let text = format!("zstd needs Produce of version {ZSTD_SINCE}");
            return Err(Refusal::new(ResponseError::UnsupportedCompressionType, text));
        }
        if header.attributes.is_control() {
            return invalid("clients can't write control batches");
        }
        if header.attributes.is_transactional() {
            return Err(Refusal::new(ResponseError::InvalidTxnState, "transactions are not supported yet"));
        }
        if header.record_count.get() == 0 || header.record_count != header.offset_count() {
            return invalid("the batch has no records, or its last offset does not fit their number");
        }
        if header.producer_id().is_some() && idempotent(header).is_none() {
            return invalid("the batch has a producer, but no epoch or sequence");
        }
        Ok(())
    }
}

/// All topics of a request at once, with partitions that may have been added a moment ago.
async fn find_topics(
    parts: &Parts,
    request: &ProduceRequest,
) -> Result<HashMap<TopicKey, Arc<Topic>>, StoreFailure> {
    let wanted: Vec<_> = request
        .topic_data
        .iter()
        .filter_map(|data| {
            let last = data.partition_data.iter().map(|partition| partition.index).max().unwrap_or(0);
            topic_key(&data.name, data.topic_id).map(|key| (key, last))
        })
        .collect();
    let keys: Vec<_> = wanted.iter().map(|(key, _)| key.clone()).collect();
    let mut topics = HashMap::with_capacity(keys.len());
    for ((key, last), found) in wanted.into_iter().zip(parts.topics.find(&keys).await?) {
        if let Some(found) = found
            && let Some(topic) = parts.topics.with_partition(&key, found, last).await?
        {
            topics.insert(key, topic);
        }
    }
    Ok(topics)
}

fn of_bytes(error: &BatchError) -> ResponseError {
    match error {
        // What clients of Produce 3 must not send, as Kafka says it.
        BatchError::Header(HeaderError::Magic { .. }) | BatchError::Trailing { .. } => {
            ResponseError::InvalidRecord
        }
        BatchError::Header(
            HeaderError::Short { .. } | HeaderError::Length { .. } | HeaderError::Negative { .. },
        )
        | BatchError::Truncated { .. }
        | BatchError::Crc { .. } => ResponseError::CorruptMessage,
    }
}

/// The batch as its topic keeps it. What has to be compressed anew is, one after the other and on a thread of its own: a
/// small batch may be large unpacked, and other clients are not to notice.
async fn repacked(
    parts: &Parts,
    batch: RecordBatch,
    wanted: CompressionType,
) -> Result<RecordBatch, Refusal> {
    let CompressionType::As(wanted) = wanted else { return Ok(batch) };
    if batch.header().attributes.compression() == Ok(wanted) {
        return Ok(batch);
    }
    let _turn = parts.repacking.acquire().await;
    let work = tokio::task::spawn_blocking(move || batch.recompressed(wanted, MOST_UNPACKED));
    match work.await {
        Ok(Ok(batch)) => Ok(batch),
        Ok(Err(error)) => Err(Refusal::new(ResponseError::CorruptMessage, error)),
        Err(error) => Err(Refusal::new(ResponseError::UnknownServerError, error)),
    }
}

/// The batch, if all its records have keys, as those of compacted topics must. What has to be decompressed for that is,
/// as in [`repacked`].
async fn with_keys(parts: &Parts, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
    if batch.header().attributes.compression() == Ok(Compression::None) {
        return keys_of(batch);
    }
    let _turn = parts.repacking.acquire().await;
    match tokio::task::spawn_blocking(move || keys_of(batch)).await {
        Ok(checked) => checked,
        Err(error) => Err(Refusal::new(ResponseError::UnknownServerError, error)),
    }
}

fn keys_of(batch: RecordBatch) -> Result<RecordBatch, Refusal> {
    let corrupt = |error| Refusal::new(ResponseError::CorruptMessage, error);
    for record in batch.records(MOST_UNPACKED).map_err(corrupt)? {
        if record.map_err(corrupt)?.key.is_none() {
            let text = "a compacted topic takes no record without a key";
            return Err(Refusal::new(ResponseError::InvalidRecord, text));
        }
    }
    Ok(batch)
}

fn new_batch(log: TopicIdPartition, batch: RecordBatch, config: &TopicConfig) -> NewBatch {
    let header = batch.header();
    NewBatch {
        log,
        records: header.record_count,
        max_timestamp: header.max_timestamp,
        timestamps: config.timestamps,
        producer: idempotent(header),
        crc: header.crc,
        bytes: batch.into_bytes(),
    }
}

fn idempotent(header: &BatchHeader) -> Option<IdempotentBatch> {
    Some(IdempotentBatch {
        id: header.producer_id()?,
        epoch: header.producer_epoch()?,
        base_sequence: header.base_sequence()?,
    })
}
