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
    /// The bytes of their payloads.
    pub used: usize,
    /// The bytes that stay in memory with them, as far as the batch can tell: what came in one block stays together.
    pub kept: usize,
}

impl Batch {
    /// All messages, by where their payloads lie.
    pub fn payload_runs(&self) -> impl Iterator<Item = PayloadRun> + '_ {
        self.parts().iter().map(|part| {
            let payload = part.columns.payload();
            let used = if part.is_all() {
                payload.bytes().len()
            } else {
                let rows = (0..part.len()).map(|index| part.row(index) as usize);
                rows.map(|row| payload.range(row, row + 1).len()).sum()
            };
            let memory = part.columns.get(ColumnId::PAYLOAD).cloned().unwrap_or_default();
            PayloadRun { messages: part.len() as usize, memory, used, kept: part.columns.byte_size() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_lie_in_the_memory_of_their_run() {
        let first = Batch::from_payloads([Some("ab"), None, Some("cde")], true);
        let second = Batch::from_payloads([Some("f")], true);
        let selected = first.select(&[2, 0]).unwrap();
        let batch = Batch::concatenate(&[selected, second, first]).unwrap();
        let mut messages = batch.iter();
        let mut runs = Vec::new();
        for run in batch.payload_runs() {
            assert!(run.used <= run.memory.len() && run.memory.len() <= run.kept);
            for message in messages.by_ref().take(run.messages) {
                let payload = message.payload().unwrap_or_default();
                assert_eq!(run.memory.slice_ref(payload), payload);
            }
            runs.push((run.messages, run.used));
        }
        assert_eq!(runs, [(2, 5), (1, 1), (3, 5)]);
        assert!(messages.next().is_none());
    }
}
