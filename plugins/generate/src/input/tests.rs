use forebay_sdk::{BlockWriter, Origins, Processed, testing};
use serde_json::json;

use super::{Batch, Context, Duration, Event, Generate, Input, Woken};

/// A mapping that numbers its messages, deletes every third one and fails at the tenth.
fn numbers() {
    testing::set_language(|_, source, _| {
        let prefix = source.to_owned();
        let next = std::cell::Cell::new(0);
        Ok(move |batch: &Batch| {
            let mut block = BlockWriter::with_capacity(batch.len(), 0);
            let mut origins = Vec::new();
            block.set_independent(batch.independent());
            for index in 0..batch.len() {
                next.set(next.get() + 1);
                if next.get() % 3 == 0 {
                    continue;
                }
                if next.get() == 10 {
                    block.push_error(block.messages(), "ten is too much");
                }
                block.push(format!("{prefix}{}", next.get()).as_bytes());
                origins.push(index);
            }
            Ok(Processed { batch: Batch::from_block(block), origins: Origins::each(origins) })
        })
    });
}

fn open(config: &serde_json::Value) -> Generate {
    numbers();
    testing::set_now(Duration::ZERO);
    testing::set_pending(Woken::empty());
    let config = testing::config(config).expect("the configuration is right");
    Generate::open(config, &Context::new("generate")).expect("opens")
}

fn read(input: &mut Generate) -> (Vec<String>, bool) {
    match input.read(Vec::new()) {
        Ok(Event::Batch { batch, .. }) => (testing::texts(&batch), batch.independent()),
        other => panic!("no batch: {other:?}"),
    }
}

#[test]
fn deleted_messages_do_not_count() {
    let mut input = open(&json!({"mapping": "m", "interval": "", "count": 4}));
    assert_eq!(read(&mut input), (vec!["m1".to_owned(), "m2".to_owned(), "m4".to_owned()], true));
    assert_eq!(read(&mut input), (vec!["m5".to_owned()], true));
    assert!(matches!(input.read(Vec::new()), Ok(Event::Ended)));
}

#[test]
fn a_batch_comes_at_every_interval() {
    let mut input = open(&json!({"mapping": "m", "interval": "10s", "batch_size": 2}));
    assert_eq!(read(&mut input), (vec!["m1".to_owned(), "m2".to_owned()], false));
    assert_eq!(read(&mut input).0, ["m4"]);
    assert_eq!(forebay_sdk::time::now(), Duration::from_secs(10));
}

#[test]
fn batches_that_are_made_together_are_what_they_would_be_alone() {
    // Every third of the messages is deleted, which leaves a gap in its own batch.
    let mut input = open(&json!({"mapping": "m", "interval": "", "batch_size": 4, "count": 1000}));
    let (mut all, mut source) = (Vec::new(), 1_usize);
    loop {
        let event = input.read(Vec::new()).expect("it goes on");
        let rest = (1000 - all.len()).min(4);
        let made: Vec<_> =
            (source..source + rest).filter(|number| number % 3 != 0 && *number != 10).collect();
        source += rest;
        match event {
            Event::Batch { batch, .. } => {
                let expected: Vec<_> = made.iter().map(|number| format!("m{number}")).collect();
                assert_eq!((testing::texts(&batch), batch.independent()), (expected.clone(), false));
                all.extend(expected);
            }
            Event::Ended => break,
            _ => assert!(made.is_empty()),
        }
    }
    assert_eq!(all.len(), 1000);
}

#[test]
fn a_wait_that_is_woken_returns_idle() {
    let mut input = open(&json!({"mapping": "m", "interval": "@every 10s"}));
    testing::set_pending(Woken::SETTLEMENT);
    assert!(matches!(input.read(Vec::new()), Ok(Event::Idle)));
    testing::set_pending(Woken::empty());
    assert_eq!(read(&mut input).0, ["m1"]);
    assert_eq!(forebay_sdk::time::now(), Duration::from_secs(10));
}

#[test]
fn a_message_that_fails_is_left_out_and_logged() {
    let mut input = open(&json!({"mapping": "m", "interval": "", "count": 9}));
    let first = read(&mut input).0;
    let second = read(&mut input).0;
    assert_eq!(first.len() + second.len(), 7);
    assert!(!second.contains(&"m10".to_owned()));
    assert_eq!(testing::take_log()[0].message, "generate a message: ten is too much");
}

#[test]
fn a_mapping_that_does_not_compile_names_its_field() {
    testing::set_language(|_, _, _| {
        let problem = forebay_sdk::Problem::new("unexpected end").position(2, 5);
        Err::<fn(&Batch) -> Result<Processed, forebay_sdk::Error>, _>(problem)
    });
    let config = testing::config(&json!({"mapping": "root ="})).expect("the configuration is right");
    let problem = Generate::open(config, &Context::new("generate")).err().expect("refused");
    assert_eq!(problem.to_string(), "/mapping: line 2 column 5: unexpected end");
}
