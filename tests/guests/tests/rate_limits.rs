//! The rate limits of a pipeline as guests use them. The engine's tests show what a limit does.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_plugins_api::{Components, Processing, Processor, RateLimit, RateLimits, Rights, Setup, Wakes};
use forebay_tests_guests::{World, batch, only, setup, soon, texts};
use serde_json::json;

/// A limit that gives these answers, one after the other, then lets everything go on. It notes the bytes.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<Result<Duration, String>>>,
    asked: Mutex<Vec<Option<usize>>>,
}

#[async_trait]
impl RateLimit for Scripted {
    async fn access(&self, bytes: Option<usize>) -> Result<Duration, String> {
        self.asked.lock().unwrap().push(bytes);
        let answer = self.answers.lock().unwrap().pop().unwrap_or(Ok(Duration::ZERO));
        if answer == Ok(Duration::MAX) {
            std::future::pending::<()>().await;
        }
        answer
    }
}

struct Scene {
    limit: Arc<Scripted>,
    wakes: Arc<Wakes>,
    processor: Box<dyn Processor>,
}

/// A component that may ask `slow`, beside which there is `other`.
async fn scene(world: &World) -> Scene {
    let (limit, wakes) = (Arc::<Scripted>::default(), Arc::<Wakes>::default());
    let limits =
        ["slow", "other"].map(|label| (label.parse().unwrap(), Arc::clone(&limit) as Arc<dyn RateLimit>));
    // Nothing is granted to it beside what its configuration names.
    let setup = Setup {
        rate_limits: RateLimits::new(limits),
        wakes: Arc::clone(&wakes),
        rights: Rights::Granted,
        ..setup("limited", json!({"limit": "slow"}))
    };
    let processor = world.plugins.open_processor(setup).await.unwrap();
    Scene { limit, wakes, processor }
}

impl Scene {
    fn script(&self, answers: impl IntoIterator<Item = Result<Duration, String>>) {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        *self.limit.answers.lock().unwrap() = answers;
    }

    async fn ask(&mut self, line: &str) -> String {
        let mut processing = soon(self.processor.process(batch(&[line]))).await.unwrap();
        if let Processing::Pending(mut operation) = processing {
            soon(operation.finish()).await.unwrap();
            processing = soon(self.processor.resume(operation)).await.unwrap();
        }
        let answer = only(processing).batch;
        answer.errors().map_or_else(|| texts(&answer).join(","), |(error, _)| format!("error: {error}"))
    }
}

fn pause(milliseconds: u64) -> Result<Duration, String> {
    Ok(Duration::from_millis(milliseconds))
}

#[tokio::test]
async fn a_guest_asks_the_limit_that_its_configuration_names_and_no_other() {
    let world = World::of(&["toolbox"]).await;
    let mut scene = scene(&world).await;
    scene.script([pause(1500), Err("broken on purpose".to_owned())]);
    assert_eq!(scene.ask("access slow").await, "1500");
    assert_eq!(scene.ask("access slow").await, "error: rate limit 'slow': broken on purpose");
    assert_eq!(scene.ask("access slow").await, "0");
    let denied = "error: the configuration of `limited` names no rate limit 'other'";
    assert_eq!(scene.ask("access other").await, denied);
    assert_eq!(scene.ask("wait other 1").await, denied);
    assert_eq!(*scene.limit.asked.lock().unwrap(), [None; 3]);
}

#[tokio::test]
async fn a_wait_ends_when_it_is_let_go_on_or_its_time_has_passed_or_something_is_pending() {
    let world = World::of(&["toolbox"]).await;
    let mut scene = scene(&world).await;
    scene.script([pause(2), pause(2), pause(1)]);
    assert_eq!(scene.ask("wait slow 60000").await, "admitted");
    assert_eq!(*scene.limit.asked.lock().unwrap(), [Some(5); 4]);
    scene.script([pause(60_000)]);
    assert_eq!(scene.ask("wait slow 1").await, "Woken(DEADLINE)");
    // The limit does not even answer.
    scene.script([Ok(Duration::MAX)]);
    assert_eq!(scene.ask("wait slow 1").await, "Woken(DEADLINE)");
    scene.wakes.settlement();
    assert_eq!(scene.ask("wait slow 60000").await, "Woken(SETTLEMENT)");
    scene.wakes.settlements_taken();
    scene.script([pause(60_000)]);
    let wakes = Arc::clone(&scene.wakes);
    let (answer, ()) = tokio::join!(scene.ask("wait slow 60000"), async { wakes.shutdown() });
    assert_eq!(answer, "Woken(SHUTDOWN)");
}

#[tokio::test]
async fn a_wait_that_the_host_does_ends_when_it_is_let_go_on() {
    let world = World::of(&["toolbox"]).await;
    let mut scene = scene(&world).await;
    scene.script([pause(2), pause(3)]);
    assert_eq!(scene.ask("start").await, "admitted");
    assert_eq!(*scene.limit.asked.lock().unwrap(), [Some(7); 3]);
}
