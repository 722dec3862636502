//! One test, from its messages to what is wrong with what came of them.

use forebay_pipeline_config::UnitTest;
use forebay_pipeline_message::Batch;

use crate::condition::Surroundings;
use crate::message;

/// What is wrong with what came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) name: String,
    /// Where the test begins.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// Runs a test.
///
/// # Errors
/// Why it can't be run at all.
pub(crate) async fn run(test: &UnitTest, surroundings: &Surroundings<'_>) -> Result<Vec<Failure>, String> {
    let mut subject = surroundings.opener.subject(test).await?;
    let batches: Result<Vec<Batch>, String> =
        test.input_batches.iter().map(|batch| message::batch(batch, surroundings.folder)).collect();
    let (results, lost) = match batches {
        Ok(batches) => subject.process(batches).await,
        Err(error) => {
            subject.close().await;
            return Err(error);
        }
    };
    subject.close().await;
    let results: Vec<Batch> = results.into_iter().flat_map(apart).collect();

    let mut reasons: Vec<String> = Vec::new();
    reasons.extend(lost.map(|lost| format!("processors resulted in error: {lost}")));
    let (expected, actual) = (test.output_batches.len(), results.len());
    if actual < expected {
        reasons.push(format!("wrong batch count, expected {expected}, got {actual}"));
    }
    for (index, batch) in results.iter().enumerate() {
        match test.output_batches.get(index) {
            Some(expected) => compare(index, batch, expected, surroundings, &mut reasons).await,
            None => reasons.push(format!("unexpected batch: {}", contents(batch))),
        }
    }
    let failure = |reason| Failure { name: test.name.clone(), line: test.line, reason };
    Ok(reasons.into_iter().map(failure).collect())
}

/// The batches that a batch is: messages that stand for themselves are one each.
fn apart(batch: Batch) -> Vec<Batch> {
    if !batch.independent() || batch.len() <= 1 {
        return vec![batch];
    }
    (0..batch.len()).filter_map(|index| batch.slice(index, index + 1)).collect()
}

async fn compare(
    index: usize,
    batch: &Batch,
    expected: &[Vec<forebay_pipeline_config::Condition>],
    surroundings: &Surroundings<'_>,
    reasons: &mut Vec<String>,
) {
    let (wanted, length) = (expected.len(), batch.len());
    if wanted != length {
        reasons.push(format!(
            "mismatch of output batch {index} message counts, expected {wanted}, got {length}"
        ));
    }
    for (at, message) in batch.iter().enumerate() {
        let Some(conditions) = expected.get(at) else {
            let content = String::from_utf8_lossy(message.payload().unwrap_or_default());
            reasons.push(format!("unexpected message from batch {index}: {content}"));
            continue;
        };
        let single = batch.slice(at, at + 1).unwrap_or_else(|| batch.clone()).with_independent(false);
        let failures = surroundings.failures(conditions, &single).await;
        let error = message.error().filter(|_| !failures.is_empty());
        reasons.extend(failures.into_iter().map(|reason| format!("batch {index} message {at}: {reason}")));
        if let Some(error) = error {
            reasons.push(format!("batch {index} message {at}: {}", surroundings.paint.red(error)));
        }
    }
}

/// The contents of all messages, in brackets.
fn contents(batch: &Batch) -> String {
    let all = batch
        .iter()
        .map(|message| String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned());
    format!("[{}]", all.collect::<Vec<_>>().join(" "))
}
