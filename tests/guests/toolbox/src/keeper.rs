use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor, state};

use crate::words::{answer_each, text, unknown};

/// Keeps things in its state.
#[derive(Config)]
pub(crate) struct KeeperConfig {}

pub(crate) struct Keeper;

impl Processor for Keeper {
    const NAME: &'static str = "keeper";
    type Config = KeeperConfig;

    fn open(_: KeeperConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    #[expect(clippy::panic, reason = "what this guest is for")]
    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(answer_each(&batch, |words| match words {
            ["get", key] => Ok(text(state::get(key))),
            ["set", key, value] => state::set(key, value.as_bytes()).map(|()| "set".to_owned()),
            ["delete", key] => Ok(state::delete(key).to_string()),
            ["keys"] => Ok(state::keys("").join(" ")),
            ["keys", prefix] => Ok(state::keys(prefix).join(" ")),
            ["swap", key, expected, value] => {
                state::compare_and_set(key, known(expected), known(value)).map(|done| done.to_string())
            }
            ["count", key] => count(key).map(|count| count.to_string()),
            ["fill", length] => Ok(fill(length.parse()?)),
            ["panic"] => panic!("panicked on purpose"),
            other => Err(unknown(other)),
        }))
    }
}

fn known(word: &str) -> Option<&[u8]> {
    (word != "-").then_some(word.as_bytes())
}

/// Counts up, together with everybody who shares the state.
fn count(key: &str) -> Result<u64, Error> {
    loop {
        let old = state::get(key);
        let count = 1 + old.as_ref().map_or(0, |old| String::from_utf8_lossy(old).parse().unwrap_or(0));
        if state::compare_and_set(key, old.as_deref(), Some(count.to_string().as_bytes()))? {
            return Ok(count);
        }
    }
}

/// Sets values of this length until it is refused; how many there are, and why there are no more.
fn fill(length: usize) -> String {
    let value = vec![b'x'; length];
    (0..)
        .find_map(|index| state::set(&format!("{index:08}"), &value).err())
        .map_or_else(String::new, |error| format!("{}: {error}", state::keys("").len()))
}
