//! Large batches, and outputs that are away: how much is in flight, what is delivered, and what the input is told.
//!
//! All tasks are on one thread, whose clock goes only when nothing else does.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "large/components.rs"]
mod components;
#[path = "large/files.rs"]
mod files;
#[path = "large/processors.rs"]
mod processors;

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Threads, chance};
use forebay_pipeline_config::read;
use forebay_pipeline_engine::{Ended, Identity, Structured, run};
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};

use components::{Script, World, Write};

/// Bytes of a message, but for those with another text.
const MESSAGE: usize = 64 << 10;

fn text(number: usize) -> Vec<u8> {
    let mut text = format!("{number:06}").into_bytes();
    text.resize(MESSAGE, b'x');
    text
}

/// How a pipeline ends, or why it does not begin. Its clock has gone so far then.
fn try_run(world: &Arc<World>, yaml: &str) -> (Result<Ended, String>, Duration) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    chance::seed(1);
    runtime.block_on(async {
        let variables = std::collections::BTreeMap::<String, String>::new();
        let config = read("large.yaml", yaml, &variables, &world.catalog).unwrap();
        let components: Arc<dyn Components> = Arc::new(Structured::new(Arc::new(Script(Arc::clone(world)))));
        let identity = Identity {
            virtual_cluster: None,
            name: PipelineName::new("large"),
            file: "large.yaml".into(),
            rights: Rights::Starter,
            environment: Environment::default(),
        };
        let begun = tokio::time::Instant::now();
        let threads = Threads::on_current();
        let stop = world.notes().stop.clone().unwrap_or_default();
        let ended = run(&identity, &config, &components, &threads, stop);
        let ended = tokio::time::timeout(Duration::from_secs(3600), ended).await.unwrap();
        (ended.map_err(|error| error.to_string()), begun.elapsed())
    })
}

fn finish(world: &Arc<World>, yaml: &str) -> Duration {
    let (ended, took) = try_run(world, yaml);
    assert_eq!(ended, Ok(Ended::Finished));
    took
}

/// A pipeline with this input and policy, whose output takes streams or not.
fn pipeline(input: &str, budget: &str, policy: &str, streams: bool) -> String {
    format!(
        "input: {{{input}: {{}}}}\npipeline: {{threads: 1, in_flight_bytes: {budget}}}\n\
         output: {{script: {{streams: {streams}, batching: {{{policy}}}}}}}\n"
    )
}

/// What the messages with these numbers are together.
fn gathered(numbers: impl IntoIterator<Item = usize>) -> Vec<u8> {
    numbers.into_iter().map(text).collect::<Vec<_>>().join(&b","[..])
}

#[test]
fn a_large_batch_takes_no_more_than_the_budget() {
    const MESSAGES: usize = 4800;
    let world = World::new((0..MESSAGES).map(text));
    let policy = format!("count: {MESSAGES}, processors: [{{gather: {{}}}}]");
    finish(&world, &pipeline("rereading", "16MiB", &policy, true));
    let notes = world.notes();
    assert_eq!(
        notes.streamed.iter().map(|stream| stream.length).collect::<Vec<_>>(),
        [MESSAGES * (MESSAGE + 1) - 1]
    );
    assert!(notes.most_held <= (16 << 20) + MESSAGE, "{} bytes were held", notes.most_held);
    assert_eq!(notes.acknowledged.len(), MESSAGES);
    assert!(notes.written.is_empty() && notes.rejected == 0);
}

#[test]
fn what_the_host_has_to_send_again_counts_until_it_is_delivered() {
    let world = World::new((0..100).map(text));
    finish(&world, &pipeline("script", "1MiB", "count: 100, processors: [{gather: {}}]", true));
    let notes = world.notes();
    // As much as there was room for went on, each time.
    assert!(notes.streamed.len() + notes.written.len() > 4, "{}", notes.streamed.len());
    assert!(notes.most_held <= (1 << 20) + MESSAGE, "{} bytes were held", notes.most_held);
    assert_eq!(notes.acknowledged.len(), 100);
}

#[test]
fn a_large_batch_is_what_it_would_be_in_one_piece() {
    let policy = |processor: &str| format!("count: 40, processors: [{{{processor}: {{}}}}, {{upper: {{}}}}]");
    let outcome = |processor: &str, streams: bool| {
        let world = World::new((0..100).map(text));
        finish(&world, &pipeline("rereading", "4MiB", &policy(processor), streams));
        let mut notes = world.notes();
        assert_eq!(notes.acknowledged.len(), 100);
        let streamed =
            notes.streamed.drain(..).map(|stream| (stream.first, stream.bytes)).collect::<Vec<_>>();
        let mut all = std::mem::take(&mut notes.written);
        all.extend(streamed);
        all.sort();
        (all, notes.slices)
    };
    let (whole, slices) = outcome("whole", false);
    assert_eq!(slices, 0);
    let expected = [0..40, 40..80, 80..100].map(|numbers| gathered(numbers).to_ascii_uppercase());
    assert_eq!(whole.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>(), expected);
    for streams in [false, true] {
        let (grown, slices) = outcome("gather", streams);
        assert!(grown == whole && slices > 0, "{streams} {slices}");
    }
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    /// One below this.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn random_batches_are_what_they_would_be_in_one_piece() {
    let mut slices = 0;
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let lengths = [0, 1, 100, 60_000, 400_000];
        let message = |number: u64, dice: &mut Dice| {
            let mut text = number.to_string().into_bytes();
            text.resize(text.len() + lengths[usize::try_from(dice.below(5)).unwrap()], b'x');
            text
        };
        let messages: Vec<_> = (0..40 + dice.below(80)).map(|number| message(number, &mut dice)).collect();
        let policy = match dice.below(3) {
            0 => format!("count: {}", 1 + dice.below(60)),
            1 => format!("byte_size: {}", 1 + dice.below(12_000_000)),
            _ => format!("count: {}, byte_size: {}", 1 + dice.below(90), 1 + dice.below(12_000_000)),
        };
        let mut outcome = |processor: &str, streams: bool| {
            let world = World::new(messages.clone());
            let policy = format!("{policy}, processors: [{{{processor}: {{}}}}, {{upper: {{}}}}]");
            finish(&world, &pipeline("rereading", "128MiB", &policy, streams));
            let mut notes = world.notes();
            assert_eq!(notes.acknowledged.len(), messages.len(), "seed {seed}");
            slices += notes.slices;
            let mut all = std::mem::take(&mut notes.written);
            all.extend(notes.streamed.drain(..).map(|stream| (stream.first, stream.bytes)));
            all.sort();
            all
        };
        let whole = outcome("whole", false);
        for streams in [false, true] {
            assert!(outcome("gather", streams) == whole, "seed {seed}, {policy}, {streams}");
        }
    }
    assert!(slices > 0, "nothing was large enough");
}

#[test]
fn a_message_that_can_not_be_added_fails_its_batch_as_in_one_piece() {
    for (input, streams) in [("script", false), ("script", true), ("rereading", true)] {
        let bad = |number| if number == 70 { b"bad".to_vec() } else { text(number) };
        let world = World::new((0..80).map(bad));
        finish(&world, &pipeline(input, "16MiB", "count: 80, processors: [{gather: {}}]", streams));
        let notes = world.notes();
        assert_eq!(notes.acknowledged.len(), 80, "{input} {streams}");
        // All messages that were with it, flagged, and nothing of what was begun. Those 9 behind it that were there when
        // the input had said that it has no more went on without waiting for what it reads again.
        assert_eq!(notes.flagged, if input == "rereading" { 71 } else { 80 }, "{input} {streams}");
        assert!(notes.streamed.is_empty());
        assert_eq!(notes.given_up, usize::from(streams));
    }
}

#[test]
fn an_instance_that_is_lost_loses_no_message() {
    for streams in [false, true] {
        let dies = |number| if number == 70 { b"dies once".to_vec() } else { text(number) };
        let world = World::new((0..80).map(dies));
        finish(&world, &pipeline("script", "16MiB", "count: 80, processors: [{gather: {}}]", streams));
        let notes = world.notes();
        assert_eq!(notes.acknowledged.len(), 80);
        assert!(notes.streamed.is_empty());
        // To find the one that may be the reason, each of those 71 goes on by itself.
        assert_eq!(notes.written.len(), 71 + 1);
    }
}

#[test]
fn a_stream_that_the_output_fails_for_comes_again() {
    for fails in [Write::FailAtOnce, Write::FailMidway, Write::FailAtTheEnd, Write::NotConnected] {
        let world = World::new((0..200).map(text)).writing([fails]);
        finish(&world, &pipeline("rereading", "16MiB", "count: 100, processors: [{gather: {}}]", true));
        let mut notes = world.notes();
        let mut delivered = Vec::new();
        for stream in notes.streamed.drain(..) {
            delivered.extend(stream.bytes.split(|byte| *byte == b',').map(<[u8]>::to_vec));
        }
        delivered.extend(notes.written.drain(..).flat_map(|(_, bytes)| {
            bytes.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect::<Vec<_>>()
        }));
        delivered.sort();
        assert!(delivered == (0..200).map(text).collect::<Vec<_>>(), "{fails:?}: {}", delivered.len());
        assert!(notes.rejected > 0, "{fails:?}");
        assert_eq!(notes.acknowledged.len(), 200);
    }
}

#[test]
fn a_processor_that_refuses_gets_the_batch_in_one_piece() {
    let world = World::new((0..80).map(text));
    finish(&world, &pipeline("script", "16MiB", "count: 80, processors: [{gather: {refuses: true}}]", true));
    let notes = world.notes();
    assert_eq!(notes.written.len(), 1);
    assert!(notes.written[0].1 == gathered(0..80) && notes.rejected == 0 && notes.slices == 0);
}

#[test]
fn an_output_that_is_away_holds_the_input_at_the_budget_and_no_longer() {
    const AWAY: Duration = Duration::from_secs(300);
    for batching in ["", "batching: {count: 7}"] {
        let world = World::new((0..400).map(text)).away_for(AWAY);
        let yaml = format!(
            "input: {{script: {{}}}}\npipeline: {{threads: 2, in_flight_bytes: 1MiB}}\n\
             output: {{script: {{{batching}}}}}\n"
        );
        let took = finish(&world, &yaml);
        let notes = world.notes();
        assert!(notes.most_held <= (1 << 20) + MESSAGE, "{} bytes were held", notes.most_held);
        assert!(notes.most_held >= (1 << 20) - 2 * MESSAGE, "{} bytes were held", notes.most_held);
        assert_eq!(notes.acknowledged.len(), 400);
        // Its pauses before it connects again are a second at most.
        assert!(took < AWAY + Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn an_output_that_is_away_does_not_keep_an_input_from_giving_something_up() {
    const AWAY: Duration = Duration::from_secs(300);
    // Where there is no room for more, and where only the queues are full.
    for budget in ["1MiB", "1GiB"] {
        let world = World::new((0..400).map(text)).away_for(AWAY).giving_up_after(10);
        let yaml = format!(
            "input: {{script: {{}}}}\npipeline: {{threads: 1, in_flight_bytes: {budget}}}\n\
             output: {{script: {{}}}}\n"
        );
        let took = finish(&world, &yaml);
        let notes = world.notes();
        assert!(notes.let_go.is_some_and(|time| time < Duration::from_secs(5)), "{:?}", notes.let_go);
        assert!(notes.acknowledged.is_sorted() && notes.acknowledged.len() == 400);
        assert!(took < AWAY + Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn what_an_input_gives_up_does_not_wait_for_a_batch_to_be_complete() {
    const MESSAGES: usize = 10;
    let world = World::new((0..MESSAGES).map(text)).giving_up_after(5);
    world.stop_after_delivering(MESSAGES);
    let yaml = "input: {batched: {child: {script: {}}, policy: {count: 1000}}}\n\
                pipeline: {threads: 1}\noutput: {script: {batching: {count: 1000}}}\n";
    assert_eq!(try_run(&world, yaml).0, Ok(Ended::Stopped));
    assert_eq!(world.notes().acknowledged.len(), MESSAGES);
}

#[test]
fn a_policy_that_only_counts_goes_on_early_where_the_budget_is_too_small() {
    let world = World::new((0..100).map(text));
    let yaml = "input: {batched: {child: {script: {}}, policy: {count: 60}}}\n\
                pipeline: {threads: 1, in_flight_bytes: 1MiB}\noutput: {script: {}}\n";
    finish(&world, yaml);
    let notes = world.notes();
    assert!(notes.sizes.iter().all(|size| *size < 17) && notes.sizes.len() > 5, "{:?}", notes.sizes);
    assert_eq!(notes.acknowledged.len(), 100);
}

#[test]
fn a_policy_that_can_not_be_met_within_the_budget_is_refused() {
    let world = World::new((0..1).map(text));
    let yaml = "input: {batched: {child: {script: {}}, policy: {byte_size: 2000000}}}\n\
                pipeline: {in_flight_bytes: 1MiB}\noutput: {script: {}}\n";
    let (ended, _) = try_run(&world, yaml);
    let error = ended.unwrap_err();
    assert!(error.starts_with("large.yaml(1,") && error.contains("make it smaller, or"), "{error}");
}

#[test]
fn an_input_that_failed_does_not_wait_for_a_window() {
    let world = World::new((0..20).map(text)).failing_after(10);
    // What holds up what it has handed out is an output, for as long.
    let world = world.away_for(Duration::from_secs(600));
    finish(&world, "input: {script: {}}\npipeline: {threads: 1}\noutput: {script: {}}\n");
    let notes = world.notes();
    assert_eq!(notes.opened.len(), 2);
    assert!(notes.opened[1] < Duration::from_secs(30), "{:?}", notes.opened);
    let numbers: std::collections::BTreeSet<_> = notes.acknowledged.iter().collect();
    assert_eq!(numbers.len(), 20);
}

#[test]
fn a_message_that_kills_the_processor_of_a_policy_does_not_hold_up_those_it_was_joined_to() {
    let world =
        World::new((0..9).map(|number| {
            if number == 4 { b"dies always".to_vec() } else { number.to_string().into_bytes() }
        }));
    let yaml = "input: {batched: {child: {script: {}}, policy: {count: 9, processors: [{gather: {}}]}}}\n\
                pipeline: {threads: 1}\noutput: {script: {}}\nshutdown_timeout: 1s\n";
    world.stop_after_delivering(8);
    let (ended, _) = try_run(&world, yaml);
    assert_eq!(ended, Ok(Ended::GaveUp));
    assert_eq!(world.notes().written.len(), 8);
}

#[test]
fn what_failed_before_the_last_message_is_delivered_after_it() {
    for count in [1, 2] {
        let world =
            World::new((0..6).map(|number| number.to_string().into_bytes())).writing([Write::FailAtOnce]);
        let yaml = format!(
            "input: {{read_until: {{input: {{script: {{}}}}, check: 'last'}}}}\n\
             pipeline: {{threads: 1}}\noutput: {{script: {{batching: {{count: {count}}}}}}}\n"
        );
        finish(&world, &yaml);
        let notes = world.notes();
        let mut delivered: Vec<_> = notes.written.iter().map(|(_, bytes)| bytes.clone()).collect();
        delivered.sort();
        assert!(
            delivered.starts_with(&[b"0".to_vec(), b"1".to_vec(), b"2".to_vec(), b"3".to_vec()]),
            "{delivered:?}"
        );
        assert!(notes.acknowledged.contains(&0), "{:?}", notes.acknowledged);
    }
}

#[test]
fn what_was_rejected_is_read_again_after_a_stop() {
    // Each of the inputs is told of failures that last longer than it goes on reading.
    for (input, failures) in [("rereading", 40), ("lines", 300)] {
        let world = World::new((0..20).map(|number| number.to_string().into_bytes()));
        let world = world.writing([Write::FailAtOnce].repeat(failures)).stopping_at_failure(3);
        let yaml = format!("input: {{{input}: {{}}}}\npipeline: {{threads: 1}}\noutput: {{script: {{}}}}\n");
        let (ended, _) = try_run(&world, &yaml);
        assert_eq!(ended, Ok(Ended::Stopped), "{input}");
        let notes = world.notes();
        let mut written: Vec<_> = notes.written.iter().map(|(_, text)| text.clone()).collect();
        let delivered = written.len();
        written.sort();
        written.dedup();
        assert!(notes.rejected > 3 && delivered > 0 && written.len() == delivered, "{input}: {written:?}");
        // What was not handed on before the stop is for the next start.
        assert_eq!(notes.acknowledged.len(), if input == "lines" { 1 } else { delivered }, "{input}");
    }
}

#[test]
fn rejected_messages_are_read_again_no_longer_than_the_shutdown_timeout() {
    for input in ["rereading", "lines"] {
        let world = World::new((0..20).map(|number| number.to_string().into_bytes()));
        let world = world.writing([Write::FailAtOnce].repeat(1_000_000)).stopping_at_failure(1);
        let yaml = format!(
            "input: {{{input}: {{}}}}\npipeline: {{threads: 1}}\noutput: {{script: {{}}}}\nshutdown_timeout: 8s\n"
        );
        let (ended, took) = try_run(&world, &yaml);
        assert_eq!(ended, Ok(Ended::GaveUp), "{input}");
        assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(8), "{input}: {took:?}");
        assert_eq!(world.notes().acknowledged.len(), 0, "{input}");
    }
}
