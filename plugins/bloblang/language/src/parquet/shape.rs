//! What becomes of the tree of columns: objects, arrays and values.
//!
//! Bento reads rows into maps, slices and plain values, in which lists and maps are such. But an entry of a map it reads
//! into a structure of Go, and that shows: the names in it are those of Go's fields, lists and maps in it are the groups
//! that they are stored as, and values have no meaning beyond how they are stored.

use std::collections::HashSet;

use super::schema::{Content, Grouping, Meaning, Node, Physical, Repetition, Schema};
use crate::value::{Text, quoted};

const NO_LIST: &str = "node with logical type LIST is not composed of a repeated group with a single element";
const NO_MAP: &str = "node with logical type MAP is not composed of a repeated .key_value group (or .map group) with key \
                      and value fields";

/// The most fields of one structure whose names differ in nothing that Go allows in names.
const SAME: usize = 100;

/// The shape of rows, and the meaning of each column in them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) root: Form,
    pub(super) meanings: Vec<Meaning>,
}

/// What a node becomes.
#[derive(Debug)]
pub(super) enum Form {
    /// The value of a column.
    Leaf(usize),
    /// An object.
    Group(Vec<Field>),
    /// Null, where the node is missing.
    Optional(Box<Self>),
    /// An array.
    Repeated(Box<Self>),
    /// An array, in which missing elements are null.
    RepeatedOptional(Box<Self>),
    /// An object, of entries whose first field is the key and whose second is the value.
    Map(Vec<Field>),
}

/// A field of a group.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Text,
    pub(super) form: Form,
    /// How many columns there are below it.
    pub(super) columns: usize,
}

impl Shape {
    pub(super) fn of(schema: &Schema) -> Result<Self, String> {
        let meanings = schema.leaves.iter().map(|leaf| leaf.meaning).collect();
        let mut builder = Builder { schema, meanings };
        let root = builder.form(&schema.root, schema.root.repetition)?;
        Ok(Self { root, meanings: builder.meanings })
    }
}

struct Builder<'s> {
    schema: &'s Schema,
    meanings: Vec<Meaning>,
}

impl Builder<'_> {
    /// The form of a node as if it had another repetition.
    fn form(&mut self, node: &Node, repetition: Repetition) -> Result<Form, String> {
        let required = |builder: &mut Self| builder.form(node, Repetition::Required).map(Box::new);
        match (repetition, &node.content) {
            (Repetition::Optional, _) => Ok(Form::Optional(required(self)?)),
            (Repetition::Repeated, _) => Ok(Form::Repeated(required(self)?)),
            (Repetition::Required, Content::Leaf(column)) => Ok(Form::Leaf(*column)),
            (Repetition::Required, Content::Group(Grouping::Plain, nodes)) => {
                let fields = nodes.iter().map(|node| {
                    let form = self.form(node, node.repetition)?;
                    Ok(Field { name: node.name.clone(), form, columns: columns(node) })
                });
                Ok(Form::Group(fields.collect::<Result<_, String>>()?))
            }
            (Repetition::Required, Content::Group(Grouping::List, nodes)) => {
                let element = element(nodes).ok_or(NO_LIST)?;
                let form = Box::new(self.form(element, Repetition::Required)?);
                match element.repetition {
                    Repetition::Optional => Ok(Form::RepeatedOptional(form)),
                    _ => Ok(Form::Repeated(form)),
                }
            }
            (Repetition::Required, Content::Group(Grouping::Map, nodes)) => {
                Ok(Form::Map(self.structure(entry(nodes).ok_or(NO_MAP)?)?))
            }
        }
    }

    /// The fields of a structure of Go.
    fn structure(&mut self, nodes: &[Node]) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        let mut names = HashSet::new();
        for node in nodes {
            if node.name.contains(',') {
                let name = quoted(&node.name);
                return Err(format!(
                    "schema node contains an invalid name {name}: fields must not have commas in their name"
                ));
            }
            let mut name = exported(&node.name);
            let longest = name.len() + SAME;
            while !names.insert(name.clone()) {
                if name.len() >= longest {
                    return Err(format!("more than {SAME} fields have the name {}", quoted(&node.name)));
                }
                name.push('_');
            }
            let inner = match &node.content {
                Content::Leaf(column) => self.stored(*column)?,
                Content::Group(_, nodes) => Form::Group(self.structure(nodes)?),
            };
            let form = match node.repetition {
                Repetition::Required => inner,
                Repetition::Optional => Form::Optional(Box::new(inner)),
                Repetition::Repeated => Form::Repeated(Box::new(inner)),
            };
            fields.push(Field { name: Text::from(name), form, columns: columns(node) });
        }
        Ok(fields)
    }

    fn stored(&mut self, column: usize) -> Result<Form, String> {
        if self.schema.leaves.get(column).is_some_and(|leaf| leaf.physical == Physical::Nothing) {
            return Err("BUG: parquet type returned an unsupported kind".to_owned());
        }
        if let Some(meaning) = self.meanings.get_mut(column) {
            *meaning = Meaning::InMap;
        }
        Ok(Form::Leaf(column))
    }
}

fn columns(node: &Node) -> usize {
    match &node.content {
        Content::Leaf(_) => 1,
        Content::Group(_, nodes) => nodes.iter().map(columns).sum(),
    }
}

/// The element of a list, which is in a repeated group. The names do not matter.
fn element(nodes: &[Node]) -> Option<&Node> {
    match nodes {
        [Node { repetition: Repetition::Repeated, content: Content::Group(_, elements), .. }] => {
            match &**elements {
                [element] => Some(element),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an entry of a map is made of.
fn entry(nodes: &[Node]) -> Option<&[Node]> {
    let named = |nodes: &[Node], name: &str| nodes.iter().position(|node| node.name.as_str() == name);
    for name in ["key_value", "map"] {
        let Some(node) = named(nodes, name).and_then(|at| nodes.get(at)) else { continue };
        if let Node { repetition: Repetition::Repeated, content: Content::Group(_, inner), .. } = node {
            let key = named(inner, "key").and_then(|at| inner.get(at));
            let is_required = key.is_some_and(|key| key.repetition == Repetition::Required);
            if is_required && named(inner, "value").is_some() {
                return Some(inner);
            }
        }
    }
    None
}

/// The name of a field of Go.
fn exported(name: &str) -> String {
    let sanitized = |name: &str| -> String {
        name.chars().map(|c| if c == '_' || c.is_alphanumeric() { c } else { '_' }).collect()
    };
    let mut rest = name.chars();
    let first = rest.next();
    let upper = first.map(|first| (first, first.to_uppercase().next().unwrap_or(first)));
    match upper {
        Some((first, upper)) if first != upper => format!("{upper}{}", sanitized(rest.as_str())),
        Some((first, _)) if first.is_uppercase() => sanitized(name),
        _ => format!("X{}", sanitized(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::exported;

    #[test]
    fn names_become_those_of_exported_fields() {
        for (name, field) in
            [("a b", "A_b"), ("Long", "Long"), ("_z", "X_z"), ("1x", "X1x"), ("-", "X_"), ("", "X")]
        {
            assert_eq!(exported(name), field);
        }
    }
}
