//! Random pipelines of scripted components, drawn from a seed, and laws that hold of each of them: what is acknowledged
//! was delivered or dropped on purpose, nothing comes twice unless something failed, order is kept where it is promised,
//! and every pipeline comes to its end.
//!
//! All tasks of a run are on one thread whose clock goes only when nothing else does, and all chance comes from the
//! seed, so a seed replays a run exactly. `FOREBAY_SIMULATION_SEEDS=N` runs the first N seeds, `A..B` those from A up to
//! B, `=A` seed A alone, with its pipeline and its trace.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "simulation/components.rs"]
mod components;
#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/graph.rs"]
mod graph;
#[path = "simulation/input.rs"]
mod input;
#[path = "simulation/laws.rs"]
mod laws;
#[path = "simulation/output.rs"]
mod output;
#[path = "simulation/processor.rs"]
mod processor;
#[path = "simulation/world.rs"]
mod world;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads, chance};
use forebay_pipeline_config::read;
use forebay_pipeline_engine::{Identity, Structured, run};
use forebay_plugins_api::{Components, Environment, PipelineName, Rights};

use components::Script;
use world::World;

/// Seeds that run each time.
const USUAL: Range<u64> = 0..120;
/// No pipeline takes longer, by its own clock.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

/// What became of a run.
struct Run {
    config: String,
    trace: Vec<String>,
    broken: Vec<String>,
}

fn simulate(seed: u64) -> Run {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    chance::seed(seed);
    runtime.block_on(simulated(seed))
}

async fn simulated(seed: u64) -> Run {
    let world = World::new(seed);
    let yaml = world.graph.config.to_string();
    let variables = std::collections::BTreeMap::<String, String>::new();
    let config = match read("seed.yaml", &yaml, &variables, &world.catalog) {
        Ok(config) => config,
        Err(error) => return Run { config: yaml, trace: Vec::new(), broken: vec![format!("{error:?}")] },
    };
    let components: Arc<dyn Components> = Arc::new(Structured::new(Arc::new(Script(Arc::clone(&world)))));
    let identity = Identity {
        virtual_cluster: None,
        name: PipelineName::new("simulated"),
        file: "seed.yaml".into(),
        rights: Rights::Starter,
        environment: Environment::default(),
    };
    let threads = Threads::on_current();
    let stop = Shutdown::new();
    if let Some(after) = world.graph.stop {
        let (stop, world) = (stop.clone(), Arc::clone(&world));
        threads.spawner(0).spawn(async move {
            tokio::time::sleep(after).await;
            world.notes().note("stop".to_owned());
            stop.cancel();
        });
    }
    let ended = run(&identity, &config, &components, &threads, stop);
    let broken = match tokio::time::timeout(LONGEST, ended).await {
        Ok(Ok(ended)) => {
            world.notes().note(format!("{ended:?}"));
            laws::broken(&world, ended)
        }
        Ok(Err(error)) => vec![error.to_string()],
        Err(_) => vec!["it does not come to its end".to_owned()],
    };
    let trace = std::mem::take(&mut world.notes().trace);
    Run { config: yaml, trace, broken }
}

/// The seeds to run, and whether to show what they did.
fn seeds() -> (Range<u64>, bool) {
    let Ok(wanted) = std::env::var("FOREBAY_SIMULATION_SEEDS") else { return (USUAL, false) };
    let number = |text: &str| text.trim().parse::<u64>().unwrap();
    if let Some(one) = wanted.strip_prefix('=') {
        return (number(one)..number(one) + 1, true);
    }
    match wanted.split_once("..") {
        Some((first, end)) => (number(first)..number(end), false),
        None => (0..number(&wanted), false),
    }
}

#[test]
fn laws_hold_of_random_pipelines() {
    let (seeds, shown) = seeds();
    let mut failed = Vec::new();
    for seed in seeds {
        let run = simulate(seed);
        if shown {
            println!("{}\n{}", run.config, run.trace.join("\n"));
        }
        if !run.broken.is_empty() {
            failed.push(format!("seed {seed}: {}", run.broken[0]));
        }
    }
    let shown = failed.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        failed.is_empty(),
        "{} seeds fail; run one with FOREBAY_SIMULATION_SEEDS==N\n{shown}",
        failed.len()
    );
}

#[test]
fn a_seed_replays_a_run_exactly() {
    for seed in 0..30 {
        let (once, again) = (simulate(seed), simulate(seed));
        assert_eq!(once.config, again.config, "seed {seed}");
        let same = once.trace.iter().zip(&again.trace).position(|(one, other)| one != other);
        assert_eq!(same.map(|at| (&once.trace[at], &again.trace[at])), None, "seed {seed}");
        assert_eq!(once.trace.len(), again.trace.len(), "seed {seed}");
    }
}

#[test]
fn seeds_differ() {
    let (one, other) = (simulate(3), simulate(4));
    assert_ne!(one.config, other.config);
    assert_ne!(one.trace, other.trace);
}
