use std::time::Duration;

use forebay_csv::{Header, Row, write_array};
use forebay_sdk::files::FileDetails;
use forebay_sdk::{Batch, BlockWriter, MetadataWriter, Value};

/// Rows that become one batch.
pub(super) struct Building {
    block: BlockWriter,
    /// Which messages are objects, and have the names in their metadata.
    objects: Vec<bool>,
}

impl Building {
    pub(super) fn new() -> Self {
        Self { block: BlockWriter::with_capacity(0, 0), objects: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(super) fn bytes(&mut self) -> usize {
        self.block.payload().len()
    }

    /// Adds a row: as an object where there are names for all its fields.
    pub(super) fn push(&mut self, header: Option<&Header>, row: &Row) {
        let header = header.filter(|header| header.row().len() >= row.len());
        match header {
            Some(header) => header.write_object(row, self.block.payload()),
            None => write_array(row, self.block.payload()),
        }
        self.block.end_message();
        self.objects.push(header.is_some());
    }

    /// Takes the rows out. `names` are those of the file, as JSON.
    pub(super) fn finish(&mut self, file: &FileDetails, names: &str, independent: bool) -> Batch {
        let Self { mut block, objects } = std::mem::replace(self, Self::new());
        let mut metadata = MetadataWriter::default();
        let modified = file.modified.unwrap_or(Duration::ZERO);
        let seconds = i64::try_from(modified.as_secs()).unwrap_or(i64::MAX);
        metadata.push_shared("path", Value::Text(&file.path));
        metadata.push_shared("mod_time_unix", Value::Signed(seconds));
        metadata.push_shared("mod_time", Value::Text(&forebay_text::of_seconds(modified)));
        if objects.iter().all(|is_object| *is_object) {
            metadata.push_shared("header", Value::Json(names));
        } else if objects.contains(&true) {
            for is_object in objects {
                if is_object {
                    metadata.push("header", Value::Json(names));
                }
                metadata.end_message();
            }
        }
        block.set_metadata(metadata);
        block.set_independent(independent);
        Batch::from_block(block)
    }
}
