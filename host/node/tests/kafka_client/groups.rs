use std::collections::BTreeSet;
use std::time::Duration;

use forebay_kafka_client::{
    Client, CommitOffset, ConsumeError, ConsumerEvent, ConsumerSettings, Failure, GroupProtocol,
    GroupSettings, Start, Subscription,
};
use forebay_model::{Offset, TopicName};

use crate::ground::{Ground, PATIENCE, Watched, partition, produce, record, values};
use crate::troubles::Flaky;

/// Both protocols.
pub(crate) const PROTOCOLS: [GroupProtocol; 2] = [GroupProtocol::Consumer, GroupProtocol::Classic];

pub(crate) fn settings(topic: &TopicName, group: &str, protocol: GroupProtocol) -> ConsumerSettings {
    let group = GroupSettings {
        protocol,
        session_timeout: Duration::from_secs(2),
        heartbeat_interval: Duration::from_millis(300),
        rebalance_timeout: Duration::from_secs(10),
        ..GroupSettings::new(group.parse().unwrap())
    };
    ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])).in_group(group)
}

fn member(client: &Client, topic: &TopicName, group: &str, protocol: GroupProtocol) -> Watched {
    Watched::new(client, settings(topic, group, protocol))
}

pub(crate) async fn offsets_are_kept_for_the_next_member(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (client, topic, group) = (ground.client(), ground.topic(2).await, ground.name("group"));
        let sent = values(0..6).into_iter().map(|value| record(&topic, 0, &value));
        produce(&client, sent.collect()).await;
        let mut first = member(&client, &topic, &group, protocol);
        first.until_records(6).await;
        let next = Offset::new(4).unwrap();
        let offset =
            CommitOffset { metadata: "some".to_owned(), ..CommitOffset::new(partition(&topic, 0), next) };
        first.consumer.commit(&[offset]).await.unwrap();
        first.consumer.close(Duration::from_secs(10)).await;

        let mut second = member(&client, &topic, &group, protocol);
        second.until_records(2).await;
        assert_eq!(second.values(), values(4..6), "{protocol:?}");
        second.consumer.close(Duration::from_secs(10)).await;

        // Whoever is told to go on and finds nothing says so.
        let mut lost = settings(&topic, &ground.name("new-group"), protocol);
        lost.start = Start::Committed;
        let consumer = client.consumer(lost).unwrap();
        let told = async {
            loop {
                if let Some(ConsumerEvent::Failed(error)) = consumer.next().await
                    && error.partition == Some(partition(&topic, 0))
                {
                    return error;
                }
            }
        };
        let error = tokio::time::timeout(PATIENCE, told).await.unwrap();
        assert!(!error.is_retriable(), "{error}: {}", error.reason);
        consumer.close(Duration::from_secs(10)).await;
    }
}

/// A place that is not there any more, or not there yet, is left for the start that was asked for.
pub(crate) async fn a_committed_place_that_is_not_there_is_left(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (client, topic, group) = (ground.client(), ground.topic(1).await, ground.name("group"));
        let sent = values(0..6).into_iter().map(|value| record(&topic, 0, &value));
        produce(&client, sent.collect()).await;
        let mut first = member(&client, &topic, &group, protocol);
        first.until_records(6).await;
        let nowhere = CommitOffset::new(partition(&topic, 0), Offset::new(100).unwrap());
        first.consumer.commit(&[nowhere]).await.unwrap();
        first.consumer.close(Duration::from_secs(10)).await;

        let consumer = client.consumer(settings(&topic, &group, protocol)).unwrap();
        let (mut records, mut failures) = (0, Vec::new());
        let read = async {
            while records < 6 {
                match consumer.next().await {
                    Some(ConsumerEvent::Fetched(fetched)) => records += fetched.records(1 << 20).count(),
                    Some(ConsumerEvent::Failed(error)) => failures.push(error),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap();
        assert!(failures.iter().all(ConsumeError::is_retriable), "{protocol:?}: {failures:?}");
        let is_passed = |error: &ConsumeError| matches!(error.reason, Failure::Passed);
        assert!(failures.iter().any(is_passed), "{protocol:?}: {failures:?}");
        consumer.close(Duration::from_secs(10)).await;
    }
}

/// Steps all members until each of the partitions has exactly one of them.
async fn until_shared(members: &mut [Watched], topic: &TopicName, partitions: usize) {
    let shared = async {
        loop {
            members.iter_mut().for_each(Watched::catch_up);
            let all: Vec<_> = members.iter().flat_map(|member| member.consumer.assignment()).collect();
            let different: BTreeSet<_> = all.iter().collect();
            let is_fair = members.iter().all(|member| {
                let own = member.consumer.assignment().len();
                own >= partitions / members.len() && own <= partitions.div_ceil(members.len())
            });
            if all.len() == partitions && different.len() == partitions && is_fair {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let counts = tokio::time::timeout(PATIENCE, shared).await;
    assert!(counts.is_ok(), "{topic} is not shared out");
}

/// Members come and go; everything is read at least once.
pub(crate) async fn members_share_and_hand_over(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (topic, group) = (ground.topic(6).await, ground.name("group"));
        let clients = [ground.client(), ground.client(), ground.client()];
        let mut members = vec![member(&clients[0], &topic, &group, protocol)];
        until_shared(&mut members, &topic, 6).await;
        members.push(member(&clients[1], &topic, &group, protocol));
        until_shared(&mut members, &topic, 6).await;
        members.push(member(&clients[2], &topic, &group, protocol));
        until_shared(&mut members, &topic, 6).await;
        let sent = (0..6).map(|number| record(&topic, number, &format!("value {number}")));
        produce(&clients[0], sent.collect()).await;
        for member in &mut members {
            member.until_records(2).await;
        }
        let gone = members.remove(0);
        gone.consumer.close(Duration::from_secs(10)).await;
        until_shared(&mut members, &topic, 6).await;
        for member in members {
            member.consumer.close(Duration::from_secs(10)).await;
        }
    }
}

pub(crate) async fn a_member_that_is_killed_is_replaced(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (topic, group) = (ground.topic(4).await, ground.name("group"));
        let flaky = Flaky::new(ground.transport());
        let mut members = vec![
            member(&Ground::client_over(std::sync::Arc::<Flaky>::clone(&flaky)), &topic, &group, protocol),
            member(&ground.client(), &topic, &group, protocol),
        ];
        until_shared(&mut members, &topic, 4).await;
        // Nobody hears of it any more, not even that it leaves.
        flaky.cut();
        drop(members.remove(0));
        until_shared(&mut members, &topic, 4).await;
        members.remove(0).consumer.close(Duration::from_secs(10)).await;
    }
}

/// A member with a name of its own that is back in time has what it had, and nobody else is disturbed.
pub(crate) async fn a_member_with_a_name_comes_back_to_its_partitions(ground: &Ground) {
    for protocol in PROTOCOLS {
        let (client, topic, group) = (ground.client(), ground.topic(4).await, ground.name("group"));
        let named = |name: &str| {
            let mut settings = settings(&topic, &group, protocol);
            let group = settings.group.as_mut().unwrap();
            group.instance = Some(name.to_owned());
            group.session_timeout = Duration::from_secs(10);
            settings
        };
        let (mut first, mut second) =
            (Watched::new(&client, named("first")), Watched::new(&client, named("second")));
        let shared = async {
            while first.assigned.len() != 2 || second.assigned.len() != 2 {
                first.catch_up();
                second.catch_up();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, shared).await.unwrap();
        let had = |member: &Watched| member.assigned.iter().cloned().collect::<BTreeSet<_>>();
        let (of_first, of_second) = (had(&first), had(&second));
        first.consumer.close(Duration::from_secs(10)).await;
        let mut first = Watched::new(&client, named("first"));
        while first.assigned.len() < 2 {
            first.step().await;
        }
        second.catch_up();
        assert_eq!((had(&first), had(&second)), (of_first, of_second), "{protocol:?}");
        first.consumer.close(Duration::from_secs(10)).await;
        second.consumer.close(Duration::from_secs(10)).await;
    }
}
