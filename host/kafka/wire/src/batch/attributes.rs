use crate::compression::Compression;

/// Bits 0 to 2.
const COMPRESSION: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// What holds for all records of a batch. Bits without a meaning are kept as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes(i16);

/// A number that stands for no compression that Kafka knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("compression {number} of a record batch is unknown: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd")]
pub struct UnknownCompression {
    pub number: i16,
}

impl Attributes {
    #[must_use]
    pub const fn from_bits(bits: i16) -> Self {
        Self(bits)
    }

    #[must_use]
    pub const fn bits(self) -> i16 {
        self.0
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// When the number stands for nothing.
    pub const fn compression(self) -> Result<Compression, UnknownCompression> {
        match self.0 & COMPRESSION {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            number => Err(UnknownCompression { number }),
        }
    }

    /// Whether all records have the time at which they were appended, which is the batch's max timestamp.
    #[must_use]
    pub const fn is_log_append_time(self) -> bool {
        self.0 & LOG_APPEND_TIME != 0
    }

    #[must_use]
    pub const fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    /// Whether the batch is a marker of brokers, not data.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    /// Whether the base timestamp is that from which on compaction may remove the batch's tombstones.
    #[must_use]
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON != 0
    }

    #[must_use]
    pub const fn with_delete_horizon(self) -> Self {
        Self(self.0 | DELETE_HORIZON)
    }

    #[must_use]
    pub const fn with_compression(self, compression: Compression) -> Self {
        let number = match compression {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        };
        Self(self.0 & !COMPRESSION | number)
    }

    #[must_use]
    pub const fn with_log_append_time(self) -> Self {
        Self(self.0 | LOG_APPEND_TIME)
    }

    #[must_use]
    pub const fn with_transactional(self) -> Self {
        Self(self.0 | TRANSACTIONAL)
    }

    #[must_use]
    pub const fn with_control(self) -> Self {
        Self(self.0 | CONTROL)
    }
}
