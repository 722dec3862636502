use async_trait::async_trait;
use forebay_metrics::Counter;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::Deserialize;
use serde_json::json;

use super::{Own, Structure, boxed, check_field, processor_list, spec};
use crate::structure::check::Check;
use crate::structure::opening::{Opening, problem};
use crate::structure::order::{in_order, in_sequence};
use crate::structure::row::{Row, chosen, of_part};

pub(super) const OWN: Own =
    Own { name: "switch", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let cases = FieldSpec::new("", FieldType::Object).of_kind(FieldKind::Array).with_fields(vec![
        check_field()
            .with_default("")
            .with_docs("Whether a message is of this case; without it, every one is."),
        processor_list("processors")
            .with_default(json!([]))
            .with_docs("What is applied to the messages of the case."),
        FieldSpec::new("fallthrough", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether what comes out goes on to the processors of the next case too.")
            .advanced(),
    ]);
    let summary = "Applies to each message the processors of the first case whose check it meets. Messages of no case \
                   pass by, and all come out in the order in which they came.";
    spec(OWN.name, summary, cases)
}

#[derive(Deserialize)]
struct CaseSettings {
    fallthrough: bool,
}

struct Case {
    check: Option<Check>,
    row: Row,
    falls_through: bool,
}

struct Switch {
    path: String,
    cases: Vec<Case>,
    errors: Counter,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let settings: Vec<CaseSettings> = opening.settings()?;
    let mut cases = Vec::with_capacity(settings.len());
    for (index, CaseSettings { fallthrough }) in settings.into_iter().enumerate() {
        let check = opening.check(&format!("/{index}/check")).await?;
        let row = opening.row(&format!("/{index}/processors")).await?;
        if row.is_empty() {
            let message = "case has no processors, in order to have a no-op case use a `noop` processor";
            return Err(problem(&format!("/{index}"), message));
        }
        cases.push(Case { check, row, falls_through: fallthrough });
    }
    Ok(boxed(Switch { path: opening.setup.path.clone(), cases, errors: opening.own_errors() }))
}

#[async_trait]
impl Structure for Switch {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let mut done = Vec::new();
        let mut fallen = Vec::new();
        let mut rest = Processed { batch: batch.clone(), origins: Origins::Same };
        for (index, case) in self.cases.iter_mut().enumerate() {
            let place = format!("{}.switch.{index}.check", self.path);
            let Sorted { meets, misses, undecided } = sort(rest, case.check.as_mut(), &place).await?;
            self.errors.inc_by(undecided.batch.len() as u64);
            done.push(undecided);
            rest = misses;
            fallen.push(meets);
            let Processed { batch: taken, origins } = in_sequence(std::mem::take(&mut fallen), &batch);
            if !taken.is_empty() {
                let results = case.row.run(taken).await?.into_iter().map(|result| of_part(&origins, result));
                if case.falls_through { &mut fallen } else { &mut done }.extend(results);
            }
        }
        // What falls through the last case has nowhere to fall to.
        done.extend(fallen);
        done.push(rest);
        Ok(vec![in_order(done, &batch)])
    }

    async fn close(&mut self) {
        for case in &mut self.cases {
            case.row.close().await;
        }
    }
}

/// Messages by what a check says of them.
struct Sorted {
    meets: Processed,
    misses: Processed,
    /// The check has failed; they are flagged with why.
    undecided: Processed,
}

async fn sort(rest: Processed, check: Option<&mut Check>, place: &str) -> Result<Sorted, LostInstance> {
    let Processed { batch, origins } = rest;
    let verdicts = match check {
        Some(check) if !batch.is_empty() => check.of(&batch).await?,
        _ => vec![Ok(true); batch.len()],
    };
    let (mut meets, mut misses, mut undecided, mut errors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, verdict) in (0..).zip(verdicts) {
        match verdict {
            Ok(true) => meets.push(index),
            Ok(false) => misses.push(index),
            Err(error) => {
                undecided.push(index);
                errors.push(error);
            }
        }
    }
    if let Some(first) = errors.first() {
        tracing::error!(path = place, count = errors.len(), error = first, "failed to test a case");
    }
    let of_these = |indexes: &[u32]| of_part(&origins, chosen(&batch, indexes));
    let failed = of_these(&undecided);
    let flagged = failed.batch.with_errors(errors.iter().map(String::as_str).enumerate());
    Ok(Sorted {
        meets: of_these(&meets),
        misses: of_these(&misses),
        undecided: Processed { batch: flagged, origins: failed.origins },
    })
}
