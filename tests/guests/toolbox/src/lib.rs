//! Components that do what their messages say, each with one capability. A message is a line of
//! words; its payload becomes what the host answered, or it is flagged with the host's error.

mod asker;
mod keeper;
mod limited;
mod runner;
mod squeezer;
mod words;

use asker::{Asker, Front};
use keeper::Keeper;
use limited::Limited;
use runner::{Runner, Tail};
use squeezer::Squeezer;

forebay_sdk::plugin! {
    name: "toolbox",
    summary: "Does what its messages say.",
    inputs: [Tail],
    processors: [Asker, Keeper, Limited, Runner, Squeezer],
    caches: [Front],
}
