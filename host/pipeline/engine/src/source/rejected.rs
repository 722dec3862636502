//! The end of an input that reads again what was rejected: it goes on with that, and with nothing else.

use std::sync::Arc;

use forebay_lifecycle::Backoff;
use forebay_plugins_api::Event;

use super::{FIRST_PAUSE, LONGEST_PAUSE, Source};
use crate::flight::Settlements;
use crate::meters::InputMeter;
use crate::replay;

impl Source {
    /// Has what was rejected read again until everything is delivered, while nothing else is read any more; whether it
    /// was. For as long as it takes: whoever stops the pipeline drops this in the end.
    ///
    /// An input hands out what was rejected before anything new. So as many batches and streams are taken as it was told
    /// of rejections, and what it hands out besides is not needed. A new stream is left where it is.
    pub(super) async fn deliver_rejected(
        &mut self,
        settlements: &Arc<Settlements>,
        meter: &InputMeter,
    ) -> bool {
        let wakes = Arc::clone(&self.setup.wakes);
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        // Rejections of which the input was told, and for which it has handed out nothing yet.
        let mut owed = 0_usize;
        let mut rounds = 0_u32;
        let mut is_delivered = true;
        loop {
            if owed == 0 {
                self.sky.empty().await;
                if !settlements.has_failed() {
                    return is_delivered;
                }
                rounds = rounds.saturating_add(1);
            }
            self.sky.room().await;
            let (settled, failed) = settlements.take_counted();
            owed += failed;
            match self.input.read(settled).await {
                Ok(Event::Stream(token, stream)) => {
                    owed = owed.saturating_sub(1);
                    self.scan(token, stream, settlements, &wakes).await;
                }
                Ok(Event::Batch(token, batch)) => {
                    owed = owed.saturating_sub(1);
                    tokio::time::sleep(replay::pause(rounds)).await;
                    self.send(token, batch, settlements).await;
                }
                Ok(Event::Idle) => self.idle.pause().await,
                Ok(Event::Ended) => {
                    // It does not read them again, for a reason that it has told.
                    is_delivered = false;
                    owed = 0;
                }
                Ok(Event::NotConnected(reason)) => {
                    tracing::error!(path = self.setup.path, reason, "input is not connected");
                    meter.connection().lost();
                    tokio::time::sleep(backoff.pause()).await;
                    while let Err(error) = self.input.connect().await {
                        meter.connection().failed();
                        tracing::error!(path = self.setup.path, %error, "input can't connect");
                        tokio::time::sleep(backoff.pause()).await;
                    }
                    meter.connection().up();
                }
                Err(error) => {
                    tracing::error!(path = self.setup.path, %error, "input failed");
                    return false;
                }
            }
        }
    }
}
