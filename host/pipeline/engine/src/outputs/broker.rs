use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::OpenError;
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::opening::Opening;
use super::retry::Retry;
use super::{Destination, Own, Refusal, output_field, spec, together};
use crate::batching::batching_field;
use crate::structure::pauses::Policy;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "broker", spec: specification, open: |opening| Box::pin(open(opening)) };

/// Most outputs that copies may make of those in the settings.
const MOST_OUTPUTS: usize = 1000;

/// The names of the patterns, as the settings have them.
const PATTERNS: [&str; 6] = [
    "fan_out",
    "fan_out_fail_fast",
    "fan_out_sequential",
    "fan_out_sequential_fail_fast",
    "round_robin",
    "greedy",
];

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("copies", FieldType::Int)
            .with_default(1)
            .with_docs("How often each output is opened.")
            .advanced(),
        FieldSpec::new("pattern", FieldType::String)
            .with_default("fan_out")
            .with_options(&PATTERNS)
            .with_docs(
                "Every message goes to all outputs at once (`fan_out`), to all one after the other \
                 (`fan_out_sequential`), to each output in turn (`round_robin`), or to whichever has time \
                 (`greedy`). What an output refuses when it goes to all is handed to it again until it takes it, \
                 unless the pattern says `fail_fast`.",
            ),
        output_field("outputs").of_kind(FieldKind::Array).with_docs("Where messages go."),
        batching_field("batching", "Collects messages to batches before they are handed on."),
    ];
    spec(
        OWN.name,
        "Hands messages to several outputs.",
        FieldSpec::new("", FieldType::Object).with_fields(fields),
    )
}

#[derive(Deserialize)]
struct Settings {
    copies: i64,
    pattern: String,
}

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let Settings { copies, pattern } = opening.structure.settings()?;
    let copies = copies_of(copies, opening.structure.children("/outputs").count())?;
    let mut outputs = Vec::new();
    for _ in 0..copies {
        outputs.extend(opening.outputs("/outputs").await?);
    }
    if outputs.is_empty() {
        return Err(problem("/outputs", "a broker needs at least one output"));
    }
    let collect = opening.structure.children("/outputs").any(|child| child.written.get("batching").is_some());
    Ok(of(&pattern, outputs, if collect { EACH_COLLECTING } else { EACH }))
}

/// How often each of so many outputs is opened; once, where the settings say zero or less.
pub(super) fn copies_of(copies: i64, outputs: usize) -> Result<usize, OpenError> {
    let copies = usize::try_from(copies).unwrap_or(0).max(1);
    if copies.saturating_mul(outputs) > MOST_OUTPUTS {
        let reason =
            format!("{copies} copies of {outputs} outputs are more than {MOST_OUTPUTS}: ask for fewer");
        return Err(problem("/copies", &reason));
    }
    Ok(copies)
}

/// A broker of these outputs.
pub(super) fn of(pattern: &str, outputs: Vec<Box<dyn Destination>>, each: usize) -> Box<dyn Destination> {
    match pattern {
        "fan_out" => Box::new(FanOut(insist(outputs))),
        "fan_out_fail_fast" => Box::new(FanOut(outputs)),
        "fan_out_sequential" => Box::new(Sequential(insist(outputs))),
        "fan_out_sequential_fail_fast" => Box::new(Sequential(outputs)),
        "round_robin" => Box::new(RoundRobin { outputs, next: AtomicUsize::new(0) }),
        _ => Box::new(Greedy::new(outputs, each)),
    }
}

/// The same outputs, each of which gets what it refuses again.
fn insist(outputs: Vec<Box<dyn Destination>>) -> Vec<Box<dyn Destination>> {
    let insist = |output| Box::new(Retry::new(output, Policy::for_ever(), 0)) as Box<dyn Destination>;
    outputs.into_iter().map(insist).collect()
}

struct FanOut(Vec<Box<dyn Destination>>);

#[async_trait]
impl Destination for FanOut {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let deliveries = self.0.iter().map(|output| output.deliver(batch.clone()));
        together(join_all(deliveries).await.into_iter().filter_map(Result::err))
    }
}

struct Sequential(Vec<Box<dyn Destination>>);

#[async_trait]
impl Destination for Sequential {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let mut refusals = Vec::new();
        let mut left: Vec<u32> = (0..).take(batch.len()).collect();
        for output in &self.0 {
            let part = batch.select(&left).expect("the indexes are of this batch");
            let Err(refusal) = output.deliver(part).await else { continue };
            let refusal = if left.len() == batch.len() { refusal } else { refusal.in_whole(&left) };
            // What this one has taken has to come to the others as well: it is not handed on again.
            let refused = refusal.by_message(batch.len());
            left.retain(|index| !refused.contains_key(index));
            refusals.push(refusal);
            if left.is_empty() {
                break;
            }
        }
        together(refusals)
    }
}

struct RoundRobin {
    outputs: Vec<Box<dyn Destination>>,
    next: AtomicUsize,
}

#[async_trait]
impl Destination for RoundRobin {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.outputs[turn % self.outputs.len()].deliver(batch).await
    }
}

/// Outputs of which each takes a batch when it has room for one.
struct Greedy {
    outputs: Vec<Box<dyn Destination>>,
    /// Those that have no batch.
    idle: async_channel::Receiver<usize>,
    back: async_channel::Sender<usize>,
    /// Held by the batch that waits for room: one that comes later could otherwise take it.
    turn: Mutex<()>,
}

/// Batches that one output of a greedy broker has at a time.
pub(super) const EACH: usize = 4;
/// The same where outputs collect batches: what one waits with for more must not keep it from having more.
const EACH_COLLECTING: usize = 10_000;

impl Greedy {
    fn new(outputs: Vec<Box<dyn Destination>>, each: usize) -> Self {
        let (back, idle) = async_channel::unbounded();
        for index in (0..each).flat_map(|_| 0..outputs.len()) {
            // There is room without bound, and this holds the other end.
            let _ = back.try_send(index);
        }
        Self { outputs, idle, back, turn: Mutex::default() }
    }
}

/// Gives the room of a batch back.
struct Room<'a>(&'a async_channel::Sender<usize>, usize);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let _ = self.0.try_send(self.1);
    }
}

#[async_trait]
impl Destination for Greedy {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let turn = self.turn.lock().await;
        let Ok(index) = self.idle.recv().await else { unreachable!("this holds the other end") };
        drop(turn);
        let _room = Room(&self.back, index);
        self.outputs[index].deliver(batch).await
    }
}
