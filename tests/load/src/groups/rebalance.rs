//! How long members need to agree.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use futures_util::future::join_all;
use kafka_protocol::protocol::StrBytes;

use super::history::GroupRecorder;
use super::member::Member;
use super::{GroupLoad, Protocol};
use crate::connection::Connection;

/// Between two signs of life of a member that is not there yet where it wants to be.
const PAUSE: Duration = Duration::from_millis(50);

/// How long members needed until all were in one generation and had all partitions.
#[derive(Debug, Clone, Copy)]
pub struct Rebalance {
    /// When all of them came at once.
    pub all_come: Duration,
    /// When one more came.
    pub one_more: Duration,
}

impl Rebalance {
    /// Lets members come. They leave at the end.
    ///
    /// # Errors
    /// When an agent can't be asked, or they do not agree.
    pub async fn measure(load: &GroupLoad, members: u32, addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let events = GroupRecorder::default();
        let mut all = open(load, 0..members, addresses, &events).await?;
        let all_come = agree(load, &mut all).await?;
        let one = members..members + 1;
        all.extend(open(load, one, addresses, &events).await?);
        let one_more = agree(load, &mut all).await?;
        for (member, connection) in &mut all {
            match load.protocol {
                Protocol::Classic => member.leave_classic(connection).await?,
                Protocol::Consumer => member.leave_consumer(connection).await?,
            }
        }
        Ok(Self { all_come, one_more })
    }

    /// Lets members come and agree. Who they are, and their generation; they are silent from then on.
    ///
    /// # Errors
    /// As [`Self::measure`].
    pub async fn settle(
        load: &GroupLoad,
        members: u32,
        addresses: &[SocketAddr],
    ) -> anyhow::Result<(Vec<StrBytes>, i32)> {
        let events = GroupRecorder::default();
        let mut all = open(load, 0..members, addresses, &events).await?;
        agree(load, &mut all).await?;
        let generation = all.first().and_then(|(member, _)| member.generation).unwrap_or_default();
        Ok((all.into_iter().map(|(member, _)| member.id).collect(), generation))
    }
}

async fn open<'r>(
    load: &'r GroupLoad,
    numbers: std::ops::Range<u32>,
    addresses: &[SocketAddr],
    events: &'r GroupRecorder,
) -> anyhow::Result<Vec<(Member<'r>, Connection)>> {
    let mut all = Vec::new();
    for (number, address) in numbers.zip(addresses.iter().cycle()) {
        let connection = Connection::open(*address, load.timeout).await?;
        all.push((Member::new(load, number, events), connection));
    }
    Ok(all)
}

/// Until all are in one generation and have all partitions.
async fn agree(load: &GroupLoad, all: &mut [(Member<'_>, Connection)]) -> anyhow::Result<Duration> {
    let started = clock::now();
    loop {
        let signs = all.iter_mut().map(|(member, connection)| async move {
            match load.protocol {
                Protocol::Classic => member.sign_classic(connection).await,
                Protocol::Consumer => member.sign_consumer(connection).await,
            }
        });
        join_all(signs).await.into_iter().collect::<anyhow::Result<Vec<()>>>()?;
        if has_agreed(load, all) {
            return Ok(started.elapsed());
        }
        anyhow::ensure!(!is_late(started), "{} members did not agree in a minute", all.len());
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_late(started: Instant) -> bool {
    started.elapsed() > Duration::from_mins(1)
}

fn has_agreed(load: &GroupLoad, all: &[(Member<'_>, Connection)]) -> bool {
    let mut generations = all.iter().map(|(member, _)| member.generation);
    let first = generations.next().flatten();
    let owned: usize = all.iter().map(|(member, _)| member.positions.len()).sum();
    let are_given = i32::try_from(owned).is_ok_and(|owned| owned == load.partitions);
    first.is_some() && are_given && generations.all(|generation| generation == first)
}
