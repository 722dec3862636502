//! How the columns of a file become objects: decided once for a file.
//!
//! The tree is that of the file's schema, with the members of every object in the order of their names, as Go writes them.
//! Lists are told from other groups by the rules of the format, those for files of old writers included
//! (<https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>).

use forebay_json::{Html, write_string};
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::render::Render;

/// How deep the schema of a file may nest.
const NESTING: usize = 100;

/// One value of a row, with all below it.
#[derive(Debug)]
pub(super) struct Node {
    /// The definition level from which on it is there; less is null.
    pub(super) definition: i16,
    /// The first column below it, which stands for all where they agree, and one past the last.
    pub(super) columns: (usize, usize),
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Shape {
    Leaf(Render),
    Object(Vec<Member>),
    List(Box<Repeat>),
    Map { repeat: Box<Repeat>, value: Option<Box<Node>> },
}

#[derive(Debug)]
pub(super) struct Member {
    /// `"name":`
    pub(super) key: Vec<u8>,
    pub(super) node: Node,
}

/// What repeats.
#[derive(Debug)]
pub(super) struct Repeat {
    /// The definition level of an element that is there.
    pub(super) definition: i16,
    /// The repetition level of all elements but the first.
    pub(super) repetition: i16,
    /// The element of a list, or the key of a map.
    pub(super) element: Node,
    /// What is written before and after the list, and each of its elements.
    pub(super) around: Around,
}

/// The two ways of writing lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    /// `[1,2]`
    Plain,
    /// `{"list":[{"element":1},{"element":2}]}`
    Format,
}

/// What a user wants to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Lists in the logical type's format, as far as they are not inside of other lists.
    pub(super) list_format: bool,
    /// Times, decimals and so on as text and numbers that mean what the column means.
    pub(super) logical_types: bool,
}

#[derive(Clone, Copy)]
struct At {
    definition: i16,
    repetition: i16,
    depth: usize,
    list_format: bool,
}

struct Planner<'s> {
    schema: &'s SchemaDescriptor,
    options: Options,
    next: usize,
}

/// The members of a row.
///
/// # Errors
/// The schema nests too deep, or has a map that is none.
pub(super) fn rows(schema: &SchemaDescriptor, options: Options) -> Result<Vec<Member>, String> {
    let mut planner = Planner { schema, options, next: 0 };
    let at = At { definition: 0, repetition: 0, depth: 0, list_format: options.list_format };
    planner.members(schema.root_schema(), at)
}

impl Planner<'_> {
    fn members(&mut self, group: &Type, at: At) -> Result<Vec<Member>, String> {
        let mut members = Vec::new();
        for field in group.get_fields() {
            let node = self.field(field, at)?;
            let mut key = Vec::new();
            write_string(field.name().as_bytes(), Html::Plain, &mut key);
            key.push(b':');
            members.push((field.name(), Member { key, node }));
        }
        members.sort_by_key(|(name, _)| *name);
        Ok(members.into_iter().map(|(_, member)| member).collect())
    }

    /// A field with its repetition.
    fn field(&mut self, field: &Type, at: At) -> Result<Node, String> {
        if at.depth == NESTING {
            return Err(format!("the schema nests more than {NESTING} deep"));
        }
        let at = At { depth: at.depth + 1, ..at };
        match repetition(field) {
            Repetition::REQUIRED => self.once(field, at),
            Repetition::OPTIONAL => self.once(field, At { definition: at.definition + 1, ..at }),
            Repetition::REPEATED => {
                // Without a list around it: each element is required.
                let start = self.next;
                let inside = inside(at);
                let element = self.once(field, inside)?;
                let repeat = repeat(element, inside, Around::Plain);
                Ok(self.node(start, at.definition, Shape::List(repeat)))
            }
        }
    }

    /// A field without its repetition.
    fn once(&mut self, field: &Type, at: At) -> Result<Node, String> {
        let start = self.next;
        if field.is_primitive() {
            let column = self.schema.column(start);
            self.next += 1;
            let render = Render::new(&column, self.options.logical_types);
            return Ok(self.node(start, at.definition, Shape::Leaf(render)));
        }
        let (logical, converted) =
            (field.get_basic_info().logical_type_ref(), field.get_basic_info().converted_type());
        let shape = if logical == Some(&LogicalType::List) || converted == ConvertedType::LIST {
            self.list(field, at)?
        } else if logical == Some(&LogicalType::Map)
            || matches!(converted, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE)
        {
            self.map(field, at)?
        } else {
            Shape::Object(self.members(field, at)?)
        };
        Ok(self.node(start, at.definition, shape))
    }

    fn list(&mut self, list: &Type, at: At) -> Result<Shape, String> {
        let [repeated] = list.get_fields() else {
            return Ok(Shape::Object(self.members(list, at)?));
        };
        if repetition(repeated) != Repetition::REPEATED {
            return Ok(Shape::Object(self.members(list, at)?));
        }
        let around = if at.list_format { Around::Format } else { Around::Plain };
        let inside = At { list_format: false, ..inside(at) };
        let element = match elements(list, repeated) {
            Some(element) => self.field(element, inside)?,
            None => self.once(repeated, inside)?,
        };
        Ok(Shape::List(repeat(element, inside, around)))
    }

    fn map(&mut self, map: &Type, at: At) -> Result<Shape, String> {
        let [entries] = map.get_fields() else {
            return Ok(Shape::Object(self.members(map, at)?));
        };
        if repetition(entries) != Repetition::REPEATED || entries.is_primitive() {
            return Ok(Shape::Object(self.members(map, at)?));
        }
        let inside = At { list_format: false, ..inside(at) };
        let (key, value) = match entries.get_fields() {
            [key] => (key, None),
            [key, value] => (key, Some(value)),
            fields => return Err(format!("the map {} has entries of {} fields", map.name(), fields.len())),
        };
        if !key.is_primitive() {
            return Err(format!("the keys of the map {} are no plain values", map.name()));
        }
        let key = self.field(key, inside)?;
        let value = value.map(|value| self.field(value, inside)).transpose()?;
        Ok(Shape::Map { repeat: repeat(key, inside, Around::Plain), value: value.map(Box::new) })
    }

    fn node(&self, start: usize, definition: i16, shape: Shape) -> Node {
        Node { definition, columns: (start, self.next), shape }
    }
}

fn inside(at: At) -> At {
    At { definition: at.definition + 1, repetition: at.repetition + 1, ..at }
}

fn repeat(element: Node, inside: At, around: Around) -> Box<Repeat> {
    Box::new(Repeat { definition: inside.definition, repetition: inside.repetition, element, around })
}

/// The field that is the element of a list, if that is not the repeated field itself.
fn elements<'t>(list: &Type, repeated: &'t Type) -> Option<&'t Type> {
    if repeated.is_primitive() {
        return None;
    }
    let [element] = repeated.get_fields() else { return None };
    let old = repeated.name() == "array" || repeated.name() == format!("{}_tuple", list.name());
    (!old && repetition(element) != Repetition::REPEATED).then_some(&**element)
}

fn repetition(field: &Type) -> Repetition {
    let info = field.get_basic_info();
    if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED }
}
