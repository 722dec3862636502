use std::fmt;

use crate::value::Value;

/// Where a record was in the topic that a pipeline has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    pub partition: i32,
    pub offset: i64,
}

/// What became of a record on its way through a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    pub value: Value,
    pub source: Source,
}

impl Carried {
    /// The mapping of such a pipeline: it says behind each value where that was.
    pub const MAPPING: &'static str =
        r#"root = content().string() + "|" + @kafka_partition.string() + ":" + @kafka_offset.string()"#;

    /// What these bytes say, if they are what the mapping makes of a value as it was sent.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().rposition(|byte| *byte == b'|')?;
        let (partition, offset) = std::str::from_utf8(bytes.get(end + 1..)?).ok()?.split_once(':')?;
        let source = Source { partition: partition.parse().ok()?, offset: offset.parse().ok()? };
        Some(Self { value: Value::of(bytes.get(..end)?)?, source })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} offset {}", self.partition, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pipeline_has_made_is_read_or_not_at_all() {
        let value = Value { client: 1, partition: 2, number: 3 };
        let sent = String::from_utf8(value.bytes(40).to_vec()).unwrap();
        let source = Source { partition: 2, offset: 17 };
        assert_eq!(Carried::of(format!("{sent}|2:17").as_bytes()), Some(Carried { value, source }));
        for bytes in [sent.clone(), format!("{sent}|2"), format!("{sent}|2:x"), format!("x{sent}|2:17")] {
            assert_eq!(Carried::of(bytes.as_bytes()), None, "{bytes}");
        }
    }
}
