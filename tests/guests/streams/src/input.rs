use forebay_sdk::{
    ArrivedStream, Config, Context, Error, Event, Input, Outcome, Problem, Settlement, StreamMetadata, Token,
    files, scanned,
};

/// Hands out a file as a stream, and once more whenever it was rejected.
#[derive(Config)]
pub(crate) struct AgainConfig {
    /// The file.
    path: String,
}

pub(crate) struct Again {
    path: String,
    /// How many streams were handed out; each has its number as its token.
    given: Token,
    /// Which stream is to be given again.
    rejected: Option<Token>,
}

impl Input for Again {
    const NAME: &'static str = "again";
    const REREADS: bool = true;
    type Config = AgainConfig;

    fn open(AgainConfig { path }: AgainConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { path, given: 0, rejected: None })
    }

    fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, Error> {
        for Settlement { token, outcome, .. } in settled {
            if matches!(outcome, Outcome::Rejected { .. }) {
                self.rejected = Some(token);
            }
        }
        match self.rejected.take() {
            Some(token) => scanned::again(token),
            None if self.given > 0 => return Ok(Event::Ended),
            None => {}
        }
        self.given += 1;
        Ok(Event::Stream(ArrivedStream {
            token: self.given,
            source: files::open(&self.path)?,
            name: self.path.clone(),
            metadata: StreamMetadata::default(),
        }))
    }
}
