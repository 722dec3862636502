use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use forebay_lifecycle::clock;
use futures_util::future::{join_all, try_join};
use kafka_protocol::messages::{ApiKey, ProduceResponse};
use kafka_protocol::protocol::Decodable as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::connection::{TOPIC, producer_id, read_answer};
use crate::figures::Figures;
use crate::frame::{Frame, PRODUCE_VERSION};
use crate::load::{Load, PACE};

/// Producers on connections of their own, each with partitions of its own where there are enough.
pub(crate) struct Producers {
    all: Vec<Producer>,
}

struct Producer {
    stream: TcpStream,
    frames: Vec<Frame>,
    in_flight: usize,
    sent: i32,
    answered: i32,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as there is room, so much in all at most.
    Full { until: Instant, most_bytes: u64 },
    /// At these times.
    Even { first: Instant, every: Duration, until: Instant },
}

/// A request that waits for its answer.
struct Waiting {
    due: Instant,
    bytes: u64,
}

impl Producers {
    pub(crate) async fn open(broker: SocketAddr, load: Load) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for index in 0..load.connections {
            let own = (0..load.partitions).skip(index).step_by(load.connections).collect::<Vec<_>>();
            // There may be fewer partitions than connections.
            let shared = [i32::try_from(index)? % load.partitions];
            let partitions = if own.is_empty() { &shared[..] } else { &own };
            let frames = Frame::all(TOPIC, partitions, load, producer_id(broker).await?)?;
            let stream = TcpStream::connect(broker).await?;
            stream.set_nodelay(true)?;
            all.push(Producer { stream, frames, in_flight: load.in_flight, sent: 0, answered: 0 });
        }
        Ok(Self { all })
    }

    /// As much as possible for so long.
    pub(crate) async fn full(&mut self, time: Duration, most_bytes: u64) -> anyhow::Result<Figures> {
        let most_bytes = most_bytes / self.all.len() as u64;
        let pace = Pace::Full { until: Instant::now() + time, most_bytes };
        self.run(|_| pace).await
    }

    /// At the steady pace for so long.
    pub(crate) async fn paced(&mut self, time: Duration) -> anyhow::Result<Figures> {
        let step = Duration::from_secs(1) / PACE;
        let every = step * u32::try_from(self.all.len())?;
        let (begin, until) = (Instant::now(), Instant::now() + time);
        self.run(|index| Pace::Even { first: begin + step * index, every, until }).await
    }

    async fn run(&mut self, pace: impl Fn(u32) -> Pace) -> anyhow::Result<Figures> {
        let began = clock::now();
        let runs = (0..).zip(&mut self.all).map(|(index, producer)| producer.run(pace(index)));
        let mut figures = Figures::default();
        for one in join_all(runs).await {
            figures.add(one?);
        }
        figures.took = began.elapsed();
        Ok(figures)
    }
}

impl Producer {
    async fn run(&mut self, pace: Pace) -> anyhow::Result<Figures> {
        let Self { stream, frames, in_flight, sent, answered } = self;
        let (read, write) = stream.split();
        let (waiting, requests) = mpsc::channel(*in_flight);
        // An answer makes room for the next request.
        let room = Semaphore::new(*in_flight);
        let sending = send(write, frames, sent, pace, (&room, waiting));
        let ((), figures) = try_join(sending, receive(read, answered, &room, requests)).await?;
        Ok(figures)
    }
}

async fn send(
    mut write: WriteHalf<'_>,
    frames: &mut [Frame],
    sent: &mut i32,
    pace: Pace,
    (room, waiting): (&Semaphore, mpsc::Sender<Waiting>),
) -> anyhow::Result<()> {
    let mut bytes = 0;
    for turn in 0.. {
        let due = match pace {
            Pace::Full { .. } => None,
            Pace::Even { first, every, until } => {
                let due = first + every * turn;
                if due >= until {
                    return Ok(());
                }
                sleep_until(due).await;
                Some(due)
            }
        };
        room.acquire().await?.forget();
        if let Pace::Full { until, most_bytes } = pace
            && (Instant::now() >= until || bytes >= most_bytes)
        {
            return Ok(());
        }
        let frame = &mut frames[usize::try_from(*sent)? % frames.len()];
        let batch_bytes = frame.batch_bytes();
        bytes += batch_bytes;
        waiting.send(Waiting { due: due.unwrap_or_else(Instant::now), bytes: batch_bytes }).await?;
        write.write_all(frame.next(*sent)).await?;
        *sent += 1;
    }
    Ok(())
}

async fn receive(
    mut read: ReadHalf<'_>,
    answered: &mut i32,
    room: &Semaphore,
    mut requests: mpsc::Receiver<Waiting>,
) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    while let Some(Waiting { due, bytes }) = requests.recv().await {
        let (correlation_id, mut body) = read_answer(&mut read, ApiKey::Produce, PRODUCE_VERSION).await?;
        ensure!(correlation_id == *answered, "answer {correlation_id} comes instead of {answered}");
        *answered += 1;
        check(&ProduceResponse::decode(&mut body, PRODUCE_VERSION)?)?;
        figures.bytes += bytes;
        figures.delays.push(due.elapsed());
        room.add_permits(1);
    }
    Ok(figures)
}

fn check(response: &ProduceResponse) -> anyhow::Result<()> {
    for partition in response.responses.iter().flat_map(|topic| &topic.partition_responses) {
        let (code, text) = (partition.error_code, partition.error_message.as_deref().unwrap_or_default());
        ensure!(code == 0, "partition {} is refused with error {code}: {text}", partition.index);
    }
    Ok(())
}
