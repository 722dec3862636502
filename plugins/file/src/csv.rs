mod batch;
mod finished;
mod rows;

use std::collections::VecDeque;
use std::rc::Rc;

use forebay_csv::{Dialect, Fields, Reader};
use forebay_sdk::files::{self, FileDetails};
use forebay_sdk::{Config, Context, Error, Event, Input, Problem, Settlement};

use finished::Finished;
use rows::{Got, Rows, Settings};

/// Reads the rows of CSV files, one file after the other.
///
/// A row becomes an object with the names of the first row as keys, or an array where there are no names, or fewer
/// than fields. A row may have any number of fields, unless `expected_number_of_fields` says how many; of one that
/// breaks the rules the fields before the mistake count. A row of which nothing is left is logged and left out. The
/// input ends after the last file.
///
/// Every message has the metadata `path`, `mod_time_unix` and `mod_time` of its file, and every object `header`, the
/// names in their order.
#[derive(Config)]
#[expect(dead_code, reason = "the host tries rejected messages again")]
pub(crate) struct CsvInputConfig {
    /// The files, in the order in which they are read. A path may hold the patterns `*`, `?`, `[a-z]`
    /// and `**`.
    #[config(example = ["/tmp/data/*.csv", "/tmp/more.csv"])]
    paths: Vec<String>,
    /// Whether the first row of a file holds the names of the fields. Otherwise rows become arrays.
    #[config(default = true)]
    parse_header_row: bool,
    /// The character that separates fields.
    #[config(default = ",")]
    delimiter: String,
    /// Whether quotes may stand in fields without quotes, and single ones in fields with quotes.
    #[config(default = false)]
    lazy_quotes: bool,
    /// Whether a file is removed once all its messages were delivered.
    #[config(default = false, advanced)]
    delete_on_finish: bool,
    /// How many rows make a batch. The last batch of a file may have fewer, and so may one that has grown to 64 MiB.
    #[config(default = 1, advanced)]
    batch_count: i64,
    /// Whether messages that an output rejects are tried again, as often as it takes.
    #[config(default = true)]
    auto_replay_nacks: bool,
    /// The names that the first row must hold, in order. Rows before one with these names are left out.
    #[config(example = ["first_name", "last_name", "age"])]
    expected_headers: Option<Vec<String>>,
    /// How many fields rows must have. Others are logged and left out.
    expected_number_of_fields: Option<i64>,
}

/// Bytes that one row may take.
const LIMIT: usize = 64 << 20;

/// Hands out the rows of one file after the other.
pub(crate) struct CsvInput {
    patterns: Vec<String>,
    settings: Rc<Settings>,
    delete_on_finish: bool,
    /// The files that were found and not opened yet; absent before the first `connect`.
    waiting: Option<VecDeque<FileDetails>>,
    current: Option<Rows>,
    finished: Finished,
}

impl Input for CsvInput {
    const NAME: &'static str = "csv";

    type Config = CsvInputConfig;

    fn open(config: CsvInputConfig, _: &Context) -> Result<Self, Problem> {
        let CsvInputConfig { paths: patterns, delete_on_finish, .. } = &config;
        if patterns.is_empty() {
            return Err(Problem::new("requires at least one input file path").at("/paths"));
        }
        Ok(Self {
            patterns: patterns.clone(),
            delete_on_finish: *delete_on_finish,
            settings: Rc::new(settings(config)?),
            waiting: None,
            current: None,
            finished: Finished::default(),
        })
    }

    fn connect(&mut self) -> Result<(), Error> {
        if self.waiting.is_none() {
            let mut found = VecDeque::new();
            for pattern in &self.patterns {
                found.extend(files::find(pattern)?);
            }
            if found.is_empty() {
                return Err(Error::new("requires at least one input file path, and there is no such file"));
            }
            self.waiting = Some(found);
        }
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        self.finished.settle(settled);
        loop {
            let Some(rows) = &mut self.current else {
                let Some(file) = self.waiting.as_mut().and_then(VecDeque::pop_front) else {
                    return Ok(Event::Ended);
                };
                match files::open(&file.path) {
                    Ok(source) => {
                        self.finished.begin(self.delete_on_finish.then(|| file.path.clone()));
                        self.current = Some(Rows::new(source, file, Rc::clone(&self.settings))?);
                    }
                    Err(error) => {
                        // Tried again from here; the files before it are read.
                        let reason = Error::from(error).into_message();
                        self.waiting.get_or_insert_default().push_front(file);
                        return Ok(Event::NotConnected(reason));
                    }
                }
                continue;
            };
            match rows.next() {
                Got::Batch(batch) => {
                    let token = self.finished.token();
                    return Ok(Event::Batch { token, batch });
                }
                Got::Idle => return Ok(Event::Idle),
                Got::Ended { whole } => {
                    self.current = None;
                    self.finished.end(whole);
                }
            }
        }
    }

    fn close(mut self, settled: Vec<Settlement>) {
        self.finished.settle(settled);
    }
}

fn settings(config: CsvInputConfig) -> Result<Settings, Problem> {
    let mut characters = config.delimiter.chars();
    let (Some(delimiter), None) = (characters.next(), characters.next()) else {
        return Err(Problem::new("delimiter value must be exactly one character").at("/delimiter"));
    };
    let Some(batch_count) = usize::try_from(config.batch_count).ok().filter(|count| *count > 0) else {
        return Err(Problem::new("batch_count must be at least 1").at("/batch_count"));
    };
    let fields = match config.expected_number_of_fields.map(usize::try_from) {
        None => Fields::AsFirst,
        Some(Ok(count)) if count > 0 => Fields::Exactly(count),
        Some(_) => {
            let reason = "expected_number_of_fields must be at least 1";
            return Err(Problem::new(reason).at("/expected_number_of_fields"));
        }
    };
    let expected_headers = config.expected_headers.unwrap_or_default();
    if !config.parse_header_row && !expected_headers.is_empty() {
        let reason = "expected_headers is set but parse_header_row is false";
        return Err(Problem::new(reason).at("/expected_headers"));
    }
    let dialect = Dialect { delimiter, lazy_quotes: config.lazy_quotes, limit: LIMIT };
    Reader::new(dialect, fields).map_err(|error| Problem::new(error.to_string()).at("/delimiter"))?;
    Ok(Settings { dialect, fields, parse_header_row: config.parse_header_row, expected_headers, batch_count })
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::{Context, CsvInput, Input};

    fn refused(config: &Value) -> String {
        let config = testing::config(config).expect("the fields have their types");
        CsvInput::open(config, &Context::new("csv")).err().expect("refused").to_string()
    }

    #[test]
    fn configurations_that_can_mean_nothing_are_refused() {
        for (config, reason) in [
            (json!({"paths": []}), "/paths: requires at least one input file path"),
            (
                json!({"paths": ["a"], "delimiter": "ab"}),
                "/delimiter: delimiter value must be exactly one character",
            ),
            (
                json!({"paths": ["a"], "delimiter": "\n"}),
                "/delimiter: csv: invalid field or comment delimiter",
            ),
            (json!({"paths": ["a"], "batch_count": 0}), "/batch_count: batch_count must be at least 1"),
            (
                json!({"paths": ["a"], "expected_number_of_fields": 0}),
                "/expected_number_of_fields: expected_number_of_fields must be at least 1",
            ),
            (
                json!({"paths": ["a"], "parse_header_row": false, "expected_headers": ["a"]}),
                "/expected_headers: expected_headers is set but parse_header_row is false",
            ),
        ] {
            assert_eq!(refused(&config), reason);
        }
    }
}
