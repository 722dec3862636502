//! Components that give nothing, again and again.

use std::time::Duration;

/// How often in a row a component gave nothing. One that does not wait for what comes next would otherwise
/// keep its thread, and those beside it.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    times: u32,
}

/// Times in a row that cost nothing but a turn for the others: settlements make a few.
const FREE: u32 = 32;
const PAUSE: Duration = Duration::from_millis(1);

impl Idle {
    /// Lets others have their turn.
    pub(crate) async fn pause(&mut self) {
        self.times = self.times.saturating_add(1);
        if self.times > FREE {
            tokio::time::sleep(PAUSE).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}
