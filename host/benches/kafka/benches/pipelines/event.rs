use std::fmt::Write as _;

use bytes::Bytes;
use forebay_kafka_client::ProducerRecord;
use forebay_model::{PartitionId, TopicName};

/// About how many bytes an event has.
pub(crate) const BYTES: usize = 1024;

/// The columns of an event.
pub(crate) const SCHEMA: &str = "[{name: id, type: INT64}, {name: user, type: UTF8}, {name: kind, type: UTF8}, \
                                 {name: price, type: DOUBLE}, {name: at, type: INT64}, {name: ok, type: BOOLEAN}, \
                                 {name: note, type: UTF8}]";

const WORDS: [&str; 16] = [
    "river", "lamp", "turbine", "object", "stone", "record", "winter", "offset", "garden", "commit", "paper",
    "bucket", "morning", "segment", "copper", "window",
];
/// What stands in front of the time.
const AT: &[u8] = b"\"at\":";

/// Events that differ from each other, and compress as text does.
#[derive(Debug)]
pub(crate) struct Events {
    state: u64,
    next: u64,
}

impl Default for Events {
    fn default() -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, next: 0 }
    }
}

impl Events {
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// The next one, with a time in microseconds, for one of the partitions of a topic.
    pub(crate) fn record(&mut self, topic: &TopicName, partition: PartitionId, at: u64) -> ProducerRecord {
        let (user, kind, price) = (self.random() % 50_000, self.random(), self.random() % 100_000);
        let (id, ok) = (self.next, !self.random().is_multiple_of(10));
        self.next += 1;
        let kind = usize::try_from(kind >> 61).map_or(WORDS[0], |word| WORDS[word]);
        let mut text = String::with_capacity(BYTES + 64);
        // A String takes everything.
        let _ = write!(
            text,
            r#"{{"id":{id},"user":"user-{user}","kind":"{kind}","price":{price}.25,"at":{at},"ok":{ok},"note":""#
        );
        while text.len() < BYTES - 14 {
            let mut bits = self.random();
            for _ in 0..4 {
                text.push_str(WORDS[(bits & 15) as usize]);
                let _ = write!(text, "{} ", bits >> 58);
                bits >>= 4;
            }
        }
        text.truncate(BYTES - 2);
        text.push_str("\"}");
        let key = Some(Bytes::from(format!("user-{user}")));
        let partition = Some(partition);
        ProducerRecord { key, partition, ..ProducerRecord::new(topic.clone(), Some(Bytes::from(text))) }
    }
}

/// The time in an event, also when a mapping has written it anew.
pub(crate) fn time_of(event: &[u8]) -> Option<u64> {
    let at = event.windows(AT.len()).position(|window| window == AT)? + AT.len();
    let digits = event.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit());
    digits.map(|digit| u64::from(digit - b'0')).reduce(|number, digit| number * 10 + digit)
}
