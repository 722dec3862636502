//! How much of a pipeline may be in flight: `pipeline.in_flight_bytes`, which Bento does not have.

use serde_json::{Map, Value as Json};

use crate::lint::Examiner;
use crate::size::parse_size;
use crate::spec::{FieldSpec, FieldType};
use crate::yaml::Node;

const NAME: &str = "in_flight_bytes";
const DEFAULT: &str = "256MiB";

pub(super) fn field() -> FieldSpec {
    FieldSpec::new(NAME, FieldType::String)
        .with_default(DEFAULT)
        .with_docs(
            "Bytes of messages that were read and are not delivered yet, before the input is no longer read.",
        )
        .advanced()
}

pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node, settings: &Map<String, Json>) -> usize {
    let setting = settings.get("pipeline").and_then(|pipeline| pipeline.get(NAME));
    let text = setting.and_then(Json::as_str).unwrap_or(DEFAULT);
    let bytes = parse_size(text).map_err(|error| error.to_string()).and_then(|bytes| {
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes > 0);
        bytes.ok_or_else(|| "at least one byte must be allowed in flight".to_owned())
    });
    bytes.unwrap_or_else(|error| {
        let at =
            root.get("pipeline").and_then(|pipeline| pipeline.get(NAME)).map_or(root.span, |node| node.span);
        examiner.fatal(at.start, error);
        1
    })
}
