//! What an input is asked for, and what is kept of it, while something is waited for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{PipelineName, Settlement, Setup, Token};
use forebay_traces::Tracer;
use tokio::sync::Notify;

use super::*;
use crate::budget::{Budget, Hurry};
use crate::meters::InputMeter;

/// Whether the input was held back, at each read that has begun; and how many of them have ended.
#[derive(Default)]
struct Reads {
    begun: Vec<bool>,
    ended: usize,
}

/// An input that gives these tokens, and then nothing until it is woken.
struct Scripted {
    wakes: Arc<Wakes>,
    tokens: VecDeque<u64>,
    reads: Arc<Mutex<Reads>>,
}

#[async_trait]
impl Input for Scripted {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn read(&mut self, _: Vec<Settlement>) -> Result<Event, ComponentError> {
        self.reads.lock().unwrap().begun.push(self.wakes.is_held_back());
        let event = match self.tokens.pop_front() {
            Some(token) => Event::Batch(Token(token), Batch::from_payloads([Some("a")], true)),
            None => {
                self.wakes.wait(None).await;
                Event::Idle
            }
        };
        self.reads.lock().unwrap().ended += 1;
        Ok(event)
    }

    async fn close(&mut self, _: Vec<Settlement>) {}
}

/// An input that gives so many tokens, and what it is read with.
struct Bench {
    wakes: Arc<Wakes>,
    input: Scripted,
    settlements: Arc<Settlements>,
    kept: Kept,
    reads: Arc<Mutex<Reads>>,
}

impl Bench {
    fn new(tokens: u64) -> Self {
        let wakes: Arc<Wakes> = Arc::default();
        let reads: Arc<Mutex<Reads>> = Arc::default();
        let setup = Setup::new(PipelineName::new("test"), "", "script".parse().unwrap());
        let meter = InputMeter::of(&Metrics::default(), &Tracer::off(), &setup);
        let settlements = Settlements::new(&wakes, &meter);
        let tokens = (1..=tokens).collect();
        let input = Scripted { wakes: Arc::clone(&wakes), tokens, reads: Arc::clone(&reads) };
        Self { wakes, input, settlements, kept: Kept::default(), reads }
    }

    /// What was kept while `test` went on, which says when there is room.
    async fn waits(&mut self, room: &Notify, test: impl Future<Output = ()>) -> Vec<u64> {
        let Self { wakes, input, settlements, kept, .. } = self;
        tokio::join!(kept.while_waiting(input, settlements, wakes, room.notified()), test);
        assert!(!self.wakes.is_held_back());
        std::iter::from_fn(|| self.kept.take())
            .map(|event| match event {
                Ok(Event::Batch(token, _)) => token.0,
                event => unreachable!("{event:?}"),
            })
            .collect()
    }
}

async fn a_while() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_input_that_gives_nothing_up_is_not_read_while_it_waits() {
    let mut bench = Bench::new(1);
    let room = Notify::new();
    let kept = bench.waits(&room, async {
        a_while().await;
        room.notify_one();
    });
    assert!(kept.await.is_empty());
    assert!(bench.reads.lock().unwrap().begun.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_does_is_read_held_back_until_there_is_room() {
    let mut bench = Bench::new(2);
    let (wakes, reads) = (Arc::clone(&bench.wakes), Arc::clone(&bench.reads));
    let room = Notify::new();
    let kept = bench.waits(&room, async {
        a_while().await;
        let _handover = wakes.hand_over();
        a_while().await;
        assert_eq!(reads.lock().unwrap().begun, [true; 3]);
        // Is told what is settled.
        wakes.settlement();
        a_while().await;
        assert_eq!(reads.lock().unwrap().begun, [true; 4]);
        room.notify_one();
    });
    assert_eq!(kept.await, [1, 2]);
    assert_eq!(reads.lock().unwrap().ended, 4, "a read that is dropped loses the instance");
}

#[tokio::test(start_paused = true)]
async fn an_input_that_can_not_be_held_back_is_left_alone_in_the_end() {
    let mut bench = Bench::new(100);
    let wakes = Arc::clone(&bench.wakes);
    let room = Notify::new();
    let kept = bench.waits(&room, async {
        let _handover = wakes.hand_over();
        a_while().await;
        room.notify_one();
    });
    assert_eq!(kept.await, [1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn who_collects_hurries_as_long_as_an_input_gives_something_up() {
    let (wakes, budget) = (Arc::<Wakes>::default(), Arc::new(Budget::new(1000)));
    let sky = Sky::new(&budget);
    let test = async {
        a_while().await;
        assert_eq!(budget.hurry_now(false), None);
        let handover = wakes.hand_over();
        a_while().await;
        assert_eq!(budget.hurry_now(false), Some(Hurry::Ending));
        drop(handover);
        a_while().await;
        assert_eq!(budget.hurry_now(false), None);
    };
    tokio::select! {
        () = hurry_on_handovers(&wakes, &sky) => {}
        () = test => {}
    }
}
