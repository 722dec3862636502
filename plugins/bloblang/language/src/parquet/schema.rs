//! The columns of a file as a tree.

use super::footer::{Element, Footer, Logical};
use crate::value::{Text, quoted};

/// How deep columns may nest. Bento allows 127, but columns and rows are walked recursively, and that has to fit on the stack
/// of a plugin beside the deepest evaluation. A list takes two or three levels.
const DEPTH: u8 = 64;
/// As many columns as Bento allows.
const COLUMNS: usize = 32_767;

/// A tree of columns. Invariant: its leaves are numbered in their order, and every row group has a chunk for each.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) root: Node,
    pub(super) leaves: Vec<Leaf>,
}

/// A column, or a group of nodes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Text,
    pub(super) repetition: Repetition,
    pub(super) content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    Required,
    Optional,
    Repeated,
}

#[derive(Debug)]
pub(super) enum Content {
    /// The number of the column.
    Leaf(usize),
    Group(Grouping, Vec<Node>),
}

/// What a group stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    Plain,
    List,
    Map,
}

/// A column.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
    /// How often what leads to it may repeat.
    pub(super) repetitions: u8,
    /// How many of the nodes that lead to it may be missing.
    pub(super) definitions: u8,
}

/// How values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    /// So many bytes each.
    Fixed(usize),
    /// Not at all.
    Nothing,
}

impl Physical {
    /// The name in error messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Int96 => "INT96",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Bytes => "BYTE_ARRAY",
            Self::Fixed(_) => "FIXED_LEN_BYTE_ARRAY",
            Self::Nothing => "NULL",
        }
    }
}

/// What values mean, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    /// Of 32 bits: Bento shows unsigned integers of 64 bits as signed.
    Unsigned,
    Decimal {
        scale: i32,
    },
    Json,
    /// A part of a map, of which Bento shows how it is stored.
    InMap,
}

/// How often what leads to a node repeats, how many of those nodes may be missing, and how many there are.
#[derive(Clone, Copy, Debug, Default)]
struct Levels {
    repetitions: u8,
    definitions: u8,
    depth: u8,
}

impl Schema {
    pub(super) fn new(footer: &Footer) -> Result<Self, String> {
        let mut builder = Builder { footer, next: 0, leaves: Vec::new() };
        let root = builder.node("", Levels::default()).map_err(|error| match error {
            Mistake::Column(error) => format!("opening columns of parquet file: {error}"),
            Mistake::Panic(error) => error,
        })?;
        let leaves = builder.leaves;
        for (index, group) in footer.row_groups.iter().enumerate() {
            if group.chunks.len() != leaves.len() {
                return Err(format!(
                    "opening columns of parquet file: row group at index {index} contains {} columns but {} were \
                     referenced by the column schemas",
                    group.chunks.len(),
                    leaves.len()
                ));
            }
        }
        Ok(Self { root, leaves })
    }

    /// The names that lead to a column, with points between them.
    pub(super) fn path(&self, column: usize) -> String {
        let mut names = Vec::new();
        self.root.trace(column, &mut names);
        names.join(".")
    }
}

impl Node {
    /// Collects the names below this node that lead to a column; false where it is not below.
    fn trace<'n>(&'n self, column: usize, names: &mut Vec<&'n str>) -> bool {
        let nodes = match &self.content {
            Content::Leaf(index) => return *index == column,
            Content::Group(_, nodes) => nodes,
        };
        for node in nodes {
            names.push(&node.name);
            if node.trace(column, names) {
                return true;
            }
            names.pop();
        }
        false
    }
}

/// What Bento reports about columns, and what it trips over.
enum Mistake {
    Column(String),
    Panic(String),
}

struct Builder<'f> {
    footer: &'f Footer,
    next: usize,
    leaves: Vec<Leaf>,
}

impl Builder<'_> {
    /// The next element, and what is in it.
    fn node(&mut self, parent: &str, levels: Levels) -> Result<Node, Mistake> {
        let footer = self.footer;
        let element = footer.elements.get(self.next).ok_or_else(|| {
            let (wanted, there) = (self.next + 1, footer.elements.len());
            let error =
                format!("column {} has more children than there are schemas in the file", quoted(parent));
            Mistake::Column(format!("{error}: {wanted} > {there}"))
        })?;
        self.next += 1;
        let is_root = levels.depth == 0;
        if levels.depth > DEPTH {
            let error = format!("cannot represent parquet columns with more than {DEPTH} nested levels");
            return Err(Mistake::Column(error));
        }
        let repetition = match element.repetition {
            1 if !is_root => Repetition::Optional,
            2 if !is_root => Repetition::Repeated,
            _ => Repetition::Required,
        };
        let levels = Levels {
            repetitions: levels.repetitions + u8::from(repetition == Repetition::Repeated),
            definitions: levels.definitions + u8::from(repetition != Repetition::Required),
            depth: levels.depth + 1,
        };
        let content = match element.physical {
            Some(physical) => self.leaf(element, physical, levels)?,
            None => self.group(element, levels)?,
        };
        Ok(Node { name: element.name.clone(), repetition, content })
    }

    fn leaf(&mut self, element: &Element, physical: i32, levels: Levels) -> Result<Content, Mistake> {
        let index = self.leaves.len();
        let chunks = self.footer.row_groups.iter().position(|group| group.chunks.len() <= index);
        if let Some(group) = chunks {
            return Err(Mistake::Column(format!("row group at index {group} does not have enough columns")));
        }
        if index > COLUMNS {
            let error = format!("cannot represent parquet rows with more than {COLUMNS} columns");
            return Err(Mistake::Column(error));
        }
        let (physical, meaning) = typed(element, physical)?;
        let Levels { repetitions, definitions, .. } = levels;
        self.leaves.push(Leaf { physical, meaning, repetitions, definitions });
        Ok(Content::Leaf(index))
    }

    /// Every node takes an element, so a wrong count ends soon.
    fn group(&mut self, element: &Element, levels: Levels) -> Result<Content, Mistake> {
        let grouping = match (element.logical, element.converted) {
            (Some(Logical::Map), _) => Grouping::Map,
            (Some(Logical::List), _) => Grouping::List,
            (_, Some(1)) => Grouping::Map,
            (_, Some(3)) => Grouping::List,
            _ => Grouping::Plain,
        };
        let mut nodes = Vec::new();
        for _ in 0..element.children {
            nodes.push(self.node(&element.name, levels)?);
        }
        Ok(Content::Group(grouping, nodes))
    }
}

/// How the values of a column are stored and what they mean. What is said of their meaning decides on both.
fn typed(element: &Element, physical: i32) -> Result<(Physical, Meaning), Mistake> {
    let logical = match element.logical {
        None | Some(Logical::Other) => converted(element),
        known => known,
    };
    Ok(match logical {
        Some(Logical::Text) => (Physical::Bytes, Meaning::Plain),
        Some(Logical::Json) => (Physical::Bytes, Meaning::Json),
        Some(Logical::Decimal { scale }) => match stored(element, physical) {
            Physical::Fixed(_) | Physical::Nothing if element.length.is_none() => {
                let error = "DECIMAL using FIXED_LEN_BYTE_ARRAY must specify a length";
                return Err(Mistake::Panic(error.to_owned()));
            }
            physical @ (Physical::Int32 | Physical::Int64 | Physical::Bytes | Physical::Fixed(_)) => {
                (physical, Meaning::Decimal { scale })
            }
            other => {
                let types = "INT32, INT64, BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY";
                return Err(Mistake::Panic(format!(
                    "DECIMAL must be of type {types} but got {}",
                    other.name()
                )));
            }
        },
        Some(Logical::Date | Logical::Time { millis: true }) => (Physical::Int32, Meaning::Plain),
        Some(Logical::Time { millis: false } | Logical::Timestamp) => (Physical::Int64, Meaning::Plain),
        Some(Logical::Integer { bits: 64, .. }) => (Physical::Int64, Meaning::Plain),
        Some(Logical::Integer { signed: true, .. }) => (Physical::Int32, Meaning::Plain),
        Some(Logical::Integer { signed: false, .. }) => (Physical::Int32, Meaning::Unsigned),
        Some(Logical::Unknown) => (Physical::Nothing, Meaning::Plain),
        Some(Logical::Uuid) => (Physical::Fixed(16), Meaning::Plain),
        Some(Logical::Map | Logical::List) => {
            return Err(Mistake::Panic("cannot call Kind on parquet MAP and LIST types".to_owned()));
        }
        Some(Logical::Other) | None => (stored(element, physical), Meaning::Plain),
    })
}

/// The meaning that old files give.
fn converted(element: &Element) -> Option<Logical> {
    Some(match element.converted? {
        0 | 4 | 20 => Logical::Text,
        1 => Logical::Map,
        3 => Logical::List,
        5 => {
            element.precision?;
            Logical::Decimal { scale: element.scale? }
        }
        6 => Logical::Date,
        7 => Logical::Time { millis: true },
        8 => Logical::Time { millis: false },
        9 | 10 => Logical::Timestamp,
        11..=13 => Logical::Integer { bits: 32, signed: false },
        14 | 18 => Logical::Integer { bits: 64, signed: false },
        15..=17 => Logical::Integer { bits: 32, signed: true },
        19 => Logical::Json,
        _ => return None,
    })
}

fn stored(element: &Element, physical: i32) -> Physical {
    match physical {
        0 => Physical::Boolean,
        1 => Physical::Int32,
        2 => Physical::Int64,
        3 => Physical::Int96,
        4 => Physical::Float,
        5 => Physical::Double,
        6 => Physical::Bytes,
        7 => match element.length.and_then(|length| usize::try_from(length).ok()) {
            Some(length) if length > 0 => Physical::Fixed(length),
            _ => Physical::Nothing,
        },
        _ => Physical::Nothing,
    }
}
