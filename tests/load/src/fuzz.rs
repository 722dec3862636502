//! Bytes from outside, by chance: inputs as they should be are changed, again and again, and what reads them must say
//! that they are something or nothing, in bounded memory. A [`Target`] is one decoder, as a function over bytes that any
//! fuzzer can call; [`explore`] is one that needs nothing but time.
//!
//! What leads to an outcome that was not seen before is kept and changed further, so that changes add up.

mod batches;
mod compressions;
mod footers;
mod frames;
mod memory;
mod mutator;
mod old_produce;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use forebay_lifecycle::clock;

pub use batches::BATCHES;
pub use compressions::{COMPRESSIONS, XERIAL};
pub use footers::FOOTERS;
pub use frames::{frame_of, frames, read_frame};
pub use memory::{Counting, Peak, during};
pub use mutator::Mutator;
pub use old_produce::OLD_PRODUCE;

use crate::effort::Effort;
use crate::random::Random;

/// What became of an input: anything that tells outcomes apart, without numbers that differ for every input.
pub type Outcome = String;

/// A law that an input broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// A decoder.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: &'static str,
    /// Inputs as they should be.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Decodes an input, and looks at what came of it.
    pub read: fn(&[u8]) -> Result<Outcome, Broken>,
    /// The most memory that decoding so many bytes may take at any time.
    pub room: fn(usize) -> usize,
}

/// What exploring came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explored {
    pub inputs: usize,
    pub outcomes: usize,
    /// The most memory that was taken beyond what the input itself has.
    pub most: usize,
}

/// An input that broke a law, or a decoder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {broken}; the input is {input}")]
pub struct Found {
    name: String,
    broken: Broken,
    /// In hexadecimal digits.
    input: String,
}

/// Inputs that are kept, at most.
const MOST_KEPT: usize = 1_000;

impl Target {
    /// Explores it for `rounds` inputs, and further for as long as there is time.
    ///
    /// # Errors
    /// When an input breaks a law.
    pub fn explore(&self, effort: Effort, rounds: usize) -> Result<Explored, Found> {
        let read = |input: &[u8]| {
            let (read, peak) = during(|| (self.read)(input));
            let room = (self.room)(input.len());
            let outcome = read?;
            if peak.most > room {
                let text = format!("{} bytes took {} bytes of memory, {room} may be", input.len(), peak.most);
                return Err(Broken(text));
            }
            Ok((outcome, peak.most))
        };
        explore(self.name, (self.corpus)(), (effort, rounds), read)
    }
}

/// Changes inputs of a corpus and hands them to `read`, which gives the outcome and how much memory it took: `rounds`
/// of them, and further ones for as long as there is time.
///
/// # Errors
/// When an input breaks a law or ends in a panic.
pub fn explore(
    name: &str,
    mut kept: Vec<Vec<u8>>,
    (effort, rounds): (Effort, usize),
    mut read: impl FnMut(&[u8]) -> Result<(Outcome, usize), Broken>,
) -> Result<Explored, Found> {
    let started = clock::now();
    let mut outcomes = HashSet::new();
    let mut mutator = Mutator::new(Random(effort.seed));
    let mut explored = Explored { inputs: 0, outcomes: 0, most: 0 };
    let mut look = |input: &[u8], explored: &mut Explored| -> Result<bool, Found> {
        let read = catch_unwind(AssertUnwindSafe(|| read(input)));
        let read = read.unwrap_or_else(|_| Err(Broken("a panic".to_owned())));
        let (outcome, most) = read.map_err(|broken| {
            let input = input.iter().map(|byte| format!("{byte:02x}")).collect();
            Found { name: name.to_owned(), broken, input }
        })?;
        explored.inputs += 1;
        explored.most = explored.most.max(most);
        Ok(outcomes.insert(outcome))
    };
    for input in &kept {
        look(input, &mut explored)?;
    }
    let as_they_should_be = kept.len();
    while explored.inputs < as_they_should_be + rounds || started.elapsed() < effort.time {
        let input = mutator.changed(&kept);
        if look(&input, &mut explored)? && kept.len() < MOST_KEPT {
            kept.push(input);
        }
    }
    explored.outcomes = outcomes.len();
    Ok(explored)
}

/// An error as an outcome: its text without numbers.
fn outcome(error: &dyn std::error::Error) -> Outcome {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text.retain(|letter| !letter.is_ascii_digit() && letter != '-');
    text
}

/// That something holds.
fn law(holds: bool, text: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(text())) }
}
