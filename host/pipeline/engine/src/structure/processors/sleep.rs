use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::parse_duration;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use tokio::time::Instant;

use super::{Own, Structure, boxed, spec};
use crate::structure::opening::Opening;
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "sleep", spec: specification, open: |opening| Box::pin(open(opening)) };

/// How old a text may be when it is used. What a text says can depend on the time, so those of messages that come
/// after a sleep are evaluated after it, but not for every message anew.
const FRESH: Duration = Duration::from_millis(10);

fn specification() -> ComponentSpec {
    let duration = FieldSpec::new("duration", FieldType::String)
        .interpolated()
        .with_docs("How long to wait for a message, such as `100ms` or `1m30s`.");
    let summary = "Waits some time for each message, one after the other.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(vec![duration]))
}

struct Sleep {
    path: String,
    duration: Text,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let duration = Text::open(&opening, "/duration").await?;
    Ok(boxed(Sleep { path: opening.setup.path.clone(), duration }))
}

#[async_trait]
impl Structure for Sleep {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let mut next = 0;
        while next < batch.len() {
            let texts = self.duration.of(&batch).await?;
            if let Texts::Fixed(text) = texts {
                let each = duration(Ok(text.as_bytes()), &self.path);
                let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
                tokio::time::sleep(each.saturating_mul(count)).await;
                break;
            }
            let evaluated = Instant::now();
            while next < batch.len() && evaluated.elapsed() < FRESH {
                let duration = duration(texts.get(next), &self.path);
                if !duration.is_zero() {
                    tokio::time::sleep(duration).await;
                }
                next += 1;
            }
        }
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }
}

/// What a text says; nothing where it says none.
fn duration(text: Result<&[u8], &str>, path: &str) -> Duration {
    let parsed = text
        .map_err(str::to_owned)
        .and_then(|text| parse_duration(&String::from_utf8_lossy(text)).map_err(|error| error.to_string()));
    parsed.unwrap_or_else(|error| {
        tracing::error!(path, error, "failed to tell how long to sleep");
        Duration::ZERO
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::structure::scripted::{Script, apply, batch, texts};

    use super::*;

    async fn slept(duration: &str, payloads: &[&str]) -> u128 {
        let script = Arc::new(Script::flagging(|_| false));
        let mut sleep = script.open(&format!("{{sleep: {{duration: '{duration}'}}}}")).await.unwrap();
        let begun = Instant::now();
        let made = apply(sleep.as_mut(), batch(payloads, false)).await;
        assert_eq!((texts(&made[0].batch).len(), &made[0].origins), (payloads.len(), &Origins::Same));
        begun.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn each_message_is_waited_for() {
        assert_eq!(slept("2m", &["a", "b", "c"]).await, 360_000);
        assert_eq!(slept("-2m", &["a", "b", "c"]).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn by_its_own_text() {
        assert_eq!(slept("${! content() }", &["1s", "bad", "2s", "x", "5ms", "3s"]).await, 6005);
    }
}
