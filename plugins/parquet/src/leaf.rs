//! The types of columns by the names that a schema has for them.

use std::sync::Arc;

pub(crate) use forebay_calendar::Unit;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{PrimitiveTypeBuilder, Type};

/// What values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    Boolean,
    Int { bits: u8, signed: bool },
    Float,
    Double,
    Binary,
    Text,
    Json,
    Enum,
    Uuid,
    Fixed { bytes: u16 },
    Decimal { physical: DecimalIn, precision: u8, scale: u8 },
    Date,
    Time(Unit),
    Timestamp(Unit),
}

/// What holds the digits of a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalIn {
    Int32,
    Int64,
    /// As few bytes as the precision needs.
    Fixed,
}

/// The names of types, those of Bento first. `DECIMAL`, `FIXED_LEN_BYTE_ARRAY` and what follows `DOUBLE` and `UTF8`
/// are ours.
pub(crate) const NAMES: [&str; 31] = [
    "BOOLEAN",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "DECIMAL64",
    "DECIMAL32",
    "FLOAT",
    "DOUBLE",
    "BYTE_ARRAY",
    "UTF8",
    "MAP",
    "LIST",
    "STRUCT",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "DECIMAL",
    "FIXED_LEN_BYTE_ARRAY",
    "DATE",
    "TIME_MILLIS",
    "TIME_MICROS",
    "TIME_NANOS",
    "TIMESTAMP_MILLIS",
    "TIMESTAMP_MICROS",
    "TIMESTAMP_NANOS",
    "UUID",
    "JSON",
    "ENUM",
    "STRING",
];

/// What a schema says of a type beside its name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) precision: i64,
    pub(crate) scale: i64,
    pub(crate) length: i64,
}

impl Leaf {
    /// # Errors
    /// No column has that type, or not with these sizes.
    pub(crate) fn parse(name: &str, sizes: Sizes) -> std::result::Result<Self, String> {
        let int = |bits, signed| Self::Int { bits, signed };
        Ok(match name {
            "BOOLEAN" => Self::Boolean,
            "INT8" => int(8, true),
            "INT16" => int(16, true),
            "INT32" => int(32, true),
            "INT64" => int(64, true),
            "UINT8" => int(8, false),
            "UINT16" => int(16, false),
            "UINT32" => int(32, false),
            "UINT64" => int(64, false),
            "FLOAT" => Self::Float,
            "DOUBLE" => Self::Double,
            "BYTE_ARRAY" => Self::Binary,
            "UTF8" | "STRING" => Self::Text,
            "JSON" => Self::Json,
            "ENUM" => Self::Enum,
            "UUID" => Self::Uuid,
            "DATE" => Self::Date,
            "TIME_MILLIS" => Self::Time(Unit::Millis),
            "TIME_MICROS" => Self::Time(Unit::Micros),
            "TIME_NANOS" => Self::Time(Unit::Nanos),
            "TIMESTAMP_MILLIS" => Self::Timestamp(Unit::Millis),
            "TIMESTAMP_MICROS" => Self::Timestamp(Unit::Micros),
            "TIMESTAMP_NANOS" => Self::Timestamp(Unit::Nanos),
            "DECIMAL32" => decimal(DecimalIn::Int32, sizes, 9)?,
            "DECIMAL64" => decimal(DecimalIn::Int64, sizes, 18)?,
            "DECIMAL" => decimal(DecimalIn::Fixed, sizes, 38)?,
            "FIXED_LEN_BYTE_ARRAY" => {
                let bytes = u16::try_from(sizes.length).ok().filter(|bytes| *bytes > 0);
                let bytes = bytes.ok_or("FIXED_LEN_BYTE_ARRAY needs a length of 1 to 65535 bytes")?;
                Self::Fixed { bytes }
            }
            other => return Err(format!("type {other} not recognised: it is one of {}", NAMES.join(", "))),
        })
    }

    /// The bytes of each value, where all have as many.
    pub(crate) fn fixed(self) -> Option<usize> {
        match self {
            Self::Uuid => Some(16),
            Self::Fixed { bytes } => Some(usize::from(bytes)),
            Self::Decimal { physical: DecimalIn::Fixed, precision, .. } => Some(decimal_bytes(precision)),
            _ => None,
        }
    }

    pub(crate) fn physical(self) -> Physical {
        match self {
            Self::Boolean => Physical::BOOLEAN,
            Self::Int { bits: 64, .. } => Physical::INT64,
            Self::Int { .. } | Self::Date | Self::Time(Unit::Millis) => Physical::INT32,
            Self::Time(_) | Self::Timestamp(_) => Physical::INT64,
            Self::Float => Physical::FLOAT,
            Self::Double => Physical::DOUBLE,
            Self::Binary | Self::Text | Self::Json | Self::Enum => Physical::BYTE_ARRAY,
            Self::Uuid | Self::Fixed { .. } => Physical::FIXED_LEN_BYTE_ARRAY,
            Self::Decimal { physical, .. } => match physical {
                DecimalIn::Int32 => Physical::INT32,
                DecimalIn::Int64 => Physical::INT64,
                DecimalIn::Fixed => Physical::FIXED_LEN_BYTE_ARRAY,
            },
        }
    }

    /// The type of a column.
    pub(crate) fn column<'a>(self, name: &'a str) -> PrimitiveTypeBuilder<'a> {
        let builder = Type::primitive_type_builder(name, self.physical()).with_logical_type(self.logical());
        // Readers from before logical types know these.
        let builder = builder.with_converted_type(self.converted());
        match self {
            Self::Decimal { precision, scale, .. } => {
                builder.with_precision(i32::from(precision)).with_scale(i32::from(scale))
            }
            _ => builder,
        }
        .with_length(self.fixed().and_then(|bytes| i32::try_from(bytes).ok()).unwrap_or(-1))
    }

    fn logical(self) -> Option<LogicalType> {
        Some(match self {
            // Plain numbers are what columns of these widths are without being told.
            Self::Int { bits: 32 | 64, signed: true } => return None,
            Self::Int { bits, signed } => LogicalType::integer(i8::try_from(bits).unwrap_or(64), signed),
            Self::Boolean | Self::Float | Self::Double | Self::Binary | Self::Fixed { .. } => return None,
            Self::Text => LogicalType::String,
            Self::Json => LogicalType::Json,
            Self::Enum => LogicalType::Enum,
            Self::Uuid => LogicalType::Uuid,
            Self::Date => LogicalType::Date,
            Self::Time(unit) => LogicalType::time(true, in_file(unit)),
            Self::Timestamp(unit) => LogicalType::timestamp(true, in_file(unit)),
            Self::Decimal { precision, scale, .. } => {
                LogicalType::decimal(i32::from(scale), i32::from(precision))
            }
        })
    }

    fn converted(self) -> ConvertedType {
        match self {
            Self::Int { bits: 8, signed: true } => ConvertedType::INT_8,
            Self::Int { bits: 16, signed: true } => ConvertedType::INT_16,
            Self::Int { bits: 8, .. } => ConvertedType::UINT_8,
            Self::Int { bits: 16, .. } => ConvertedType::UINT_16,
            Self::Int { bits: 32, signed: false } => ConvertedType::UINT_32,
            Self::Int { bits: 64, signed: false } => ConvertedType::UINT_64,
            Self::Text => ConvertedType::UTF8,
            Self::Json => ConvertedType::JSON,
            Self::Enum => ConvertedType::ENUM,
            Self::Date => ConvertedType::DATE,
            Self::Time(Unit::Millis) => ConvertedType::TIME_MILLIS,
            Self::Time(Unit::Micros) => ConvertedType::TIME_MICROS,
            Self::Timestamp(Unit::Millis) => ConvertedType::TIMESTAMP_MILLIS,
            Self::Timestamp(Unit::Micros) => ConvertedType::TIMESTAMP_MICROS,
            Self::Decimal { .. } => ConvertedType::DECIMAL,
            _ => ConvertedType::NONE,
        }
    }
}

fn in_file(unit: Unit) -> TimeUnit {
    match unit {
        Unit::Millis => TimeUnit::MILLIS,
        Unit::Micros => TimeUnit::MICROS,
        Unit::Nanos => TimeUnit::NANOS,
    }
}

fn decimal(physical: DecimalIn, sizes: Sizes, most: u8) -> std::result::Result<Leaf, String> {
    let precision = u8::try_from(sizes.precision).ok().filter(|precision| (1..=most).contains(precision));
    let precision = precision.ok_or_else(|| {
        format!("decimal_precision is {}: it must be from 1 to {most} for this type", sizes.precision)
    })?;
    let scale = u8::try_from(sizes.scale).ok().filter(|scale| *scale <= precision);
    let scale = scale.ok_or_else(|| {
        format!("decimal_scale is {}: it must be from 0 to the precision, {precision}", sizes.scale)
    })?;
    Ok(Leaf::Decimal { physical, precision, scale })
}

/// How many bytes hold every number of so many digits and its sign.
pub(crate) fn decimal_bytes(precision: u8) -> usize {
    let largest = 10_i128.checked_pow(u32::from(precision)).map_or(i128::MAX, |power| power - 1);
    let bits = 128 - largest.leading_zeros() + 1;
    (bits as usize).div_ceil(8)
}

/// A finished type in the tree of a schema.
pub(crate) fn finish(builder: PrimitiveTypeBuilder<'_>) -> Result<Arc<Type>> {
    builder.build().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_as_few_bytes_as_their_precision_needs() {
        for (precision, bytes) in [(1, 1), (2, 1), (3, 2), (4, 2), (9, 4), (18, 8), (19, 9), (38, 16)] {
            assert_eq!(decimal_bytes(precision), bytes, "{precision}");
        }
    }

    #[test]
    fn every_name_is_of_a_type_or_a_container() {
        let sizes = Sizes { precision: 5, scale: 2, length: 3 };
        for name in NAMES.iter().filter(|name| !["MAP", "LIST", "STRUCT"].contains(name)) {
            let leaf = Leaf::parse(name, sizes).expect(name);
            finish(leaf.column("c")).expect(name);
        }
    }
}
