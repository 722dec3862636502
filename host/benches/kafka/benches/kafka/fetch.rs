use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use forebay_kafka_wire::{BatchHeader, HEADER_BYTES};
use forebay_lifecycle::clock;
use futures_util::future::join_all;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{ApiKey, FetchRequest, FetchResponse, TopicName};
use kafka_protocol::protocol::{Decodable as _, StrBytes};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::connection::{TOPIC, read_answer};
use crate::figures::Figures;
use crate::frame::frame;

const FETCH_VERSION: i16 = 11;
/// What a request asks for at most, of one partition and in all.
pub(crate) const PARTITION_BYTES: i32 = 8 << 20;
const BYTES: i32 = 50 << 20;
const MAX_WAIT: Duration = Duration::from_millis(500);

/// Readers on connections of their own, each with partitions of its own.
pub(crate) struct Readers {
    all: Vec<Reader>,
}

struct Reader {
    stream: TcpStream,
    /// In the order in which they are asked for: those that gave something go behind the others.
    partitions: VecDeque<Position>,
    sent: i32,
    bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    partition: i32,
    next: i64,
    high_watermark: i64,
}

impl Readers {
    /// From the beginning on.
    pub(crate) async fn open(broker: SocketAddr, partitions: i32, most: usize) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        let readers = most.min(usize::try_from(partitions)?);
        for index in 0..readers {
            let stream = TcpStream::connect(broker).await?;
            stream.set_nodelay(true)?;
            let own = (0..partitions).skip(index).step_by(readers);
            let partitions =
                own.map(|partition| Position { partition, next: 0, high_watermark: i64::MAX }).collect();
            all.push(Reader { stream, partitions, sent: 0, bytes: 0 });
        }
        Ok(Self { all })
    }

    /// Goes behind what is there.
    pub(crate) async fn seek_to_end(&mut self) -> anyhow::Result<()> {
        for reader in &mut self.all {
            reader.fetch(Duration::ZERO, 1).await?;
            reader.partitions.iter_mut().for_each(|position| position.next = position.high_watermark);
            reader.bytes = 0;
        }
        Ok(())
    }

    /// Fetches what comes, until so many bytes are enough.
    pub(crate) async fn tail(mut self, is_enough: impl Fn(u64) -> bool) -> anyhow::Result<Figures> {
        let began = clock::now();
        let (all, is_enough) = (&Cell::new(0), &is_enough);
        let runs = self.all.iter_mut().map(|reader| async move {
            while !is_enough(all.get()) {
                let before = reader.bytes;
                reader.fetch(MAX_WAIT, PARTITION_BYTES).await?;
                all.set(all.get() + reader.bytes - before);
            }
            Ok(reader.bytes)
        });
        Self::sum(join_all(runs).await, began.elapsed())
    }

    /// Fetches everything that is there.
    pub(crate) async fn catch_up(mut self) -> anyhow::Result<Figures> {
        let began = clock::now();
        let runs = self.all.iter_mut().map(|reader| async move {
            while !reader.partitions.is_empty() {
                reader.fetch(MAX_WAIT, PARTITION_BYTES).await?;
                reader.partitions.retain(|position| position.next < position.high_watermark);
            }
            Ok(reader.bytes)
        });
        Self::sum(join_all(runs).await, began.elapsed())
    }

    fn sum(bytes: Vec<anyhow::Result<u64>>, took: Duration) -> anyhow::Result<Figures> {
        let bytes = bytes.into_iter().sum::<anyhow::Result<u64>>()?;
        Ok(Figures { bytes, took, delays: Vec::new() })
    }
}

impl Reader {
    async fn fetch(&mut self, wait: Duration, partition_bytes: i32) -> anyhow::Result<()> {
        let partitions = self.partitions.iter().map(|position| {
            FetchPartition::default()
                .with_partition(position.partition)
                .with_fetch_offset(position.next)
                .with_partition_max_bytes(partition_bytes)
        });
        let topic = FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_static_str(TOPIC)))
            .with_partitions(partitions.collect());
        let request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(wait.as_millis())?)
            .with_min_bytes(1)
            .with_max_bytes(BYTES)
            .with_session_epoch(-1)
            .with_topics(vec![topic]);
        let frame = frame(ApiKey::Fetch, FETCH_VERSION, self.sent, &request)?;
        self.stream.write_all(&frame).await?;
        let (correlation_id, mut body) = read_answer(&mut self.stream, ApiKey::Fetch, FETCH_VERSION).await?;
        ensure!(correlation_id == self.sent, "answer {correlation_id} comes instead of {}", self.sent);
        self.sent += 1;
        let response = FetchResponse::decode(&mut body, FETCH_VERSION)?;
        ensure!(response.error_code == 0, "a fetch is refused with error {}", response.error_code);
        let mut gave = VecDeque::new();
        for answer in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            let (partition, code) = (answer.partition_index, answer.error_code);
            ensure!(code == 0, "fetching partition {partition} is refused with error {code}");
            let mut positions = self.partitions.iter_mut();
            let position = positions.find(|position| position.partition == partition);
            let position = position.context("an answer about a partition that was not asked for")?;
            position.high_watermark = answer.high_watermark;
            let bytes = position.take(&answer.records.unwrap_or_default())?;
            self.bytes += bytes;
            if bytes > 0 {
                gave.push_back(partition);
            }
        }
        let (behind, before) =
            self.partitions.iter().partition::<VecDeque<_>, _>(|one| gave.contains(&one.partition));
        self.partitions = before;
        self.partitions.extend(behind);
        Ok(())
    }
}

impl Position {
    /// Goes behind the batches in `bytes`, the last of which may be cut off, and says how many bytes they have.
    fn take(&mut self, bytes: &Bytes) -> anyhow::Result<u64> {
        let mut rest = &bytes[..];
        let mut taken = 0;
        while rest.len() >= HEADER_BYTES {
            let header = BatchHeader::parse(rest)?;
            let Some(behind) = rest.get(header.total_bytes()..) else { break };
            ensure!(header.base_offset.get() == self.next, "offset {} is missing", self.next);
            self.next = header.last_offset().context("an offset past the last one")?.get() + 1;
            taken += header.total_bytes() as u64;
            rest = behind;
        }
        Ok(taken)
    }
}
