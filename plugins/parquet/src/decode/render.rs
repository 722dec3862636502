//! Values of columns as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_json::{Html, write_float, write_string};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;

use crate::leaf::Unit;

/// How values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Render {
    /// As what they are: numbers, and bytes in base64.
    Plain,
    Unsigned,
    Text,
    /// JSON, as it is.
    Json,
    Uuid,
    Half,
    Decimal {
        scale: u32,
    },
    Date,
    Time(Unit),
    Timestamp {
        unit: Unit,
        utc: bool,
    },
}

impl Render {
    pub(super) fn new(column: &ColumnDescriptor, logical_types: bool) -> Self {
        let plain = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Integer(int)), _) if !int.is_signed => return Self::Unsigned,
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => return Self::Unsigned,
            (Some(LogicalType::String | LogicalType::Enum), _)
            | (None, ConvertedType::UTF8 | ConvertedType::ENUM) => return Self::Text,
            (Some(LogicalType::Json), _) | (None, ConvertedType::JSON) => Self::Text,
            _ => Self::Plain,
        };
        if !logical_types {
            return plain;
        }
        let scale = || u32::try_from(column.type_scale()).unwrap_or_default();
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Json), _) | (None, ConvertedType::JSON) => Self::Json,
            (Some(LogicalType::Uuid), _) => Self::Uuid,
            (Some(LogicalType::Float16), _) => Self::Half,
            (Some(LogicalType::Decimal(decimal)), _) => {
                Self::Decimal { scale: u32::try_from(decimal.scale).unwrap_or_default() }
            }
            (None, ConvertedType::DECIMAL) => Self::Decimal { scale: scale() },
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Self::Date,
            (Some(LogicalType::Time(time)), _) => Self::Time(unit(time.unit)),
            (None, ConvertedType::TIME_MILLIS) => Self::Time(Unit::Millis),
            (None, ConvertedType::TIME_MICROS) => Self::Time(Unit::Micros),
            (Some(LogicalType::Timestamp(time)), _) => {
                Self::Timestamp { unit: unit(time.unit), utc: time.is_adjusted_to_u_t_c }
            }
            (None, ConvertedType::TIMESTAMP_MILLIS) => Self::Timestamp { unit: Unit::Millis, utc: true },
            (None, ConvertedType::TIMESTAMP_MICROS) => Self::Timestamp { unit: Unit::Micros, utc: true },
            _ if column.physical_type() == Physical::INT96 => {
                Self::Timestamp { unit: Unit::Nanos, utc: true }
            }
            _ => plain,
        }
    }

    pub(super) fn int(self, value: i64, bits: u8, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned => {
                #[expect(clippy::cast_sign_loss, reason = "the bits are those of an unsigned number")]
                let value = value as u64 & (u64::MAX >> (64 - bits));
                out.extend_from_slice(value.to_string().as_bytes());
            }
            Self::Decimal { scale } => decimal(i128::from(value), scale, out),
            Self::Date => quoted(out, |out| forebay_calendar::write_day(value, out)),
            Self::Time(unit) => quoted(out, |out| forebay_calendar::write_time(value, unit, out)),
            Self::Timestamp { unit, utc } => quoted(out, |out| {
                forebay_calendar::write_instant(value, unit, out);
                if !utc {
                    // A local time: it is of no zone.
                    out.pop();
                }
            }),
            _ => out.extend_from_slice(value.to_string().as_bytes()),
        }
    }

    /// A time of files from before there were logical types, as nanoseconds since 1970 where nothing else is wanted.
    pub(super) fn int96(self, value: &Int96, out: &mut Vec<u8>) {
        let (seconds, nanoseconds) = (value.to_seconds(), value.to_nanos());
        if matches!(self, Self::Timestamp { .. }) && seconds.checked_mul(1_000_000_000).is_none() {
            quoted(out, |out| forebay_calendar::write_instant(value.to_millis(), Unit::Millis, out));
        } else {
            self.int(nanoseconds, 64, out);
        }
    }

    pub(super) fn bytes(self, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Text => write_string(value, Html::Plain, out),
            Self::Json => {
                let whole = forebay_json::scan::value(value, 0)
                    .is_ok_and(|(_, end)| forebay_json::scan::space(value, end) == value.len());
                if whole && std::str::from_utf8(value).is_ok() {
                    out.extend_from_slice(value);
                } else {
                    write_string(value, Html::Plain, out);
                }
            }
            Self::Uuid if value.len() == 16 => quoted(out, |out| {
                for (index, byte) in value.iter().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        out.push(b'-');
                    }
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
            }),
            Self::Half if value.len() == 2 => {
                let bits = u16::from_le_bytes([value[0], value[1]]);
                float(half(bits), out);
            }
            Self::Decimal { scale } if value.len() <= 16 => {
                let negative = value.first().is_some_and(|first| first & 0x80 != 0);
                let start = if negative { -1 } else { 0 };
                let digits = value.iter().fold(start, |digits: i128, byte| digits << 8 | i128::from(*byte));
                decimal(digits, scale, out);
            }
            _ => quoted(out, |out| {
                let start = out.len();
                out.resize(start + value.len().div_ceil(3) * 4, 0);
                let written = out.get_mut(start..).map(|room| STANDARD.encode_slice(value, room));
                debug_assert!(written.is_some_and(|written| written.is_ok()));
            }),
        }
    }
}

/// What is no number in JSON is null.
pub(super) fn float(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() { write_float(value, out) } else { out.extend_from_slice(b"null") }
}

/// A number with as many digits as tell it from its neighbours of the same type.
pub(super) fn single(value: f32, out: &mut Vec<u8>) {
    float(value.to_string().parse().unwrap_or(f64::NAN), out);
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn decimal(digits: i128, scale: u32, out: &mut Vec<u8>) {
    let scale = scale as usize;
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    if digits < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(whole.as_bytes());
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

fn unit(unit: TimeUnit) -> Unit {
    match unit {
        TimeUnit::MILLIS => Unit::Millis,
        TimeUnit::MICROS => Unit::Micros,
        TimeUnit::NANOS => Unit::Nanos,
    }
}

/// A float of IEEE 754's binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn decimals_have_their_point() {
        for (digits, scale, expected) in
            [(12_345, 2, "123.45"), (-5, 2, "-0.05"), (7, 0, "7"), (0, 3, "0.000"), (-1_000, 3, "-1.000")]
        {
            assert_eq!(written(|out| decimal(digits, scale, out)), expected);
        }
        let render = Render::Decimal { scale: 1 };
        assert_eq!(written(|out| render.bytes(&[0xff, 0x85], out)), "-12.3");
    }

    #[test]
    fn small_floats_are_what_they_were() {
        assert_eq!(written(|out| single(0.1, out)), "0.1");
        assert_eq!(written(|out| float(f64::NAN, out)), "null");
        for (bits, expected) in [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_477_539_063e-8)] {
            assert_eq!(half(bits), expected);
        }
    }

    #[test]
    fn bytes_are_base64_and_ids_are_text() {
        assert_eq!(written(|out| Render::Plain.bytes(b"\x00\xff!", out)), "\"AP8h\"");
        let id = written(|out| Render::Uuid.bytes(&[0x12; 16], out));
        assert_eq!(id, "\"12121212-1212-1212-1212-121212121212\"");
        assert_eq!(written(|out| Render::Json.bytes(b"{\"a\": 1}", out)), "{\"a\": 1}");
        assert_eq!(written(|out| Render::Json.bytes(b"{", out)), "\"{\"");
    }
}
