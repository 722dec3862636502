//! What a plugin says about itself: who it is, which components it has, and which fields their configuration takes.
//!
//! A description is data that a plugin hands over as JSON. Fields that this version does not know are ignored, so
//! that descriptions can grow; a `contract` other than [`CONTRACT`] is refused, because then the meaning of known
//! fields may differ. Nothing of a description is used before [`Description::from_json`] has checked all of it.

mod callable;
mod field;
mod kind;
mod name;
mod validate;

use serde::{Deserialize, Serialize};

pub use callable::{CallExample, Callable, Param};
pub use field::{FieldKind, FieldSpec, FieldType};
pub use kind::{Kind, Status};
pub use name::{BadName, ComponentName, PluginName};

/// The number of the agreement between host and plugins that this crate speaks.
pub const CONTRACT: u64 = 1;

/// All that a plugin states.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    contract: u64,
    plugin: Plugin,
    components: Vec<ComponentSpec>,
}

/// The plugin itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    pub name: PluginName,
    #[serde(default)]
    pub version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
}

/// One component of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentSpec {
    pub kind: Kind,
    pub name: ComponentName,
    #[serde(default)]
    pub status: Status,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// An input that can be asked again for what it delivered before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rereads: bool,
    /// An input that takes responses to what it hands out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub responds: bool,
    /// Keys of metadata by whose values an input's batches are told apart: those that differ are never collected to one
    /// batch. All messages of a batch that it hands out have the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<String>,
    /// A component that works on its input piece by piece.
    #[serde(default, skip_serializing_if = "is_false")]
    pub incremental: bool,
    /// An incremental processor whose slices are pieces of one message, rather than messages.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pieces: bool,
    /// An output that takes messages while they are made.
    #[serde(default, skip_serializing_if = "is_false")]
    pub streams: bool,
    /// The whole configuration, as a field without a name.
    #[serde(default)]
    pub config: FieldSpec,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// What texts in a mapping language can call, if it says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Callable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Callable>,
}

/// A configuration to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub summary: String,
    /// YAML.
    #[serde(default)]
    pub config: String,
}

/// Why a description is refused.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    #[error("the description is not JSON of the expected form")]
    Form(#[source] serde_json::Error),
    #[error("the description says contract {found}, and this host knows contract {CONTRACT}")]
    Contract { found: String },
    #[error("component {index} of the description{name} does not have the expected form")]
    Component {
        index: usize,
        /// ` (name)`, if it has one.
        name: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("{component}: {reason}")]
    Invalid { component: String, reason: String },
}

impl Description {
    /// Reads and checks what a plugin says.
    ///
    /// # Errors
    /// The first thing found wrong, named with the component and the field.
    pub fn from_json(json: &str) -> Result<Self, DescriptionError> {
        #[derive(Deserialize)]
        struct Contract {
            #[serde(default)]
            contract: serde_json::Value,
        }
        #[derive(Deserialize)]
        struct Outline {
            plugin: Plugin,
            #[serde(default)]
            components: Vec<serde_json::Value>,
        }
        let Contract { contract } = serde_json::from_str(json).map_err(DescriptionError::Form)?;
        if contract.as_u64() != Some(CONTRACT) {
            return Err(DescriptionError::Contract { found: contract.to_string() });
        }
        let Outline { plugin, components } = serde_json::from_str(json).map_err(DescriptionError::Form)?;
        let mut read = Vec::with_capacity(components.len());
        for (index, component) in components.into_iter().enumerate() {
            let name = component.get("name").map(|name| format!(" ({name})")).unwrap_or_default();
            let component = serde_json::from_value(component)
                .map_err(|source| DescriptionError::Component { index, name, source })?;
            read.push(component);
        }
        Self::new(plugin, read)
    }

    /// Checks components made by other means.
    ///
    /// # Errors
    /// As [`Description::from_json`].
    pub fn new(plugin: Plugin, components: Vec<ComponentSpec>) -> Result<Self, DescriptionError> {
        validate::components(&components)?;
        Ok(Self { contract: CONTRACT, plugin, components })
    }

    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    pub fn components(&self) -> &[ComponentSpec] {
        &self.components
    }

    pub fn into_parts(self) -> (Plugin, Vec<ComponentSpec>) {
        (self.plugin, self.components)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
