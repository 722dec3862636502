//! The schema of a configuration, and what it is in a file.

mod config;

use std::ops::Range;
use std::sync::Arc;

use forebay_sdk::Problem;
use forebay_sdk::config::Pointer;
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::errors::Result;
use parquet::schema::types::{Type, TypePtr};

pub(crate) use config::FieldConfig;

use crate::leaf::{self, Leaf};

/// How deep fields may be nested.
const NESTING: usize = 64;

/// A field of a schema.
#[derive(Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) repetition: Times,
    pub(crate) kind: Kind,
    /// The columns below it: leaves in the order in which they stand in the schema.
    pub(crate) columns: Range<usize>,
}

/// How often a field stands in what it is a field of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// Once or not at all.
    Optional,
    /// Any number of times, without a list around them.
    Repeated,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    Leaf(Leaf),
    Struct(Vec<Field>),
    List(Box<Field>),
    /// Key and value.
    Map(Box<[Field; 2]>),
}

/// What a column has that others of the file do not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Special {
    pub(crate) compression: Option<String>,
    pub(crate) encoding: Option<String>,
    pub(crate) bloom_filter: bool,
}

/// All fields of a file, and what their columns have of their own.
#[derive(Debug, PartialEq)]
pub(crate) struct Schema {
    pub(crate) fields: Vec<Field>,
    /// For each column.
    pub(crate) special: Vec<Special>,
}

impl Schema {
    /// # Errors
    /// The first field that can't be one.
    pub(crate) fn read(configs: &[FieldConfig], at: &Pointer<'_>) -> std::result::Result<Self, Problem> {
        let mut schema = Self { fields: Vec::new(), special: Vec::new() };
        schema.fields = schema.read_all(configs, at, 0)?;
        Ok(schema)
    }

    fn read_all(
        &mut self,
        configs: &[FieldConfig],
        at: &Pointer<'_>,
        depth: usize,
    ) -> std::result::Result<Vec<Field>, Problem> {
        if configs.is_empty() {
            return Err(Problem::new("at least one field is needed").at(at));
        }
        let mut fields: Vec<Field> = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            let at = at.index(index);
            if fields.iter().any(|field| field.name == config.name) {
                return Err(
                    Problem::new(format!("there are two fields called {}", config.name)).at(at.key("name"))
                );
            }
            fields.push(self.read_one(config, &at, depth)?);
        }
        Ok(fields)
    }

    fn read_one(
        &mut self,
        config: &FieldConfig,
        at: &Pointer<'_>,
        depth: usize,
    ) -> std::result::Result<Field, Problem> {
        if depth == NESTING {
            return Err(Problem::new(format!("fields are nested more than {NESTING} deep")).at(at));
        }
        let start = self.special.len();
        let below = at.key("fields");
        let kind = match (config.kind.as_deref(), &config.fields) {
            (None, None) => return Err(Problem::new("a field has a type, or fields, or both").at(at)),
            (None | Some("STRUCT"), fields) => {
                let fields = fields.as_deref().unwrap_or_default();
                Kind::Struct(self.read_all(fields, &below, depth + 1)?)
            }
            (Some("LIST"), fields) => {
                let [element] = fields.as_deref().unwrap_or_default() else {
                    return Err(Problem::new("a LIST has one field, its element").at(below));
                };
                if element.repeated {
                    // The format has readers take such a list for another one.
                    let problem = Problem::new("the element of a LIST is not repeated: make it a LIST");
                    return Err(problem.at(below.index(0).key("repeated")));
                }
                Kind::List(Box::new(self.read_one(element, &below.index(0), depth + 1)?))
            }
            (Some("MAP"), fields) => {
                let [key, value] = fields.as_deref().unwrap_or_default() else {
                    return Err(Problem::new("a MAP has two fields, key and value").at(below));
                };
                let key = self.read_one(key, &below.index(0), depth + 1)?;
                if key.repetition != Times::Once || !matches!(key.kind, Kind::Leaf(Leaf::Text | Leaf::Binary))
                {
                    let problem = Problem::new("keys of a MAP are of type UTF8 or BYTE_ARRAY, and required");
                    return Err(problem.at(below.index(0)));
                }
                let value = self.read_one(value, &below.index(1), depth + 1)?;
                Kind::Map(Box::new([key, value]))
            }
            (Some(name), _) => {
                let leaf = Leaf::parse(name, config.sizes);
                let leaf = leaf.map_err(|error| Problem::new(error).at(at.key("type")))?;
                self.special.push(config.special.clone());
                Kind::Leaf(leaf)
            }
        };
        let repetition = match (config.repeated, config.optional) {
            (true, _) => Times::Repeated,
            (false, true) => Times::Optional,
            (false, false) => Times::Once,
        };
        Ok(Field { name: config.name.clone(), repetition, kind, columns: start..self.special.len() })
    }

    /// The root of the tree that a file has.
    ///
    /// # Errors
    /// The library refuses a type.
    pub(crate) fn root(&self) -> Result<TypePtr> {
        let fields = self.fields.iter().map(|field| field.in_file(&field.name)).collect::<Result<_>>()?;
        Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
    }
}

impl Field {
    fn in_file(&self, name: &str) -> Result<TypePtr> {
        let repetition = match self.repetition {
            Times::Once => Repetition::REQUIRED,
            Times::Optional => Repetition::OPTIONAL,
            Times::Repeated => Repetition::REPEATED,
        };
        let group = |logical: Option<LogicalType>, converted, fields| {
            Type::group_type_builder(name)
                .with_repetition(repetition)
                .with_logical_type(logical)
                .with_converted_type(converted)
                .with_fields(fields)
                .build()
                .map(Arc::new)
        };
        match &self.kind {
            Kind::Leaf(leaf) => leaf::finish(leaf.column(name).with_repetition(repetition)),
            Kind::Struct(fields) => {
                let fields = fields.iter().map(|field| field.in_file(&field.name)).collect::<Result<_>>()?;
                group(None, ConvertedType::NONE, fields)
            }
            Kind::List(element) => {
                let list = repeated("list", vec![element.in_file("element")?])?;
                group(Some(LogicalType::List), ConvertedType::LIST, vec![list])
            }
            Kind::Map(entry) => {
                let [key, value] = &**entry;
                let entries = repeated("key_value", vec![key.in_file("key")?, value.in_file("value")?])?;
                group(Some(LogicalType::Map), ConvertedType::MAP, vec![entries])
            }
        }
    }
}

/// The group in the middle of the three levels of lists and maps.
fn repeated(name: &str, fields: Vec<TypePtr>) -> Result<TypePtr> {
    let group = Type::group_type_builder(name).with_repetition(Repetition::REPEATED);
    group.with_fields(fields).build().map(Arc::new)
}

#[cfg(test)]
mod tests;
