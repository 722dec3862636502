//! Running a case: one function for every kind of component.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    ByteStream, Components as _, Event, MappingText, Output, Pending, Processing, Processor, Scanned, Setup,
    Token, Wakes, WriteError, Written,
};

use super::case::{Case, Step};
use super::files::with_folder;
use super::message::{Given, Got};
use super::outcome::{Outcome, got, was_added};
use crate::host::{Loaded, setup};

/// How long an input may keep a case waiting.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an input or a scanner gives at most, when nobody says how much is to come.
const MOST: usize = 10_000;

/// What comes of a case.
pub(super) async fn run(case: &Case, loaded: &Loaded, folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let config = match &case.config {
        Ok(config) => with_folder(config, folder),
        Err(refusal) => {
            outcome.error = Some(refusal.clone());
            return outcome;
        }
    };
    let setup = setup(&case.entry, config, &Arc::new(Wakes::default()));
    let run = async {
        match case.entry.spec.kind {
            Kind::Processor => processor(case, loaded, setup, &mut outcome).await,
            Kind::Input => input(case, loaded, setup, &mut outcome).await,
            Kind::Output => output(case, loaded, setup, &mut outcome).await,
            Kind::Mapping => mapping(case, loaded, &setup, &mut outcome).await,
            Kind::Scanner => scanner(case, loaded, setup, &mut outcome).await,
            Kind::Cache => cache(case, loaded, setup, &mut outcome).await,
            Kind::Buffer => Err("buffers are components of the host".to_owned()),
            Kind::RateLimit => Err("rate limits are the host's own".to_owned()),
        }
    };
    if let Err(error) = run.await {
        outcome.error = Some(error);
    }
    outcome
}

type Done = Result<(), String>;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn processor(case: &Case, loaded: &Loaded, setup: Setup, outcome: &mut Outcome) -> Done {
    let mut processor = loaded.plugins.open_processor(setup).await.map_err(opening)?;
    let mut start = 0;
    for given in &case.batches {
        let batch = Given::batch(given);
        let results = process(processor.as_mut(), batch).await?;
        take(&results, start, given.len(), outcome);
        start += u32::try_from(given.len()).unwrap_or(u32::MAX);
    }
    processor.close().await;
    Ok(())
}

/// What a processor makes of a batch; when the call fails, every message is flagged, as in a pipeline.
pub(crate) async fn process(processor: &mut dyn Processor, batch: Batch) -> Result<Vec<Processed>, String> {
    let mut processing = processor.process(batch.clone()).await;
    loop {
        match processing {
            Ok(Processing::Done(results)) => return Ok(results),
            Ok(Processing::Pending(mut operation)) => {
                // Its outcome is kept in it, for whoever goes on.
                let _ = operation.finish().await;
                processing = processor.resume(operation).await;
            }
            Err(forebay_plugins_api::ComponentError::Failed(why)) => {
                return Ok(vec![Processed { batch: batch.flagged(&why), origins: Origins::Same }]);
            }
            Err(lost) => return Err(lost.to_string()),
        }
    }
}

/// Keeps the messages of results, and what of the source none of them comes from.
fn take(results: &[Processed], start: u32, source: usize, outcome: &mut Outcome) {
    let mut is_named = vec![false; source];
    for Processed { batch, origins } in results {
        outcome.messages.extend(Got::all(batch));
        match origins {
            Origins::Each(each) => each.iter().for_each(|index| is_named[*index as usize] = true),
            Origins::Sets(sets) => {
                sets.iter().flat_map(|set| set.iter()).for_each(|index| is_named[*index as usize] = true);
            }
            Origins::Same | Origins::Whole => is_named.fill(true),
        }
    }
    let dropped = (start..).zip(is_named).filter(|(_, is_named)| !is_named);
    outcome.dropped.extend(dropped.map(|(index, _)| index));
}

async fn mapping(case: &Case, loaded: &Loaded, setup: &Setup, outcome: &mut Outcome) -> Done {
    let (source, form) = &case.source;
    let text = MappingText::new(case.entry.spec.name.as_str(), source, *form);
    let mut mapping = loaded.plugins.open_mapping(text, setup).await.map_err(opening)?;
    let mut start = 0;
    for given in &case.batches {
        let result = mapping.apply(Given::batch(given)).await?;
        take(&[result], start, given.len(), outcome);
        start += u32::try_from(given.len()).unwrap_or(u32::MAX);
    }
    Ok(())
}

async fn input(case: &Case, loaded: &Loaded, setup: Setup, outcome: &mut Outcome) -> Done {
    let wakes = Arc::clone(&setup.wakes);
    let wanted = case.expected.output.as_ref().map_or(MOST, Vec::len);
    let mut input = loaded.plugins.open_input(setup).await.map_err(opening)?;
    input.connect().await.map_err(text)?;
    let mut settled = Vec::new();
    loop {
        let event = tokio::time::timeout(PATIENCE, input.read(std::mem::take(&mut settled))).await;
        let event = event.map_err(|_| format!("nothing came for {PATIENCE:?}"))?.map_err(text)?;
        match event {
            Event::Batch(token, batch) => {
                outcome.messages.extend(Got::all(&batch));
                settled.push(acknowledged(token));
                wakes.settlement();
            }
            Event::Stream(token, mut stream) => {
                outcome.messages.push(whole(&mut stream).await?);
                settled.push(acknowledged(token));
                wakes.settlement();
            }
            Event::Idle => tokio::task::yield_now().await,
            Event::Ended => break,
            Event::NotConnected(why) => return Err(format!("not connected: {why}")),
        }
        // One that goes on for ever is stopped when it has given what it should.
        if outcome.messages.len() > wanted || (wanted > 0 && outcome.messages.len() == wanted) {
            break;
        }
        if settled.is_empty() {
            wakes.settlements_taken();
        }
    }
    wakes.shutdown();
    input.close(settled).await;
    Ok(())
}

fn acknowledged(token: Token) -> forebay_plugins_api::Settlement {
    forebay_plugins_api::Settlement::new(token, forebay_pipeline_message::Outcome::Acknowledged)
}

/// A stream is shown as one message with all of its content.
async fn whole(stream: &mut forebay_plugins_api::Stream) -> Result<Got, String> {
    let mut content = Vec::new();
    loop {
        let bytes = stream.source.read(1 << 20).await?;
        if bytes.is_empty() {
            break;
        }
        content.extend_from_slice(&bytes);
    }
    let metadata = stream.metadata.iter();
    let metadata =
        metadata.map(|(key, value)| (key.clone(), super::message::plain(value.borrow()))).collect();
    Ok(Got { content: Some(content), metadata, error: None })
}

async fn output(case: &Case, loaded: &Loaded, setup: Setup, outcome: &mut Outcome) -> Done {
    let mut output = loaded.plugins.open_output(setup).await.map_err(opening)?;
    output.connect().await.map_err(text)?;
    let mut start = 0;
    for given in &case.batches {
        let length = u32::try_from(given.len()).unwrap_or(u32::MAX);
        let all: Vec<u32> = (0..length).collect();
        let mut note = |messages: Option<Vec<u32>>, why: &str| {
            let messages = messages.unwrap_or_else(|| all.clone());
            outcome.failed.extend(messages.into_iter().map(|index| (start + index, why.to_owned())));
        };
        let mut next = vec![output.write(Given::batch(given)).await];
        while let Some(written) = next.pop() {
            match written {
                Ok(Written { failed, pending }) => {
                    failed.into_iter().for_each(|failure| note(failure.messages, &failure.reason));
                    for pending in pending {
                        next.extend(settle(output.as_mut(), pending, &mut note).await);
                    }
                }
                Err(WriteError::NotConnected(why)) => return Err(format!("not connected: {why}")),
                Err(WriteError::Component(forebay_plugins_api::ComponentError::Failed(why))) => {
                    note(None, &why);
                }
                Err(WriteError::Component(lost)) => return Err(lost.to_string()),
            }
        }
        start += length;
    }
    output.close().await;
    Ok(())
}

/// Waits for an operation, and settles it as the output wants it.
async fn settle(
    output: &mut dyn Output,
    pending: Pending,
    note: &mut impl FnMut(Option<Vec<u32>>, &str),
) -> Option<Result<Written, WriteError>> {
    let Pending { mut operation, messages, resolve } = pending;
    let result = operation.finish().await;
    if resolve {
        return Some(output.resolve(operation).await);
    }
    if let Err(why) = result {
        note(messages, &why);
    }
    None
}

async fn scanner(case: &Case, loaded: &Loaded, setup: Setup, outcome: &mut Outcome) -> Done {
    let mut scanner = loaded.plugins.open_scanner(setup).await.map_err(opening)?;
    let (content, chunk) = &case.stream;
    let stream = Text { rest: Bytes::from(content.clone()), chunk: *chunk };
    scanner.begin(Box::new(stream), "test").await.map_err(text)?;
    while outcome.messages.len() < MOST {
        match scanner.next().await.map_err(text)? {
            Scanned::Batch(batch) => outcome.messages.extend(Got::all(&batch)),
            Scanned::Idle => tokio::task::yield_now().await,
            Scanned::Ended => break,
        }
    }
    scanner.close().await;
    Ok(())
}

/// The bytes of a case, a few at a time.
struct Text {
    rest: Bytes,
    chunk: usize,
}

#[async_trait]
impl ByteStream for Text {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        Ok(self.rest.split_to(most.min(self.chunk).min(self.rest.len())))
    }
}

async fn cache(case: &Case, loaded: &Loaded, setup: Setup, outcome: &mut Outcome) -> Done {
    let mut cache = loaded.plugins.open_cache(setup).await.map_err(opening)?;
    cache.connect().await.map_err(text)?;
    for step in &case.steps {
        let line = match step {
            Step::Get { key, .. } => {
                let value = cache.get(key).await.map_err(text)?;
                let value = value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                got(key, value.as_deref())
            }
            Step::Set { key, value, expires } => {
                cache.set(key, value.as_bytes(), *expires).await.map_err(text)?;
                format!("set {key}")
            }
            Step::Add { key, value, expires, .. } => {
                was_added(key, cache.add(key, value.as_bytes(), *expires).await.map_err(text)?)
            }
            Step::Delete { key } => {
                cache.delete(key).await.map_err(text)?;
                format!("delete {key}")
            }
        };
        outcome.steps.push(line);
    }
    cache.close().await;
    Ok(())
}

/// Why a component does not open, with the field that is at fault.
fn opening(error: forebay_plugins_api::OpenError) -> String {
    match error {
        forebay_plugins_api::OpenError::Problem(problem) if problem.line > 0 => {
            format!("{}({},{}) {}", problem.field, problem.line, problem.column, problem.message)
        }
        forebay_plugins_api::OpenError::Problem(problem) if !problem.field.is_empty() => {
            format!("{}: {}", problem.field, problem.message)
        }
        other => other.to_string(),
    }
}
