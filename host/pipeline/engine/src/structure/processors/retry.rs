use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed, Value};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Own, Structure, boxed, processor_list, spec};
use crate::structure::opening::{Opening, problem};
use crate::structure::order::{first_source, in_order};
use crate::structure::pauses::{self, Pauses, Policy};
use crate::structure::pool::{MOST_ROWS, Pool};
use crate::structure::row::{chosen, of_part};

pub(super) const OWN: Own =
    Own { name: "retry", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("backoff", FieldType::Object)
            .with_fields(pauses::fields())
            .with_docs("How long to wait before a message is tried again."),
        processor_list("processors").with_docs("What is applied to each message."),
        FieldSpec::new("parallel", FieldType::Bool).with_default(false).with_docs(
            "Whether several messages are tried at a time, up to 64, rather than one after the other.",
        ),
        FieldSpec::new("max_retries", FieldType::Int)
            .with_default(0)
            .with_docs("The most times that a message may fail; 0 for any number."),
    ];
    let summary = "Applies processors to each message by itself, again and again until nothing that they make of it \
                   has failed. The metadata `retry_count` says how often they failed, `backoff_duration` how many \
                   nanoseconds were waited.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    backoff: pauses::Settings,
    parallel: bool,
    max_retries: i64,
}

struct Retry {
    pool: Pool,
    policy: Policy,
    parallel: bool,
    max_retries: i64,
}

/// A message that fails.
struct Attempt {
    /// Its index in the source.
    message: u32,
    pauses: Pauses,
    /// How often it has failed.
    failures: i64,
    /// Nanoseconds waited for it, as Bento counts them.
    waited: i64,
    /// When it is to be tried again.
    due: Instant,
    /// What came of it last.
    last: Processed,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { backoff, parallel, max_retries } = opening.settings()?;
    let pool = Pool::open(&opening, "/processors", if parallel { MOST_ROWS } else { 1 }).await?;
    if pool.is_empty() {
        return Err(problem("/processors", "at least one child processor must be specified"));
    }
    Ok(boxed(Retry { pool, policy: Policy::new(&backoff, "/backoff")?, parallel, max_retries }))
}

/// All messages are tried together first, and only those that fail go ways of their own.
#[async_trait]
impl Structure for Retry {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let source = if batch.errors().is_some() { batch.with_errors([]) } else { batch };
        let begun = Instant::now();
        let made = self.pool.run_each(&source).await?;
        if made.batch.errors().is_none() {
            return Ok(vec![counted(made, 0, 0)]);
        }
        let (fine, failed) = by_failure(&made);
        let mut parts = vec![counted(fine, 0, 0)];
        let policy = self.policy;
        let failing = failed.into_iter().map(|(message, last)| Attempt {
            message,
            pauses: policy.begin(begun),
            failures: 0,
            waited: 0,
            due: begun,
            last,
        });
        if self.parallel {
            let failing = failing.collect();
            parts.extend(self.settle(&source, failing).await?);
        } else {
            let tried = begun.elapsed();
            for attempt in failing {
                // Its time does not pass while others are waited for.
                let begun = Instant::now().checked_sub(tried).unwrap_or(begun);
                let attempt = Attempt { pauses: policy.begin(begun), ..attempt };
                parts.extend(self.settle(&source, vec![attempt]).await?);
            }
        }
        Ok(vec![in_order(parts, &source)])
    }

    async fn close(&mut self) {
        self.pool.close().await;
    }
}

impl Retry {
    /// Tries messages that have just failed until all have succeeded or are given up; what came of them.
    async fn settle(
        &mut self,
        source: &Batch,
        mut failed: Vec<Attempt>,
    ) -> Result<Vec<Processed>, LostInstance> {
        let mut done = Vec::new();
        let mut waiting: Vec<Attempt> = Vec::new();
        loop {
            for mut attempt in failed.drain(..) {
                if attempt.goes_on(self.max_retries) {
                    waiting.push(attempt);
                } else {
                    done.push(attempt.counted());
                }
            }
            let Some(next) = waiting.iter().map(|attempt| attempt.due).min() else { return Ok(done) };
            tokio::time::sleep_until(next).await;
            let now = Instant::now();
            let (mut due, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|attempt| attempt.due <= now);
            waiting = later;
            due.sort_by_key(|attempt| attempt.message);
            let messages: Vec<u32> = due.iter().map(|attempt| attempt.message).collect();
            let Processed { batch, origins } = chosen(source, &messages);
            let made = of_part(&origins, self.pool.run_each(&batch).await?);
            let mut results = by_message(&made);
            for mut attempt in due {
                // Nothing: all that was made of it was dropped.
                let Some(result) = results.remove(&attempt.message) else { continue };
                attempt.last = result;
                if attempt.last.batch.errors().is_some() {
                    failed.push(attempt);
                } else {
                    done.push(attempt.counted());
                }
            }
        }
    }
}

impl Attempt {
    /// Counts a failure; whether the message is to be tried again, and then when.
    fn goes_on(&mut self, max_retries: i64) -> bool {
        self.failures += 1;
        if self.failures == max_retries {
            return false;
        }
        let now = Instant::now();
        match self.pauses.next(now) {
            Some(pause) => {
                let nanoseconds = i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX);
                self.waited = self.waited.saturating_add(nanoseconds);
                self.due = now.checked_add(pause).unwrap_or(now + FOREVER);
                true
            }
            None => {
                // Bento adds the mark of the end, which is -1, to what was waited.
                self.waited -= 1;
                false
            }
        }
    }

    fn counted(self) -> Processed {
        counted(self.last, self.failures, self.waited)
    }
}

/// A pause that no process outlives.
const FOREVER: Duration = Duration::from_secs(1 << 32);

/// Messages with what was done for them in their metadata.
fn counted(made: Processed, failures: i64, waited: i64) -> Processed {
    let entries = [
        ("retry_count".to_owned(), Value::Signed(failures)),
        ("backoff_duration".to_owned(), Value::Signed(waited)),
    ];
    if made.batch.is_empty() {
        return made;
    }
    Processed { batch: made.batch.with_metadata(&entries), origins: made.origins }
}

/// What was made of source messages for none of which anything failed, and by source message what was made of the
/// others.
fn by_failure(made: &Processed) -> (Processed, Vec<(u32, Processed)>) {
    let sources = || (0..).take(made.batch.len()).map(|index| first_source(&made.origins, index));
    let mut failed: HashMap<u32, Vec<u32>> = HashMap::new();
    for (source, message) in sources().zip(made.batch.iter()) {
        if message.error().is_some() {
            failed.entry(source).or_default();
        }
    }
    let mut fine = Vec::new();
    for (index, source) in (0..).zip(sources()) {
        failed.get_mut(&source).unwrap_or(&mut fine).push(index);
    }
    let part = |indexes: &[u32]| of_part(&made.origins, chosen(&made.batch, indexes));
    let mut apart: Vec<_> = failed.into_iter().map(|(source, indexes)| (source, part(&indexes))).collect();
    apart.sort_by_key(|(source, _)| *source);
    (part(&fine), apart)
}

/// What was made, by source message.
fn by_message(made: &Processed) -> HashMap<u32, Processed> {
    let mut indexes: HashMap<u32, Vec<u32>> = HashMap::new();
    for index in (0..).take(made.batch.len()) {
        indexes.entry(first_source(&made.origins, index)).or_default().push(index);
    }
    let part = |indexes: Vec<u32>| of_part(&made.origins, chosen(&made.batch, &indexes));
    indexes.into_iter().map(|(source, indexes)| (source, part(indexes))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use forebay_pipeline_message::Origins;

    use crate::structure::scripted::{Script, apply, batch, texts};

    use super::*;

    /// A message that is a number fails so often; what was tried is noted.
    fn failing() -> (Arc<Script>, Arc<Mutex<Vec<String>>>) {
        let notes: Arc<Mutex<Vec<String>>> = Arc::default();
        let tried = Arc::clone(&notes);
        let script = Script::flagging(move |text| {
            let mut tried = notes.lock().unwrap();
            tried.push(text.to_owned());
            let tries = tried.iter().filter(|tried| *tried == text).count();
            tries <= text.parse().unwrap_or(0)
        });
        (Arc::new(script), tried)
    }

    fn counts(made: &Processed) -> Vec<i64> {
        let count = |value| match value {
            Some(Value::Signed(count)) => count,
            other => panic!("{other:?}"),
        };
        made.batch.iter().map(|message| count(message.metadata("retry_count"))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_failed_is_tried_again_one_after_the_other() {
        let (script, tried) = failing();
        let mut retry = script.open("{retry: {processors: [{script: {}}]}}").await.unwrap();
        let source = batch(&["2", "a", "1"], true).with_errors([(1, "old")]);
        let made = apply(retry.as_mut(), source).await;
        assert_eq!(texts(&made[0].batch), ["2", "a", "1"]);
        assert_eq!(counts(&made[0]), [2, 0, 1]);
        assert_eq!((made[0].batch.errors(), made[0].batch.independent()), (None, true));
        assert_eq!(made[0].origins, Origins::Each(vec![0, 1, 2]));
        assert_eq!(*tried.lock().unwrap(), ["2", "a", "1", "2", "2", "1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_are_waited_out_side_by_side() {
        let policy = "backoff: {initial_interval: 10s, max_interval: 10s}";
        let mut times = Vec::new();
        for parallel in [false, true] {
            let (script, _) = failing();
            let retry =
                format!("{{retry: {{{policy}, parallel: {parallel}, processors: [{{script: {{}}}}]}}}}");
            let mut retry = script.open(&retry).await.unwrap();
            let begun = Instant::now();
            let made = apply(retry.as_mut(), batch(&["1"; 2], false)).await;
            assert_eq!(counts(&made[0]).len(), 2);
            times.push(begun.elapsed().as_secs());
        }
        assert!((5..=30).contains(&times[0]) && (5..=15).contains(&times[1]), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_each_message_begins_with_its_first_wait() {
        let (script, _) = failing();
        let mut retry = script.open("{retry: {processors: [{script: {}}]}}").await.unwrap();
        let begun = Instant::now();
        let made = apply(retry.as_mut(), batch(&["1000", "1001", "1"], false)).await;
        assert_eq!(made[0].batch.errors().map(|(_, count)| count), Some(2));
        assert!(counts(&made[0])[1] > 5 && counts(&made[0])[2] == 1);
        assert!((60..=121).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn there_has_to_be_something_to_try() {
        let (script, _) = failing();
        let Err(OpenError::Problem(problem)) = script.open("{retry: {processors: []}}").await else {
            panic!()
        };
        assert_eq!(problem.message, "at least one child processor must be specified");
    }
}
