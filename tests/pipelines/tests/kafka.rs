//! `kafka_franz` as input and output, against `forebay agent`: every record arrives, in the order of its partition where
//! that is promised, whoever is killed.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use forebay_tests_pipelines::{Finished, Folder, Forebay, Running, example};
use serde_json::{Value, json};

/// Runs a pipeline from a file of its own: others run in the same folder at the same time.
fn run(folder: &Folder, pipeline: &Value) -> Forebay {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("pipeline-{}.yaml", NUMBER.fetch_add(1, Ordering::Relaxed));
    folder.write(&name, pipeline.to_string());
    folder.forebay(&["run", &name])
}

/// An agent over a folder, which comes back at the same port.
struct Agent {
    running: Running,
    port: String,
}

impl Agent {
    fn start(folder: &Folder) -> Self {
        Self::start_at(folder, "0")
    }

    fn start_at(folder: &Folder, port: &str) -> Self {
        let bucket = format!("file://{}", folder.path("bucket").display());
        let stores = ["agent", "-bucketURL", &bucket, "-metadataURL", "sqlite://meta.db"];
        let at = ["-listenAddress=127.0.0.1", "-kafkaPort", port, "-httpPort=off", "-batchTimeout", "25ms"];
        let mut running = folder.forebay(&stores).args(&at).start();
        running.until_log_has("the agent is ready");
        let log = running.log();
        let port = log.split(" kafka=127.0.0.1:").nth(1).unwrap().split_whitespace().next().unwrap();
        Self { port: port.to_owned(), running }
    }

    fn kcmd(&self, folder: &Folder, kind: &str, args: &[&str]) -> Finished {
        let asked = ["kcmd", "-type", kind, "--bootstrap-host=127.0.0.1", "-bootstrap-port", &self.port];
        folder.forebay(&asked).args(args).finish().well()
    }

    fn create(&self, folder: &Folder, topic: &str, partitions: usize) {
        let partitions = partitions.to_string();
        let _ = self.kcmd(folder, "create-topic", &["-topic", topic, "-num-partitions", &partitions]);
    }

    /// A component that talks to this agent.
    fn component(&self, fields: &Value) -> Value {
        let mut all = json!({"seed_brokers": [format!("127.0.0.1:{}", self.port)]});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"kafka_franz": all})
    }

    /// Runs a pipeline that produces these lines, each after what `mapping` makes of it.
    fn produce(&self, folder: &Folder, lines: &str, mapping: &str, fields: &Value) -> Finished {
        let pipeline = json!({
            "input": {"stdin": {}},
            "pipeline": {"processors": [{"mapping": mapping}]},
            "output": self.component(fields),
        });
        run(folder, &pipeline).input(lines).finish()
    }

    /// A pipeline that prints what a mapping makes of the messages of an input, line by line.
    fn print(&self, folder: &Folder, input: &Value, mapping: &str) -> Running {
        let pipeline = json!({
            "input": self.component(input),
            "pipeline": {"processors": [{"mapping": mapping}]},
            "output": {"stdout": {}},
        });
        run(folder, &pipeline).start()
    }
}

/// What it has printed when that is so many lines.
fn printed(mut running: Running, lines: usize) -> Vec<String> {
    running.until("all lines are printed", |running| running.printed().lines().count() >= lines);
    running.signal("TERM");
    let finished = running.finish().well();
    finished.stdout.lines().map(str::to_owned).collect()
}

/// The numbers from 1, one on each line.
fn numbers(count: usize) -> String {
    (1..=count).map(|number| format!("{number}\n")).collect()
}

/// The lines of a file that are whole, as a set.
fn set(text: &str) -> BTreeSet<usize> {
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn records_go_from_topic_to_topic_through_a_mapping() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "in", 3);
    agent.create(&folder, "out", 2);
    let mapping = "root = this\nmeta color = \"red\"\nmeta other = \"hidden\"";
    let output = json!({
        "topic": "in", "key": "k${! this }", "metadata": {"include_prefixes": ["col"]},
        "timestamp_ms": "${! this * 1000 }", "batching": {"count": 50},
    });
    let _ = agent.produce(&folder, &numbers(200), mapping, &output).well();

    let pipeline = json!({
        "input": agent.component(&json!({"topics": ["in"], "consumer_group": "copy", "multi_header": true})),
        "pipeline": {"threads": 2, "processors": [{"mapping": "root.n = this\nroot.color = @color\nroot.at = @kafka_timestamp_unix_ms"}]},
        "output": agent.component(&json!({
            "topic": "${! @kafka_topic.replace_all(\"in\", \"out\") }",
            "key": "${! @kafka_key }",
            "partitioner": "manual",
            "partition": "${! this.n % 2 }",
            "compression": "zstd",
        })),
    });
    let mut copy = run(&folder, &pipeline).start();
    let input = json!({"topics": ["out:0-1"]});
    let mapping = "root = this.assign({\"key\": @kafka_key, \"partition\": @kafka_partition, \"tombstone\": @kafka_tombstone_message})";
    let lines = printed(agent.print(&folder, &input, mapping), 200);
    copy.signal("TERM");
    let _ = copy.finish().well();

    let mut records: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    records.sort_by_key(|record| record["n"].as_u64());
    let expected: Vec<_> = (1..=200)
        .map(|n| {
            json!({
                "n": n, "color": ["red"], "at": n * 1000, "key": format!("k{n}"), "partition": n % 2, "tombstone": false,
            })
        })
        .collect();
    assert_eq!(records, expected);
}

#[test]
fn partitions_and_offsets_are_read_as_they_are_named() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 3);
    let output =
        json!({"topic": "t", "partitioner": "manual", "partition": "${! this % 3 }", "max_in_flight": 1});
    let _ = agent.produce(&folder, &numbers(30), "root = this", &output).well();
    // Of partition 0 from its fifth record on, of partition 2 everything.
    let input = json!({"topics": ["t:0:4", "t:2"]});
    let mut lines = printed(agent.print(&folder, &input, "root = this"), 16);
    lines.sort_by_key(|line| line.parse::<usize>().unwrap());
    let expected = (1..=30_usize).filter(|n| n % 3 == 2 || (n % 3 == 0 && *n > 12));
    assert_eq!(lines, expected.map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn topics_that_match_are_read_and_no_others() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    for topic in ["log_a", "log_b", "metrics"] {
        agent.create(&folder, topic, 1);
    }
    let output = json!({"topic": "${! [\"log_a\", \"log_b\", \"metrics\"].index(this % 3) }"});
    let _ = agent.produce(&folder, &numbers(30), "root = this", &output).well();
    let input = json!({"topics": ["^log_.*"], "regexp_topics": true, "consumer_group": "g"});
    let mut lines = printed(agent.print(&folder, &input, "root = this"), 20);
    lines.sort_by_key(|line| line.parse::<usize>().unwrap());
    let expected = (1..=30_usize).filter(|n| n % 3 < 2);
    assert_eq!(lines, expected.map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn tombstones_and_records_without_keys_stay_what_they_are() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "a", 1);
    agent.create(&folder, "b", 1);
    let output = json!({
        "topic": "a", "key": "${! if this == 3 { \"null\" } else { \"k\" } }", "tombstone": "${! this == 2 }",
        "max_in_flight": 1,
    });
    let _ = agent.produce(&folder, &numbers(3), "root = this", &output).well();
    let pipeline = json!({
        "input": agent.component(&json!({"topics": ["a"], "consumer_group": "g"})),
        "output": agent.component(&json!({
            "topic": "b", "key": "${! @kafka_key.or(null) }", "tombstone": "${! @kafka_tombstone_message }",
        })),
    });
    let mut copy = run(&folder, &pipeline).start();
    let mapping = "root = [content().string(), @kafka_key, @kafka_tombstone_message]";
    let lines = printed(agent.print(&folder, &json!({"topics": ["b:0"]}), mapping), 3);
    assert_eq!(lines, [r#"["1","k",false]"#, r#"["","k",true]"#, r#"["3",null,false]"#]);
    copy.signal("TERM");
    let _ = copy.finish().well();
}

#[test]
fn a_pipeline_that_is_killed_goes_on_where_it_was() {
    const COUNT: usize = 6000;
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 4);
    let output = json!({"topic": "t", "key": "${! content() }", "batching": {"count": 500}});
    let _ = agent.produce(&folder, &numbers(COUNT), "root = this", &output).well();
    let pipeline = json!({
        "input": agent.component(&json!({
            "topics": ["t"], "consumer_group": "g", "commit_period": "50ms", "checkpoint_limit": 100,
        })),
        "output": {"file": {"path": "out.txt"}},
    });
    let written = || if folder.has("out.txt") { folder.read("out.txt") } else { String::new() };
    let mut killed = run(&folder, &pipeline).start();
    killed.until("some of it is written", |_| set(&written()).len() >= COUNT / 5);
    assert!(killed.kill());
    // Its group waits for it for as long as a session takes, which is 45 seconds.
    let mut running = run(&folder, &pipeline).start();
    running.until("everything is written", |_| set(&written()).len() == COUNT);
    running.signal("TERM");
    let _ = running.finish().well();
    // What was under way when it was killed came twice, and no more than that.
    let lines = written().lines().count();
    assert!((COUNT..=2 * COUNT).contains(&lines), "{lines}");
}

#[test]
fn members_that_come_and_go_lose_nothing() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 4);
    let output = json!({"topic": "t", "key": "${! content() }"});
    let producing = json!({"input": {"stdin": {}}, "output": agent.component(&output)});
    let mut producer = folder.run(&producing.to_string()).piped().start();
    let mut produced = 0_usize;
    let mut feed = |count: usize| {
        let lines: String = (1..=count).map(|number| format!("{}\n", produced + number)).collect();
        producer.write(&lines);
        produced += count;
    };
    let member = |name: &str| {
        let pipeline = json!({
            "input": agent.component(&json!({"topics": ["t"], "consumer_group": "g", "commit_period": "50ms"})),
            "output": {"file": {"path": format!("{name}.txt")}},
        });
        folder.write(&format!("{name}.yaml"), pipeline.to_string());
        folder.forebay(&["run", &format!("{name}.yaml")]).start()
    };
    let written = |name: &str| {
        let file = format!("{name}.txt");
        if folder.has(&file) { set(&folder.read(&file)) } else { BTreeSet::new() }
    };
    let mut reads = |member: &mut Running, name: &str| {
        member.until("it reads", |_| {
            feed(1);
            !written(name).is_empty()
        });
    };
    let mut first = member("first");
    reads(&mut first, "first");
    let mut second = member("second");
    reads(&mut second, "second");
    first.signal("TERM");
    let _ = first.finish().well();
    let mut third = member("third");
    reads(&mut third, "third");
    feed(500);
    producer.close_input();
    let _ = producer.finish().well();
    let all = || ["first", "second", "third"].into_iter().flat_map(written).collect::<BTreeSet<_>>();
    second.until("everything is read", |_| all().len() == produced);
    for mut member in [second, third] {
        member.signal("TERM");
        let _ = member.finish().well();
    }
}

#[test]
fn an_agent_that_is_killed_and_comes_back_is_read_on_from_and_written_on_to() {
    const COUNT: usize = 2000;
    let folder = Folder::new();
    let mut agent = Agent::start(&folder);
    agent.create(&folder, "in", 2);
    agent.create(&folder, "out", 2);
    let output = json!({"topic": "in", "key": "${! content() }", "batching": {"count": 500}});
    let _ = agent.produce(&folder, &numbers(COUNT), "root = this", &output).well();
    let pipeline = json!({
        "input": agent.component(&json!({"topics": ["in"], "consumer_group": "g", "checkpoint_limit": 100})),
        "output": agent.component(&json!({"topic": "out", "key": "${! @kafka_key }"})),
    });
    let copy = run(&folder, &pipeline).start();
    let input = json!({"topics": ["out:0-1"]});
    let mut reader = agent.print(&folder, &input, "root = content()");
    reader.until("some of it is copied", |reader| set(&reader.printed()).len() > COUNT / 10);
    assert!(agent.running.kill());
    let agent = Agent::start_at(&folder, &agent.port);
    reader.until("everything is copied", |reader| set(&reader.printed()).len() == COUNT);
    for mut running in [copy, reader] {
        running.signal("TERM");
        let _ = running.finish().well();
    }
    drop(agent);
}

#[test]
fn order_is_kept_strictly_where_it_is_asked_for() {
    const COUNT: usize = 400;
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 2);
    let output = json!({
        "topic": "t", "partitioner": "manual", "partition": "${! this % 2 }", "max_in_flight": 1,
        "batching": {"count": 100},
    });
    let _ = agent.produce(&folder, &numbers(COUNT), "root = this", &output).well();
    // Many batches, which would overtake each other.
    let batching = json!({"count": 5, "period": "20ms"});
    let input = json!({"topics": ["t"], "consumer_group": "g", "strict_order": true, "batching": batching});
    let pipeline = json!({
        "input": agent.component(&input),
        "pipeline": {
            "threads": 4,
            "processors": [{"sleep": {"duration": "${! random_int(min: 0, max: 3) }ms"}}, {"mapping": "root = this"}],
        },
        "output": {"stdout": {}},
    });
    let lines = printed(run(&folder, &pipeline).start(), COUNT);
    let of = |rest: usize| {
        let numbers = lines.iter().map(|line| line.parse::<usize>().unwrap());
        numbers.filter(|number| number % 2 == rest).collect::<Vec<_>>()
    };
    assert!(of(0).is_sorted() && of(1).is_sorted(), "{lines:?}");
    assert_eq!(lines.len(), COUNT);
}

#[test]
fn batches_hold_messages_of_one_partition() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 4);
    let output =
        json!({"topic": "t", "partitioner": "manual", "partition": "${! this % 4 }", "max_in_flight": 1});
    let _ = agent.produce(&folder, &numbers(200), "root = this", &output).well();
    let input = json!({
        "topics": ["t"], "consumer_group": "g",
        "batching": {"count": 10, "processors": [{"archive": {"format": "json_array"}}]},
    });
    let lines = printed(agent.print(&folder, &input, "root = this"), 20);
    for line in &lines {
        let batch: Vec<usize> = serde_json::from_str(line).unwrap();
        let first = batch[0];
        let expected: Vec<usize> = (0..10).map(|index| first + 4 * index).collect();
        assert_eq!(batch, expected);
    }
}

#[test]
fn what_a_topic_refuses_is_rejected_alone() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "t", 1);
    let pipeline = json!({
        "input": {"stdin": {}},
        "output": {"fallback": [
            agent.component(&json!({"topic": "t", "max_message_bytes": "1KB", "batching": {"count": 3}})),
            {"stdout": {}},
        ]},
    });
    let large = "x".repeat(5000);
    let finished = run(&folder, &pipeline).input(format!("a\n{large}\nb\n")).finish().well();
    assert_eq!(finished.stdout, format!("{large}\n"));
    let lines = printed(agent.print(&folder, &json!({"topics": ["t:0"]}), "root = content()"), 2);
    assert_eq!(lines, ["a", "b"]);
}

#[test]
fn the_example_adds_what_it_says() {
    let folder = Folder::new();
    let agent = Agent::start(&folder);
    agent.create(&folder, "orders", 2);
    agent.create(&folder, "totals", 2);
    let orders = "{\"id\":1,\"price\":2.5,\"count\":4}\n{\"id\":2,\"price\":1,\"count\":1}\n";
    let _ = agent
        .produce(&folder, orders, "root = this", &json!({"topic": "orders", "key": "${! this.id }"}))
        .well();
    let brokers = format!("127.0.0.1:{}", agent.port);
    let mut running = folder.run(&example("kafka-to-kafka")).variable("SEED_BROKERS", &brokers).start();
    let mapping = "root = this\nroot.key = @kafka_key";
    let mut lines =
        printed(agent.print(&folder, &json!({"topics": ["totals"], "consumer_group": "t"}), mapping), 2);
    lines.sort();
    assert_eq!(lines, [r#"{"id":1,"key":"1","total":10}"#, r#"{"id":2,"key":"2","total":1}"#]);
    running.signal("TERM");
    let _ = running.finish().well();
}

#[test]
fn wrong_fields_are_named_before_anything_is_read() {
    let folder = Folder::new();
    for (fields, named) in [
        (json!({"topics": ["t:0"], "consumer_group": "g"}), "partitions can't be named together"),
        (json!({"topics": ["t:x"]}), "is no topic"),
        (json!({"topics": ["t"], "sasl": [{"mechanism": "AWS_MSK_IAM"}]}), "AWS_MSK_IAM needs the region"),
        (json!({"topics": ["t"], "sasl": [{"mechanism": "OAUTHBEARER"}]}), "OAUTHBEARER needs a token"),
        (json!({"topics": ["t"], "instance_id": "a"}), "only a member of a consumer_group"),
        (json!({"topics": ["t"], "fetch_max_bytes": "many"}), "is no size"),
    ] {
        let mut all = json!({"seed_brokers": ["127.0.0.1:1"]});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let pipeline = json!({"input": {"kafka_franz": all}, "output": {"drop": {}}});
        let refused = run(&folder, &pipeline).finish();
        assert!(refused.code == Some(1) && refused.stderr.contains(named), "{named}: {refused:?}");
    }
}
