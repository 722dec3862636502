use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType};
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{LostInstance, OpenError, Processor};

use super::{Own, Structure, boxed, spec};
use crate::structure::changes::flag;
use crate::structure::opening::Opening;
use crate::structure::row::chosen;
use crate::structure::text::{Text, Texts};

pub(super) const OWN: Own =
    Own { name: "group_by_value", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let value = FieldSpec::new("value", FieldType::String)
        .interpolated()
        .with_docs("What messages of one group have in common.");
    let summary = "Splits a batch into one batch for each value that a text has for its messages, in the order in which \
                   the values first occur.";
    spec(OWN.name, summary, FieldSpec::new("", FieldType::Object).with_fields(vec![value]))
}

struct GroupByValue(Text);

async fn open(opening: Opening<'_>) -> Result<Box<dyn Processor>, OpenError> {
    Ok(boxed(GroupByValue(Text::open(&opening, "/value").await?)))
}

#[async_trait]
impl Structure for GroupByValue {
    async fn run(&mut self, batch: Batch) -> Result<Vec<Processed>, LostInstance> {
        let texts = self.0.of(&batch).await?;
        if matches!(texts, Texts::Fixed(_)) {
            return Ok(vec![Processed { batch, origins: Origins::Same }]);
        }
        let (groups, errors) = grouped(&texts, batch.len());
        let flagged = flag(&batch, &errors);
        if batch.independent() {
            return Ok(vec![Processed { batch: flagged, origins: Origins::Same }]);
        }
        Ok(groups.iter().map(|members| chosen(&flagged, members)).collect())
    }
}

/// The messages of each group, and why some have no value: those are where the empty text is.
fn grouped(texts: &Texts<'_>, messages: usize) -> (Vec<Vec<u32>>, BTreeMap<usize, String>) {
    let mut numbers: HashMap<&[u8], usize> = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut errors = BTreeMap::new();
    for (message, index) in (0..).zip(0..messages) {
        let value = texts.get(index).unwrap_or_else(|error| {
            errors.insert(index, format!("group value interpolation error: {error}"));
            b""
        });
        let number = *numbers.entry(value).or_insert(groups.len());
        if number == groups.len() {
            groups.push(Vec::new());
        }
        groups[number].push(message);
    }
    (groups, errors)
}
