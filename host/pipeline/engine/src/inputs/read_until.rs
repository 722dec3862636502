use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Backoff, Shutdown};
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Transaction, Tried, Value};
use forebay_plugins_api::{OpenError, Setup};
use futures_util::future::{join, join_all};
use serde::Deserialize;

use super::opening::{Opening, open_inside};
use super::{Own, input_field, spec};
use crate::channel::{Receiver, Sender, channel, hand_on};
use crate::ground::{Ground, Work};
use crate::outputs::{hand_over, settle};
use crate::structure::check::Check;
use crate::structure::duration::read_duration;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "read_until", spec: specification, open: |opening| Box::pin(open(opening)) };

/// The metadata of the message after which the input ends.
const MARK: (&str, &str) = ("bento_read_until", "final");

fn specification() -> ComponentSpec {
    let interval = |name, default: &str, docs| {
        FieldSpec::new(name, FieldType::String).with_default(default).with_docs(docs)
    };
    let fields = vec![
        input_field("input").with_docs("Where messages come from."),
        FieldSpec::new("check", FieldType::String)
            .in_language("bloblang")
            .with_default("")
            .with_docs("Whether a message is the last one. The input ends when that is delivered."),
        FieldSpec::new("idle_timeout", FieldType::String)
            .optional()
            .with_docs("How long nothing may arrive before the input ends."),
        FieldSpec::new("restart_input", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether an input that ends by itself is opened again."),
        FieldSpec::new("restart_backoff", FieldType::Object)
            .with_fields(vec![
                interval("initial_interval", "1ms", "The first pause before it is opened again."),
                interval("max_interval", "100ms", "The longest pause."),
            ])
            .with_docs("How long to wait before the input is opened again, while it gives nothing.")
            .advanced(),
    ];
    spec(
        OWN.name,
        "Reads an input until a message meets a condition, or nothing comes for some time.",
        FieldSpec::new("", FieldType::Object).with_fields(fields),
    )
}

#[derive(Deserialize)]
struct Settings {
    idle_timeout: Option<String>,
    restart_input: bool,
    restart_backoff: Pauses,
}

#[derive(Deserialize)]
struct Pauses {
    initial_interval: String,
    max_interval: String,
}

/// The input that is read, and when that is over.
struct Reading {
    ground: Arc<Ground>,
    /// Of this input.
    setup: Setup,
    input: ComponentConfig,
    check: Option<Check>,
    idle_timeout: Option<Duration>,
    /// The pauses before the input is opened again, where it is.
    restart: Option<Backoff>,
    stop: Shutdown,
    to: Sender,
}

/// The input while it is open.
struct Open {
    works: Vec<Work>,
    from: Receiver,
    stop: Shutdown,
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let Settings { idle_timeout, restart_input, restart_backoff } = opening.structure.settings()?;
    let duration = |field: &str, text: &str| {
        read_duration(text).map_err(|error| problem(field, &format!("failed to parse duration: {error}")))
    };
    let idle_timeout = idle_timeout.filter(|text| !text.is_empty());
    let idle_timeout = idle_timeout.map(|text| duration("/idle_timeout", &text)).transpose()?;
    let check = opening.structure.check("/check").await?;
    if check.is_none() && idle_timeout.is_none() {
        return Err(problem("", "it is required to set either check or idle_timeout"));
    }
    let first = duration("/restart_backoff/initial_interval", &restart_backoff.initial_interval)?;
    let longest = duration("/restart_backoff/max_interval", &restart_backoff.max_interval)?;
    let mut reading = Reading {
        ground: Arc::clone(opening.ground),
        setup: opening.structure.setup.clone(),
        input: opening.child("/input")?.clone(),
        check,
        idle_timeout,
        restart: restart_input.then(|| Backoff::new(first, longest)),
        stop: opening.stop.clone(),
        to: opening.to,
    };
    let open = reading.open().await?;
    Ok(vec![Box::pin(reading.run(open))])
}

impl Reading {
    async fn open(&mut self) -> Result<Open, OpenError> {
        let (to, from) = channel();
        let stop = self.stop.child_token();
        let works = open_inside(&self.ground, &self.setup, &self.input, &stop, to).await;
        Ok(Open { works: works.map_err(OpenError::Inside)?, from, stop })
    }

    async fn run(mut self, mut open: Open) {
        loop {
            let Open { works, from, stop } = open;
            let (_, over) = join(join_all(works), self.read(&from, &stop)).await;
            let Some(restart) = self.restart.as_mut().filter(|_| !over) else { return };
            let pause = restart.pause();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            open = match self.open().await {
                Ok(open) => open,
                Err(error) => {
                    tracing::error!(path = self.setup.path, %error, "the input can't be opened again");
                    self.ground.budget.note_incomplete();
                    return;
                }
            };
        }
    }

    /// Reads until the input ends by itself, or is to; whether it is to.
    async fn read(&mut self, from: &Receiver, stop: &Shutdown) -> bool {
        loop {
            let received = match self.idle_timeout {
                None => from.recv().await,
                Some(limit) => match tokio::time::timeout(limit, from.recv()).await {
                    Ok(received) => received,
                    Err(_) => {
                        tracing::info!(path = self.setup.path, "nothing came for the idle_timeout");
                        break;
                    }
                },
            };
            let Ok(transaction) = received else { return self.stop.is_cancelled() };
            if let Some(restart) = &mut self.restart {
                restart.reset();
            }
            if self.pass(transaction).await {
                break;
            }
        }
        stop.cancel();
        while let Ok(transaction) = from.recv().await {
            // What was tried and has failed came before the end.
            if transaction.batch().tried() == Tried::Never {
                transaction.decline(AFTER_THE_END);
            } else {
                hand_on(&self.to, transaction).await;
            }
        }
        true
    }

    /// Hands on a batch; whether the last message was delivered with it.
    async fn pass(&mut self, transaction: Transaction) -> bool {
        let mut rest = Some(transaction);
        while let Some(transaction) = rest.take() {
            let Some(index) = self.last(transaction.batch()).await else {
                hand_on(&self.to, transaction).await;
                return false;
            };
            let mut last = transaction;
            if last.batch().independent() {
                if index > 0 {
                    let (before, behind) = last.cut(index);
                    hand_on(&self.to, before).await;
                    let Some(behind) = behind else { return false };
                    last = behind;
                }
                (last, rest) = last.cut(1);
            }
            let marked = marked(last.batch());
            // What collects batches behind this must not wait for more.
            let delivered = self.ground.budget.ending(hand_over(&self.to, marked)).await;
            let is_over = delivered.is_ok();
            settle(last, delivered);
            if is_over {
                if let Some(rest) = rest.take() {
                    rest.decline(AFTER_THE_END);
                }
                return true;
            }
        }
        false
    }

    /// The last message of a batch whose messages stand for themselves. Others are all asked about at once, by the
    /// first of them.
    async fn last(&mut self, batch: &Batch) -> Option<usize> {
        let check = self.check.as_mut()?;
        let asked = if batch.independent() { batch.len() } else { 1 };
        let verdicts = match check.of(batch).await {
            Ok(verdicts) => verdicts,
            Err(lost) => {
                tracing::error!(path = self.setup.path, error = %lost, "the check is lost");
                return None;
            }
        };
        verdicts.into_iter().take(asked).position(|verdict| {
            verdict.unwrap_or_else(|error| {
                tracing::error!(path = self.setup.path, error, "the check can't be evaluated");
                false
            })
        })
    }
}

const AFTER_THE_END: &str = "the input ends before this";

/// A batch whose first message says that it is the last one.
fn marked(batch: &Batch) -> Batch {
    let mark = [(MARK.0.to_owned(), Value::Text(MARK.1))];
    let parts = [batch.slice(0, 1).map(|first| first.with_metadata(&mark)), batch.slice(1, batch.len())];
    let parts: Vec<Batch> = parts.into_iter().flatten().collect();
    let marked = Batch::concatenate(&parts).unwrap_or_else(|| batch.clone());
    marked.with_independent(batch.independent()).with_tried(batch.tried())
}
