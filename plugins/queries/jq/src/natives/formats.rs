//! The formats: `@csv` and its kin.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use forebay_bloblang::Text;

use super::strings::{joined, shown};
use super::{Native, Tools, find, first};
use crate::error::{Error, Result};
use crate::show::{json, typed};
use crate::value::Value;

const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new());
/// Without padding, and with whatever bits are left over, as Go reads it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(crate) const NATIVES: &[Native] = &[
    Native::new("format", 1, |tools, input, arguments| format(tools, input, first(arguments))),
    Native::new("_tohtml", 0, |_, input, _| {
        const ESCAPES: [(u8, &str); 5] =
            [(b'<', "&lt;"), (b'>', "&gt;"), (b'&', "&amp;"), (b'\'', "&apos;"), (b'"', "&quot;")];
        Ok(Value::bytes(&escaped(shown(input).raw(), &ESCAPES)))
    }),
    Native::new("_touri", 0, |_, input, _| Ok(Value::from(to_uri(shown(input).raw())))),
    Native::new("_tourid", 0, |_, input, _| {
        let text = shown(input);
        let bytes = from_uri(text.raw()).map_err(|error| error.within("@urid", input, &[]))?;
        Ok(Value::bytes(&bytes))
    }),
    Native::new("_tocsv", 0, |_, input, _| {
        let quoted = |text: &Text| {
            let inner = escaped(text.raw(), &[(b'"', "\"\""), (0, "\\0")]);
            Text::of(&[b"\"".as_slice(), &inner, b"\""].concat())
        };
        row("csv", input, ",", quoted)
    }),
    Native::new("_totsv", 0, |_, input, _| {
        const ESCAPES: [(u8, &str); 5] =
            [(b'\t', "\\t"), (b'\r', "\\r"), (b'\n', "\\n"), (b'\\', "\\\\"), (0, "\\0")];
        row("tsv", input, "\t", |text| Text::of(&escaped(text.raw(), &ESCAPES)))
    }),
    Native::new("_tosh", 0, |_, input, _| {
        let quoted = |text: &Text| {
            let inner = escaped(text.raw(), &[(b'\'', "'\\''"), (0, "\\0")]);
            Text::of(&[b"'".as_slice(), &inner, b"'"].concat())
        };
        match input {
            Value::Array(_) => row("sh", input, " ", quoted),
            other => row("sh", &Value::array(vec![other.clone()]), " ", quoted),
        }
    }),
    Native::new("_tobase64", 0, |_, input, _| Ok(Value::from(PLAIN.encode(shown(input).raw())))),
    Native::new("_tobase64d", 0, |_, input, _| from_base64(input)),
];

fn format(tools: &mut Tools<'_>, input: &Value, name: &Value) -> Result<Value> {
    let Value::Text(text) = name else { return Err(Error::type0("format", name)) };
    let name = format!("@{text}");
    let native = crate::compile::format(&name).and_then(|function| find(function, 0));
    match native {
        Some(native) => (native.call)(tools, input, &[]),
        None => Err(Error::new(format!("format not defined: {name}"))),
    }
}

fn escaped(text: &[u8], escapes: &[(u8, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match escapes.iter().find(|(escaped, _)| escaped == byte) {
            Some((_, escape)) => out.extend_from_slice(escape.as_bytes()),
            None => out.push(*byte),
        }
    }
    out
}

fn row(name: &str, value: &Value, between: &'static str, escape: impl Fn(&Text) -> Text) -> Result<Value> {
    let Value::Array(cells) = value else { return Err(Error::type0(&format!("@{name}"), value)) };
    let mut parts = Vec::with_capacity(cells.items().len());
    for cell in cells.items() {
        parts.push(match cell {
            Value::Array(_) | Value::Object(_) => {
                let shown = typed(cell);
                return Err(Error::new(format!("@{name} cannot format an array including: {shown}")));
            }
            Value::Text(text) => escape(text),
            other => {
                let json = json(other);
                if json.as_str() == "null" && name != "sh" { Text::fixed("") } else { json }
            }
        });
    }
    joined(&parts, &Text::fixed(between))
}

fn to_uri(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn from_uri(text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'%' => {
                let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(at), digit(at + 1)) else {
                    let wrong = text.get(at - 1..(at + 2).min(text.len())).unwrap_or_default();
                    let wrong = forebay_bloblang::quoted(&String::from_utf8_lossy(wrong));
                    return Err(Error::new(format!("invalid URL escape {wrong}")));
                };
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 2;
            }
            b'+' => out.push(b' '),
            other => out.push(*other),
        }
    }
    Ok(out)
}

fn from_base64(value: &Value) -> Result<Value> {
    let text = shown(value);
    let whole = text.raw();
    let end = whole.iter().position(|byte| *byte == b'=').unwrap_or(whole.len());
    let whole = whole.get(..end).unwrap_or_default();
    // Go passes over the ends of lines.
    let kept: Vec<u8> = whole.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    match LENIENT.decode(&kept) {
        Ok(bytes) => Ok(Value::bytes(&bytes)),
        Err(_) => {
            let is_wrong = |byte: &u8| !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'/' | b'\r' | b'\n');
            // What ends too early is wrong where its last group begins.
            let at = whole.iter().position(is_wrong).unwrap_or(whole.len() / 4 * 4);
            let reason = format!("illegal base64 data at input byte {at}");
            Err(Error::new(reason).within("@base64d", value, &[]))
        }
    }
}
