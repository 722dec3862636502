use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use forebay_sdk::waits;
use forebay_sdk::{Batch, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, files};

use crate::build;

/// Reads the names of files, and removes them when they are delivered: what is left in the folder is what
/// the next instance has to read. Ends when there is a file `end` and nothing else.
#[derive(Config)]
pub(crate) struct NumbersConfig {
    /// The folder.
    folder: String,
    /// Messages of a batch.
    #[config(default = 20)]
    at_once: usize,
}

pub(crate) struct Numbers {
    config: NumbersConfig,
    next: VecDeque<String>,
    /// Found, and not settled yet.
    known: HashSet<String>,
    handed_out: HashMap<u64, Vec<String>>,
    last_token: u64,
}

/// Between two looks at a folder in which there is nothing new.
const PAUSE: Duration = Duration::from_millis(2);

impl Input for Numbers {
    const NAME: &'static str = "numbers";
    type Config = NumbersConfig;

    fn open(config: NumbersConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self {
            config,
            next: VecDeque::new(),
            known: HashSet::new(),
            handed_out: HashMap::new(),
            last_token: 0,
        })
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        self.settle(settled)?;
        if self.next.is_empty() {
            self.find()?;
        }
        if self.next.is_empty() {
            if self.known.is_empty() && files::find(&format!("{}/end", self.config.folder)).is_ok() {
                return Ok(Event::Ended);
            }
            let _ = waits::wait(Some(PAUSE));
            return Ok(Event::Idle);
        }
        let count = self.next.len().min(self.config.at_once);
        let names: Vec<String> = self.next.drain(..count).collect();
        let text = |path: &String| format!("{} {}", path.rsplit('/').next().unwrap_or_default(), build());
        let batch = Batch::from_payloads(names.iter().map(text));
        self.last_token += 1;
        self.handed_out.insert(self.last_token, names);
        Ok(Event::Batch { token: self.last_token, batch })
    }

    fn close(mut self, settled: Vec<Settlement>) {
        // What can't be removed is read again, which the test finds.
        let _ = self.settle(settled);
    }
}

impl Numbers {
    fn find(&mut self) -> Result<(), Error> {
        for found in files::find(&format!("{}/m-*", self.config.folder))? {
            if self.known.insert(found.path.clone()) {
                self.next.push_back(found.path);
            }
        }
        Ok(())
    }

    fn settle(&mut self, settled: Vec<Settlement>) -> Result<(), Error> {
        for Settlement { token, outcome, .. } in settled {
            for name in self.handed_out.remove(&token).unwrap_or_default() {
                self.known.remove(&name);
                if outcome == Outcome::Acknowledged {
                    files::remove(&name)?;
                }
            }
        }
        Ok(())
    }
}
