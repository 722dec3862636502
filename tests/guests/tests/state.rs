//! The state of a component: it outlives instances, is shared by its workers, and by nobody else.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use forebay_plugins_api::{ComponentError, Components, LostReason, PipelineName, Processor, Setup};
use forebay_plugins_runtime::{Limits, StateLimits};
use forebay_tests_guests::{World, batch, process, setup, soon, texts};
use serde_json::json;

async fn keeper(world: &World) -> Box<dyn Processor> {
    world.processor("keeper", json!({})).await
}

async fn ask(processor: &mut dyn Processor, line: &str) -> String {
    let answer = soon(process(processor, batch(&[line]))).await.unwrap();
    answer.errors().map_or_else(|| texts(&answer).join(","), |(error, _)| format!("error: {error}"))
}

#[tokio::test]
async fn values_are_set_found_and_removed() {
    let world = World::of(&["toolbox"]).await;
    let mut keeper = keeper(&world).await;
    for (line, answer) in [
        ("get a", "-"),
        ("set a 1", "set"),
        ("set ab 2", "set"),
        ("set b 3", "set"),
        ("get a", "1"),
        ("keys", "a ab b"),
        ("keys a", "a ab"),
        ("swap a 2 5", "false"),
        ("swap a 1 5", "true"),
        ("swap c - 6", "true"),
        ("swap c - 7", "false"),
        ("swap c 6 -", "true"),
        ("get a", "5"),
        ("delete a", "true"),
        ("delete a", "false"),
        ("keys", "ab b"),
    ] {
        assert_eq!(ask(&mut *keeper, line).await, answer, "{line}");
    }
}

#[tokio::test]
async fn the_state_survives_a_trap_and_the_end_of_all_instances() {
    let world = World::of(&["toolbox"]).await;
    let mut first = keeper(&world).await;
    ask(&mut *first, "set a 1").await;
    match process(&mut *first, batch(&["panic"])).await {
        Err(ComponentError::Lost(lost)) => assert_eq!(lost.reason, LostReason::Trap),
        other => panic!("{other:?}"),
    }
    assert_eq!(ask(&mut *first, "get a").await, "1");
    first.close().await;
    drop(first);
    assert_eq!(ask(&mut *keeper(&world).await, "get a").await, "1");
}

#[tokio::test]
async fn workers_of_one_component_count_together() {
    let world = World::of(&["toolbox"]).await;
    let (mut left, mut right) = (keeper(&world).await, keeper(&world).await);
    for _ in 0..10 {
        ask(&mut *left, "count n").await;
        ask(&mut *right, "count n").await;
    }
    assert_eq!(ask(&mut *left, "get n").await, "20");
}

#[tokio::test]
async fn workers_on_threads_of_their_own_lose_no_count() {
    let world = World::of(&["toolbox"]).await;
    let counting: Vec<_> = [keeper(&world).await, keeper(&world).await]
        .into_iter()
        .map(|mut keeper| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let lines = ["count n"; 200];
                    process(&mut *keeper, batch(&lines)).await.unwrap();
                });
            })
        })
        .collect();
    for thread in counting {
        thread.join().unwrap();
    }
    assert_eq!(ask(&mut *keeper(&world).await, "get n").await, "400");
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let world = World::of(&["toolbox"]).await;
    ask(&mut *keeper(&world).await, "set a 1").await;
    let own = setup("keeper", json!({}));
    let others = [
        Setup { pipeline: PipelineName::new("another"), ..own.clone() },
        Setup { path: "pipeline.processors.1".to_owned(), ..own.clone() },
    ];
    for other in others {
        let mut other = world.plugins.open_processor(other).await.unwrap();
        assert_eq!(ask(&mut *other, "keys").await, "");
        ask(&mut *other, "set a 2").await;
    }
    assert_eq!(ask(&mut *keeper(&world).await, "get a").await, "1");
}

#[tokio::test]
async fn the_state_goes_with_the_pipeline() {
    let world = World::of(&["toolbox"]).await;
    let own = setup("keeper", json!({}));
    let other = Setup { pipeline: PipelineName::new("another"), ..own.clone() };
    for setup in [own.clone(), other.clone()] {
        ask(&mut *world.plugins.open_processor(setup).await.unwrap(), "set a 1").await;
    }
    world.plugins.remove_pipeline(&own.pipeline);
    assert_eq!(ask(&mut *world.plugins.open_processor(own).await.unwrap(), "keys").await, "");
    assert_eq!(ask(&mut *world.plugins.open_processor(other).await.unwrap(), "keys").await, "a");
}

#[tokio::test]
async fn a_full_state_is_an_error_that_changes_nothing() {
    let state = StateLimits { bytes: 10_000, entries: 50, key: 100 };
    let world = World::limited(&["toolbox"], Limits { state, ..Limits::default() }).await;
    let mut keeper = keeper(&world).await;
    assert_eq!(
        ask(&mut *keeper, "fill 992").await,
        "10: the state is full: 1000 bytes beside 10000 that are kept, the limit is 10000"
    );
    assert_eq!(
        ask(&mut *keeper, "set a 1").await,
        "error: the state is full: 2 bytes beside 10000 that are kept, the limit is 10000"
    );
    assert_eq!(ask(&mut *keeper, "delete 00000003").await, "true");
    assert_eq!(ask(&mut *keeper, "set a 1").await, "set");

    let long = "k".repeat(101);
    let refused = ask(&mut *keeper, &format!("set {long} 1")).await;
    assert_eq!(refused, "error: a key of the state has 101 bytes, the limit is 100");
}

#[tokio::test]
async fn entries_without_end_are_refused() {
    let world = World::of(&["toolbox"]).await;
    let mut keeper = keeper(&world).await;
    let answer = ask(&mut *keeper, "fill 0").await;
    assert_eq!(answer, "10000: the state is full: it has 10000 entries, as many as it may");
}
