//! The schema of a configuration, which may stand in a file.

use forebay_avro::Schema;
use forebay_sdk::{Error, Problem, files};

/// Bytes of the largest schema.
const LARGEST: usize = 16 << 20;

/// A schema, or where it is to be read: nothing may be read while a configuration is checked.
pub(crate) enum SchemaSource {
    Ready(Schema),
    At(String),
}

impl SchemaSource {
    /// Of the fields `schema` and `schema_path`, of which the second counts.
    ///
    /// # Errors
    /// None is set, or one that can't be used.
    pub(crate) fn of(schema: &str, path: String) -> Result<Self, Problem> {
        if path.starts_with("http://") {
            let problem = "schemas are read from files only: copy it, or put it into `schema`";
            return Err(Problem::new(format!("can't read {path}: {problem}")).at("/schema_path"));
        }
        if !path.is_empty() && !path.starts_with("file://") {
            let problem = "invalid schema_path provided, must start with file:// or http://";
            return Err(Problem::new(problem).at("/schema_path"));
        }
        if !path.is_empty() {
            return Ok(Self::At(path));
        }
        if schema.is_empty() {
            let problem = "a schema must be specified with either the `schema` or `schema_path` fields";
            return Err(Problem::new(problem));
        }
        let schema = Schema::parse(schema)
            .map_err(|error| Problem::new(format!("failed to parse schema: {error}")).at("/schema"))?;
        Ok(Self::Ready(schema))
    }

    /// The schema; it is read when it is asked for first.
    ///
    /// # Errors
    /// It can't be read, or is none.
    pub(crate) fn get(&mut self) -> Result<&Schema, Error> {
        if let Self::At(path) = self {
            *self = Self::Ready(read(path)?);
        }
        match self {
            Self::Ready(schema) => Ok(schema),
            Self::At(path) => Err(Error::new(format!("the schema at {path} is not there"))),
        }
    }
}

/// Reads a file by its address.
fn read(address: &str) -> Result<Schema, Error> {
    let path = address.strip_prefix("file://").unwrap_or(address);
    let failed = |reason: String| Error::new(format!("failed to load Avro schema definition: {reason}"));
    let mut file = files::open(path).map_err(|error| failed(format!("open {path}: {error}")))?;
    let bytes = file.read_to_end(LARGEST).map_err(|error| failed(format!("read {path}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| failed(format!("{path} is no UTF-8")))?;
    Schema::parse(&text).map_err(|error| failed(format!("{path}: {error}")))
}
