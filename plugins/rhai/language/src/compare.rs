//! Whether values are the same: for what need not be written again.

use rhai::Dynamic;

use crate::limits::DOCUMENT_DEPTH;

/// Whether two values are the same in type and content. What can't be compared is not.
#[must_use]
pub fn same(one: &Dynamic, other: &Dynamic) -> bool {
    match (Fingerprint::of(one), Fingerprint::of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// What a value is known by. Two values with the same one are taken as equal: of 128 bits, so it takes somebody who
/// computes them on purpose to be wrong, and who does that keeps a message of his own from being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64, u64);

impl Fingerprint {
    /// Absent for a value that no document could hold.
    pub(crate) fn of(value: &Dynamic) -> Option<Self> {
        let mut mixed = Self(0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03);
        mixed.value(value, 0).then_some(mixed)
    }

    fn value(&mut self, value: &Dynamic, depth: usize) -> bool {
        if depth > DOCUMENT_DEPTH {
            return false;
        }
        if value.is_unit() {
            self.word(1);
        } else if let Ok(value) = value.as_bool() {
            self.word(2 + u64::from(value));
        } else if let Ok(value) = value.as_int() {
            self.word(4);
            self.word(value.cast_unsigned());
        } else if let Ok(value) = value.as_float() {
            self.word(5);
            self.word(value.to_bits());
        } else if let Ok(value) = value.as_char() {
            self.word(6);
            self.word(u64::from(u32::from(value)));
        } else if let Ok(text) = value.as_immutable_string_ref() {
            self.word(7);
            self.bytes(text.as_bytes());
        } else if let Ok(bytes) = value.as_blob_ref() {
            self.word(8);
            self.bytes(&bytes);
        } else if let Ok(elements) = value.as_array_ref() {
            self.word(9);
            self.word(elements.len() as u64);
            return elements.iter().all(|element| self.value(element, depth + 1));
        } else if let Ok(members) = value.as_map_ref() {
            self.word(10);
            self.word(members.len() as u64);
            return members.iter().all(|(key, member)| {
                self.bytes(key.as_bytes());
                self.value(member, depth + 1)
            });
        } else {
            return false;
        }
        true
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(last));
        }
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.1 = (self.1 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25).rotate_left(29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn value(text: &str) -> Dynamic {
        json::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn equal_values_are_the_same_and_others_are_not() {
        let all = [
            "null",
            "true",
            "false",
            "0",
            "1",
            "1.0",
            "\"\"",
            "\"1\"",
            "[]",
            "[null]",
            "[[]]",
            "{}",
            "[[],[]]",
            "[[[]]]",
            "{\"a\":1}",
            "{\"a\":\"1\"}",
            "{\"b\":1}",
            "{\"a\":{\"a\":1}}",
            "[1,2]",
            "[2,1]",
            "\"12345678\"",
            "\"123456789\"",
            "\"12345678\\u0000\"",
        ];
        for one in all {
            for other in all {
                assert_eq!(same(&value(one), &value(other)), one == other, "{one} {other}");
            }
        }
    }

    #[test]
    fn what_no_document_holds_is_the_same_as_nothing() {
        let function = Dynamic::from(rhai::FnPtr::new("f").unwrap());
        assert!(!same(&function, &function));
    }
}
