//! Commits that take long, while a guest reads on.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_kafka_client::{
    BrokerAddress, ClientRequest, Destination, Lane, Outgoing, Pending, ServedVersions, Transport,
    TransportError,
};
use tokio::sync::watch;

use super::*;

/// A cluster whose coordinator answers only when it is let.
#[derive(Debug)]
struct Slow {
    cluster: Arc<dyn Transport>,
    commits: watch::Sender<Commits>,
}

#[derive(Debug, Default)]
struct Commits {
    are_held: bool,
    begun: usize,
    under_way: usize,
    most_at_once: usize,
}

impl Slow {
    fn hold(&self, are_held: bool) {
        self.commits.send_modify(|commits| commits.are_held = are_held);
    }

    /// When so many have been asked for.
    async fn begun(&self, count: usize) {
        soon(self.commits.subscribe().wait_for(|commits| commits.begun >= count)).await.unwrap();
    }
}

/// A commit that is answered or given up when this is dropped.
struct UnderWay(watch::Sender<Commits>);

impl UnderWay {
    fn begin(commits: &watch::Sender<Commits>) -> Self {
        commits.send_modify(|commits| {
            commits.begun += 1;
            commits.under_way += 1;
            commits.most_at_once = commits.most_at_once.max(commits.under_way);
        });
        Self(commits.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|commits| commits.under_way -= 1);
    }
}

#[async_trait]
impl Transport for Slow {
    async fn start(
        &self,
        to: Destination,
        lane: Lane,
        outgoing: Outgoing,
    ) -> Result<Pending, TransportError> {
        if !matches!(outgoing.request, ClientRequest::OffsetCommit(_)) {
            return self.cluster.start(to, lane, outgoing).await;
        }
        let under_way = UnderWay::begin(&self.commits);
        let mut commits = self.commits.subscribe();
        let cluster = Arc::clone(&self.cluster);
        Ok(Box::pin(async move {
            let _under_way = under_way;
            commits.wait_for(|commits| !commits.are_held).await.unwrap();
            cluster.start(to, lane, outgoing).await?.await
        }))
    }

    async fn served(&self, to: Destination, lane: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        self.cluster.served(to, lane).await
    }

    fn learn(&self, brokers: &[BrokerAddress]) {
        self.cluster.learn(brokers);
    }

    fn learn_one(&self, broker: &BrokerAddress) {
        self.cluster.learn_one(broker);
    }

    fn release(&self, lane: Lane) {
        self.cluster.release(lane);
    }
}

async fn consumer(ground: &Ground) -> Box<dyn Input> {
    let rest =
        json!({"topics": ["in"], "group": "g", "most": 2, "multi_header": false, "in_background": true});
    let mut input = ground.world.input("kafka_consume", ground.config("forebay://slow", rest)).await;
    soon(input.connect()).await.unwrap();
    let (_, assigned) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&assigned), ["assigned in-0"]);
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_while_something_is_committed() {
    let grants = json!([{"cluster": "slow", "topics": ["in"], "groups": ["g"], "access": "read"}]);
    let ground = Ground::new(grants).await;
    let commits = watch::Sender::default();
    let cluster = ground.node.pipelines().unwrap().transport("guests");
    let slow = Arc::new(Slow { cluster, commits });
    ground.clusters.add("slow", Arc::clone(&slow) as _);
    ground.append("in", vec![record("in", "a"), record("in", "b"), record("in", "c")]).await;

    let mut input = consumer(&ground).await;
    let (first, batch) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&batch), ["a", "b"]);
    slow.hold(true);
    let (second, batch) = next(&mut *input, settled(first)).await;
    assert_eq!(texts(&batch), ["c"]);
    let refused = format!("{:?}", soon(input.read(settled(second))).await.err().unwrap());
    assert!(refused.contains("has not ended"), "{refused}");
    slow.hold(false);
    let (_, told) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&told), ["committed"]);
    soon(input.close(Vec::new())).await;

    // What was committed is what comes next; and the last word is said after all others.
    let mut input = consumer(&ground).await;
    let (third, batch) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&batch), ["c"]);
    slow.hold(true);
    ground.append("in", vec![record("in", "d")]).await;
    let (fourth, batch) = next(&mut *input, settled(third)).await;
    assert_eq!(texts(&batch), ["d"]);
    let lets_go = async {
        slow.begun(3).await;
        slow.hold(false);
    };
    soon(async { tokio::join!(input.close(settled(fourth)), lets_go) }).await;
    assert_eq!(slow.commits.borrow().most_at_once, 1, "the last word met one that was given up");
    ground.append("in", vec![record("in", "e")]).await;
    let mut input = consumer(&ground).await;
    let (_, batch) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&batch), ["e"]);
    soon(input.close(Vec::new())).await;
    drop(slow);
    ground.stop().await;
}
