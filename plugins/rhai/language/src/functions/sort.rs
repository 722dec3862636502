//! `sort`, `sort_by` and `sort_desc` of arrays. Those of rhai panic when a comparison is not consistent, and a panic is
//! the end of an instance.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use super::{Fallible, raise};

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("sort", |array: &mut Array| sort(array, natural));
    engine.register_fn("sort_desc", |array: &mut Array| {
        sort(array, |one, other| natural(one, other).map(Ordering::reverse))
    });
    for name in ["sort", "sort_by"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, array: &mut Array, compare: FnPtr| {
            sort(array, |one, other| {
                let answer = compare.call_raw(&context, None, [one.clone(), other.clone()])?;
                order(&answer)
            })
        });
    }
}

/// What a comparison says: below 0, 0 or above it; or whether the first one comes first.
fn order(answer: &Dynamic) -> Fallible<Ordering> {
    if let Ok(number) = answer.as_int() {
        return Ok(number.cmp(&0));
    }
    match answer.as_bool() {
        Ok(true) => Ok(Ordering::Less),
        Ok(false) => Ok(Ordering::Greater),
        Err(kind) => Err(raise(format!("a comparison gives a number or a bool, and this one {kind}"))),
    }
}

/// The order of values of the same type.
fn natural(one: &Dynamic, other: &Dynamic) -> Fallible<Ordering> {
    if let (Ok(one), Ok(other)) = (one.as_int(), other.as_int()) {
        return Ok(one.cmp(&other));
    }
    if let (Ok(one), Ok(other)) = (one.as_float(), other.as_float()) {
        return Ok(one.total_cmp(&other));
    }
    if let (Ok(one), Ok(other)) = (one.as_immutable_string_ref(), other.as_immutable_string_ref()) {
        return Ok(one.as_str().cmp(other.as_str()));
    }
    if let (Ok(one), Ok(other)) = (one.as_char(), other.as_char()) {
        return Ok(one.cmp(&other));
    }
    if let (Ok(one), Ok(other)) = (one.as_bool(), other.as_bool()) {
        return Ok(one.cmp(&other));
    }
    if one.is_unit() && other.is_unit() {
        return Ok(Ordering::Equal);
    }
    Err(raise(format!("{} and {} can't be sorted", one.type_name(), other.type_name())))
}

/// Sorts by merging, from the bottom up. Equal elements keep their order, and whatever the comparison says, this ends.
fn sort<F>(array: &mut Array, mut compare: F) -> Fallible<()>
where
    F: FnMut(&Dynamic, &Dynamic) -> Result<Ordering, Box<EvalAltResult>>,
{
    let length = array.len();
    let mut order: Vec<usize> = (0..length).collect();
    let mut merged = Vec::with_capacity(length);
    let mut width = 1;
    while width < length {
        merged.clear();
        for start in (0..length).step_by(2 * width) {
            let (middle, end) = ((start + width).min(length), (start + 2 * width).min(length));
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                let is_right = compare(&array[order[left]], &array[order[right]])? == Ordering::Greater;
                let next = if is_right { &mut right } else { &mut left };
                merged.push(order[*next]);
                *next += 1;
            }
            merged.extend_from_slice(&order[left..middle]);
            merged.extend_from_slice(&order[right..end]);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    *array = order.into_iter().map(|index| std::mem::take(&mut array[index])).collect();
    Ok(())
}
