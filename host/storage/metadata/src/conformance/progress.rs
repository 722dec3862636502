use std::time::Duration;

use forebay_model::{GroupId, Timestamp, TopicIdPartition};

use super::Site;
use super::scene::{Scene, batch, log, offset};
use crate::{Clock as _, DeleteBefore, GroupChange, OffsetToCommit, Progress, ProgressPage, StateChange};

fn group(id: &str) -> GroupId {
    id.parse().expect("it is short")
}

impl Scene {
    /// A group that has committed this, and nothing else yet.
    async fn consumed(&self, id: &str, offsets: &[(TopicIdPartition, i64)]) {
        let commit = |number| OffsetToCommit {
            offset: offset(number),
            leader_epoch: None,
            metadata: String::new(),
            expires_at: None,
        };
        let offsets = offsets.iter().map(|(log, number)| (*log, commit(*number))).collect();
        let state = StateChange::Write(Vec::new());
        let change = GroupChange { state, offsets, ..GroupChange::default() };
        self.store.change_group(&self.cluster, &group(id), None, change).await.expect("it is new");
    }

    async fn progress(&self, id: &str) -> (Timestamp, Vec<Progress>) {
        let page = self.store.group_progress(&self.cluster, None, 1_000).await.expect("there");
        let of_group = page.progress.into_iter().filter(|progress| progress.group == group(id));
        (page.now, of_group.collect())
    }

    /// How long the next record of a group in its only partition has been waiting.
    async fn waited(&self, id: &str) -> Duration {
        let (now, progress) = self.progress(id).await;
        assert_eq!(now, self.clock.now());
        progress[0].time_lag(now).expect("it is known")
    }
}

/// 3:10 in the afternoon of some day.
const TEN_PAST_THREE: i64 = 1_800_000_000_000 - 1_800_000_000_000 % 86_400_000 + (15 * 60 + 10) * 60_000;

/// The example by which time lag is explained: offset 11 was made at 3:10, offset 15 at 3:15; at 3:20 a group has
/// consumed offset 10, so it is 10 minutes behind. It goes on being behind while nothing happens, and is told to the
/// minute for an hour, hardly worse later.
pub async fn groups_are_behind_since_the_next_record_was_committed(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let at = |minutes: i64| Timestamp::from_millis(TEN_PAST_THREE + minutes * 60_000);
    // What producers say about the time does not matter: all of these are of 1970.
    for (minute, records) in [(-30, 4), (-8, 6), (-1, 1), (0, 1), (2, 1), (4, 2), (5, 1)] {
        scene.clock.set(at(minute));
        scene.append(batch(a, records)).await;
    }
    scene.clock.set(at(10));
    // Kafka's clients commit what they will consume next.
    scene.consumed("g", &[(a, 11)]).await;
    let (now, progress) = scene.progress("g").await;
    let [progress] = progress.as_slice() else { super::scene::unexpected(&progress) };
    assert_eq!((progress.topic.as_str(), progress.log, progress.lag()), ("a", a, 5));
    assert_eq!((progress.committed_at, progress.behind_since), (now, Some(at(0))));
    assert_eq!(progress.time_lag(now), Some(Duration::from_mins(10)));
    // Nobody produces, nobody consumes: the record waits on.
    scene.clock.set(at(11));
    assert_eq!(scene.waited("g").await, Duration::from_mins(11));
    // When hours have become rows, it is about as much.
    for minute in (30..=400).step_by(10) {
        scene.clock.set(at(minute));
        scene.append(batch(a, 1)).await;
    }
    scene.store.expire(&scene.cluster, 1_000).await.expect("there");
    let waited = scene.waited("g").await;
    assert!(waited.abs_diff(Duration::from_mins(400)) <= Duration::from_mins(30), "{waited:?}");
}

/// Nor one that has committed more than there is; and what is deleted it will not consume.
pub async fn a_group_that_has_consumed_everything_is_not_behind(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    let began = scene.clock.now();
    for _ in 0..3 {
        scene.append(batch(a, 10)).await;
        scene.clock.advance(Duration::from_mins(20));
    }
    scene.consumed("all", &[(a, 30)]).await;
    scene.consumed("more", &[(a, 31), (b, 0)]).await;
    for id in ["all", "more"] {
        assert_eq!(scene.waited(id).await, Duration::ZERO);
        assert!(scene.progress(id).await.1.iter().all(|progress| progress.lag() == 0));
    }
    scene.consumed("late", &[(a, 5)]).await;
    let (now, progress) = scene.progress("late").await;
    assert_eq!((progress[0].lag(), progress[0].next_record()), (25, Some(offset(5))));
    let since = progress[0].behind_since.expect("it is known").millis();
    assert!((since - began.millis()).abs() <= 60_000, "{since}");
    let before = vec![(a, DeleteBefore::Offset(offset(20)))];
    scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("in range");
    let progress = scene.progress("late").await.1;
    assert_eq!((progress[0].lag(), progress[0].next_record()), (10, Some(offset(20))));
    let waited = progress[0].time_lag(now).expect("it is known");
    assert!(waited <= Duration::from_mins(21), "{waited:?}");
}

/// Each partition once, whatever was deleted meanwhile.
pub async fn progress_is_told_page_by_page(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (a, b) = (scene.topic("a", 3).await, scene.topic("b", 2).await);
    let of = |topic, partitions| (0..partitions).map(move |partition| (log(topic, partition), 0));
    for id in ["g", "h", "B"] {
        scene.consumed(id, &of(a, 3).chain(of(b, 2)).collect::<Vec<_>>()).await;
    }
    let pages = async |limit| {
        let (mut told, mut after, mut count) = (Vec::new(), None, 0);
        loop {
            let page = scene.store.group_progress(&scene.cluster, after, limit).await.expect("there");
            let ProgressPage { progress, next, .. } = page;
            assert!(progress.len() <= limit);
            count += 1;
            told.extend(progress.into_iter().map(|told| (told.group, told.topic, told.log.partition)));
            after = next;
            if after.is_none() {
                return (told, count);
            }
        }
    };
    let (all, count) = pages(100).await;
    assert_eq!((all.len(), count), (15, 1));
    let groups: Vec<&str> = all.iter().step_by(5).map(|(group, ..)| group.as_str()).collect();
    assert_eq!(groups, ["B", "g", "h"]);
    assert_eq!(pages(4).await.0, all);
    scene.store.delete_topic(&scene.cluster, b).await.expect("it is there");
    let (left, count) = pages(2).await;
    assert_eq!(left.len(), 9);
    assert!(left.iter().all(|(_, topic, _)| topic.as_str() == "a"));
    assert_eq!(count, 8);
    let other = "vci_other".parse().expect("a cluster");
    let nothing = scene.store.group_progress(&other, None, 10).await.expect("there");
    assert_eq!((nothing.progress, nothing.next), (Vec::new(), None));
}
