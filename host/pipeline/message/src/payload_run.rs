use bytes::Bytes;
use forebay_columns::ColumnId;

use crate::Batch;

/// Messages of a batch, one after the other, whose payloads lie in one piece of memory: for whoever keeps payloads and
/// not the batch.
#[derive(Debug, Clone)]
pub struct PayloadRun {
    /// How many.
    pub messages: usize,
    /// Where their payloads lie, maybe with those of others.
    pub memory: Bytes,
    /// The bytes that stay in memory with any of them: those of the block that they came in.
    pub kept: usize,
}

impl Batch {
    /// All messages, by where their payloads lie.
    pub fn payload_runs(&self) -> impl Iterator<Item = PayloadRun> + '_ {
        self.parts().iter().map(|part| {
            let memory = part.columns.get(ColumnId::PAYLOAD).cloned().unwrap_or_default();
            PayloadRun { messages: part.len() as usize, memory, kept: part.columns.payload_block() }
        })
    }
}

#[cfg(test)]
mod tests {
    use forebay_columns::{BlockWriter, MetadataWriter, Value};

    use super::*;
    use crate::Origins;

    fn kept(batch: &Batch) -> usize {
        batch.payload_runs().map(|run| run.kept).sum()
    }

    #[test]
    fn payloads_lie_in_the_memory_of_their_run() {
        let first = Batch::from_payloads([Some("ab"), None, Some("cde")], true);
        let second = Batch::from_payloads([Some("f")], true);
        let selected = first.select(&[2, 0]).unwrap();
        let batch = Batch::concatenate(&[selected, second, first]).unwrap();
        let mut messages = batch.iter();
        let mut runs = Vec::new();
        for run in batch.payload_runs() {
            assert!(run.memory.len() <= run.kept);
            let mut bytes = 0;
            for message in messages.by_ref().take(run.messages) {
                let payload = message.payload().unwrap_or_default();
                assert_eq!(run.memory.slice_ref(payload), payload);
                bytes += payload.len();
            }
            runs.push((run.messages, bytes));
        }
        assert_eq!(runs, [(2, 5), (1, 1), (3, 5)]);
        assert!(messages.next().is_none());
    }

    #[test]
    fn a_block_stays_with_its_payloads_until_they_are_replaced() {
        let mut metadata = MetadataWriter::default();
        metadata.push("large", Value::Text(&"x".repeat(10_000)));
        metadata.end_message();
        let batch = Batch::from_parts([Some(&b"payload"[..])], true, metadata, []);
        let block = batch.block(u32::MAX).len();
        assert!(kept(&batch) == block && block > 10_000);
        // Its metadata is gone, and stays in memory.
        let replaced = batch.with_metadata(&[("large".to_owned(), Value::Null)]);
        assert!(replaced.byte_size() < 1_000 && kept(&replaced) == block);
        let mut errors = BlockWriter::without_payload(1);
        errors.push_error(0, "wrong");
        let derived = batch.derive(errors.finish().into(), &Origins::Same, 1 << 20).unwrap();
        assert_eq!(kept(&derived), block);
        assert!(kept(&batch.emptied()) < 1_000);
    }
}
