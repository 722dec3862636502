//! An input waits, and is woken by a settlement, by its deadline and by a shutdown.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use std::sync::{Arc, mpsc};

use forebay_pipeline_message::{Outcome, Rejection};
use forebay_plugins_api::{ComponentError, Components, Event, Input, LostReason, Settlement, Token, Wakes};
use forebay_tests_guests::{World, setup, soon, texts};
use serde_json::json;

const ROUNDS: u64 = 1000;

/// A thread that wakes when it is told to: what it does meets a wait that is about to start, has
/// started or has not.
fn waker(wake: fn(&Wakes)) -> mpsc::SyncSender<Arc<Wakes>> {
    let (sender, receiver) = mpsc::sync_channel::<Arc<Wakes>>(1);
    std::thread::spawn(move || receiver.iter().for_each(|wakes| wake(&wakes)));
    sender
}

fn acknowledged(token: Token) -> Settlement {
    Settlement::new(token, Outcome::Acknowledged)
}

async fn read_batch(input: &mut dyn Input, settled: Vec<Settlement>) -> (Token, Vec<String>) {
    match soon(input.read(settled)).await.unwrap() {
        Event::Batch(token, batch) => (token, texts(&batch)),
        other => panic!("{other:?} is no batch"),
    }
}

async fn read_idle(input: &mut dyn Input) {
    let event = soon(input.read(vec![])).await.unwrap();
    assert!(matches!(event, Event::Idle), "{event:?}");
}

fn woken(world: &World, why: &str) -> f64 {
    world.metric("waiter_woken_total", &[("why", why)]).unwrap_or(0.0)
}

#[tokio::test]
async fn a_settlement_wakes_a_thousand_times() {
    let world = World::of(&["waiter"]).await;
    let setup = setup("waiter", json!({"batches": ROUNDS}));
    let wakes = Arc::clone(&setup.wakes);
    let mut input = world.plugins.open_input(setup).await.unwrap();
    input.connect().await.unwrap();
    let waker = waker(Wakes::settlement);

    let mut settled = vec![];
    for round in 0..ROUNDS {
        let (token, text) = read_batch(&mut *input, settled).await;
        assert_eq!(text, [format!("acknowledged {round}, rejected 0")]);
        waker.send(Arc::clone(&wakes)).unwrap();
        read_idle(&mut *input).await;
        wakes.settlements_taken();
        settled = vec![acknowledged(token)];
    }
    assert!(matches!(soon(input.read(settled)).await.unwrap(), Event::Ended));
    assert_eq!(woken(&world, "settlement"), 1000.0);
    assert_eq!(
        (woken(&world, "deadline"), woken(&world, "shutdown"), woken(&world, "nothing")),
        (0.0, 0.0, 0.0)
    );
}

#[tokio::test]
async fn a_deadline_wakes_a_thousand_times() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({"deadline_ms": 0})).await;
    input.connect().await.unwrap();
    let (token, _) = read_batch(&mut *input, vec![]).await;
    for _ in 0..ROUNDS {
        read_idle(&mut *input).await;
    }
    assert!(matches!(soon(input.read(vec![acknowledged(token)])).await.unwrap(), Event::Ended));
    assert_eq!((woken(&world, "deadline"), woken(&world, "nothing")), (1000.0, 0.0));
}

#[tokio::test]
async fn a_deadline_ahead_wakes() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({"deadline_ms": 1})).await;
    read_batch(&mut *input, vec![]).await;
    read_idle(&mut *input).await;
    assert_eq!(woken(&world, "deadline"), 1.0);
}

#[tokio::test]
async fn a_shutdown_wakes_a_thousand_times() {
    let world = World::of(&["waiter"]).await;
    let waker = waker(Wakes::shutdown);
    for _ in 0..ROUNDS {
        let setup = setup("waiter", json!({}));
        let wakes = Arc::clone(&setup.wakes);
        let mut input = world.plugins.open_input(setup).await.unwrap();
        input.connect().await.unwrap();
        let (token, _) = read_batch(&mut *input, vec![]).await;
        waker.send(wakes).unwrap();
        read_idle(&mut *input).await;
        input.close(vec![acknowledged(token)]).await;
    }
    assert_eq!((woken(&world, "shutdown"), woken(&world, "nothing")), (1000.0, 0.0));
    assert_eq!(world.metric("waiter_closed_total", &[]), Some(1000.0));
}

#[tokio::test]
async fn what_is_pending_before_a_wait_ends_it_at_once() {
    let world = World::of(&["waiter"]).await;
    let setup = setup("waiter", json!({}));
    let wakes = Arc::clone(&setup.wakes);
    let mut input = world.plugins.open_input(setup).await.unwrap();
    read_batch(&mut *input, vec![]).await;
    wakes.settlement();
    wakes.shutdown();
    read_idle(&mut *input).await;
    // A settlement stays pending until it is handed over, a shutdown for good.
    read_idle(&mut *input).await;
    wakes.settlements_taken();
    read_idle(&mut *input).await;
    assert_eq!((woken(&world, "settlement"), woken(&world, "shutdown")), (2.0, 3.0));
}

#[tokio::test]
async fn a_rejection_is_handed_over() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({"batches": 2})).await;
    let (token, _) = read_batch(&mut *input, vec![]).await;
    let rejection = Rejection {
        reason: "no".to_owned(),
        messages: Some(vec![0]),
        reasons: Vec::new(),
        apart: false,
        declined: false,
    };
    let settled = vec![Settlement::new(token, Outcome::Rejected(rejection))];
    let (_, text) = read_batch(&mut *input, settled).await;
    assert_eq!(text, ["acknowledged 0, rejected 1"]);
}

#[tokio::test]
async fn a_wait_that_is_dropped_loses_the_input_for_good() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({})).await;
    read_batch(&mut *input, vec![]).await;
    tokio::select! {
        biased;
        event = input.read(vec![]) => panic!("{event:?} came of nothing"),
        () = tokio::task::yield_now() => {}
    }
    match input.read(vec![]).await.unwrap_err() {
        ComponentError::Lost(lost) => assert_eq!(lost.reason, LostReason::Reopen),
        ComponentError::Failed(reason) => panic!("{reason}"),
    }
}

#[tokio::test]
async fn an_error_of_read_keeps_the_instance() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({"deadline_ms": 0})).await;
    read_batch(&mut *input, vec![]).await;
    let error = input.read(vec![acknowledged(Token(9))]).await.unwrap_err();
    assert_eq!(error.to_string(), "token 9 came out of turn");
    read_idle(&mut *input).await;
}
