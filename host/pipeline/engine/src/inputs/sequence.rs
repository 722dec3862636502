mod join;
mod joining;

use std::sync::Arc;

use forebay_pipeline_config::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType};
use forebay_plugins_api::OpenError;
use futures_util::future::join_all;
use serde::Deserialize;

use super::opening::Opening;
use super::{Own, input_field, spec};
use crate::ground::Work;
use crate::structure::problem;

use join::{Joiner, Merge};
use joining::{Flush, Joining};

pub(super) const OWN: Own =
    Own { name: "sequence", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    let text = |name: &str, default: &str| FieldSpec::new(name, FieldType::String).with_default(default);
    let fields = vec![
        FieldSpec::new("sharded_join", FieldType::Object)
            .with_fields(vec![
                text("type", "none").with_options(&["none", "full-outer", "outer", "full-outter", "outter"]).with_docs(
                    "Which messages there are in the end: with `full-outer` one for each value of the common field, \
                     when all inputs have ended; with `outer` one for each message of the last input.",
                ),
                text("id_path", "").with_docs(
                    "The path, with dots, of the text that messages have in common. Those without it are dropped.",
                ),
                FieldSpec::new("iterations", FieldType::Int).with_default(1).with_docs(
                    "How often all inputs are read. Each time another part of all messages is joined, which takes \
                     less memory.",
                ),
                text("merge_strategy", "array").with_options(&["array", "replace", "keep"]).with_docs(
                    "What becomes of a field that several messages have: an array of all values, the last one, or \
                     the first one.",
                ),
            ])
            .with_docs(
                "Merges messages that have a field in common. What waits to be merged lies in memory, and is read \
                 again at the next start.",
            )
            .advanced(),
        input_field("inputs")
            .of_kind(FieldKind::Array)
            .with_docs("Where messages come from. Each input begins when the one before it has ended."),
    ];
    spec(
        OWN.name,
        "Reads several inputs one after the other.",
        FieldSpec::new("", FieldType::Object).with_fields(fields),
    )
}

#[derive(Deserialize)]
struct Settings {
    sharded_join: ShardedJoin,
}

#[derive(Deserialize)]
struct ShardedJoin {
    r#type: String,
    id_path: String,
    iterations: i64,
    merge_strategy: String,
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let Settings { sharded_join } = opening.structure.settings()?;
    if let Some((joiner, flush)) = joiner(&sharded_join)? {
        let inputs: Vec<_> = opening.structure.children("/inputs").cloned().collect();
        if inputs.is_empty() {
            return Err(problem("/inputs", "at least one input is needed"));
        }
        let joining = Joining {
            ground: Arc::clone(opening.ground),
            setup: opening.structure.setup.clone(),
            inputs,
            joiner,
            flush,
            stop: opening.stop.clone(),
            to: opening.to,
        };
        let opened = joining.open().await?;
        return Ok(vec![Box::pin(joining.run(opened))]);
    }
    let inputs = opening.inputs("/inputs", &opening.to).await?;
    Ok(vec![Box::pin(async move {
        // When all are told to stop, those that have not begun end at once.
        for works in inputs {
            join_all(works).await;
        }
    })])
}

/// What joins messages, and when they are handed on; nothing where they are not to be joined.
fn joiner(settings: &ShardedJoin) -> Result<Option<(Joiner, Flush)>, OpenError> {
    let ShardedJoin { r#type, id_path, iterations, merge_strategy } = settings;
    let flush = match r#type.as_str() {
        "none" => return Ok(None),
        "full-outer" | "full-outter" => Flush::AtTheEnd,
        "outer" | "outter" => Flush::WithTheLast,
        other => {
            let message = format!("join type '{other}' was not recognized");
            return Err(problem("/sharded_join/type", &message));
        }
    };
    if id_path.is_empty() {
        return Err(problem("/sharded_join/id_path", "the id path must not be empty"));
    }
    let Some(shards) = u64::try_from(*iterations).ok().filter(|shards| *shards > 0) else {
        let message = format!("invalid number of iterations: {iterations}");
        return Err(problem("/sharded_join/iterations", &message));
    };
    let merge = match merge_strategy.as_str() {
        "array" => Merge::Array,
        "replace" => Merge::Replace,
        "keep" => Merge::Keep,
        other => {
            let message = format!("merge strategy '{other}' was not recognised");
            return Err(problem("/sharded_join/merge_strategy", &message));
        }
    };
    Ok(Some((Joiner::new(id_path, merge, shards), flush)))
}
