//! How a file is compressed and encoded.

use std::sync::Arc;

use forebay_sdk::Problem;
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, Type as Physical, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::types::{SchemaDescriptor, TypePtr};

use super::EncodeConfig;
use crate::schema::Schema;

/// # Errors
/// A name that is none, or an encoding that a column's type does not have.
pub(super) fn of(
    config: &EncodeConfig,
    schema: &Schema,
    root: &TypePtr,
) -> Result<WriterPropertiesPtr, Problem> {
    let compression = compression(&config.default_compression)
        .map_err(|error| Problem::new(error).at("/default_compression"))?;
    let statistics = match config.statistics.as_str() {
        "none" => EnabledStatistics::None,
        "chunk" => EnabledStatistics::Chunk,
        "page" => EnabledStatistics::Page,
        other => return Err(Problem::new(format!("{other} is not none, chunk or page")).at("/statistics")),
    };
    let default = Coding::parse(&config.default_encoding)
        .filter(|coding| coding.is_default())
        .ok_or_else(|| not_recognised(&config.default_encoding).at("/default_encoding"))?;
    let mut builder = WriterProperties::builder()
        .set_created_by("forebay".to_owned())
        .set_compression(compression)
        .set_statistics_enabled(statistics)
        .set_dictionary_enabled(false);
    let described = SchemaDescriptor::new(Arc::clone(root));
    for (column, special) in described.columns().iter().zip(&schema.special) {
        let path = column.path();
        let refuse = |error: String| Problem::new(format!("column {}: {error}", path.string())).at("/schema");
        if let Some(name) = &special.compression {
            let compression = self::compression(name).map_err(&refuse)?;
            builder = builder.set_column_compression(path.clone(), compression);
        }
        let coding = match &special.encoding {
            None => default.of_column(column.physical_type()).unwrap_or(Coding::Plain(Encoding::PLAIN)),
            Some(name) => {
                let coding =
                    Coding::parse(name).ok_or_else(|| refuse(format!("encoding {name} not recognised")))?;
                coding.of_column(column.physical_type()).ok_or_else(|| {
                    refuse(format!("{} columns have no encoding {name}", column.physical_type()))
                })?
            }
        };
        builder = match coding {
            Coding::Dictionary => builder.set_column_dictionary_enabled(path.clone(), true),
            Coding::Plain(encoding) => builder.set_column_encoding(path.clone(), encoding),
        };
        builder = builder.set_column_bloom_filter_enabled(path.clone(), special.bloom_filter);
    }
    Ok(Arc::new(builder.build()))
}

fn compression(name: &str) -> Result<Compression, String> {
    Ok(match name {
        "uncompressed" => Compression::UNCOMPRESSED,
        "snappy" => Compression::SNAPPY,
        "gzip" => Compression::GZIP(GzipLevel::default()),
        "brotli" => Compression::BROTLI(BrotliLevel::default()),
        "zstd" => Compression::ZSTD(ZstdLevel::default()),
        "lz4raw" => Compression::LZ4_RAW,
        other => return Err(format!("compression type {other} not recognised")),
    })
}

fn not_recognised(name: &str) -> Problem {
    Problem::new(format!("encoding type {name} not recognised"))
}

#[derive(Clone, Copy, Debug)]
enum Coding {
    Plain(Encoding),
    /// With a dictionary, and plain once that is too large.
    Dictionary,
}

impl Coding {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "PLAIN" => Self::Plain(Encoding::PLAIN),
            "RLE_DICTIONARY" => Self::Dictionary,
            "DELTA_LENGTH_BYTE_ARRAY" => Self::Plain(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            "DELTA_BYTE_ARRAY" => Self::Plain(Encoding::DELTA_BYTE_ARRAY),
            "DELTA_BINARY_PACKED" => Self::Plain(Encoding::DELTA_BINARY_PACKED),
            "BYTE_STREAM_SPLIT" => Self::Plain(Encoding::BYTE_STREAM_SPLIT),
            "RLE" => Self::Plain(Encoding::RLE),
            _ => return None,
        })
    }

    fn is_default(self) -> bool {
        matches!(self, Self::Dictionary | Self::Plain(Encoding::PLAIN | Encoding::DELTA_LENGTH_BYTE_ARRAY))
    }

    /// The same, if a column of this type can have it.
    fn of_column(self, physical: Physical) -> Option<Self> {
        use Physical as P;
        let can = match self {
            Self::Dictionary => physical != P::BOOLEAN,
            Self::Plain(Encoding::DELTA_LENGTH_BYTE_ARRAY) => physical == P::BYTE_ARRAY,
            Self::Plain(Encoding::DELTA_BYTE_ARRAY) => {
                matches!(physical, P::BYTE_ARRAY | P::FIXED_LEN_BYTE_ARRAY)
            }
            Self::Plain(Encoding::DELTA_BINARY_PACKED) => matches!(physical, P::INT32 | P::INT64),
            Self::Plain(Encoding::BYTE_STREAM_SPLIT) => {
                matches!(physical, P::INT32 | P::INT64 | P::FLOAT | P::DOUBLE | P::FIXED_LEN_BYTE_ARRAY)
            }
            Self::Plain(Encoding::RLE) => physical == P::BOOLEAN,
            Self::Plain(_) => true,
        };
        can.then_some(self)
    }
}
