//! The shadow of a processor: `shadow: name` beside it runs another one on the same batches, to be compared.
//!
//! It takes the settings of the processor, as far as it knows their fields, and the defaults of its own.

use serde_json::Value as Json;

use crate::build::Pin;
use crate::component::{infer, reserved};
use crate::lint::{Examiner, Severity};
use crate::refit::{Refitted, Unknown, fit};
use crate::spec::{ComponentName, Kind};
use crate::yaml::Node;

/// The component that works beside a processor.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    pub name: ComponentName,
    pub pin: Option<Pin>,
    /// The settings, with defaults. May hold secrets.
    pub config: Json,
    /// Those of the processor that it knows. May hold secrets.
    pub written: Json,
}

pub(super) fn examine(
    examiner: &mut Examiner<'_>,
    kind: Kind,
    component: &Node,
    written: &Json,
) -> Option<Shadow> {
    let (_, value) = component.entry("shadow").filter(|_| reserved(kind).contains(&"shadow"))?;
    if !value.is_scalar() {
        examiner.fatal(value.span.start, "expected string value: the name of a processor");
        return None;
    }
    if value.is_null() || value.text.is_empty() {
        return None;
    }
    let (entry, pin) = infer::named(examiner, kind, &value.text, value.span)?;
    let (fitted, written) = fit(&entry.spec, written, examiner.catalog, Unknown::Dropped);
    let Refitted { config, problems } = fitted;
    for (severity, message) in problems {
        let message = format!("shadow {}: {message}", entry.spec.name);
        match severity {
            Severity::Lint => examiner.lint(value.span.start, message),
            Severity::Fatal => examiner.fatal(value.span.start, message),
        }
    }
    Some(Shadow { name: entry.spec.name.clone(), pin, config, written })
}
