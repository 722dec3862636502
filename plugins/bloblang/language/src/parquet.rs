//! Parquet files, as rows of the shapes that the package gives which Bento uses (parquet-go).
//!
//! A file is read from its end: the `footer` lists columns and where their pages are, `schema` makes a tree of the
//! columns, `shape` says what becomes of that tree, `column` reads the pages of a column chunk, and `rows` puts a row
//! together. Nothing in a file is trusted: every offset, size and count is checked before it is used, and what is made
//! of the file is counted (`Budget`), since a few bytes can stand for millions of values.
//!
//! Not read: encrypted files, and LZO and LZ4 with the frames of Hadoop, which Bento does not read either. Bloom
//! filters, statistics and indexes of pages are left alone.

mod bits;
mod budget;
mod column;
mod delta;
mod encoding;
mod footer;
mod hybrid;
mod page;
mod rows;
mod schema;
mod shape;
mod shown;
mod thrift;

use crate::value::Value;
use budget::Budget;
use column::Column;
use footer::{Footer, RowGroup};
use schema::Schema;
use shape::Shape;

/// All rows of a file.
///
/// # Errors
/// What is wrong with the file, where that is possible in the words of the package that Bento uses.
pub(crate) fn read(file: &[u8]) -> Result<Vec<Value>, String> {
    let (footer, schema) = open(file).map_err(|error| format!("parquet read panic: {error}"))?;
    let mut budget = Budget::new(file.len());
    let mut rows = Vec::new();
    let mut shape = None;
    for group in &footer.row_groups {
        if shape.is_none() && group.chunks.iter().any(|chunk| chunk.values > 0) {
            shape = Some(Shape::of(&schema).map_err(|error| format!("decoding panic: {error}"))?);
        }
        let columns = columns(file, group, &schema, shape.as_ref(), &mut budget)?;
        if let Some(shape) = &shape {
            rows::read(&columns, shape, &mut budget, &mut rows)?;
        }
        drop(columns);
        budget.end_row_group();
    }
    Ok(rows)
}

fn open(file: &[u8]) -> Result<(Footer, Schema), String> {
    let footer = Footer::read(file)?;
    if footer.row_groups.first().is_some_and(|group| group.chunks.is_empty()) {
        return Err("runtime error: index out of range [0] with length 0".to_owned());
    }
    let schema = Schema::new(&footer)?;
    Ok((footer, schema))
}

fn columns(
    file: &[u8],
    group: &RowGroup,
    schema: &Schema,
    shape: Option<&Shape>,
    budget: &mut Budget,
) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for (index, (leaf, chunk)) in schema.leaves.iter().zip(&group.chunks).enumerate() {
        let meaning = shape.and_then(|shape| shape.meanings.get(index)).copied().unwrap_or(leaf.meaning);
        let column = Column::read(file, chunk, leaf, meaning, budget);
        columns.push(column.map_err(|mistake| mistake.text(&schema.path(index)))?);
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
