//! Several rows of the same processors, which work side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Setup};
use futures_util::future::join_all;

use super::Structured;
use super::opening::Opening;
use super::order::in_order;
use super::row::{Row, of_part};

/// Most rows of a pool: each has an instance of every processor in it.
pub(super) const MOST_ROWS: usize = 64;
/// Pieces of a batch for each row, where there are as many messages: with several, rows whose pieces take less time do
/// more of them; with too many, a call is made for every message.
const PIECES: usize = 4;

/// Rows of the same processors. Instances take one call at a time, so there is a row for each call that is under way;
/// one is opened when there is work that no other row has taken yet, and stays open.
pub(super) struct Pool {
    /// The first one is always open.
    rows: Vec<Option<Row>>,
    opener: Opener,
}

/// What opens another row.
struct Opener {
    components: Structured,
    setup: Setup,
    /// Where the processors stand.
    field: String,
}

/// The work of a batch: its pieces, by their first messages, of which the first `taken` have been taken.
struct Work {
    pieces: Vec<(u32, Batch)>,
    taken: AtomicUsize,
}

impl Pool {
    /// Opens a first row of the processors in a field; there will be `most` at most, and never more than
    /// [`MOST_ROWS`].
    ///
    /// # Errors
    /// All processors that can't be opened.
    pub(super) async fn open(opening: &Opening<'_>, field: &str, most: usize) -> Result<Self, OpenError> {
        let mut rows = vec![Some(opening.row(field).await?)];
        rows.resize_with(most.clamp(1, MOST_ROWS), || None);
        let opener = Opener {
            components: opening.components.clone(),
            setup: opening.setup.clone(),
            field: field.to_owned(),
        };
        Ok(Self { rows, opener })
    }

    /// Whether there are no processors.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.iter().flatten().all(Row::is_empty)
    }

    /// As [`Row::run_each`], side by side.
    ///
    /// # Errors
    /// One of the processors was lost, and with it the batch.
    pub(super) async fn run_each(&mut self, batch: &Batch) -> Result<Processed, LostInstance> {
        let Self { rows, opener } = self;
        let rows = &mut rows[..];
        let work = Work::of(batch, rows.len());
        let count = rows.len().min(work.pieces.len());
        let workers = rows[..count].iter_mut().map(|slot| work.run(slot, opener));
        let mut done = Vec::with_capacity(work.pieces.len());
        for results in join_all(workers).await {
            done.extend(results?);
        }
        done.sort_by_key(|(piece, _)| *piece);
        let parts = done.into_iter().flat_map(|(piece, results)| {
            let (start, messages) = &work.pieces[piece];
            let origins = Origins::Each((*start..).take(messages.len()).collect());
            results.into_iter().map(move |result| of_part(&origins, result))
        });
        Ok(in_order(parts.collect(), batch))
    }

    pub(super) async fn close(&mut self) {
        for row in self.rows.iter_mut().flatten() {
            row.close().await;
        }
    }
}

impl Opener {
    async fn open(&self) -> Result<Row, OpenError> {
        Opening { components: &self.components, setup: &self.setup }.row(&self.field).await
    }
}

impl Work {
    /// A batch in pieces of messages that stand for themselves. A single row takes it in one.
    fn of(batch: &Batch, rows: usize) -> Self {
        let batch = batch.with_independent(true);
        let pieces = if rows == 1 { 1 } else { rows * PIECES };
        let size = batch.len().div_ceil(pieces).max(1);
        let piece = |start: usize| {
            let piece = batch.slice(start, (start + size).min(batch.len())).expect("it is in range");
            (u32::try_from(start).expect("a batch counts its messages so"), piece)
        };
        Self { pieces: (0..batch.len()).step_by(size).map(piece).collect(), taken: AtomicUsize::new(0) }
    }

    /// Lets a row do pieces until all are taken. A row that can't be opened leaves them to the others.
    async fn run(
        &self,
        slot: &mut Option<Row>,
        opener: &Opener,
    ) -> Result<Vec<(usize, Vec<Processed>)>, LostInstance> {
        let mut done = Vec::new();
        while self.taken.load(Ordering::Relaxed) < self.pieces.len() {
            let row = match slot {
                Some(row) => row,
                None => match opener.open().await {
                    Ok(row) => slot.insert(row),
                    Err(error) => {
                        let path = &opener.setup.path;
                        tracing::warn!(path, %error, "no further row of processors could be opened");
                        break;
                    }
                },
            };
            let piece = self.taken.fetch_add(1, Ordering::Relaxed);
            let Some((_, messages)) = self.pieces.get(piece) else { break };
            match row.run(messages.clone()).await {
                Ok(results) => done.push((piece, results)),
                Err(lost) => {
                    // The batch is lost: what nobody has begun is not worth it any more.
                    self.taken.store(self.pieces.len(), Ordering::Relaxed);
                    return Err(lost);
                }
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::chain::outcome;
    use crate::shadow::Given;
    use crate::structure::scripted::{Script, apply, batch, lost, texts};

    use super::*;

    const PARALLEL: &str = "{parallel: {cap: 4, processors: [{script: {}}]}}";

    /// Messages say for how many milliseconds the processor waits.
    fn slow() -> Arc<Script> {
        Arc::new(Script::new(|batch| async move {
            for text in texts(&batch) {
                tokio::time::sleep(Duration::from_millis(text.parse().unwrap())).await;
            }
            Ok(vec![Processed { batch, origins: Origins::Same }])
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn rows_are_opened_when_there_is_work_and_work_side_by_side() {
        let script = slow();
        let mut parallel = script.open(PARALLEL).await.unwrap();
        assert_eq!(script.opened(), 1);
        apply(parallel.as_mut(), batch(&["1", "1"], false)).await;
        assert_eq!(script.opened(), 2);
        let begun = tokio::time::Instant::now();
        let made = apply(parallel.as_mut(), batch(&["90", "10", "20", "30", "40", "50"], false)).await;
        assert_eq!((script.opened(), begun.elapsed().as_millis()), (4, 90));
        assert_eq!(texts(&made[0].batch), ["90", "10", "20", "30", "40", "50"]);
        assert!(!made[0].batch.independent());
        assert_eq!(made[0].origins, Origins::Each(vec![0, 1, 2, 3, 4, 5]));
    }

    #[tokio::test]
    async fn what_never_waits_is_done_by_one_row() {
        let script = Arc::new(Script::flagging(|_| false));
        let mut parallel = script.open(PARALLEL).await.unwrap();
        apply(parallel.as_mut(), batch(&["a"; 100], true)).await;
        assert_eq!(script.opened(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_no_more_rows_than_allowed() {
        let script = slow();
        let mut parallel = script.open("{parallel: {cap: 1000, processors: [{script: {}}]}}").await.unwrap();
        apply(parallel.as_mut(), batch(&["1"; 1000], true)).await;
        assert_eq!(script.opened(), MOST_ROWS);
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_cannot_be_opened_are_done_without() {
        let script = Arc::into_inner(slow()).map(|script| Arc::new(script.at_most(1))).unwrap();
        let mut parallel = script.open(PARALLEL).await.unwrap();
        let made = apply(parallel.as_mut(), batch(&["1", "2", "3"], true)).await;
        assert_eq!(texts(&made[0].batch), ["1", "2", "3"]);
        let none = Arc::new(Script::flagging(|_| false).at_most(0));
        assert!(matches!(none.open(PARALLEL).await, Err(OpenError::Inside(places)) if places.len() == 1));
    }

    #[tokio::test]
    async fn a_lost_row_loses_the_batch() {
        let script = Arc::new(Script::new(|batch| async move {
            if texts(&batch).contains(&"bad".to_owned()) { Err(lost()) } else { Ok(Vec::new()) }
        }));
        let mut parallel = script.open(PARALLEL).await.unwrap();
        let given = outcome(parallel.as_mut(), batch(&["a", "bad", "c"], false)).await;
        assert!(matches!(given, Given::Lost(_)));
    }
}
