//! What holds of every run, whatever the dice do.

use std::collections::BTreeMap;

use forebay_pipeline_engine::Ended;

use crate::world::{Notes, World};

/// Everything that is wrong with a run that has come to an end.
pub(crate) fn broken(world: &World, ended: Ended) -> Vec<String> {
    let notes = world.notes();
    let mut broken = notes.faults.clone();
    let is_expected = match ended {
        Ended::Finished => true,
        Ended::Stopped => world.graph.stop.is_some(),
        // One that can not be opened again ends before its last message.
        Ended::Incomplete => world.graph.traits.no_replay || notes.refused_to_open,
        Ended::GaveUp => false,
    };
    if !is_expected {
        broken.push(format!("it ended as {ended:?}"));
    }
    if notes.open < 0 || (notes.open > 0 && !notes.refused_to_open) {
        broken.push(format!("{} components are not closed", notes.open));
    }
    broken.extend(nothing_is_lost(world, &notes));
    broken.extend(nothing_is_left(world, &notes));
    broken.extend(nothing_comes_twice(world, &notes));
    broken.extend(order_is_kept(world, &notes));
    broken
}

/// At the end what was acknowledged is there, also behind a buffer.
fn nothing_is_lost(world: &World, notes: &Notes) -> Vec<String> {
    let acknowledged = notes.acknowledged.iter();
    let lost = acknowledged.filter(|(input, name)| !world.has_arrived(notes, *input, name));
    lost.map(|(_, name)| format!("{name} was acknowledged, but is nowhere in the end")).collect()
}

/// A pipeline that comes to its end by itself has read and settled everything.
fn nothing_is_left(world: &World, notes: &Notes) -> Option<String> {
    let traits = &world.graph.traits;
    if world.graph.stop.is_some() || traits.declines || traits.no_replay {
        return None;
    }
    let read: u64 = notes.inputs.values().map(|reading| reading.messages).sum();
    let settled = notes.acknowledged.len() as u64;
    let has_ended = notes.inputs.values().all(|reading| reading.ended);
    (read != settled || !has_ended).then(|| format!("{settled} of {read} messages are acknowledged"))
}

/// No output takes a message twice unless something has failed for it, or for one that was with it. Where every failure
/// names its messages and each goes one way, what was taken is never handed on again.
fn nothing_comes_twice(world: &World, notes: &Notes) -> Vec<String> {
    let traits = &world.graph.traits;
    let exact = !notes.lost && !traits.groups && !traits.copies && !traits.fans_out;
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let mut twice = Vec::new();
    for ((output, name), count) in &notes.delivered {
        *times.entry(name).or_default() += count;
        if *count > 1 && !world.may_come_again(notes, name) {
            twice.push(format!("output {output} took {name} {count} times, and nothing had failed"));
        }
    }
    let too_often = times.into_iter().filter(|(_, times)| exact && *times > 1);
    twice.extend(too_often.map(|(name, times)| format!("{name} was taken {times} times")));
    twice
}

/// With one thread messages of one input come in their order, but for those that come again.
fn order_is_kept(world: &World, notes: &Notes) -> Vec<String> {
    let traits = &world.graph.traits;
    let mut broken = Vec::new();
    if traits.unordered {
        return broken;
    }
    for (output, written) in &notes.written {
        if traits.unordered_outputs.contains(output) {
            continue;
        }
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for name in written.iter().filter(|name| !world.may_come_again(notes, name)) {
            let whole = name.split('\'').next().unwrap_or(name);
            let Some((input, number)) = whole.split_once('.') else { continue };
            let number = number.parse().unwrap();
            let before = last.insert(input, number).unwrap_or(0);
            if before > number {
                broken.push(format!("output {output} got {name} after {input}.{before}"));
            }
        }
    }
    broken
}
