use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use forebay_sdk::config::ScannerConfig;
use forebay_sdk::files::{self, FileDetails, FileError};
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    ArrivedStream, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, StreamMetadata, Token,
    Value, log, scanned,
};

/// Reads files, one after the other.
///
/// Every message has the metadata `path`, `mod_time_unix` and `mod_time` of its file. The input ends
/// after the last file.
#[derive(Config)]
#[expect(dead_code, reason = "the host runs the scanner and says what is to be read again")]
pub(crate) struct FileInputConfig {
    /// The files, in the order in which they are read. A path may hold the patterns `*`, `?`, `[a-z]`
    /// and `**`.
    #[config(example = ["./data/*.json"])]
    paths: Vec<String>,
    /// What cuts the bytes of a file into messages.
    #[config(default = {"lines": {}})]
    scanner: ScannerConfig,
    /// Whether a file is removed once all its messages were delivered.
    #[config(default = false, advanced)]
    delete_on_finish: bool,
    /// The old name of `scanner`, which wins over it: `lines`, `delim:x`, `all-bytes`, `gzip/csv` and so on, as the
    /// scanner `codec` says.
    #[config(deprecated, example = "lines", example = "delim:|")]
    codec: Option<String>,
    /// The size of the buffer of `codec`.
    #[config(deprecated, default = 1000000)]
    max_buffer: u64,
    /// Whether messages that an output rejects are tried again, as often as it takes. They are read from the file again,
    /// which must not be replaced by another before all its messages are delivered.
    #[config(default = true)]
    auto_replay_nacks: bool,
}

/// Hands one file after the other to the host.
pub(crate) struct FileInput {
    patterns: Vec<String>,
    delete_on_finish: bool,
    /// The files that were found and not handed out yet; absent before the first `connect`.
    waiting: Option<VecDeque<FileDetails>>,
    /// The files that are handed out.
    under_way: HashMap<Token, FileDetails>,
    /// Files of which messages were rejected, by the token under which they were handed out last.
    rejected: VecDeque<(Token, FileDetails)>,
    next_token: Token,
}

impl Input for FileInput {
    const NAME: &'static str = "file";
    const REREADS: bool = true;

    type Config = FileInputConfig;

    fn open(config: FileInputConfig, _: &Context) -> Result<Self, Problem> {
        let FileInputConfig { paths: patterns, delete_on_finish, .. } = config;
        Ok(Self {
            patterns,
            delete_on_finish,
            waiting: None,
            under_way: HashMap::new(),
            rejected: VecDeque::new(),
            next_token: 1,
        })
    }

    fn connect(&mut self) -> Result<(), Error> {
        if self.waiting.is_none() {
            let mut found = VecDeque::new();
            for pattern in &self.patterns {
                found.extend(files::find(pattern)?);
            }
            self.waiting = Some(found);
        }
        Ok(())
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        self.settle(settled);
        loop {
            let (again, file) = match self.rejected.pop_front() {
                Some((token, file)) => (Some(token), file),
                None => match self.waiting.as_mut().and_then(VecDeque::pop_front) {
                    Some(file) => (None, file),
                    None => return Ok(Event::Ended),
                },
            };
            if let (Some(_), Some(reason)) = (again, changed(&file)) {
                log::error(format!("{}: what was rejected of it is lost, {reason}", file.path));
                continue;
            }
            return Ok(match files::open(&file.path) {
                Ok(source) => Event::Stream(self.hand_out(again, file, source)),
                Err(error) => {
                    // Tried again from here; the files before it are done.
                    match again {
                        Some(token) => self.rejected.push_front((token, file)),
                        None => self.waiting.get_or_insert_default().push_front(file),
                    }
                    Event::NotConnected(Error::from(error).into_message())
                }
            });
        }
    }

    fn close(mut self, settled: Vec<Settlement>) {
        self.settle(settled);
    }
}

impl FileInput {
    /// A file for the host, with the token under which it was rejected.
    fn hand_out(&mut self, again: Option<Token>, file: FileDetails, source: ByteStream) -> ArrivedStream {
        if let Some(token) = again {
            scanned::again(token);
        }
        let token = self.next_token;
        self.next_token += 1;
        let (name, metadata) = (file.path.clone(), metadata(&file));
        self.under_way.insert(token, file);
        ArrivedStream { token, source, name, metadata }
    }

    /// Removes the files whose messages were all delivered, and notes those that are to be read again.
    fn settle(&mut self, settled: Vec<Settlement>) {
        for Settlement { token, outcome, .. } in settled {
            let Some(file) = self.under_way.remove(&token) else { continue };
            match outcome {
                Outcome::Acknowledged if self.delete_on_finish => {
                    if let Err(error) = files::remove(&file.path) {
                        log::error(format!("remove {}: {error}", file.path));
                    }
                }
                Outcome::Acknowledged => {}
                Outcome::Rejected { messages: None, .. } => self.rejected.push_back((token, file)),
                // It is of no use to read it again.
                Outcome::Rejected { .. } => {}
            }
        }
    }
}

/// Why a file can't be read again.
fn changed(file: &FileDetails) -> Option<&'static str> {
    match files::find(&file.path).as_deref() {
        Ok([found, ..]) if found.size < file.size => Some("since it is shorter than it was"),
        Ok([]) | Err(FileError::NotFound(_)) => Some("since it is gone"),
        // What else is wrong may pass.
        Ok(_) | Err(_) => None,
    }
}

/// What the messages of a file get.
fn metadata(file: &FileDetails) -> StreamMetadata {
    let mut metadata = StreamMetadata::default();
    metadata.push("path", Value::Text(&file.path));
    let modified = file.modified.unwrap_or(Duration::ZERO);
    metadata.push("mod_time_unix", Value::Signed(i64::try_from(modified.as_secs()).unwrap_or(i64::MAX)));
    metadata.push("mod_time", Value::Text(&forebay_text::of_seconds(modified)));
    metadata
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Context, FileInput, FileInputConfig, Input};
    use forebay_sdk::testing;

    #[test]
    fn paths_are_required() {
        let problem = testing::config::<FileInputConfig>(&json!({})).err().expect("refused");
        assert_eq!(problem.to_string(), "field paths is required");
        let problem = testing::config::<FileInputConfig>(&json!({"paths": ["a", 5]})).err().expect("refused");
        assert_eq!(problem.to_string(), "/paths/1: expected string value, got int");
    }

    #[test]
    fn a_missing_file_fails_the_connection() {
        let config = testing::config(&json!({"paths": ["missing.txt"]})).expect("the configuration is right");
        let mut input = FileInput::open(config, &Context::new("file")).expect("opens");
        assert!(input.connect().is_err());
    }
}
