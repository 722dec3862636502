//! What the input can be told.

use std::time::Duration;

use forebay_sdk::config::{BatchPolicy, Mapping, RateLimitLabel};
use forebay_sdk::kafka::{Balancer, ConsumerSettings, Group, Isolation, Start, TopicPartition};
use forebay_sdk::{Config, Problem};

use crate::cluster::ClusterFields;
use crate::size::Size;
use crate::topics::Topics;

/// Reads topics of a Kafka cluster: as a member of a consumer group, or partitions that are named.
///
/// `topics` names topics (`foo`), which may be several between commas, partitions (`foo:0`), ranges of them (`foo:0-9`)
/// and partitions from an offset on (`foo:0:1234`). With a `consumer_group` only topics can be named; their partitions
/// are shared among the members, and what is delivered is committed. Without one all that is named is read, nothing is
/// committed, and a start begins anew as `start_from_oldest` says.
///
/// Every record is a message of its own unless `batching` collects them, which it does for each partition apart. Messages
/// have the metadata `kafka_key`, `kafka_topic`, `kafka_partition`, `kafka_offset`, `kafka_timestamp_unix`,
/// `kafka_timestamp_unix_ms`, `kafka_tombstone_message`, and the headers of their records. A record without a value is a
/// message without a payload.
///
/// A record is committed when it and all before it of its partition are delivered, so that none is lost, and some may come
/// twice. When a partition goes to another member, what is under way of it is waited for, for 20 seconds at most.
#[derive(Config)]
#[expect(dead_code, reason = "some are read for compatibility, and say what is done anyway")]
pub(crate) struct KafkaFranzInputConfig {
    #[config(flatten)]
    pub(super) cluster: ClusterFields,
    /// What is read.
    #[config(example = ["foo", "bar"], example = ["things.*"], example = ["foo,bar"], example = ["foo:0", "bar:1", "bar:3"], example = ["foo:0,bar:1,bar:3"], example = ["foo:0-5"])]
    topics: Vec<String>,
    /// Whether `topics` are regular expressions: all topics are read in whose names one is found.
    #[config(default = false)]
    regexp_topics: bool,
    /// The group to be a member of.
    consumer_group: Option<String>,
    /// A name of its own for this member of the group, with which it gets its partitions back after a restart, when that is
    /// shorter than the session timeout. No two members may have the same.
    #[config(default = "", advanced)]
    instance_id: String,
    /// How many messages of a partition may be under way before no more of it are read. Batches that are collected here
    /// come on top.
    #[config(default = 1024, advanced)]
    checkpoint_limit: i64,
    /// Whether messages that an output rejects are tried again, as often as it takes. Otherwise they are committed.
    #[config(default = true)]
    pub(super) auto_replay_nacks: bool,
    /// How often offsets are committed.
    #[config(default = "5s", advanced)]
    commit_period: Duration,
    /// Whether to begin with the oldest record where nothing is committed, rather than with the next one.
    #[config(default = true, advanced)]
    start_from_oldest: bool,
    /// Whether to connect anew when a topic or partition turns out to be unknown, as one that was made again may be.
    #[config(default = false, advanced)]
    reconnect_on_unknown_topic_or_partition: bool,
    /// Where to begin where nothing is committed; `none` is a failure. Wins over `start_from_oldest`.
    #[config(advanced, options("earliest", "latest", "none"))]
    auto_offset_reset: Option<String>,
    /// How partitions are shared in a group whose members share them out themselves: `round_robin`, `range` or
    /// `cooperative_sticky`. Brokers that do it (KIP-848) are asked to.
    #[config(default = ["cooperative_sticky"], advanced)]
    group_balancers: Vec<String>,
    /// The most bytes of an answer of a broker.
    #[config(default = "50MiB", advanced)]
    fetch_max_bytes: Size,
    /// The most bytes of a partition in an answer, but for a single large batch of records.
    #[config(default = "1MiB", advanced)]
    fetch_max_partition_bytes: Size,
    /// How long a broker waits before it answers that there is nothing new.
    #[config(default = "5s", advanced)]
    fetch_max_wait: Duration,
    /// Has no effect: partitions are read in turns.
    #[config(advanced)]
    preferring_lag: Option<i64>,
    /// Whether records of transactions that are not committed are left out.
    #[config(default = "read_uncommitted", advanced, options("read_uncommitted", "read_committed"))]
    transaction_isolation_level: String,
    /// Whether the metadata of a header is a list of all its values, rather than the last one.
    #[config(default = false, advanced)]
    multi_header: bool,
    /// Whether what a partition has is delivered strictly in its order, whatever is done to it on the way: a message is
    /// handed out when the one before it is delivered. With `batching`, which needs a `period` then, that is a batch.
    #[config(default = false, advanced)]
    strict_order: bool,
    /// Whether messages have the metadata `kafka_lag`: how many offsets there are behind theirs.
    #[config(default = false, advanced)]
    lag: bool,
    /// How messages are collected to batches, for each partition apart.
    #[config(default = {})]
    pub(super) batching: BatchPolicy,
    /// The rate limit that everything that is handed out keeps to.
    rate_limit: Option<RateLimitLabel>,
    /// Where messages carry a trace. Not available.
    #[config(advanced, mapping = "bloblang")]
    extract_tracing_map: Option<Mapping>,
    /// Has no effect without `extract_tracing_map`.
    #[config(advanced)]
    new_root_span_with_link: Option<bool>,
}

/// What the fields mean.
pub(super) struct Plan {
    pub(super) consumer: ConsumerSettings,
    /// Messages of a partition that may be under way before it is paused.
    pub(super) limit: usize,
    /// Whether the messages of a batch belong together already.
    pub(super) whole: bool,
    pub(super) replays: bool,
    pub(super) commit_period: Duration,
    pub(super) reconnects: bool,
    pub(super) rate_limit: Option<RateLimitLabel>,
}

/// How long a member may take to give a partition up.
const REBALANCE: Duration = Duration::from_secs(60);
/// Commits are not more frequent than this.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);
/// Messages that are handed out at once.
const MOST: u32 = 10_000;

/// Topics to subscribe to, and partitions with where they begin.
type Subscription = (Vec<String>, Vec<(TopicPartition, Start)>);

impl KafkaFranzInputConfig {
    /// # Errors
    /// Which field can't be used, or not with which other.
    pub(super) fn plan(self) -> Result<(ClusterFields, Plan), Problem> {
        if self.extract_tracing_map.is_some() {
            return Err(Problem::new("traces can't be read from messages").at("/extract_tracing_map"));
        }
        let start = self.start();
        let group = self.consumer_group.as_ref().filter(|group| !group.is_empty());
        let (topics, partitions) = self.subscription(start, group.is_some())?;
        let group = match group {
            None if !self.instance_id.is_empty() => {
                let problem = "only a member of a consumer_group can have a name of its own";
                return Err(Problem::new(problem).at("/instance_id"));
            }
            None => None,
            Some(id) => {
                let balancers = balancers(&self.group_balancers)?;
                let rebalance_timeout = Some(REBALANCE);
                let instance = Some(self.instance_id.clone()).filter(|instance| !instance.is_empty());
                Some(Group { id: id.clone(), instance, balancers, rebalance_timeout, ..Group::default() })
            }
        };
        let bounds = self.bounds()?;
        let isolation = match self.transaction_isolation_level.as_str() {
            "read_committed" => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
        let consumer = ConsumerSettings {
            group,
            matching: self.regexp_topics,
            partitions,
            start,
            isolation,
            fetch_max_bytes: Some(self.fetch_max_bytes.narrow()),
            fetch_max_partition_bytes: Some(self.fetch_max_partition_bytes.narrow()),
            fetch_max_wait: Some(self.fetch_max_wait),
            most: Some(bounds.most),
            multi_header: self.multi_header,
            lag: self.lag,
            ..ConsumerSettings::topics(topics)
        };
        let plan = Plan {
            consumer,
            limit: bounds.limit,
            whole: bounds.whole,
            replays: self.auto_replay_nacks,
            commit_period: self.commit_period.max(SHORTEST_PERIOD),
            reconnects: self.reconnect_on_unknown_topic_or_partition,
            rate_limit: RateLimitLabel::given(self.rate_limit),
        };
        Ok((self.cluster, plan))
    }

    /// Where what is not committed begins.
    fn start(&self) -> Start {
        match self.auto_offset_reset.as_deref() {
            Some("earliest") => Start::Earliest,
            Some("latest") => Start::Latest,
            Some(_) => Start::Committed,
            None if self.start_from_oldest => Start::Earliest,
            None => Start::Latest,
        }
    }

    fn subscription(&self, start: Start, has_group: bool) -> Result<Subscription, Problem> {
        let refuse = |reason: &str| Err(Problem::new(reason).at("/topics"));
        let default = if start == Start::Earliest { -2 } else { -1 };
        let Topics { names, partitions } = if self.regexp_topics {
            Topics::matching(&self.topics)
        } else {
            Topics::parse(&self.topics, default).map_err(|problem| problem.at("/topics"))?
        };
        if names.is_empty() && partitions.is_empty() {
            return refuse("at least one topic is needed");
        }
        if has_group && !partitions.is_empty() {
            return refuse("partitions can't be named together with a consumer_group");
        }
        if self.regexp_topics && !partitions.is_empty() {
            return refuse("partitions can't be named where regexp_topics is set");
        }
        if !has_group && start == Start::Committed && !names.is_empty() {
            let problem = "without a consumer_group nothing is committed: choose earliest or latest";
            return Err(Problem::new(problem).at("/auto_offset_reset"));
        }
        let partitions = partitions.into_iter().map(|((topic, partition), offset)| {
            let start = match offset {
                -2 => Start::Earliest,
                -1 => Start::Latest,
                offset => Start::At(offset),
            };
            (TopicPartition { topic, partition }, start)
        });
        Ok((names, partitions.collect()))
    }

    fn bounds(&self) -> Result<Bounds, Problem> {
        let checkpoint = usize::try_from(self.checkpoint_limit).unwrap_or(0).max(1);
        let at_once = u32::try_from(checkpoint).unwrap_or(MOST).min(MOST);
        let (is_given, count) = (self.batching.is_given(), self.batching.count());
        if !self.strict_order {
            let limit = match count {
                _ if !is_given => checkpoint,
                Some(count) => checkpoint.saturating_add(count.get() as usize),
                // Nothing tells how many messages complete a batch; what is in flight is bounded by bytes.
                None => usize::MAX,
            };
            return Ok(Bounds { limit, most: at_once, whole: false });
        }
        let most = match count {
            _ if !is_given => 1,
            Some(count) => count.get().min(MOST),
            None => at_once,
        };
        if most > 1 && !self.batching.has_period() {
            let problem =
                "with strict_order a batch needs a period, or one that is not complete waits for ever";
            return Err(Problem::new(problem).at("/batching/period"));
        }
        Ok(Bounds { limit: 1, most, whole: most > 1 })
    }
}

struct Bounds {
    limit: usize,
    most: u32,
    whole: bool,
}

fn balancers(names: &[String]) -> Result<Vec<Balancer>, Problem> {
    let balancer = |(index, name): (usize, &String)| {
        let problem = match name.as_str() {
            "cooperative_sticky" => return Ok(Balancer::CooperativeSticky),
            "range" => return Ok(Balancer::Range),
            "round_robin" => return Ok(Balancer::RoundRobin),
            "sticky" => "sticky is not there: cooperative_sticky takes its place".to_owned(),
            _ => format!("{name:?} is no balancer: expected round_robin, range or cooperative_sticky"),
        };
        Err(Problem::new(problem).at(format!("/group_balancers/{index}")))
    };
    names.iter().enumerate().map(balancer).collect()
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn plan(fields: &Value) -> Result<Plan, String> {
        let mut all = json!({"seed_brokers": ["a:1"], "topics": ["t"], "consumer_group": "g"});
        let fields = fields.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        let config: KafkaFranzInputConfig = testing::config(&all).unwrap();
        config.plan().map(|(_, plan)| plan).map_err(|problem| problem.to_string())
    }

    fn refusal(fields: &Value) -> String {
        plan(fields).err().unwrap_or_default()
    }

    fn part(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition { topic: topic.to_owned(), partition }
    }

    #[test]
    fn without_more_said_it_is_as_bento_does_it() {
        let Plan { consumer, limit, whole, replays, commit_period, reconnects, rate_limit } =
            plan(&json!({})).unwrap();
        assert_eq!((limit, whole, replays, reconnects, rate_limit), (1024, false, true, false, None));
        assert_eq!(commit_period, Duration::from_secs(5));
        let expected = ConsumerSettings {
            group: Some(Group {
                id: "g".to_owned(),
                balancers: vec![Balancer::CooperativeSticky],
                rebalance_timeout: Some(REBALANCE),
                ..Group::default()
            }),
            fetch_max_bytes: Some(50 << 20),
            fetch_max_partition_bytes: Some(1 << 20),
            fetch_max_wait: Some(Duration::from_secs(5)),
            most: Some(1024),
            ..ConsumerSettings::topics(["t"])
        };
        assert_eq!(consumer, expected);
    }

    #[test]
    fn where_it_begins_is_said_in_two_ways() {
        for (fields, start) in [
            (json!({}), Start::Earliest),
            (json!({"start_from_oldest": false}), Start::Latest),
            (json!({"auto_offset_reset": "latest"}), Start::Latest),
            (json!({"auto_offset_reset": "none"}), Start::Committed),
            (json!({"auto_offset_reset": "earliest", "start_from_oldest": false}), Start::Earliest),
        ] {
            assert_eq!(plan(&fields).unwrap().consumer.start, start, "{fields}");
        }
        let explicit = json!({
            "consumer_group": "", "topics": ["t:0", "t:1:7", "t:2:-1", "whole"], "auto_offset_reset": "earliest",
        });
        let consumer = plan(&explicit).unwrap().consumer;
        let starts =
            [(part("t", 0), Start::Earliest), (part("t", 1), Start::At(7)), (part("t", 2), Start::Latest)];
        assert_eq!(consumer.partitions, starts);
        assert_eq!((consumer.topics, consumer.group), (vec!["whole".to_owned()], None));
    }

    #[test]
    fn a_member_may_have_a_name_of_its_own() {
        let named = plan(&json!({"instance_id": "a"})).unwrap().consumer.group.unwrap();
        assert_eq!(named.instance.as_deref(), Some("a"));
        let alone = refusal(&json!({"instance_id": "a", "consumer_group": ""}));
        assert!(alone.starts_with("/instance_id: only a member"), "{alone}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let with_group = refusal(&json!({"topics": ["t:0"]}));
        assert!(with_group.starts_with("/topics: partitions can't be named together"), "{with_group}");
        let matching = refusal(&json!({"topics": ["t:0"], "regexp_topics": true, "consumer_group": ""}));
        assert!(matching.starts_with("/topics: partitions can't be named where regexp_topics"), "{matching}");
        assert_eq!(refusal(&json!({"topics": [" , "]})), "/topics: at least one topic is needed");
        let none = refusal(&json!({"consumer_group": "", "auto_offset_reset": "none"}));
        assert!(none.starts_with("/auto_offset_reset: "), "{none}");
        let balancer = refusal(&json!({"group_balancers": ["range", "fair"]}));
        assert!(balancer.starts_with("/group_balancers/1: \"fair\" is no balancer"), "{balancer}");
        let sticky = refusal(&json!({"group_balancers": ["range", "sticky"]}));
        assert_eq!(sticky, "/group_balancers/1: sticky is not there: cooperative_sticky takes its place");
        let strict = refusal(&json!({"strict_order": true, "batching": {"count": 10}}));
        assert!(strict.starts_with("/batching/period: "), "{strict}");
    }

    #[test]
    fn batches_come_on_top_of_what_may_be_under_way() {
        let bounds = |fields: &Value| {
            let Plan { consumer, limit, whole, .. } = plan(fields).unwrap();
            (limit, consumer.most.unwrap(), whole)
        };
        assert_eq!(bounds(&json!({"checkpoint_limit": 10})), (10, 10, false));
        assert_eq!(bounds(&json!({"checkpoint_limit": 0})), (1, 1, false));
        assert_eq!(bounds(&json!({"batching": {"count": 5000}})), (6024, 1024, false));
        assert_eq!(bounds(&json!({"batching": {"byte_size": 5000}})), (usize::MAX, 1024, false));
        assert_eq!(bounds(&json!({"strict_order": true})), (1, 1, false));
        let strict = json!({"strict_order": true, "batching": {"count": 50, "period": "1s"}});
        assert_eq!(bounds(&strict), (1, 50, true));
    }
}
