//! How fast is a backlog read that is in no cache, and what does that cost the server? From a bucket in a folder, through
//! a connection, for batches and partitions of several sizes. The client is a thread whose time is not counted.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a bench")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use forebay_kafka_broker::{
    Advertised, AgentSettings, Broker, BrokerSettings, ConnectionContext, Endpoint, Limits, Request,
    RequestBody, Response, Server, ServerSettings,
};
use forebay_kafka_wire::{BatchBuilder, BatchHeader, Compression};
use forebay_lifecycle::{Shutdown, Spawner, Tasks, chance, clock};
use forebay_model::{AgentId, ByteCount, NodeId, Offset, PartitionCount, Timestamp};
use forebay_storage_log::{BlockCache, Index, Reader, Writer, WriterMetrics, WriterSettings};
use forebay_storage_metadata::{Configs, NewTopic, Topics as _, VirtualClusters as _};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, ProduceRequest, RequestHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, StrBytes};

/// What is read for each figure.
const BACKLOG: usize = 512 << 20;
const VERSION: i16 = 11;

/// What a figure is about.
#[derive(Clone, Copy)]
struct Case {
    partitions: i32,
    batch: usize,
    /// How much of a partition one answer has.
    partition_bytes: i32,
}

fn main() {
    // One thread serves; files are read on threads beside it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!(
        "{:>10} {:>9} {:>12} {:>8} {:>14} {:>16}",
        "partitions", "batch KiB", "per fetch KiB", "MB/s", "CPU ms/GiB", "MB/s per core"
    );
    for partitions in [1, 16] {
        for (batch, partition_bytes) in [(16 << 10, 1 << 20), (512 << 10, 1 << 20), (512 << 10, 8 << 20)] {
            runtime.block_on(round(Case { partitions, batch, partition_bytes }));
        }
    }
}

async fn round(case: Case) {
    let folder = Folder::new();
    let metadata = Arc::new(SqliteMetadataStore::open(&Location::Memory).unwrap());
    let cluster = "vci_bench".parse().unwrap();
    metadata.create_virtual_cluster(&cluster).await.unwrap();
    let partitions = PartitionCount::new(case.partitions).unwrap();
    let topic = NewTopic { name: "t".parse().unwrap(), partitions, configs: Configs::default() };
    metadata.create_topic(&cluster, &topic).await.unwrap();
    let bucket = format!("file://{}", folder.0.display());
    let objects = forebay_storage_objects::open(&bucket, std::iter::empty()).unwrap();
    let spawner = Spawner::current();
    let settings = WriterSettings { batch_timeout: Duration::from_millis(25), ..WriterSettings::default() };
    let (store, metrics) = (Arc::clone(&metadata) as _, WriterMetrics::default());
    let writer = Writer::spawn(Arc::clone(&objects), store, settings, metrics, &spawner);
    let index = Arc::new(Index::new(Arc::clone(&metadata) as _, ByteCount::new(16 << 20)));
    let blocks = BlockCache::new(objects, ByteCount::new(128 << 20)).reading_ahead(spawner.clone());
    let reader = Reader::with_index(Arc::clone(&metadata) as _, index, Arc::new(blocks));
    let advertised = Advertised::AsReached(Endpoint { host: "localhost".to_owned(), port: 9092 });
    let agent = AgentSettings::new(AgentId::from_random(7), NodeId::new(7).unwrap());
    let settings = BrokerSettings::new(cluster, agent, advertised);
    let broker = Broker::new(settings, metadata, writer, reader);
    fill(&broker, case).await;

    let listen = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(ServerSettings { listen, limits: Limits::default() }).await.unwrap();
    let address = server.local_addr().unwrap();
    let tasks = Tasks::new(spawner.clone(), Shutdown::new());
    spawner.spawn(server.serve(broker, tasks.clone()));
    let (began, cpu) = (clock::now(), cpu(""));
    let (read, client_cpu) = tokio::task::spawn_blocking(move || consume(address, case)).await.unwrap();
    let cpu = cpu_since(cpu) - client_cpu;
    let elapsed = began.elapsed().as_secs_f64();
    tasks.shutdown().cancel();
    let megabytes = read as f64 / 1e6;
    println!(
        "{:>10} {:>9} {:>12} {:>8.0} {:>14.0} {:>16.0}",
        case.partitions,
        case.batch >> 10,
        case.partition_bytes >> 10,
        megabytes / elapsed,
        cpu * 1e3 * f64::from(1 << 30) / read as f64,
        megabytes / cpu,
    );
}

async fn fill(broker: &Broker, case: Case) {
    let batch = batch(case.batch);
    let each = BACKLOG / batch.len() / case.partitions.unsigned_abs() as usize;
    // Enough for several segments at once.
    for some in (0..each).collect::<Vec<_>>().chunks((32 << 20) / batch.len()) {
        let mut started = Vec::new();
        for _ in some {
            for partition in 0..case.partitions {
                let data = PartitionProduceData::default().with_index(partition);
                let data = data.with_records(Some(batch.clone()));
                let topic = TopicProduceData::default().with_name(name()).with_partition_data(vec![data]);
                let produce = ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic]);
                let request = Request { version: 9, body: RequestBody::Produce(produce) };
                started.push(broker.start(&ConnectionContext::default(), request).await);
            }
            if started.len() * batch.len() >= 64 << 20 {
                settle(&mut started).await;
            }
        }
        settle(&mut started).await;
    }
}

async fn settle(started: &mut Vec<forebay_kafka_broker::Started>) {
    for started in started.drain(..) {
        let Response::Produce(response) = started.answer().await.response else { unreachable!() };
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    }
}

/// Records that do not compress, one KiB each.
fn batch(bytes: usize) -> Bytes {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None);
    for _ in 0..bytes / 1024 {
        let value: Vec<u8> = (0..1024 / 16).flat_map(|_| chance::bits().to_le_bytes()).collect();
        builder.push(Timestamp::from_millis(1), None, Some(&value), &[]).unwrap();
    }
    builder.build().unwrap().into_bytes()
}

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str("t"))
}

/// Reads everything; how many bytes of batches that was, and what it took of the thread's time.
fn consume(address: SocketAddr, case: Case) -> (usize, f64) {
    let before = cpu("thread-");
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut next = vec![0_i64; case.partitions.unsigned_abs() as usize];
    let (mut read, mut frame) = (0, Vec::new());
    loop {
        socket.write_all(&request(&next, case)).unwrap();
        let mut length = [0; 4];
        socket.read_exact(&mut length).unwrap();
        frame.resize(u32::from_be_bytes(length) as usize, 0);
        socket.read_exact(&mut frame).unwrap();
        let mut body = Bytes::from(std::mem::take(&mut frame)).slice(4..);
        let response = FetchResponse::decode(&mut body, VERSION).unwrap();
        let mut is_over = true;
        for partition in response.responses.into_iter().flat_map(|topic| topic.partitions) {
            assert_eq!(partition.error_code, 0);
            let mut records = partition.records.unwrap_or_default();
            read += records.len();
            let next = &mut next[usize::try_from(partition.partition_index).unwrap()];
            while !records.is_empty() {
                let header = BatchHeader::parse(&records).unwrap();
                *next = header.last_offset().unwrap().get() + 1;
                records = records.slice(header.total_bytes()..);
            }
            is_over &= *next == partition.high_watermark;
        }
        if is_over {
            return (read, cpu_of(&cpu("thread-")) - cpu_of(&before));
        }
    }
}

fn request(next: &[i64], case: Case) -> BytesMut {
    let partitions = next.iter().enumerate().map(|(partition, offset)| {
        FetchPartition::default()
            .with_partition(i32::try_from(partition).unwrap())
            .with_fetch_offset(*offset)
            .with_partition_max_bytes(case.partition_bytes)
    });
    let topic = FetchTopic::default().with_topic(name()).with_partitions(partitions.collect());
    let fetch =
        FetchRequest::default().with_max_bytes(50 << 20).with_session_epoch(-1).with_topics(vec![topic]);
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::Fetch as i16)
        .with_request_api_version(VERSION)
        .with_client_id(None);
    let mut frame = BytesMut::from(&[0; 4][..]);
    header.encode(&mut frame, ApiKey::Fetch.request_header_version(VERSION)).unwrap();
    fetch.encode(&mut frame, VERSION).unwrap();
    let length = u32::try_from(frame.len() - 4).unwrap();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

/// What Linux says of this process, or this thread.
fn cpu(which: &str) -> String {
    std::fs::read_to_string(format!("/proc/{which}self/stat")).unwrap()
}

/// Seconds, in user space and in the system.
fn cpu_of(stat: &str) -> f64 {
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn cpu_since(before: String) -> f64 {
    cpu_of(&cpu("")) - cpu_of(&before)
}

/// A folder that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("forebay-backlog-{:032x}", chance::bits()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the temporary folder anyway.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
