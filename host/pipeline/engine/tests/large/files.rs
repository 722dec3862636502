//! An input that hands out a stream and reads it again, and its scanner.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_message::{Batch, Outcome};
use forebay_plugins_api::{
    ByteStream, ComponentError, Event, Input, Scanned, Scanner, Settlement, Setup, Stream, Token,
};

use crate::components::World;

/// Hands out all messages of the world as the lines of one stream.
pub(crate) struct Lines {
    world: Arc<World>,
    setup: Setup,
    is_begun: bool,
    rejected: VecDeque<Token>,
    next: u64,
}

impl Lines {
    pub(crate) fn new(world: &Arc<World>, setup: Setup) -> Self {
        Self { world: Arc::clone(world), setup, is_begun: false, rejected: VecDeque::new(), next: 0 }
    }

    fn settle(&mut self, settled: Vec<Settlement>) {
        let mut notes = self.world.notes();
        for Settlement { token, outcome, .. } in settled {
            match outcome {
                Outcome::Acknowledged => notes.acknowledged.push(token.0),
                Outcome::Rejected(rejection) => {
                    assert_eq!(rejection.messages, None);
                    notes.rejected += 1;
                    self.rejected.push_back(token);
                }
            }
        }
    }
}

#[async_trait]
impl Input for Lines {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        Ok(())
    }

    async fn read(&mut self, settled: Vec<Settlement>) -> Result<Event, ComponentError> {
        self.settle(settled);
        let again = self.rejected.pop_front();
        if again.is_none() && self.is_begun {
            self.setup.wakes.wait(None).await;
            return Ok(Event::Idle);
        }
        self.is_begun = true;
        self.next += 1;
        let source = Box::new(Whole(Some(self.world.lines())));
        let stream = Stream { source, name: "lines".to_owned(), metadata: Vec::new(), again };
        Ok(Event::Stream(Token(self.next), stream))
    }

    async fn close(&mut self, settled: Vec<Settlement>) {
        self.settle(settled);
    }
}

struct Whole(Option<Vec<u8>>);

#[async_trait]
impl ByteStream for Whole {
    async fn read(&mut self, _: usize) -> Result<Bytes, String> {
        Ok(self.0.take().unwrap_or_default().into())
    }

    fn comes_again(&self) -> bool {
        true
    }
}

/// Gives two lines at a time.
#[derive(Default)]
pub(crate) struct Pairs(VecDeque<String>);

#[async_trait]
impl Scanner for Pairs {
    async fn begin(&mut self, mut stream: Box<dyn ByteStream>, _: &str) -> Result<(), ComponentError> {
        let text = stream.read(usize::MAX).await.unwrap();
        self.0 = String::from_utf8(text.to_vec()).unwrap().lines().map(str::to_owned).collect();
        Ok(())
    }

    async fn next(&mut self) -> Result<Scanned, ComponentError> {
        let lines: Vec<String> = self.0.drain(..self.0.len().min(2)).collect();
        if lines.is_empty() {
            return Ok(Scanned::Ended);
        }
        Ok(Scanned::Batch(Batch::from_payloads(lines.iter().map(Some), true)))
    }

    async fn close(&mut self) {}
}
