use std::fmt;
use std::time::Duration;

use crate::{producer, reader};

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    name: String,
    seed: u64,
    pub acked: usize,
    pub acked_records: u64,
    pub tries: usize,
    pub refused: usize,
    pub unknown: usize,
    pub connections: usize,
    pub fetches: usize,
    pub fetched_records: u64,
    pub fetch_errors: usize,
    pub read_back: u64,
    pub gave_up: usize,
    pub violations: usize,
    pub slowest: Duration,
    /// What somebody who gave up met last.
    pub trouble: Option<String>,
    pub took: Duration,
}

impl Summary {
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        Self { name: name.to_owned(), seed, ..Self::default() }
    }

    pub(crate) fn add(&mut self, produced: &[producer::Met], read: &[reader::Met], took: Duration) {
        for met in produced {
            let producer::Met {
                requests,
                records,
                tries,
                refused,
                unknown,
                connections,
                gave_up,
                slowest,
                trouble,
            } = met;
            self.acked += *requests;
            self.acked_records += *records;
            self.tries += *tries;
            self.refused += *refused;
            self.unknown += *unknown;
            self.connections += *connections;
            self.gave_up += usize::from(*gave_up);
            self.slowest = self.slowest.max(*slowest);
            if *gave_up {
                self.trouble.clone_from(trouble);
            }
        }
        for met in read {
            let reader::Met { fetches, records, errors, connections } = *met;
            self.fetches += fetches;
            self.fetched_records += records;
            self.fetch_errors += errors;
            self.connections += connections;
        }
        self.took += took;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (seed {}, {:.1} s): {} requests with {} records acked in {} tries ({} refused, {} unknown), slowest \
             {:.2} s; {} connections; {} fetches of {} records, {} failed; {} records read back; {} gave up; {} \
             violations",
            self.name,
            self.seed,
            self.took.as_secs_f64(),
            self.acked,
            self.acked_records,
            self.tries,
            self.refused,
            self.unknown,
            self.slowest.as_secs_f64(),
            self.connections,
            self.fetches,
            self.fetched_records,
            self.fetch_errors,
            self.read_back,
            self.gave_up,
            self.violations,
        )?;
        self.trouble.as_ref().map_or(Ok(()), |trouble| write!(f, "; last trouble: {trouble}"))
    }
}
