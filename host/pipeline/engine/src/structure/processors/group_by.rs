use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{Own, Structure, boxed, check_field, processor_list, spec};
use crate::structure::check::Check;
use crate::structure::opening::{Opening, problem};
use crate::structure::order::each_in_order;
use crate::structure::row::{Row, chosen, of_part};

pub(super) const OWN: Own =
    Own { name: "group_by", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let groups = FieldSpec::new("", FieldType::Object).of_kind(FieldKind::Array).with_fields(vec![
        check_field().with_docs("Whether a message that is in no group before this one is in this one."),
        processor_list("processors")
            .with_default(json!([]))
            .with_docs("What is applied to the group, as a batch."),
    ]);
    let summary = "Splits a batch into one batch for each group, in the order of the groups, and applies processors to \
                   each. Messages of no group are the last batch.";
    spec(OWN.name, summary, groups)
}

struct Group {
    check: Check,
    row: Row,
}

struct GroupBy {
    path: String,
    groups: Vec<Group>,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    let count = opening.settings::<Vec<IgnoredAny>>()?.len();
    let mut groups = Vec::with_capacity(count);
    for index in 0..count {
        let field = format!("/{index}/check");
        let check = opening.check(&field).await?;
        let check = check.ok_or_else(|| problem(&field, "a group needs a check"))?;
        groups.push(Group { check, row: opening.row(&format!("/{index}/processors")).await? });
    }
    Ok(boxed(GroupBy { path: opening.setup.path.clone(), groups }))
}

#[async_trait]
impl Structure for GroupBy {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let mut rest: Vec<u32> = (0..).take(batch.len()).collect();
        let mut members = Vec::with_capacity(self.groups.len());
        for (index, group) in self.groups.iter_mut().enumerate() {
            members.push(take(&mut rest, &batch, &mut group.check, &format!("{}.{index}", self.path)).await?);
        }
        let mut parts = Vec::new();
        for (group, members) in self.groups.iter_mut().zip(members) {
            if !members.is_empty() {
                let Processed { batch: members, origins } = chosen(&batch, &members);
                let results = group.row.run(members).await?;
                parts.extend(results.into_iter().map(|result| of_part(&origins, result)));
            }
        }
        if !rest.is_empty() {
            parts.push(chosen(&batch, &rest));
        }
        Ok(if batch.independent() { each_in_order(parts, &batch) } else { parts })
    }

    async fn close(&mut self) {
        for group in &mut self.groups {
            group.row.close().await;
        }
    }
}

/// Takes the members of a group out of `rest`, which are indexes in `batch`. A check sees a message within the whole
/// batch, not within what is left of it. A message that can't be checked is no member.
async fn take(
    rest: &mut Vec<u32>,
    batch: &Batch,
    check: &mut Check,
    place: &str,
) -> Result<Vec<u32>, LostInstance> {
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let verdicts = check.of(batch).await?;
    let errors: Vec<&String> =
        rest.iter().filter_map(|index| verdicts[*index as usize].as_ref().err()).collect();
    if let Some(first) = errors.first() {
        tracing::error!(path = place, count = errors.len(), error = first, "failed to test a group");
    }
    let (members, others) =
        std::mem::take(rest).into_iter().partition(|index| verdicts[*index as usize] == Ok(true));
    *rest = others;
    Ok(members)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use forebay_pipeline_message::Origins;

    use crate::structure::scripted::{Script, apply, batch, texts};

    async fn grouped(independent: bool) -> Vec<(String, Origins)> {
        let script = Arc::new(Script::flagging(|_| false));
        let groups = "{group_by: [{check: x, processors: [{script: {}}]}, {check: y}]}";
        let mut group_by = script.open(groups).await.unwrap();
        let made = apply(group_by.as_mut(), batch(&["a", "y", "xy", "b", "x"], independent)).await;
        assert!(made.iter().all(|made| made.batch.independent() == independent));
        made.into_iter().map(|made| (texts(&made.batch).join(" "), made.origins)).collect()
    }

    #[tokio::test]
    async fn groups_know_where_they_come_from() {
        let expected = [("xy x", vec![2, 4]), ("y", vec![1]), ("a b", vec![0, 3])];
        assert_eq!(
            grouped(false).await,
            expected.map(|(texts, origins)| (texts.to_owned(), Origins::Each(origins)))
        );
    }

    #[tokio::test]
    async fn messages_that_stand_for_themselves_keep_their_order() {
        let expected = ("a y xy b x".to_owned(), Origins::Each(vec![0, 1, 2, 3, 4]));
        assert_eq!(grouped(true).await, [expected]);
    }
}
