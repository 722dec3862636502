use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use forebay_kafka_client::Connection;
use forebay_lifecycle::clock;
use forebay_model::{ProducerEpoch, ProducerId, TopicName};
use kafka_protocol::messages::{ApiKey, InitProducerIdRequest};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::fetch::Readers;

/// The topic that everything goes to.
pub(crate) const TOPIC: &str = "bench";
const LONGEST_ANSWER: usize = 256 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Makes the topic.
pub(crate) async fn make_topic(broker: SocketAddr, partitions: i32) -> anyhow::Result<()> {
    let topic: TopicName = TOPIC.parse()?;
    let mut connection = ask(broker).await?;
    connection.create_topic(&topic, partitions).await?;
    wait_for(broker, partitions).await
}

/// Some brokers have partitions a while after they have said so, and ids for producers a while after they have started.
async fn wait_for(broker: SocketAddr, partitions: i32) -> anyhow::Result<()> {
    let began = clock::now();
    loop {
        let ready = async {
            Readers::open(broker, partitions, 1).await?.seek_to_end().await?;
            producer_id(broker).await
        };
        match ready.await {
            Ok(_) => return Ok(()),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

/// An id for an idempotent producer.
pub(crate) async fn producer_id(broker: SocketAddr) -> anyhow::Result<(ProducerId, ProducerEpoch)> {
    let request =
        InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
    let answer = ask(broker).await?.call(2, &request).await?;
    ensure!(answer.error_code == 0, "no id for a producer: error {}", answer.error_code);
    Ok((ProducerId::new(answer.producer_id.0)?, ProducerEpoch::new(answer.producer_epoch)?))
}

async fn ask(broker: SocketAddr) -> anyhow::Result<Connection> {
    Ok(Connection::open(&broker.ip().to_string(), broker.port(), "bench").await?)
}

/// The next answer behind its header, and its number.
pub(crate) async fn read_answer(
    stream: &mut (impl AsyncRead + Unpin),
    api: ApiKey,
    version: i16,
) -> anyhow::Result<(i32, Bytes)> {
    let length = usize::try_from(stream.read_u32().await.context("the broker has closed the connection")?)?;
    ensure!(length <= LONGEST_ANSWER, "an answer of {length} bytes");
    let mut frame = BytesMut::with_capacity(length);
    let mut rest = stream.take(u64::try_from(length)?);
    while frame.len() < length {
        ensure!(rest.read_buf(&mut frame).await? > 0, "an answer ends early");
    }
    let mut frame = frame.freeze();
    let correlation_id = frame.try_get_i32()?;
    if api.response_header_version(version) >= 1 {
        ensure!(frame.try_get_u8()? == 0, "the header of an answer has fields that nobody asked for");
    }
    Ok((correlation_id, frame))
}
