//! Reads protocol buffers, without a schema.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) number: u64,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Field {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Value::Bytes(bytes) = &self.value else { panic!("{self:?}") };
        bytes.clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    pub(crate) fn number_value(&self) -> u64 {
        let Value::Number(number) = self.value else { panic!("{self:?}") };
        number
    }
}

/// All fields of a message, in order.
pub(crate) fn fields(mut message: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let value = match key & 7 {
            0 => Value::Number(varint(&mut message)),
            1 => Value::Number(fixed(&mut message, 8)),
            5 => Value::Number(fixed(&mut message, 4)),
            2 => {
                let length = usize::try_from(varint(&mut message)).unwrap();
                let (value, rest) = message.split_at(length);
                message = rest;
                Value::Bytes(value.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        fields.push(Field { number: key >> 3, value });
    }
    fields
}

/// The first field with a number.
pub(crate) fn field(fields: &[Field], number: u64) -> Field {
    fields
        .iter()
        .find(|field| field.number == number)
        .cloned()
        .unwrap_or_else(|| panic!("{number} in {fields:?}"))
}

/// The attributes in fields with a number: names and values that are texts.
pub(crate) fn texts(of: &[Field], number: u64) -> Vec<(String, String)> {
    let attributes = of.iter().filter(|field| field.number == number).map(|field| fields(&field.bytes()));
    attributes
        .map(|pair| (field(&pair, 1).text(), field(&fields(&field(&pair, 2).bytes()), 1).text()))
        .collect()
}

fn varint(message: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0.. {
        let (first, rest) = message.split_first().unwrap();
        *message = rest;
        value |= u64::from(first & 0x7f) << (7 * place);
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn fixed(message: &mut &[u8], length: usize) -> u64 {
    let (value, rest) = message.split_at(length);
    *message = rest;
    value.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
