//! A scanner that cuts texts into words.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::VecDeque;

use async_trait::async_trait;
use forebay_plugins_api::{ByteStream, ComponentError, Scanned, Scanner};

use crate::scripted::batch;

pub(crate) struct Text(pub(crate) &'static str);

#[async_trait]
impl ByteStream for Text {
    async fn read(&mut self, _: usize) -> Result<bytes::Bytes, String> {
        Ok(std::mem::take(&mut self.0).into())
    }
}

#[derive(Default)]
pub(crate) struct Words {
    left: VecDeque<String>,
    source: Option<Box<dyn ByteStream>>,
}

#[async_trait]
impl Scanner for Words {
    async fn begin(&mut self, source: Box<dyn ByteStream>, _: &str) -> Result<(), ComponentError> {
        self.source = Some(source);
        Ok(())
    }

    async fn next(&mut self) -> Result<Scanned, ComponentError> {
        if let Some(mut source) = self.source.take() {
            let text = source.read(usize::MAX).await.unwrap();
            self.left = String::from_utf8_lossy(&text).split(' ').map(str::to_owned).collect();
        }
        Ok(self.left.pop_front().map_or(Scanned::Ended, |word| Scanned::Batch(batch(&[&word]))))
    }

    async fn close(&mut self) {}
}
