//! A component in a configuration: which one it is, its settings with every default filled in, what it contains.
//!
//! Written as `{label, type, limits, <name>: <settings>, processors, shadow}`, where `processors` belongs to inputs and
//! outputs, `shadow` to processors, and `type` is needed only if the name cannot be told. A name may end in
//! `@sha256:...`, which asks for one build. Components within the settings (a scanner, say) are taken out of
//! [`ComponentConfig::config`] and become [`Child`]ren.

mod agent_cluster;
mod fields;
mod infer;
mod label;
mod limits;
mod shadow;
mod text;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::build::Pin;
use crate::lint::Examiner;
use crate::position::{Position, Span};
use crate::source::Source;
use crate::spec::{ComponentName, FieldKind, Kind, Status};
use crate::template::{self, MetricNaming};
use crate::yaml::{Node, Value};

pub(crate) use agent_cluster::described as agent_cluster_described;
pub use agent_cluster::{AGENT_CLUSTER, AgentCluster};
pub(crate) use fields::Fields;
use infer::Inferred;
pub use label::{BadLabel, Label};
pub use limits::LimitsConfig;
pub use shadow::Shadow;
pub use text::TextField;

/// A component that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentConfig {
    pub kind: Kind,
    pub name: ComponentName,
    /// The build that is asked for.
    pub pin: Option<Pin>,
    pub label: Option<Label>,
    pub limits: LimitsConfig,
    /// Where it is in the configuration, as Bento's metrics say it: `input`, `pipeline.processors.0`.
    pub path: String,
    /// The file that it stands in, where that is not the one of the pipeline.
    pub file: Option<Arc<str>>,
    pub span: Span,
    /// The settings, with defaults, without the components in them. May hold secrets.
    pub config: Json,
    /// The settings as they are written, to be fitted to another build. May hold secrets.
    pub written: Json,
    /// The component that works beside a processor, and is only watched.
    pub shadow: Option<Shadow>,
    /// The components in the settings.
    pub children: Vec<Child>,
    /// The processors attached to an input or an output.
    pub processors: Vec<Self>,
    /// What its metrics are called.
    pub metric_naming: MetricNaming,
    texts: Vec<TextField>,
    uses: Vec<ResourceUse>,
    secrets: Vec<String>,
    source: Arc<Source>,
}

/// That a component has a processor resource work for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResourceUse {
    pub(crate) label: String,
    /// In the text that was parsed.
    pub(crate) at: Position,
    /// Whether it may be the name of something within the component instead.
    pub(crate) may_be_own: bool,
}

/// A component in the settings of another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// The field it was written in, as a JSON pointer: `/scanner`, `/cases/0/processors/1`.
    pub pointer: String,
    pub component: ComponentConfig,
}

impl ComponentConfig {
    /// What is no component of a pipeline, but has texts that can be checked like those of one.
    pub(crate) fn of_texts(
        (kind, name): (Kind, ComponentName),
        config: Json,
        texts: Vec<TextField>,
        source: Arc<Source>,
    ) -> Self {
        Self {
            kind,
            path: name.to_string(),
            name,
            pin: None,
            label: None,
            limits: LimitsConfig::default(),
            file: None,
            span: Span::empty(Position::START),
            config,
            written: Json::Null,
            shadow: None,
            children: Vec::new(),
            processors: Vec::new(),
            metric_naming: MetricNaming::default(),
            texts,
            uses: Vec::new(),
            secrets: Vec::new(),
            source,
        }
    }

    /// The text that it stands in.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The child that is a scanner; a component has one at most.
    pub fn scanner(&self) -> Option<&Child> {
        self.children.iter().find(|child| child.component.kind == Kind::Scanner)
    }

    /// This component and all those inside it.
    pub fn with_descendants(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let inside = self.children.iter().map(|child| &child.component).chain(&self.processors);
        all.extend(inside.flat_map(Self::with_descendants));
        all
    }

    /// The strings of the settings that are mappings or hold interpolations. A mapping in another language than its
    /// field has by itself stands in an object: `{"language": .., "code": ..}`.
    pub fn texts(&self) -> &[TextField] {
        &self.texts
    }

    /// The processor resources that it names itself, and where.
    pub(crate) fn resource_uses(&self) -> &[ResourceUse] {
        &self.uses
    }

    /// The values of fields that are secret, which nobody may print.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The file that a string of the settings stands in, where that is not the one of the pipeline.
    pub fn file_of(&self, pointer: &str) -> Option<&str> {
        match self.texts.iter().find(|text| text.stands_at(pointer)) {
            Some(text) => text.file(&self.source),
            None => self.file.as_deref(),
        }
    }

    /// Where in the file a place of such a string is, both counted from one. Exact for block scalars (`|`) and
    /// strings on one line; otherwise as near as the style allows.
    pub fn position_of(&self, pointer: &str, line: usize, column: usize) -> Option<Position> {
        let text = self.texts.iter().find(|text| text.stands_at(pointer))?;
        Some(text.locate(&self.source, Position { line, column }))
    }
}

/// Reads a component; every problem is left with the examiner. `None` if it cannot be told what it is.
pub(crate) fn examine(
    examiner: &mut Examiner<'_>,
    kind: Kind,
    node: &Node,
    path: &str,
) -> Option<ComponentConfig> {
    if !examiner.enter(node.span.start) {
        return None;
    }
    let result = examine_entered(examiner, kind, node, path);
    examiner.leave();
    result
}

fn examine_entered(
    examiner: &mut Examiner<'_>,
    kind: Kind,
    node: &Node,
    path: &str,
) -> Option<ComponentConfig> {
    let rewritten = agent_cluster::rewritten(examiner, kind, node);
    let node = rewritten.as_ref().unwrap_or(node);
    let inferred = infer::infer(examiner, kind, node);
    if let Some(Inferred { entry, at, config, .. }) = &inferred
        && let Some(expansion) = &entry.template
    {
        let used = template::Use { spec: &entry.spec, expansion, at: *at, settings: *config };
        return template::examine(examiner, kind, node, path, used);
    }
    let label = label::examine(examiner, node);
    let limits = limits::examine(examiner, node);
    // Processors are read even if the component is unknown, so that their problems are reported in the same go.
    let processors = processors(examiner, kind, node, path);
    let inferred = inferred?;
    let spec = &inferred.entry.spec;
    if examiner.options.reject_deprecated && spec.status == Status::Deprecated {
        examiner.lint(inferred.at.start, format!("component {} is deprecated", spec.name));
    }
    // A list of labels is no such pointer: a cache of others has a label of its own.
    let is_of_resource = spec.config.resource.is_some() && spec.config.kind == FieldKind::Scalar;
    if is_of_resource && let Some((key, _)) = node.entry("label").filter(|_| label.is_some()) {
        examiner.lint(key.span.start, "label field should be omitted when pointing to a resource");
    }
    let is_written = node.style != crate::yaml::Style::Default;
    let wants_label = label.is_none() && kind != Kind::Scanner && !is_of_resource && is_written;
    if examiner.options.require_labels && wants_label {
        examiner.lint(node.span.start, format!("label is required for {}", spec.name));
    }
    let mut fields = Fields::new(examiner, Some(kind), format!("{path}.{}", spec.name));
    let config = fields.whole(inferred.config, &spec.config, inferred.at);
    let mut uses = fields.take_uses();
    let (texts, children, secrets) = fields.finish();
    let is_own = |name: &str| children.iter().any(|child| child.pointer.split('/').any(|part| part == name));
    uses.retain(|used| !used.may_be_own || !is_own(&used.label));
    let written = inferred.config.and_then(|node| node.to_json().ok()).unwrap_or(Json::Null);
    let shadow = shadow::examine(examiner, kind, node, &written);
    Some(ComponentConfig {
        kind,
        name: spec.name.clone(),
        pin: inferred.pin,
        label,
        limits,
        path: path.to_owned(),
        file: examiner.source.name_at(node.span.start).cloned(),
        span: examiner.source.written_span(node.span),
        config,
        written,
        shadow,
        children,
        processors,
        metric_naming: examiner.metric_naming.clone(),
        texts,
        uses,
        secrets,
        source: Arc::clone(&examiner.source),
    })
}

/// The fields next to the component's own name that mean something for every component of its kind.
pub(crate) fn reserved(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Input | Kind::Output => &["label", "type", "limits", "processors"],
        Kind::Processor => &["label", "type", "limits", "shadow"],
        Kind::Mapping | Kind::Scanner | Kind::Cache | Kind::Buffer | Kind::RateLimit => {
            &["label", "type", "limits"]
        }
    }
}

fn processors(examiner: &mut Examiner<'_>, kind: Kind, node: &Node, path: &str) -> Vec<ComponentConfig> {
    let Some((key, list)) = node.entry("processors").filter(|_| reserved(kind).contains(&"processors"))
    else {
        return Vec::new();
    };
    let Value::Sequence(items) = &list.value else {
        if !list.is_null() {
            examiner.fatal(list.span.start, "expected array value");
        }
        return Vec::new();
    };
    if items.is_empty() && list.style != crate::yaml::Style::Default {
        examiner.lint(key.span.start, "field processors is empty and can be removed");
    }
    let mut read = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        read.extend(examine(examiner, Kind::Processor, item, &format!("{path}.processors.{index}")));
    }
    read
}

#[cfg(test)]
mod tests;
