//! As much of the encoding of protocol buffers as spans need.

/// Writes the fields of a message. What is empty is left out, as the encoding has it.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn number(mut self, field: u32, value: u64) -> Self {
        if value != 0 {
            self.key(field, 0);
            self.varint(value);
        }
        self
    }

    pub(super) fn fixed32(mut self, field: u32, value: u32) -> Self {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn fixed64(mut self, field: u32, value: u64) -> Self {
        self.key(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        if !value.is_empty() {
            self.put(field, value);
        }
        self
    }

    pub(super) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A message inside, also when it is empty.
    pub(super) fn message(mut self, field: u32, value: Self) -> Self {
        self.put(field, &value.0);
        self
    }

    /// One message inside for each.
    pub(super) fn messages(self, field: u32, values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn put(&mut self, field: u32, value: &[u8]) {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn key(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_others_read_them() {
        let inside = Message::default().text(2, "testing");
        let message = Message::default().number(1, 150).number(9, 0).bytes(4, b"").message(3, inside);
        assert_eq!(message.finish(), b"\x08\x96\x01\x1a\x09\x12\x07testing");
        let fixed = Message::default().fixed64(7, 1).fixed32(16, 0x101).message(2, Message::default());
        assert_eq!(fixed.finish(), b"\x39\x01\0\0\0\0\0\0\0\x85\x01\x01\x01\0\0\x12\0");
    }
}
