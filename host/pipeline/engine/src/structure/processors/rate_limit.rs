use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, Example, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor, RateLimits};
use serde::Deserialize;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::{Opening, problem};

pub(super) const OWN: Own =
    Own { name: "rate_limit", spec: specification, open: |opening| Box::pin(open(opening)) };

/// How long a message waits where the limit can't say.
const PAUSE: Duration = Duration::from_secs(1);

fn specification() -> ComponentSpec {
    let resource = FieldSpec::new("resource", FieldType::String)
        .label_of("rate_limit")
        .with_docs("The label of the rate limit.");
    let example = Example {
        title: "Ten requests in a second".to_owned(),
        summary: "Whatever else names the same label takes part in the same limit:\n\n\
                  rate_limit_resources:\n  - label: polite\n    local: {count: 10, interval: 1s}\n"
            .to_owned(),
        config: "rate_limit:\n  resource: polite\n".to_owned(),
    };
    let summary = "Lets messages pass as fast as a rate limit allows, one after the other; the others wait.";
    let config = FieldSpec::new("", FieldType::Object).with_fields(vec![resource]);
    ComponentSpec { examples: vec![example], ..spec(OWN.name, summary, config) }
}

#[derive(Deserialize)]
struct Settings {
    resource: String,
}

struct RateLimit {
    path: String,
    limits: RateLimits,
    label: String,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { resource: label } = opening.settings()?;
    let limits = opening.setup.rate_limits.clone();
    limits.check(&label).map_err(|error| problem("/resource", &error.to_string()))?;
    Ok(boxed(RateLimit { path: opening.setup.path.clone(), limits, label }))
}

#[async_trait]
impl Structure for RateLimit {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        for message in batch.iter() {
            let bytes = message.payload().unwrap_or_default().len();
            loop {
                let wait = self.limits.access(&self.label, Some(bytes)).await.unwrap_or_else(|error| {
                    tracing::error!(path = self.path, %error, "a message waits for a rate limit that can't say");
                    PAUSE
                });
                if wait.is_zero() {
                    break;
                }
                tokio::time::sleep(wait).await;
            }
        }
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}

#[cfg(test)]
mod tests {
    use forebay_pipeline_message::Origins;
    use tokio::time::Instant;

    use super::*;
    use crate::structure::trial::{Trial, batch, process, shown};

    const LIMITS: &str = "rate_limit_resources: [{label: slow, local: {count: 2, interval: 10s}}, \
                          {label: narrow, local: {count: 0, byte_size: 4}}]";

    #[tokio::test(start_paused = true)]
    async fn messages_wait_as_long_as_the_limit_says_and_share_it() {
        let trial = Trial::new();
        let processor = "for_each: [rate_limit: {resource: slow}, rate_limit: {resource: slow}]";
        let mut limit = trial.open(processor, LIMITS).await.unwrap();
        let begun = Instant::now();
        let results = process(&mut *limit, batch(&["a", "b", "c"])).await;
        assert_eq!(
            (shown(&results[0].batch), &results[0].origins),
            (vec!["a".into(), "b".into(), "c".into()], &Origins::Same)
        );
        assert_eq!(begun.elapsed().as_secs(), 20);
        let labels = "label=\"slow\",path=\"root.rate_limit_resources\"";
        let rendered = trial.metrics.render();
        assert!(rendered.contains(&format!("rate_limit_checked_total{{{labels}}} 8")), "{rendered}");
        assert!(rendered.contains(&format!("rate_limit_triggered_total{{{labels}}} 2")), "{rendered}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_waits_can_be_given_up() {
        let trial = Trial::new();
        let mut limit = trial.open("rate_limit: {resource: narrow}", LIMITS).await.unwrap();
        let run = process(&mut *limit, batch(&["much too large"]));
        assert!(tokio::time::timeout(Duration::from_secs(3600), run).await.is_err());
        assert_eq!(process(&mut *limit, batch(&["four"])).await.len(), 1);
    }
}
