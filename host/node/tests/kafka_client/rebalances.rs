use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_kafka_client::{CommitOffset, Consumer, ConsumerEvent, ProducerSettings, TopicPartition};
use forebay_lifecycle::{Shutdown, Spawner, Tasks};
use forebay_model::{Offset, TopicName};

use crate::ground::{Ground, record, until, values};
use crate::groups::{PROTOCOLS, settings};
use crate::troubles::Flaky;

/// What all members together have seen.
type Seen = Arc<Mutex<BTreeSet<String>>>;

/// A member that notes what it reads, and commits before it gives something up.
struct Reading {
    consumer: Consumer,
    next: BTreeMap<TopicPartition, Offset>,
    seen: Seen,
}

impl Reading {
    async fn run(mut self, leaves: Shutdown, dies: Shutdown) {
        loop {
            let event = tokio::select! {
                () = leaves.cancelled() => break,
                // It ends where it is.
                () = dies.cancelled() => return,
                event = self.consumer.next() => event,
            };
            match event {
                None => return,
                Some(ConsumerEvent::Fetched(fetched)) => {
                    let mut seen = self.seen.lock().unwrap();
                    for record in fetched.records(1 << 20) {
                        seen.insert(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
                    }
                    self.next.insert(fetched.partition.clone(), fetched.next);
                }
                Some(ConsumerEvent::Revoked(revocation)) => {
                    self.commit(revocation.partitions()).await;
                    revocation.done();
                }
                Some(ConsumerEvent::Lost(partitions)) => {
                    self.next.retain(|partition, _| !partitions.contains(partition));
                }
                Some(ConsumerEvent::Assigned(_) | ConsumerEvent::Failed(_)) => {}
            }
        }
        let all: Vec<_> = self.next.keys().cloned().collect();
        self.commit(&all).await;
        self.consumer.close(Duration::from_secs(5)).await;
    }

    async fn commit(&mut self, partitions: &[TopicPartition]) {
        let next = partitions.iter().filter_map(|partition| {
            let next = self.next.remove(partition)?;
            Some(CommitOffset::new(partition.clone(), next))
        });
        let offsets: Vec<_> = next.collect();
        // Whoever gets them reads the same again, where this is refused.
        let _ = tokio::time::timeout(Duration::from_secs(3), self.consumer.commit(&offsets)).await;
    }
}

/// A member with the ways to end it.
struct Running {
    flaky: Arc<Flaky>,
    leaves: Shutdown,
    dies: Shutdown,
}

fn join(
    ground: &Ground,
    topic: &TopicName,
    group: &str,
    (seen, tasks): (&Seen, &Tasks),
    number: usize,
) -> Running {
    let flaky = Flaky::new(ground.transport());
    let client = Ground::client_over(Arc::<Flaky>::clone(&flaky));
    let consumer = client.consumer(settings(topic, group, PROTOCOLS[number % PROTOCOLS.len()])).unwrap();
    let (leaves, dies) = (Shutdown::new(), Shutdown::new());
    let reading = Reading { consumer, next: BTreeMap::new(), seen: Arc::clone(seen) };
    tasks.spawn(reading.run(leaves.clone(), dies.clone()));
    Running { flaky, leaves, dies }
}

/// Members join, leave and are killed while records come: each record is read by somebody.
pub(crate) async fn nothing_is_lost_while_members_come_and_go(ground: &Ground) {
    for protocol in 0..PROTOCOLS.len() {
        let (topic, group) = (ground.topic(4).await, ground.name("group"));
        let (seen, tasks) = (Seen::default(), Tasks::new(Spawner::current(), Shutdown::new()));
        let join = || join(ground, &topic, &group, (&seen, &tasks), protocol);
        let mut members = std::collections::VecDeque::from([join()]);
        let client = ground.client();
        let producer = client.producer(ProducerSettings::default());
        let expected: BTreeSet<_> = values(0..120).into_iter().collect();
        for (round, value) in values(0..120).into_iter().enumerate() {
            let number = i32::try_from(round % 4).unwrap();
            let outcomes = producer.send(vec![record(&topic, number, &value)]).await.outcomes().await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            match round % 40 {
                0 | 15 | 30 => members.push_back(join()),
                20 => members.pop_front().unwrap().leaves.cancel(),
                35 => {
                    let killed = members.pop_front().unwrap();
                    killed.flaky.cut();
                    killed.dies.cancel();
                }
                _ => {}
            }
        }
        until("everything has been read", async || *seen.lock().unwrap() == expected).await;
        members.iter().for_each(|member| member.leaves.cancel());
        tasks.finished().await;
        producer.close(Duration::from_secs(5)).await;
    }
}
