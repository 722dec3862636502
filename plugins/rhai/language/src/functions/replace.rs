//! `replace` of strings. That of rhai makes the new string first and looks at its size then, and that can be the
//! product of two sizes.

use rhai::{Engine, EvalAltResult, ImmutableString, Position};

use super::Fallible;
use crate::limits::STRINGS;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("replace", |text: &mut ImmutableString, from: &str, to: &str| replace(text, from, to));
    engine.register_fn("replace", |text: &mut ImmutableString, from: &str, to: char| {
        replace(text, from, to.encode_utf8(&mut [0; 4]))
    });
    engine.register_fn("replace", |text: &mut ImmutableString, from: char, to: &str| {
        replace(text, from.encode_utf8(&mut [0; 4]), to)
    });
    engine.register_fn("replace", |text: &mut ImmutableString, from: char, to: char| {
        replace(text, from.encode_utf8(&mut [0; 4]), to.encode_utf8(&mut [0; 4]))
    });
}

fn replace(text: &mut ImmutableString, from: &str, to: &str) -> Fallible<()> {
    let growth = text.matches(from).count().saturating_mul(to.len());
    if growth.saturating_add(text.len()) > STRINGS && to.len() > from.len() {
        return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE).into());
    }
    if text.contains(from) {
        *text = text.replace(from, to).into();
    }
    Ok(())
}
