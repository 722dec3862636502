use std::collections::BTreeMap;

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentName, ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, Mapping, OpenError, Processor, Target, Targets};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Own, Structure, boxed, processor_list, spec};
use crate::structure::branch::{self, Answer, Answers, Branch, errors};
use crate::structure::check::lost;
use crate::structure::opening::{Opening, problem};
use crate::structure::workflow::{Record, Records, check, resolve};

pub(super) const OWN: Own =
    Own { name: "workflow", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let branches = branch::fields(processor_list(branch::PROCESSORS));
    let fields = vec![
        FieldSpec::new("meta_path", FieldType::String).with_default("meta.workflow").with_docs(
            "The path in messages where it is recorded which branches succeeded, were skipped or failed. A record that \
             is there already says which branches to leave out: those that succeeded or were skipped, and all but \
             those in `apply`, if that has any. Where this is empty, a message is flagged when a branch fails for it.",
        ),
        FieldSpec::new("order", FieldType::Unknown)
            .of_kind(FieldKind::Array)
            .with_default(json!([]))
            .label_of("processor")
            .with_docs(
                "Lists of names of branches: those of a list run at once, after those of the list before. A name that \
                 none of `branches` has is the label of a processor `branch` among the `processor_resources`. Without \
                 this the order follows from what the mappings of the branches read and write.",
            ),
        FieldSpec::new("branch_resources", FieldType::String)
            .of_kind(FieldKind::Array)
            .with_default(json!([]))
            .label_of("processor")
            .with_docs(
                "Labels of processors `branch` among the `processor_resources` that are branches of this workflow \
                 too. Those that `order` names need not stand here.",
            )
            .advanced(),
        FieldSpec::new("branches", FieldType::Object)
            .of_kind(FieldKind::Map)
            .with_fields(branches)
            .with_default(json!({}))
            .with_docs("The branches by their names. Each is what the processor `branch` is."),
    ];
    let summary = "Applies branches to messages in an order that follows from what they depend on, several at once \
                   where they do not.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(fields))
}

#[derive(Deserialize)]
struct Settings {
    meta_path: String,
    order: Vec<Vec<String>>,
    branch_resources: Vec<String>,
    branches: BTreeMap<String, Json>,
}

struct Workflow {
    path: String,
    component: ComponentName,
    branches: BTreeMap<String, Branch>,
    tiers: Vec<Vec<String>>,
    /// None: messages are flagged instead.
    records: Option<Records>,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let Settings { meta_path, order, branch_resources, branches: names } = opening.settings()?;
    let mut branches = BTreeMap::new();
    for name in names.into_keys() {
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            let message = format!("workflow branch name '{name}' contains invalid characters");
            return Err(problem("/branches", &message));
        }
        let branch = Branch::open(&opening, &format!("/branches/{name}")).await?;
        branches.insert(name.clone(), branch.named(&opening, &name));
    }
    for (index, label) in branch_resources.iter().enumerate() {
        if branches.contains_key(label) {
            let message = format!("branch resource name '{label}' collides with an explicit branch");
            return Err(problem(&format!("/branch_resources/{index}"), &message));
        }
        branches.insert(label.clone(), Branch::of_resource(&opening, label).await?);
    }
    // What an order names and nothing else is a resource.
    for label in order.iter().flatten() {
        if !branches.contains_key(label) {
            branches.insert(label.clone(), Branch::of_resource(&opening, label).await?);
        }
    }
    let tiers = if order.is_empty() {
        let tiers =
            resolve(&targets(&mut branches).await?).map_err(|reason| problem("/branches", &reason))?;
        tracing::info!(
            path = opening.setup.path,
            ?tiers,
            "the order of branches follows from their mappings"
        );
        tiers
    } else {
        check(&order, branches.keys().map(String::as_str)).map_err(|reason| problem("/order", &reason))?;
        order
    };
    let records = match meta_path.as_str() {
        "" => None,
        path => Some(Records::open(&opening, path).await?),
    };
    let (path, component) = (opening.setup.path.clone(), opening.setup.name.clone());
    Ok(boxed(Workflow { path, component, branches, tiers, records }))
}

/// What the branches read and write. One alone needs no order.
async fn targets(branches: &mut BTreeMap<String, Branch>) -> Result<BTreeMap<String, Targets>, OpenError> {
    let alone = branches.len() < 2;
    let mut all = BTreeMap::new();
    for (name, branch) in branches {
        let mut targets = Targets::default();
        if !alone {
            // A branch that sends whole messages reads, as Bento has it, nothing in particular.
            targets.reads = told(name, branch.request_map.as_mut(), |targets| targets.reads).await?;
            targets.writes = told(name, branch.result_map.as_mut(), |targets| targets.writes).await?;
        }
        all.insert(name.clone(), targets);
    }
    Ok(all)
}

async fn told(
    branch: &str,
    mapping: Option<&mut Box<dyn Mapping>>,
    part: fn(Targets) -> Vec<Target>,
) -> Result<Vec<Target>, OpenError> {
    let Some(mapping) = mapping else { return Ok(Vec::new()) };
    let field = format!("/branches/{branch}");
    match mapping.targets().await {
        Ok(Some(targets)) => Ok(part(targets)),
        Ok(None) => {
            let message = "what its mappings read and write can't be told: the workflow needs an `order`";
            Err(problem(&field, message))
        }
        Err(reason) => Err(problem(&field, &reason)),
    }
}

#[async_trait]
impl Structure for Workflow {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let left_out = self.left_out(&batch).await?;
        let mut records = vec![Record::new(self.branches.keys().map(String::as_str)); batch.len()];
        let mut current = batch;
        for tier in &self.tiers {
            let answers = ask(&mut self.branches, tier, &current, &left_out).await?;
            for (name, answers) in answers {
                let Some(branch) = self.branches.get_mut(&name) else { continue };
                note(&name, &answers, &mut records, &self.path);
                if answers.broken.is_some() {
                    continue;
                }
                let (changed, unmapped) = branch.map_back(current, &answers).await?;
                current = changed;
                for (index, error) in unmapped {
                    records[index].failed(&name, error);
                }
            }
        }
        let batch = self.tell(current, &records).await?;
        Ok(vec![Processed { batch, origins: Origins::Same }])
    }

    async fn close(&mut self) {
        for branch in self.branches.values_mut() {
            branch.close().await;
        }
    }
}

/// By branch, the indexes of the messages that it leaves out.
type LeftOut = BTreeMap<String, Vec<u32>>;

impl Workflow {
    async fn left_out(&mut self, batch: &Batch) -> Result<LeftOut, LostInstance> {
        let mut left_out = LeftOut::new();
        let Some(records) = &mut self.records else { return Ok(left_out) };
        let names: Vec<&str> = self.branches.keys().map(String::as_str).collect();
        let of_messages =
            records.left_out(batch, &names).await.map_err(|reason| lost(&self.component, reason))?;
        for (index, names) in (0..).zip(of_messages) {
            for name in names {
                left_out.entry(name.to_owned()).or_default().push(index);
            }
        }
        Ok(left_out)
    }

    /// Puts records into their messages, or flags those for which something failed.
    async fn tell(&mut self, batch: Batch, records: &[Record]) -> Result<Batch, LostInstance> {
        let mut flags = BTreeMap::from_iter(errors(&batch));
        let batch = match &mut self.records {
            None => {
                let failed = records.iter().enumerate();
                flags.extend(failed.filter_map(|(index, record)| Some((index, record.error()?))));
                batch
            }
            Some(place) => {
                let (batch, unread) =
                    place.write(&batch, records).await.map_err(|reason| lost(&self.component, reason))?;
                if let Some((_, first)) = unread.first() {
                    tracing::error!(
                        path = self.path,
                        count = unread.len(),
                        error = first,
                        "failed to record"
                    );
                }
                flags.extend(unread);
                batch
            }
        };
        if flags.is_empty() && batch.errors().is_none() {
            return Ok(batch);
        }
        Ok(batch.with_errors(flags.iter().map(|(index, error)| (*index, error.as_str()))))
    }
}

/// What all branches of a tier make of a batch, in their order.
async fn ask(
    branches: &mut BTreeMap<String, Branch>,
    tier: &[String],
    batch: &Batch,
    left_out: &LeftOut,
) -> Result<Vec<(String, Answers)>, LostInstance> {
    let asked = branches.iter_mut().filter(|(name, _)| tier.contains(name));
    let asked = asked.map(async |(name, branch)| {
        let left_out = left_out.get(name).map_or(&[][..], Vec::as_slice);
        (name.clone(), branch.ask(batch, left_out).await)
    });
    // All are waited for, also when one is lost: those that are given up half way are lost too.
    let mut answers: BTreeMap<String, _> = join_all(asked).await.into_iter().collect();
    let in_order = tier.iter().filter_map(|name| answers.remove_entry(name));
    in_order.map(|(name, answers)| Ok((name, answers?))).collect()
}

/// Notes which messages a branch was skipped or failed for.
fn note(name: &str, answers: &Answers, records: &mut [Record], path: &str) {
    if let Some(error) = &answers.broken {
        tracing::error!(path, branch = name, error, "failed to perform a branch");
        records.iter_mut().for_each(|record| record.failed(name, error.clone()));
        return;
    }
    for (answer, record) in answers.answers.iter().zip(records) {
        match answer {
            Answer::Result(_) => {}
            Answer::LeftOut => record.skipped(name),
            Answer::Failed(error) => record.failed(name, error.clone()),
        }
    }
}
