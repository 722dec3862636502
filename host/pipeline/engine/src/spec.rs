//! Specifications of components of the host.

use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, Kind, Status};

/// The specification of a component that is settled and has nothing beside its fields. `summary` ends with a full stop.
///
/// # Panics
/// When `name` is none.
pub(crate) fn specification(kind: Kind, name: &str, summary: &str, config: FieldSpec) -> ComponentSpec {
    ComponentSpec {
        kind,
        name: name.parse().expect("a name"),
        status: Status::Stable,
        summary: summary.to_owned(),
        description: String::new(),
        rereads: false,
        responds: false,
        lanes: Vec::new(),
        incremental: false,
        pieces: false,
        streams: false,
        config,
        examples: Vec::new(),
        functions: Vec::new(),
        methods: Vec::new(),
    }
}
