//! Replacing several texts, which two methods do.

use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::Evaluated;
use crate::value::Value;

pub(super) fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Array(values))] => pairs(values).map(|_| ()),
        _ => Ok(()),
    }
}

type Pair<'v> = (Cow<'v, [u8]>, Cow<'v, [u8]>);

fn pairs(values: &[Value]) -> Result<Vec<Pair<'_>>, String> {
    let (pairs, []) = values.as_chunks::<2>() else {
        let shown: Vec<_> = values.iter().map(Value::verbose).collect();
        return Err(format!(
            "invalid arg, replacements should be in pairs and must therefore be even: [{}]",
            shown.join(" ")
        ));
    };
    let mut texts = Vec::with_capacity(pairs.len());
    for (index, [old, new]) in pairs.iter().enumerate() {
        texts.push((text(index * 2, old)?, text(index * 2 + 1, new)?));
    }
    Ok(texts)
}

fn text(index: usize, value: &Value) -> Result<Cow<'_, [u8]>, String> {
    expect::content(value).map_err(|failure| format!("invalid replacement value at index {index}: {failure}"))
}

pub(super) fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let values = call.array(0)?;
    let pairs = pairs(&values).map_err(Failure::plain)?;
    let mut text = expect::bytes(&target)?.to_vec();
    for (old, new) in pairs {
        call.frame.run.step()?;
        text = replaced(&text, &old, &new)?;
    }
    Ok(match target.as_ref() {
        Value::Bytes(_) => Value::bytes(&text),
        _ => expect::string(text),
    })
}

/// `text` with every `old` replaced; an empty `old` stands before and after every character.
pub(super) fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(text.len());
    if old.is_empty() {
        out.extend_from_slice(new);
        for chunk in text.utf8_chunks() {
            let invalid = chunk.invalid().iter().map(std::slice::from_ref);
            let mut buffer = [0; 4];
            for character in chunk.valid().chars() {
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                out.extend_from_slice(new);
            }
            for byte in invalid {
                out.extend_from_slice(byte);
                out.extend_from_slice(new);
            }
            expect::size(out.len())?;
        }
        return Ok(out);
    }
    let finder = memchr::memmem::Finder::new(old);
    let mut end = 0;
    for start in finder.find_iter(text) {
        out.extend_from_slice(text.get(end..start).unwrap_or_default());
        out.extend_from_slice(new);
        expect::size(out.len())?;
        end = start + old.len();
    }
    out.extend_from_slice(text.get(end..).unwrap_or_default());
    Ok(out)
}
