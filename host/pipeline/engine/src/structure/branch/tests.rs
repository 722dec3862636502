use async_trait::async_trait;
use forebay_pipeline_message::Processed;
use forebay_plugins_api::{ComponentError, Operation, Processing, Processor};

use super::*;
use crate::chain::Link;
use crate::meters::ProcessorMeter;
use crate::spans::Traced;

/// Gives each message as often as the number in it says; `fail` fails.
struct Repeat;

#[async_trait]
impl Processor for Repeat {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let texts = payloads(&batch);
        let times = |text: &String| text.parse().unwrap_or(1);
        let origins: Vec<u32> =
            (0..).zip(&texts).flat_map(|(index, text)| vec![index; times(text)]).collect();
        let results = batch.select(&origins).expect("in range");
        let failed = origins.iter().enumerate().filter(|(_, index)| texts[**index as usize] == "fail");
        let results = results.with_errors(failed.map(|(index, _)| (index, "broke")));
        Ok(Processing::Done(vec![Processed { batch: results, origins: Origins::Each(origins) }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        Err(ComponentError::Failed("there are no operations".to_owned()))
    }

    async fn close(&mut self) {}
}

/// Appends what it looks at to what it changes; `skip` deletes and `throw` fails.
struct Append;

#[async_trait]
impl Mapping for Append {
    async fn apply(&mut self, _: Batch) -> Result<Processed, String> {
        Err("only onto others".to_owned())
    }

    async fn apply_onto(&mut self, batch: Batch, onto: Batch) -> Result<Changed, String> {
        assert_eq!((batch.len(), batch.independent()), (onto.len(), onto.independent()));
        let (mut texts, mut deleted, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (seen, changed)) in payloads(&batch).into_iter().zip(payloads(&onto)).enumerate() {
            if let Some(error) = onto.get(index).and_then(|message| message.error()) {
                failed.push((index, error.to_owned()));
                texts.push(changed);
                continue;
            }
            match seen.as_str() {
                "skip" => deleted.push(u32::try_from(index).expect("small")),
                "throw" => failed.push((index, "thrown".to_owned())),
                _ => {}
            }
            texts.push(changed + &seen);
        }
        let batch = Batch::from_payloads(texts.into_iter().map(Some), batch.independent());
        let batch = batch.with_errors(failed.iter().map(|(index, error)| (*index, error.as_str())));
        Ok(Changed { batch, deleted })
    }

    async fn values(&mut self, _: Batch) -> Result<Batch, String> {
        Err("only onto others".to_owned())
    }
}

fn branch() -> Branch {
    let name: ComponentName = "repeat".parse().expect("a name");
    let meter = ProcessorMeter::default();
    let link =
        Link { path: String::new(), name: name.clone(), processor: Box::new(Repeat), shadow: None, meter };
    Branch {
        request_map: Some(Box::new(Append)),
        row: Row::new(vec![link]),
        result_map: Some(Box::new(Append)),
        traced: Traced::default(),
        component: name,
    }
}

fn batch(payloads: &[&str], independent: bool) -> Batch {
    Batch::from_payloads(payloads.iter().copied().map(Some), independent)
}

fn payloads(batch: &Batch) -> Vec<String> {
    let text = |payload: Option<&[u8]>| String::from_utf8_lossy(payload.unwrap_or_default()).into_owned();
    batch.iter().map(|message| text(message.payload())).collect()
}

fn failed(reason: &str) -> Answer {
    Answer::Failed(reason.to_owned())
}

#[tokio::test]
async fn messages_that_stand_for_themselves_are_branched_apart() {
    let source = batch(&["a", "0", "skip", "3", "throw", "fail", "b"], true);
    let answers = branch().ask(&source, &[]).await.expect("nothing is lost");
    let started = "message count from branch processors does not match request, started with 3 messages, finished with 1";
    assert_eq!(
        answers.answers,
        [
            Answer::Result(0),
            failed("child processors resulted in zero messages"),
            Answer::LeftOut,
            failed(started),
            failed("request mapping failed: thrown"),
            failed("processors failed: broke"),
            Answer::Result(5),
        ]
    );
    assert_eq!(answers.broken, None);
    let (changed, unmapped) = branch().map_back(source, &answers).await.expect("nothing is lost");
    assert_eq!(payloads(&changed), ["aa", "0", "skip", "3", "throw", "fail", "bb"]);
    assert!(unmapped.is_empty() && changed.independent() && changed.errors().is_none());
}

#[tokio::test]
async fn a_batch_with_other_than_one_result_for_each_is_broken() {
    let answers = branch().ask(&batch(&["a", "2", "skip"], false), &[]).await.expect("nothing is lost");
    let reason = "message count from branch processors does not match request, started with 4 messages, finished with 3";
    assert_eq!(answers.broken.as_deref(), Some(reason));
    let answers = branch().ask(&batch(&["0", "0"], false), &[]).await.expect("nothing is lost");
    assert_eq!(answers.broken.as_deref(), Some("child processors resulted in zero messages"));
}

#[tokio::test]
async fn results_are_matched_by_order_where_a_batch_belongs_together() {
    // As many results as requests, though not one for each.
    let source = batch(&["0", "2", "x"], false);
    let answers = branch().ask(&source, &[]).await.expect("nothing is lost");
    let (changed, _) = branch().map_back(source, &answers).await.expect("nothing is lost");
    assert_eq!(payloads(&changed), ["02", "22", "xx"]);
}

#[tokio::test]
async fn errors_of_before_stay() {
    let source = batch(&["a", "b"], false).with_errors([(0, "old")]);
    let answers = branch().ask(&source, &[1]).await.expect("nothing is lost");
    assert_eq!(answers.answers, [Answer::Result(0), Answer::LeftOut]);
    let (changed, unmapped) = branch().map_back(source, &answers).await.expect("nothing is lost");
    assert_eq!((payloads(&changed), unmapped), (vec!["aa".to_owned(), "b".to_owned()], Vec::new()));
    assert_eq!(errors(&changed), [(0, "old".to_owned())]);
}
