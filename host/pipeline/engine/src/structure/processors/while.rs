use std::collections::HashMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;

use super::{Own, Structure, boxed, check_field, processor_list, spec};
use crate::structure::check::Check;
use crate::structure::opening::{Opening, problem};
use crate::structure::order::{each_in_order, first_source};
use crate::structure::row::{Row, chosen, of_part};

pub(super) const OWN: Own =
    Own { name: "while", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let fields = vec![
        FieldSpec::new("at_least_once", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether to apply the processors once before the first check."),
        FieldSpec::new("max_loops", FieldType::Int)
            .with_default(0)
            .with_docs("The most times to apply the processors; 0 for any number.")
            .advanced(),
        check_field().with_default("").with_docs("Whether to go on, asked of the first message of a batch."),
        processor_list("processors").with_docs("What is applied each time."),
    ];
    let summary = "Applies processors to a batch as long as its first message meets a check. Where they make several \
                   batches of it, all go on or none, by the first of them.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    at_least_once: bool,
    max_loops: i64,
}

struct While {
    path: String,
    settings: Settings,
    check: Check,
    row: Row,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let settings = opening.settings()?;
    let check = opening.check("/check").await?;
    let check = check.ok_or_else(|| problem("/check", "a check query is required"))?;
    let row = opening.row("/processors").await?;
    Ok(boxed(While { path: opening.setup.path.clone(), settings, check, row }))
}

#[async_trait]
impl Structure for While {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let apart = batch.independent();
        let mut done = Vec::new();
        let mut going = vec![Processed { batch: batch.clone(), origins: Origins::Same }];
        let mut loops = 0;
        while self.settings.max_loops <= 0 || loops < self.settings.max_loops {
            if loops > 0 || !self.settings.at_least_once {
                going = self.that_go_on(going, &mut done, apart).await?;
            }
            if going.is_empty() {
                break;
            }
            let mut made = Vec::with_capacity(going.len());
            for Processed { batch, origins } in going {
                let results = self.row.run(batch).await?;
                made.extend(results.into_iter().map(|result| of_part(&origins, result)));
            }
            going = made;
            loops += 1;
            // Processors that never wait would keep others from working, and this from being given up.
            tokio::task::yield_now().await;
        }
        done.extend(going);
        Ok(if apart { each_in_order(done, &batch) } else { done })
    }

    async fn close(&mut self) {
        self.row.close().await;
    }
}

impl While {
    /// What is left of `going` when all that is made of a batch whose check is not met is put into `done`. `apart`:
    /// each source message is a batch.
    async fn that_go_on(
        &mut self,
        going: Vec<Processed>,
        done: &mut Vec<Processed>,
        apart: bool,
    ) -> Result<Vec<Processed>, LostInstance> {
        // By the batch: the source message, or 0 for all.
        let mut verdicts: HashMap<u32, bool> = HashMap::new();
        let mut left = Vec::new();
        for Processed { batch, origins } in going {
            let source = |index| if apart { first_source(&origins, index) } else { 0 };
            let indexes = || (0..).take(batch.len());
            if !indexes().all(|index| verdicts.contains_key(&source(index))) {
                // All messages, for one may see the others.
                for (index, verdict) in (0..).zip(self.check.of(&batch).await?) {
                    verdicts.entry(source(index)).or_insert_with(|| {
                        verdict.unwrap_or_else(|error| {
                            tracing::error!(path = self.path, error, "failed to test whether to go on");
                            false
                        })
                    });
                }
            }
            let (these, others): (Vec<u32>, Vec<u32>) =
                indexes().partition(|index| verdicts.get(&source(*index)) == Some(&true));
            for (indexes, to) in [(these, &mut left), (others, &mut *done)] {
                if !indexes.is_empty() {
                    to.push(of_part(&origins, chosen(&batch, &indexes)));
                }
            }
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::structure::scripted::{Script, apply, batch, texts};

    use super::*;

    /// Takes the first letter from every message, in one call for all.
    fn shortening() -> Arc<Script> {
        Arc::new(Script::new(|batch| async move {
            let shorter =
                texts(&batch).into_iter().map(|text| Some(text.get(1..).unwrap_or_default().to_owned()));
            let batch = Batch::from_payloads(shorter, batch.independent());
            Ok(vec![Processed { batch, origins: Origins::Same }])
        }))
    }

    #[tokio::test]
    async fn messages_that_stand_for_themselves_loop_for_themselves() {
        let mut looping = shortening().open("{while: {check: x, processors: [{script: {}}]}}").await.unwrap();
        let made = apply(looping.as_mut(), batch(&["xxa", "b", "xc", ""], true)).await;
        assert_eq!(made.len(), 1);
        assert_eq!(texts(&made[0].batch), ["a", "b", "c", ""]);
        assert!(made[0].batch.independent());
        assert_eq!(made[0].origins, Origins::Each(vec![0, 1, 2, 3]));
    }

    #[tokio::test]
    async fn others_loop_with_the_first() {
        let mut looping = shortening().open("{while: {check: x, processors: [{script: {}}]}}").await.unwrap();
        let made = apply(looping.as_mut(), batch(&["xa", "xxb", "xxxc"], false)).await;
        assert_eq!(texts(&made[0].batch), ["a", "xb", "xxc"]);
    }

    #[tokio::test]
    async fn a_loop_without_an_end_can_be_given_up() {
        let endless = Arc::new(Script::flagging(|_| false));
        let mut looping = endless.open("{while: {check: x, processors: [{script: {}}]}}").await.unwrap();
        let running = apply(looping.as_mut(), batch(&["x"], true));
        assert!(tokio::time::timeout(Duration::from_millis(5), running).await.is_err());
    }

    #[tokio::test]
    async fn a_check_is_required() {
        let Err(OpenError::Problem(problem)) =
            shortening().open("{while: {processors: [{script: {}}]}}").await
        else {
            panic!()
        };
        assert_eq!(
            (problem.field.as_str(), problem.message.as_str()),
            ("/check", "a check query is required")
        );
    }
}
