use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{LostInstance, OpenError};
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::opening::Opening;
use super::retry::Retry;
use super::{Destination, Own, Refusal, output_field, spec, together};
use crate::structure::check::Check;
use crate::structure::pauses::Policy;
use crate::structure::problem;

pub(super) const OWN: Own =
    Own { name: "switch", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let check = FieldSpec::new("check", FieldType::String).in_language("bloblang").with_default("");
    let case = vec![
        check.with_docs("Whether a message is of this case; without it, every one is."),
        output_field("output").with_docs("Where messages of the case go."),
        FieldSpec::new("continue", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether a message of this case may be of a later one as well.")
            .advanced(),
    ];
    let fields = vec![
        FieldSpec::new("retry_until_success", FieldType::Bool)
            .with_default(false)
            .with_docs("Whether what an output refuses is handed to it again until it takes it."),
        FieldSpec::new("strict_mode", FieldType::Bool)
            .with_default(false)
            .with_docs(
                "Whether a batch with a message of no case is rejected; otherwise that message is dropped.",
            )
            .advanced(),
        FieldSpec::new("cases", FieldType::Object)
            .of_kind(FieldKind::Array)
            .with_fields(case)
            .with_docs("At least two; a message goes to the first one that it is of."),
    ];
    let summary = "Hands each message to the output of the first case whose check it meets.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    retry_until_success: bool,
    strict_mode: bool,
    cases: Vec<CaseSettings>,
}

#[derive(Deserialize)]
struct CaseSettings {
    r#continue: bool,
}

struct Switch {
    path: String,
    is_strict: bool,
    checks: Mutex<Vec<Option<Check>>>,
    cases: Vec<Case>,
}

struct Case {
    output: Box<dyn Destination>,
    goes_on: bool,
}

async fn open(mut opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let Settings { retry_until_success, strict_mode, cases: settings } = opening.structure.settings()?;
    if settings.len() < 2 {
        let reason = "attempting to create switch with fewer than 2 cases";
        return Err(problem("/cases", reason));
    }
    let (mut checks, mut cases) = (Vec::new(), Vec::new());
    for (index, CaseSettings { r#continue }) in settings.into_iter().enumerate() {
        checks.push(opening.structure.check(&format!("/cases/{index}/check")).await?);
        let mut output = opening.output(&format!("/cases/{index}/output")).await?;
        if retry_until_success {
            output = Box::new(Retry::new(output, Policy::for_ever(), 0));
        }
        cases.push(Case { output, goes_on: r#continue });
    }
    let path = opening.structure.setup.path.clone();
    Ok(Box::new(Switch { path, is_strict: strict_mode, checks: Mutex::new(checks), cases }))
}

impl Switch {
    /// For every case the indexes of its messages, and those of messages that are of no case where that is not allowed.
    async fn sort(&self, batch: &Batch) -> Result<(Vec<Vec<u32>>, Vec<u32>), LostInstance> {
        let mut checks = self.checks.lock().await;
        let mut routes = Vec::with_capacity(self.cases.len());
        let mut is_open = vec![true; batch.len()];
        let mut has_route = vec![false; batch.len()];
        for (index, (check, case)) in checks.iter_mut().zip(&self.cases).enumerate() {
            let mut route = Vec::new();
            if is_open.contains(&true) {
                let verdicts = match check {
                    Some(check) => check.of(batch).await?,
                    None => vec![Ok(true); batch.len()],
                };
                for (message, verdict) in verdicts.into_iter().enumerate() {
                    match verdict {
                        _ if !is_open[message] => {}
                        Ok(true) => {
                            route.push(u32::try_from(message).expect("a batch counts its messages so"));
                            has_route[message] = true;
                            is_open[message] = case.goes_on;
                        }
                        Ok(false) => {}
                        Err(error) => {
                            tracing::error!(path = self.path, case = index, error, "failed to test a case");
                        }
                    }
                }
            }
            routes.push(route);
        }
        let lost = (0..).zip(has_route).filter(|(_, has_route)| !has_route).map(|(message, _)| message);
        Ok((routes, if self.is_strict { lost.collect() } else { Vec::new() }))
    }
}

#[async_trait]
impl Destination for Switch {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let routes = self
            .sort(&batch)
            .await
            .map_err(|lost| Refusal { apart: true, ..Refusal::of_all(lost.to_string()) })?;
        let (routes, lost) = routes;
        const NOWHERE: &str = "no switch output conditions were met by message";
        // One message that can't go anywhere takes its batch with it, which for some is itself alone.
        if !lost.is_empty() && !batch.independent() {
            return Err(Refusal::of_all(NOWHERE));
        }
        let deliveries = self.cases.iter().zip(&routes).filter(|(_, route)| !route.is_empty());
        let deliveries = deliveries.map(|(case, route)| async {
            let part = batch.select(route).expect("the indexes are of this batch");
            case.output.deliver(part).await.map_err(|refusal| refusal.in_whole(route))
        });
        let refused = join_all(deliveries).await.into_iter().filter_map(Result::err);
        let nowhere = (!lost.is_empty()).then(|| Refusal::of_all(NOWHERE).in_whole(&lost));
        together(refused.chain(nowhere))
    }
}
