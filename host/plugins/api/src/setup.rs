use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_config::{Child, LimitsConfig, MetricNaming, Pin};
use forebay_pipeline_message::Value;

use crate::{Caches, RateLimits, Resources, Wakes};

/// The name of a pipeline: how operators, grants and metrics call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PipelineName(Arc<str>);

impl PipelineName {
    /// A name; every text is one.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a virtual cluster, whose pipelines are managed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VirtualClusterName(Arc<str>);

impl VirtualClusterName {
    /// A name; every text is one.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Variables that a pipeline sees beside those of the process, and in place of those with the same names. Cheap to
/// clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(Arc<BTreeMap<String, String>>);

impl Environment {
    #[must_use]
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(Arc::new(variables))
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// These variables, and others in their place or beside them.
    #[must_use]
    pub fn with(&self, others: &BTreeMap<String, String>) -> Self {
        let mut all = BTreeMap::clone(&self.0);
        all.extend(others.iter().map(|(name, value)| (name.clone(), value.clone())));
        Self::new(all)
    }
}

/// Shows names only: the values can be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whose rights a pipeline has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Of whoever started the process, for default plugins; others need grants.
    Starter,
    /// Only what is granted.
    Granted,
    /// The same, for a language that works on behalf of a plugin which is none of the default ones: nothing that default
    /// plugins may do without a grant.
    Lent,
}

/// Everything that an instance is opened with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Absent for pipelines that are in none, such as those of `forebay run`.
    pub virtual_cluster: Option<VirtualClusterName>,
    pub pipeline: PipelineName,
    /// Where the component stands in the configuration, such as `pipeline.processors.0`.
    pub path: String,
    pub label: Option<String>,
    pub name: ComponentName,
    /// With all defaults filled in.
    pub config: serde_json::Value,
    /// What the configuration itself says.
    pub stated: Stated,
    pub rights: Rights,
    /// What the configuration says of its limits.
    pub limits: LimitsConfig,
    /// Variables beside those of the process.
    pub environment: Environment,
    /// What wakes it when it waits.
    pub wakes: Arc<Wakes>,
    /// The caches of the pipeline.
    pub caches: Caches,
    /// The rate limits of the pipeline.
    pub rate_limits: RateLimits,
    /// What stands before the paths that it adds to the HTTP server of the process, such as `/name`.
    pub below: Arc<str>,
    /// The processors that others use by their labels.
    pub resources: Resources,
    /// The components within its settings; [`Setup::config`] is without them.
    pub children: Vec<Child>,
    /// What its metrics are called.
    pub metric_naming: MetricNaming,
}

impl Setup {
    /// A component by itself, in no virtual cluster: with an empty configuration, the rights of whoever
    /// started the process, and nothing else.
    #[must_use]
    pub fn new(pipeline: PipelineName, path: &str, name: ComponentName) -> Self {
        Self {
            virtual_cluster: None,
            pipeline,
            path: path.to_owned(),
            label: None,
            name,
            config: serde_json::json!({}),
            stated: Stated::default(),
            rights: Rights::Starter,
            limits: LimitsConfig::default(),
            environment: Environment::default(),
            wakes: Arc::default(),
            caches: Caches::default(),
            rate_limits: RateLimits::default(),
            below: Arc::default(),
            resources: Resources::default(),
            children: Vec::new(),
            metric_naming: MetricNaming::default(),
        }
    }
}

/// What a configuration itself says of a component, by which a build of its plugin is chosen and fed.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// The build that is asked for; without one the component follows its plugin from build to build.
    pub pin: Option<Pin>,
    /// The settings as they are written, without defaults, where that is known.
    pub config: Option<serde_json::Value>,
    /// Whether it is beside the pipeline: it may look at what others may, and changes nothing outside.
    pub is_shadow: bool,
}

/// What a text in a mapping language is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    Mapping,
    Mutation,
    Query,
    Interpolation,
}

/// A large object, read in order.
#[async_trait]
pub trait ByteStream: Send {
    /// The next bytes, at least one and at most `most`; none at the end, then and later.
    ///
    /// # Errors
    /// Why the source failed; the stream is of no more use.
    ///
    /// # Cancel safety
    /// Implementations lose no bytes when the call is dropped.
    async fn read(&mut self, most: usize) -> Result<Bytes, String>;

    /// Whether what it is read from can be opened again, and gives the same bytes then.
    fn comes_again(&self) -> bool {
        false
    }
}

/// A metadata value that owns its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum MetadataValue {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Timestamp { seconds: i64, nanoseconds: u32 },
    Json(String),
}

impl From<Value<'_>> for MetadataValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Signed(value) => Self::Signed(value),
            Value::Unsigned(value) => Self::Unsigned(value),
            Value::Float(value) => Self::Float(value),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_owned()),
            Value::Timestamp { seconds, nanoseconds } => Self::Timestamp { seconds, nanoseconds },
            Value::Json(text) => Self::Json(text.to_owned()),
        }
    }
}

impl MetadataValue {
    /// The value without its ownership.
    #[must_use]
    pub fn borrow(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Signed(value) => Value::Signed(*value),
            Self::Unsigned(value) => Value::Unsigned(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Timestamp { seconds, nanoseconds } => {
                Value::Timestamp { seconds: *seconds, nanoseconds: *nanoseconds }
            }
            Self::Json(text) => Value::Json(text),
        }
    }
}
