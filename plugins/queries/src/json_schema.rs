use forebay_bloblang::Schema;
use forebay_sdk::{
    Batch, Config, Context, Docs, Error, Example, Message, Problem, Processing, Processor, files,
};

use crate::content;

/// Bytes of the largest schema.
const LARGEST: usize = 16 << 20;

/// Flags messages that are not as a [JSON Schema](https://json-schema.org/) asks. No message is changed.
///
/// The error has a line for everything that is wrong. References lead to places in the schema itself.
#[derive(Config)]
pub(crate) struct JsonSchemaConfig {
    /// The schema. Either this or `schema_path` is needed.
    schema: Option<String>,
    /// Where the schema is: `file://` and a path. It is read when the first batch comes.
    schema_path: Option<String>,
}

pub(crate) struct JsonSchema(State);

enum State {
    Ready(Schema),
    /// Not read yet: nothing may be read while a configuration is checked.
    At(String),
}

impl Processor for JsonSchema {
    const NAME: &'static str = "json_schema";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "Dropping what is wrong",
            summary: "People of a negative age are logged and dropped.",
            config: "pipeline:\n  processors:\n    - json_schema:\n        schema: '{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\",\"minimum\":0}}}'\n    - catch:\n        - log:\n            level: ERROR\n            message: 'not as it should be: ${!error()}'\n        - mapping: root = deleted()\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = JsonSchemaConfig;

    fn open(
        JsonSchemaConfig { schema, schema_path }: JsonSchemaConfig,
        _: &Context,
    ) -> Result<Self, Problem> {
        let path = schema_path.filter(|path| !path.is_empty());
        let schema = schema.filter(|schema| !schema.is_empty());
        let state = match (path, schema) {
            (Some(path), _) if path.starts_with("file://") => State::At(path),
            (Some(path), _) if path.starts_with("http://") => {
                let problem = "schemas are read from files only: copy it, or put it into `schema`";
                return Err(Problem::new(format!("can't read {path}: {problem}")).at("/schema_path"));
            }
            (Some(_), _) => {
                let problem = "invalid schema_path provided, must start with file:// or http://";
                return Err(Problem::new(problem).at("/schema_path"));
            }
            (None, Some(schema)) => {
                State::Ready(compile(&schema).map_err(|error| Problem::new(error).at("/schema"))?)
            }
            (None, None) => return Err(Problem::new("either schema or schema_path must be provided")),
        };
        Ok(Self(state))
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let schema = self.schema()?;
        Ok(content::each(&batch, |message, _| check(schema, message)).into())
    }
}

impl JsonSchema {
    fn schema(&mut self) -> Result<&Schema, Error> {
        if let State::At(path) = &self.0 {
            let schema = compile(&read(path)?).map_err(Error::new)?;
            self.0 = State::Ready(schema);
        }
        match &self.0 {
            State::Ready(schema) => Ok(schema),
            State::At(path) => Err(Error::new(format!("the schema at {path} is not there"))),
        }
    }
}

fn compile(schema: &str) -> Result<Schema, String> {
    Schema::compile(schema).map_err(|error| format!("failed to load JSON schema definition: {error}"))
}

/// Reads a file by its address.
fn read(address: &str) -> Result<String, Error> {
    let path = address.strip_prefix("file://").unwrap_or(address);
    let failed = |reason: String| Error::new(format!("failed to load JSON schema definition: {reason}"));
    let mut file = files::open(path).map_err(|error| failed(format!("open {path}: {error}")))?;
    let bytes = file.read_to_end(LARGEST).map_err(|error| failed(format!("read {path}: {error}")))?;
    String::from_utf8(bytes).map_err(|_| failed(format!("{path} is no UTF-8")))
}

fn check(schema: &Schema, message: Message<'_>) -> Result<(), String> {
    schema.validate(&content::document(message)?)
}

#[cfg(test)]
mod tests;
