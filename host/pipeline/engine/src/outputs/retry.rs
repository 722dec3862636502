use std::future::poll_fn;
use std::task::Poll;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::OpenError;
use serde::Deserialize;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::opening::Opening;
use super::{Destination, Own, Refusal, output_field, spec};
use crate::structure::pauses::{self, Policy};

pub(super) const OWN: Own =
    Own { name: "retry", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("max_retries", FieldType::Int)
            .with_default(0)
            .with_docs("How often to try again at most; 0 for no limit."),
        FieldSpec::new("backoff", FieldType::Object)
            .with_fields(pauses::fields_with("3s", "0s"))
            .with_docs("How long to wait before messages are tried again."),
        output_field("output").with_docs("Where messages go."),
    ];
    let summary = "Hands messages to an output, and those that it refuses again, until it takes them. Meanwhile no \
                   further batch is begun.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    max_retries: i64,
    backoff: pauses::Settings,
}

/// An output that is tried again and again.
pub(super) struct Retry {
    output: Box<dyn Destination>,
    policy: Policy,
    max_retries: i64,
    /// How many batches are being tried again.
    failing: watch::Sender<usize>,
    /// Held until a batch has begun, so that those that wait begin in their order.
    turn: Mutex<()>,
}

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let Settings { max_retries, backoff } = opening.structure.settings()?;
    let output = opening.output("/output").await?;
    Ok(Box::new(Retry::new(output, Policy::new(&backoff, "/backoff")?, max_retries)))
}

impl Retry {
    pub(super) fn new(output: Box<dyn Destination>, policy: Policy, max_retries: i64) -> Self {
        Self { output, policy, max_retries, failing: watch::Sender::new(0), turn: Mutex::default() }
    }

    /// Tries what was refused again until it is taken.
    async fn insist(&self, batch: &Batch, mut refusal: Refusal) -> Result<(), Refusal> {
        let mut pauses = self.policy.begin(Instant::now());
        let mut tries = 0;
        loop {
            tries += 1;
            let over = self.max_retries > 0 && tries > self.max_retries;
            let Some(pause) = pauses.next(Instant::now()).filter(|_| !over) else {
                let reason = "message failed to reach a target destination".to_owned();
                let messages = Some(refusal.by_message(batch.len()).into_keys().collect());
                return Err(Refusal {
                    failures: vec![Failure { reason, messages }],
                    apart: refusal.apart,
                    declined: false,
                });
            };
            tracing::warn!(error = refusal.reason(), ?pause, "messages were refused and are tried again");
            tokio::time::sleep(pause).await;
            let refused: Vec<u32> = refusal.by_message(batch.len()).into_keys().collect();
            let rest = batch.select(&refused).expect("a refusal is of this batch");
            match self.output.deliver(rest).await {
                Ok(()) => return Ok(()),
                Err(again) if again.declined => return Err(again.in_whole(&refused)),
                Err(again) => refusal = again.in_whole(&refused),
            }
        }
    }
}

/// Counts a batch among those that are tried again.
struct Failing<'a>(&'a watch::Sender<usize>);

impl<'a> Failing<'a> {
    fn one_more(failing: &'a watch::Sender<usize>) -> Self {
        failing.send_modify(|count| *count += 1);
        Self(failing)
    }
}

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[async_trait]
impl Destination for Retry {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let mut delivery = self.output.deliver(batch.clone());
        let begun = {
            let _turn = self.turn.lock().await;
            // The sender is part of this.
            let _ = self.failing.subscribe().wait_for(|failing| *failing == 0).await;
            poll_fn(|context| Poll::Ready(delivery.as_mut().poll(context))).await
        };
        let delivered = match begun {
            Poll::Ready(delivered) => delivered,
            Poll::Pending => delivery.await,
        };
        let Err(refusal) = delivered else { return Ok(()) };
        if refusal.declined {
            return Err(refusal);
        }
        let _failing = Failing::one_more(&self.failing);
        self.insist(&batch, refusal).await
    }
}
