//! Consumer groups of ten, whose members join, leave, die and stand still, while records come and agents are killed,
//! paused and replaced. And the laws of groups themselves: what breaks them is seen.

use std::sync::Arc;
use std::time::Duration;

use forebay_model::{Offset, PartitionId, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    ChangeGroupError, GroupChange, OffsetToCommit, OffsetsWanted, TopicSelection,
};
use forebay_tests_load::groups::laws::check;
use forebay_tests_load::groups::{GroupEvent, GroupLoad, GroupRun, GroupSummary, GroupViolation, Protocol};
use forebay_tests_load::{Addresses, Agent, Effort, Ground, Load, Moment, Nothing, Run, Try};

use forebay_tests_postgres::Server;

use crate::ground::{Folder, addresses, agent, in_memory, options, workers};
use crate::postgres::{agents, stop};

const PARTITIONS: i32 = 12;

/// Longer than any group needs.
const LONG: Duration = Duration::from_secs(30);

/// Producers that go on for a while without readers.
fn load() -> Load {
    Load {
        partitions: PARTITIONS,
        readers: 0,
        requests: 40,
        timeout: Duration::from_secs(1),
        ..Load::default()
    }
}

/// A group at work while records come and `fault` happens; what it came to, or what is wrong.
async fn consumed(
    name: &str,
    (protocol, seed, patience): (Protocol, u64, Duration),
    addresses: Addresses,
    fault: impl Future<Output = ()>,
) -> anyhow::Result<GroupSummary> {
    let name = format!("{protocol:?} group, {name}");
    let mut run = Run::new(&name, seed, load(), addresses.clone());
    run.create_topic().await?;
    let group = GroupLoad { patience, ..GroupLoad::new(protocol, PARTITIONS) };
    let mut group = GroupRun::new(&name, seed, group, addresses);
    let slowly = async {
        // Members come and go for some seconds, and so do records.
        let mut fault = Box::pin(fault);
        for turn in 0..3 {
            let pause = tokio::time::sleep(Duration::from_millis(600));
            if turn == 1 {
                tokio::join!(run.work(fault.as_mut()), pause);
            } else {
                tokio::join!(run.work(std::future::ready(())), pause);
            }
            run.again();
        }
    };
    group.work(slowly).await;
    run.finish().await?;
    group.finish().await
}

async fn told(summary: anyhow::Result<GroupSummary>) {
    match summary {
        Ok(summary) => {
            println!("{summary}");
            assert!(summary.generations > 2 && summary.met.commits > 0, "{summary}");
        }
        Err(error) => panic!("{error:#}"),
    }
}

fn members_alone(protocol: Protocol) {
    for seed in Effort::from_environment().seeds() {
        let workers = workers();
        workers.block_on(async {
            let ground = in_memory();
            let one = agent(&ground, Arc::new(Nothing), &workers).await;
            let other = agent(&ground, Arc::new(Nothing), &workers).await;
            let nothing = std::future::ready(());
            told(consumed("2 agents", (protocol, seed, LONG), addresses([&one, &other]), nothing).await)
                .await;
            one.stop(Duration::from_secs(10)).await;
            other.stop(Duration::from_secs(10)).await;
        });
    }
}

#[test]
fn members_come_and_go() {
    members_alone(Protocol::Classic);
}

#[test]
fn members_come_and_go_by_kip_848() {
    members_alone(Protocol::Consumer);
}

/// The only agent is killed twice, and paused once.
fn with_faults(protocol: Protocol) {
    let folder = Folder::new();
    workers().block_on(async {
        let mut agent = Some(Agent::start(&options(&folder)).await.unwrap());
        let addresses = Addresses::of(agent.as_ref().map(|agent| agent.address));
        let fault = async {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(400)).await;
                agent.take().unwrap().kill().await.unwrap();
                let new = Agent::start(&options(&folder)).await.unwrap();
                addresses.set([new.address]);
                agent = Some(new);
            }
            let agent = agent.as_ref().unwrap();
            agent.signal("STOP").await.unwrap();
            tokio::time::sleep(Duration::from_millis(600)).await;
            agent.signal("CONT").await.unwrap();
        };
        told(consumed("kill -9 and SIGSTOP", (protocol, 1, LONG), addresses.clone(), fault).await).await;
        drop(agent);
    });
}

#[test]
fn agents_are_killed_and_paused() {
    with_faults(Protocol::Classic);
}

#[test]
fn agents_are_killed_and_paused_by_kip_848() {
    with_faults(Protocol::Consumer);
}

/// Three agents on one PostgreSQL: one of them is gone, and the database is replaced by its standby.
fn on_postgres(protocol: Protocol) {
    let workers = workers();
    let mut primary = Server::start().unwrap();
    let standby = primary.standby().unwrap();
    primary.wait_for_standbys().unwrap();
    let (first, second) = (primary.port(), standby.port());
    let url = format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres?sslmode=disable");
    workers.block_on(async {
        let mut nodes = agents(&url, 3, &workers).await;
        let all = addresses(&nodes);
        let fault = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            // As a crash would.
            drop(nodes.pop());
            all.set(addresses(&nodes).all());
            tokio::time::sleep(Duration::from_millis(300)).await;
            primary.kill().unwrap();
            standby.promote().unwrap();
        };
        let name = "3 agents, one of them gone, promoted standby";
        told(consumed(name, (protocol, 1, LONG), all.clone(), fault).await).await;
        stop(nodes).await;
    });
}

#[test]
fn one_of_three_agents_and_the_database_are_lost() {
    on_postgres(Protocol::Classic);
}

#[test]
fn one_of_three_agents_and_the_database_are_lost_by_kip_848() {
    on_postgres(Protocol::Consumer);
}

/// A fault is planted: somebody moves what the group has committed, past all fences.
fn moved(by: i64) -> String {
    let workers = workers();
    workers.block_on(async {
        let ground = in_memory();
        let node = agent(&ground, Arc::new(Nothing), &workers).await;
        let fault = async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                move_offsets(&ground, by).await;
            }
        };
        let addresses = addresses([&node]);
        let group =
            consumed("offsets are moved", (Protocol::Classic, 1, Duration::from_secs(2)), addresses, fault)
                .await;
        node.stop(Duration::from_secs(10)).await;
        format!("{:#}", group.unwrap_err())
    })
}

async fn move_offsets(ground: &Ground, by: i64) {
    let cluster: VirtualClusterId = "vci_default".parse().unwrap();
    let group = "consumers".parse().unwrap();
    let topics = ground.metadata.describe_topics(&cluster, &TopicSelection::All).await.unwrap();
    let logs = (0..PARTITIONS).map(|at| TopicIdPartition::new(topics[0].id, PartitionId::new(at).unwrap()));
    let loaded = ground.metadata.load_groups(&cluster, vec![group]).await.unwrap();
    let Some(found) = loaded.groups.into_iter().flatten().next() else { return };
    let group: forebay_model::GroupId = "consumers".parse().unwrap();
    let wanted = vec![OffsetsWanted { group: group.clone(), logs: Some(logs.collect()) }];
    let offsets = ground.metadata.load_offsets(&cluster, wanted).await.unwrap().pop().unwrap();
    let moved = offsets.into_iter().map(|(log, offset)| {
        let to = Offset::new((offset.committed.offset.get() + by).max(0)).unwrap();
        (log, OffsetToCommit { offset: to, ..offset.committed })
    });
    let change = GroupChange { offsets: moved.collect(), ..GroupChange::default() };
    match ground.metadata.change_group(&cluster, &group, Some(found.version), change).await {
        Ok(_) | Err(ChangeGroupError::Changed { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn offsets_that_go_back_are_seen() {
    let found = moved(-3);
    assert!(found.contains("WentBack"), "{found}");
}

#[test]
fn records_that_are_left_out_are_seen() {
    let found = moved(50);
    assert!(found.contains("Skipped"), "{found}");
}

fn at(began: u64, ended: u64) -> Try {
    Try { began: Moment(began), ended: Moment(ended) }
}

#[test]
fn each_law_is_broken_by_what_it_forbids() {
    let consumed = |from, to| GroupEvent::Consumed { member: 0, partition: 0, from, to };
    let committed =
        |during, offset| GroupEvent::Committed { during, member: 0, generation: 1, partition: 0, offset };
    let assigned = |member, generation| GroupEvent::Assigned { member, generation, partitions: vec![0] };
    let fine = [
        assigned(0, 1),
        assigned(0, 1),
        consumed(0, 3),
        consumed(2, 5),
        committed(at(1, 2), 3),
        // Whoever asks meanwhile may be told either.
        GroupEvent::Told { during: at(3, 9), partition: 0, offset: 3 },
        committed(at(4, 5), 5),
        assigned(1, 2),
    ];
    assert_eq!(check(&fine, &[5]), []);
    assert_eq!(check(&fine, &[6]), [GroupViolation::Skipped { partition: 0, offset: 5 }]);
    assert_eq!(
        check(&[consumed(0, 3), consumed(4, 5)], &[5]),
        [GroupViolation::Skipped { partition: 0, offset: 3 }]
    );
    let back = [committed(at(1, 2), 3), GroupEvent::Told { during: at(3, 4), partition: 0, offset: 2 }];
    assert_eq!(check(&back, &[]), [GroupViolation::WentBack { partition: 0, from: 3, to: 2 }]);
    let shared = [assigned(4, 1), assigned(5, 1)];
    assert_eq!(
        check(&shared, &[]),
        [GroupViolation::Shared { generation: 1, partition: 0, members: [4, 5] }]
    );
}
