//! Requests that are made of messages, go their own way, and whose results are mapped back.
//!
//! A request has the metadata of its message and what the request mapping makes of an empty one. Results belong to
//! messages by where they stand, so the processors of a branch have to give one for each request.

use forebay_pipeline_config::spec::{ComponentName, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins};
use forebay_plugins_api::{Changed, Form, LostInstance, Mapping, OpenError, Setup};

use super::check::lost;
use super::opening::{Opening, problem};
use super::order::{in_order, in_sequence};
use super::row::{Row, chosen};
use crate::check::place;
use crate::spans::Traced;

/// What the processor is called that is a branch by itself.
pub(super) const NAME: &str = "branch";
pub(super) const REQUEST_MAP: &str = "request_map";
pub(super) const PROCESSORS: &str = "processors";
pub(super) const RESULT_MAP: &str = "result_map";

/// What flags messages that a mapping is to leave alone. Nobody gets to see it.
const LEFT_OUT: &str = "left out";

/// The fields of a branch; `processors` is the list of that name.
pub(super) fn fields(processors: FieldSpec) -> Vec<FieldSpec> {
    let mapping =
        |name: &str| FieldSpec::new(name, FieldType::String).in_language("bloblang").with_default("");
    vec![
        mapping(REQUEST_MAP).with_docs(
            "Makes the request for the processors of a message: it starts empty, with the metadata of the message. \
             A message whose request is deleted is left alone. Without this the request is a copy of the message.",
        ),
        processors.with_docs("What is applied to the requests. It has to give one message for each of them."),
        mapping(RESULT_MAP).with_docs(
            "Changes the message by what became of its request, which the mapping looks at. Without this the message \
             stays as it was.",
        ),
    ]
}

/// A branch.
pub(super) struct Branch {
    pub(super) request_map: Option<Box<dyn Mapping>>,
    pub(super) row: Row,
    pub(super) result_map: Option<Box<dyn Mapping>>,
    /// The component that it belongs to.
    pub(super) component: ComponentName,
    /// Of a branch that has spans of its own, beside those of the component.
    pub(super) traced: Traced,
}

/// What became of the requests of a batch.
#[derive(Debug)]
pub(super) struct Answers {
    results: Batch,
    /// For every message of the batch.
    pub(super) answers: Vec<Answer>,
    /// Why no result can be used, and what the processors gave does not matter.
    pub(super) broken: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The result with this index.
    Result(u32),
    /// There was no request.
    LeftOut,
    Failed(String),
}

impl Branch {
    /// Opens the branch whose fields are those under a pointer.
    ///
    /// # Errors
    /// All that does not open, or that there are no processors.
    pub(super) async fn open(opening: &Opening<'_>, at: &str) -> Result<Self, OpenError> {
        let row = opening.row(&format!("{at}/{PROCESSORS}")).await?;
        if row.is_empty() {
            let field = format!("{at}/{PROCESSORS}");
            return Err(problem(&field, "the branch processor requires at least one child processor"));
        }
        Ok(Self {
            request_map: opening.mapping(&format!("{at}/{REQUEST_MAP}"), Form::Mapping).await?,
            row,
            result_map: opening.mapping(&format!("{at}/{RESULT_MAP}"), Form::Mapping).await?,
            component: opening.setup.name.clone(),
            traced: Traced::default(),
        })
    }

    /// Opens the processor `branch` that has a label among the resources, as a branch of the component.
    ///
    /// # Errors
    /// There is none, it is another processor, it would hold itself, or it does not open.
    pub(super) async fn of_resource(opening: &Opening<'_>, label: &str) -> Result<Self, OpenError> {
        let found = opening.setup.resources.processor(label);
        let (config, resources) = found.map_err(|error| problem("", &error.to_string()))?;
        if config.name.as_str() != NAME {
            let message =
                format!("processor `{label}` is a `{}`, a workflow takes branches only", config.name);
            return Err(problem("", &message));
        }
        if config.shadow.is_some() {
            return Err(problem(
                "",
                &format!("processor `{label}`, a branch of a workflow, can't have a shadow"),
            ));
        }
        let setup = Setup { resources, ..opening.setup_of(config) };
        let inside = Opening { components: opening.components, setup: &setup };
        // Boxed: it may hold workflows with branches of resources in turn.
        let branch = Box::pin(Self::open(&inside, "")).await;
        let branch = branch.map_err(|error| match error {
            OpenError::Inside(places) => OpenError::Inside(places),
            error => OpenError::Inside(vec![place(config, "", &error)]),
        })?;
        Ok(Self { component: opening.setup.name.clone(), ..branch }.named(opening, label))
    }

    /// The same, with spans of this name.
    pub(super) fn named(self, opening: &Opening<'_>, name: &str) -> Self {
        Self { traced: opening.traced(name), ..self }
    }

    /// Makes requests of all messages but those whose index `left_out` has, and applies the processors to them.
    ///
    /// # Errors
    /// Something inside was lost.
    pub(super) async fn ask(&mut self, batch: &Batch, left_out: &[u32]) -> Result<Answers, LostInstance> {
        let Some((inside, spans)) = self.traced.open(batch) else {
            return self.answers(batch, left_out).await;
        };
        let answers = self.answers(&inside, left_out).await;
        spans.end(|index| {
            let answers = answers.as_ref().ok()?;
            answers.broken.as_deref().or(match answers.answers.get(index)? {
                Answer::Failed(error) => Some(error.as_str()),
                Answer::Result(_) | Answer::LeftOut => None,
            })
        });
        answers
    }

    async fn answers(&mut self, batch: &Batch, left_out: &[u32]) -> Result<Answers, LostInstance> {
        let mut answers = vec![Answer::Result(0); batch.len()];
        for index in left_out {
            answers[*index as usize] = Answer::LeftOut;
        }
        let requests = self.requests(batch, &mut answers).await?;
        let asked = (0..).zip(&answers).filter(|(_, answer)| matches!(answer, Answer::Result(_)));
        let asked: Vec<u32> = asked.map(|(index, _)| index).collect();
        let requests = chosen(&requests, &asked).batch;
        if requests.is_empty() {
            return Ok(Answers { results: requests, answers, broken: None });
        }
        let parts = self.row.run(requests.clone()).await?;
        let (results, broken) = if batch.independent() {
            let in_order = in_order(parts, &requests);
            let counts = counts(&in_order.origins, in_order.batch.len(), requests.len());
            let mut next = 0;
            for (index, count) in asked.iter().zip(counts) {
                answers[*index as usize] = match unfit(count as usize, 1) {
                    None => Answer::Result(next),
                    Some(reason) => Answer::Failed(reason),
                };
                next += count;
            }
            (in_order.batch, None)
        } else {
            let results = in_sequence(parts, &requests).batch;
            for (result, index) in (0..).zip(&asked) {
                answers[*index as usize] = Answer::Result(result);
            }
            let aside = batch.len() - asked.len();
            let broken = match results.len() {
                0 => unfit(0, asked.len()),
                count => unfit(count + aside, batch.len()),
            };
            (results, broken)
        };
        if broken.is_none() {
            note_failures(&results, &mut answers);
        }
        Ok(Answers { results, answers, broken })
    }

    /// A request for every message that has an answer to come; the others are in the batch too.
    async fn requests(&mut self, batch: &Batch, answers: &mut [Answer]) -> Result<Batch, LostInstance> {
        let Some(mapping) = &mut self.request_map else {
            return Ok(if batch.errors().is_none() { batch.clone() } else { batch.with_errors([]) });
        };
        let blank = leave_out(batch.emptied(), answers);
        let Changed { batch: requests, deleted } = apply(mapping, &self.component, batch, blank).await?;
        for index in deleted {
            answers[index as usize] = Answer::LeftOut;
        }
        if requests.errors().is_none() {
            return Ok(requests);
        }
        for (answer, request) in answers.iter_mut().zip(requests.iter()) {
            if let (Answer::Result(_), Some(error)) = (&answer, request.error()) {
                *answer = Answer::Failed(format!("request mapping failed: {error}"));
            }
        }
        Ok(requests)
    }

    /// Changes the messages by the answers to their requests: the messages, their errors as they were, and why the
    /// mapping failed for which.
    ///
    /// # Errors
    /// The mapping's plugin was lost.
    pub(super) async fn map_back(
        &mut self,
        batch: Batch,
        answers: &Answers,
    ) -> Result<(Batch, Vec<(usize, String)>), LostInstance> {
        let Some(mapping) = &mut self.result_map else {
            return Ok((batch, Vec::new()));
        };
        let Some(seen) = answers.seen(&batch) else {
            return Ok((batch, Vec::new()));
        };
        let before = errors(&batch);
        let onto = if before.is_empty() { batch } else { batch.with_errors([]) };
        let onto = leave_out(onto, &answers.answers);
        let Changed { batch: changed, .. } = apply(mapping, &self.component, &seen, onto).await?;
        let failed = errors(&changed).into_iter();
        let failed = failed.filter(|(index, _)| matches!(answers.answers[*index], Answer::Result(_)));
        let failed: Vec<_> =
            failed.map(|(index, error)| (index, format!("result mapping failed: {error}"))).collect();
        let changed = if changed.errors().is_none() && before.is_empty() {
            changed
        } else {
            changed.with_errors(before.iter().map(|(index, error)| (*index, error.as_str())))
        };
        Ok((changed, failed))
    }

    pub(super) async fn close(&mut self) {
        self.row.close().await;
    }
}

impl Answers {
    /// The results, each where its message is in the batch; an empty message where there is none. `None` when there is
    /// no result at all.
    fn seen(&self, batch: &Batch) -> Option<Batch> {
        let wanted = |answer: &Answer| match answer {
            Answer::Result(index) => Some(*index),
            Answer::LeftOut | Answer::Failed(_) => None,
        };
        let indexes: Vec<Option<u32>> = self.answers.iter().map(wanted).collect();
        indexes.iter().flatten().next()?;
        let all = if indexes.iter().all(Option::is_some) {
            self.results.clone()
        } else {
            let nothing = Batch::from_payloads([Some("")], batch.independent());
            Batch::concatenate(&[self.results.clone(), nothing]).expect("one more than of a batch")
        };
        let nothing = u32::try_from(self.results.len()).expect("a batch has fewer than 2^32 messages");
        let indexes: Vec<u32> = indexes.into_iter().map(|index| index.unwrap_or(nothing)).collect();
        Some(chosen(&all, &indexes).batch.with_independent(batch.independent()))
    }
}

/// The errors of a batch, and of which messages they are.
pub(super) fn errors(batch: &Batch) -> Vec<(usize, String)> {
    if batch.errors().is_none() {
        return Vec::new();
    }
    let errors = batch.iter().enumerate();
    errors.filter_map(|(index, message)| Some((index, message.error()?.to_owned()))).collect()
}

/// The batch, which has no errors, with those messages flagged that a mapping is to leave alone.
fn leave_out(batch: Batch, answers: &[Answer]) -> Batch {
    let out = |answer: &Answer| !matches!(answer, Answer::Result(_));
    if !answers.iter().any(out) {
        return batch;
    }
    let flags = answers.iter().enumerate().filter(|(_, answer)| out(answer));
    batch.with_errors(flags.map(|(index, _)| (index, LEFT_OUT)))
}

async fn apply(
    mapping: &mut Box<dyn Mapping>,
    component: &ComponentName,
    batch: &Batch,
    onto: Batch,
) -> Result<Changed, LostInstance> {
    let changed = mapping.apply_onto(batch.clone(), onto).await.map_err(|reason| lost(component, reason))?;
    let length = batch.len();
    if changed.batch.len() != length || changed.deleted.iter().any(|index| *index as usize >= length) {
        return Err(lost(component, "a mapping gave other than one message for each".to_owned()));
    }
    Ok(changed)
}

/// How many results each request has, where every result depends on one.
fn counts(origins: &Origins, results: usize, requests: usize) -> Vec<u32> {
    if *origins == Origins::Same {
        return vec![1; requests];
    }
    let mut counts = vec![0; requests];
    for index in 0..results {
        let source = match origins {
            Origins::Same | Origins::Whole => 0,
            Origins::Each(each) => each[index] as usize,
            Origins::Sets(sets) => sets[index].first().map_or(0, |first| *first as usize),
        };
        counts[source] += 1;
    }
    counts
}

/// Why so many results are no good for so many messages.
fn unfit(results: usize, messages: usize) -> Option<String> {
    match results {
        0 => Some("child processors resulted in zero messages".to_owned()),
        // It is this way round in Bento too.
        _ if results != messages => Some(format!(
            "message count from branch processors does not match request, started with {results} messages, finished \
             with {messages}"
        )),
        _ => None,
    }
}

fn note_failures(results: &Batch, answers: &mut [Answer]) {
    if results.errors().is_none() {
        return;
    }
    for answer in answers {
        let Answer::Result(index) = answer else { continue };
        if let Some(error) = results.get(*index as usize).and_then(|result| result.error()) {
            *answer = Answer::Failed(format!("processors failed: {error}"));
        }
    }
}

#[cfg(test)]
mod tests;
