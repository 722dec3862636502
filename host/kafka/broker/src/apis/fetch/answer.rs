use bytes::Bytes;
use forebay_storage_metadata::LogBounds;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};

use super::wanted::Wanted;

/// What a partition is answered with.
#[derive(Debug)]
pub(super) struct Records {
    pub bounds: LogBounds,
    /// Whole batches, or none.
    pub bytes: Bytes,
    /// What is wrong, where the bounds are known nevertheless.
    pub code: Option<ResponseError>,
}

pub(super) type Answered = Result<Records, ResponseError>;

/// Partitions by topic, as they come: neighbours of one topic stand together.
#[derive(Debug, Default)]
pub(super) struct Topics(Vec<FetchableTopicResponse>);

impl Topics {
    pub(super) fn push(&mut self, wanted: &Wanted, data: PartitionData) {
        match self.0.last_mut() {
            Some(last) if last.topic_id == wanted.topic.id && *last.topic.0 == *wanted.topic.name => {
                last.partitions.push(data);
            }
            _ => self.0.push(
                FetchableTopicResponse::default()
                    .with_topic(wanted.topic.wire_name())
                    .with_topic_id(wanted.topic.id)
                    .with_partitions(vec![data]),
            ),
        }
    }

    pub(super) fn into_responses(self) -> Vec<FetchableTopicResponse> {
        self.0
    }
}

/// One partition of an answer.
pub(super) fn data(wanted: &Wanted, answered: Answered) -> PartitionData {
    let data =
        PartitionData::default().with_partition_index(wanted.partition).with_records(Some(Bytes::new()));
    match answered {
        Err(code) => data.with_error_code(wanted.topic.code(code).code()).with_high_watermark(-1),
        Ok(Records { bounds, bytes, code }) => data
            .with_error_code(code.map_or(0, |code| code.code()))
            .with_high_watermark(bounds.high_watermark.get())
            .with_last_stable_offset(bounds.high_watermark.get())
            .with_log_start_offset(bounds.log_start.get())
            .with_records(Some(bytes)),
    }
    .with_aborted_transactions(None)
}
