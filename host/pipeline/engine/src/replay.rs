//! Sending again what failed.

use std::sync::Arc;
use std::time::Duration;

use forebay_pipeline_message::{Transaction, Tried};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::channel::Sender;
use crate::flight::{FailedBatch, Grounded, Sky};

/// The first two tries follow at once; then pauses grow from here by a tenth each time...
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// ...up to here. As Bento does it.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const AT_ONCE: u32 = 2;

/// Does work that hands batches of a sky to `to`, and sends those that fail again meanwhile. What waits for that when the
/// work has ended, or is dropped, is rejected. `pause` is the time before a batch that was tried so often is tried again.
pub(crate) async fn sending_again(
    sky: &Arc<Sky>,
    to: &Sender,
    pause: fn(u32) -> Duration,
    work: impl Future<Output = ()>,
) {
    let _grounded = Grounded(sky);
    tokio::select! {
        biased;
        () = work => {}
        () = replay(sky, to, pause) => {}
    }
}

/// Sends failed batches again, until it is dropped or nobody receives any more.
async fn replay(sky: &Sky, to: &Sender, pause: fn(u32) -> Duration) {
    let mut waiting = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            failed = sky.next_failed() => waiting.push(after_pause(failed, pause)),
            Some(failed) = waiting.next(), if !waiting.is_empty() => {
                for transaction in again(failed) {
                    if to.send(transaction).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn after_pause(failed: FailedBatch, pause: fn(u32) -> Duration) -> FailedBatch {
    let pause = pause(failed.attempts);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    failed
}

/// The pause where `error_handling` has messages pass the processors again; as Bento's, but without its spread.
pub(crate) fn strategy(attempts: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(300);
    let steps = i32::try_from(attempts.saturating_sub(1).min(100)).unwrap_or(100);
    FIRST.mul_f64(1.5_f64.powi(steps)).min(LONGEST)
}

/// The pause of an input before a batch that was tried `attempts` times is tried again.
pub(crate) fn pause(attempts: u32) -> Duration {
    if attempts <= AT_ONCE {
        return Duration::ZERO;
    }
    // Past 73 steps the longest pause is reached.
    let steps = i32::try_from((attempts - AT_ONCE - 1).min(100)).unwrap_or(100);
    FIRST_PAUSE.mul_f64(1.1_f64.powi(steps)).min(LONGEST_PAUSE)
}

/// The messages that failed, as new transactions of the same flight. Messages that stand for
/// themselves and may have failed because of one among them are halved, so that in the end only
/// that one is left to fail.
fn again(failed: FailedBatch) -> Vec<Transaction> {
    failed.sent_again(|batch, rejection| {
        let batch = match &rejection.messages {
            Some(messages) => batch.select(messages).unwrap_or(batch),
            None => batch,
        };
        let batch = batch.with_tried(if rejection.apart { Tried::Apart } else { Tried::Before });
        if !(rejection.apart && batch.independent() && batch.len() > 1) {
            return vec![batch];
        }
        let middle = batch.len() / 2;
        [batch.slice(0, middle), batch.slice(middle, batch.len())].into_iter().flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_begin_with_the_third_try_and_end_at_a_second() {
        let pauses = [1, 2, 3, 4, 200].map(|attempts| pause(attempts).as_micros());
        assert_eq!(pauses, [0, 0, 1_000, 1_100, 1_000_000]);
    }
}
