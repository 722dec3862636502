//! Orders, extremes and groups.

use std::cmp::Ordering;

use super::{Native, first};
use crate::error::{Error, Result};
use crate::order::compare;
use crate::value::Value;

pub(crate) const NATIVES: &[Native] = &[
    Native::new("min", 0, |_, input, _| extreme("min", input, None, Ordering::Greater)),
    Native::new("_min_by", 1, |_, input, keys| {
        extreme("min_by", input, Some(first(keys)), Ordering::Greater)
    }),
    Native::new("max", 0, |_, input, _| extreme("max", input, None, Ordering::Less)),
    Native::new("_max_by", 1, |_, input, keys| extreme("max_by", input, Some(first(keys)), Ordering::Less)),
    Native::new("sort", 0, |_, input, _| sort("sort", input, None)),
    Native::new("_sort_by", 1, |_, input, keys| sort("sort_by", input, Some(first(keys)))),
    Native::new("_group_by", 1, |_, input, keys| {
        let groups = groups("group_by", input, Some(first(keys)))?;
        Ok(Value::array(groups.into_iter().map(Value::array).collect()))
    }),
    Native::new("unique", 0, |_, input, _| unique("unique", input, None)),
    Native::new("_unique_by", 1, |_, input, keys| unique("unique_by", input, Some(first(keys)))),
    Native::new("bsearch", 1, |_, input, arguments| search(input, first(arguments))),
];

/// The items with what they are ordered by.
fn keyed<'v>(name: &str, value: &'v Value, keys: Option<&'v Value>) -> Result<Vec<(&'v Value, &'v Value)>> {
    let Some(keys) = keys else {
        let Value::Array(items) = value else { return Err(Error::type0(name, value)) };
        return Ok(items.items().iter().map(|item| (item, item)).collect());
    };
    match (value, keys) {
        (Value::Array(items), Value::Array(by)) if items.items().len() == by.items().len() => {
            Ok(by.items().iter().zip(items.items()).collect())
        }
        (Value::Array(_), Value::Array(_)) => Err(Error::new("length mismatch").within(name, value, &[keys])),
        _ => Err(Error::typed(name, value, &[keys])),
    }
}

/// The last of the least, or the first of the greatest: whichever gives way to `worse` ones only.
fn extreme(name: &str, value: &Value, keys: Option<&Value>, worse: Ordering) -> Result<Value> {
    let mut best: Option<(&Value, &Value)> = None;
    for (key, item) in keyed(name, value, keys)? {
        let is_better = best.is_none_or(|(before, _)| {
            let order = compare(before, key);
            // Of equal ones the first is the least, and the last the greatest.
            if worse == Ordering::Greater { order.is_gt() } else { order.is_le() }
        });
        if is_better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Value::Null, |(_, item)| item.clone()))
}

fn sorted<'v>(name: &str, value: &'v Value, keys: Option<&'v Value>) -> Result<Vec<(&'v Value, &'v Value)>> {
    let mut items = keyed(name, value, keys)?;
    // Not a number is less than itself, which no sort may be told.
    let order = |left: &Value, right: &Value| match (left, right) {
        (Value::Float(left), Value::Float(right)) if left.is_nan() && right.is_nan() => Ordering::Equal,
        _ => compare(left, right),
    };
    items.sort_by(|(left, _), (right, _)| order(left, right));
    Ok(items)
}

fn sort(name: &str, value: &Value, keys: Option<&Value>) -> Result<Value> {
    Ok(Value::array(sorted(name, value, keys)?.into_iter().map(|(_, item)| item.clone()).collect()))
}

fn groups(name: &str, value: &Value, keys: Option<&Value>) -> Result<Vec<Vec<Value>>> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut last: Option<&Value> = None;
    for (key, item) in sorted(name, value, keys)? {
        match groups.last_mut() {
            Some(group) if last.is_some_and(|last| compare(last, key).is_eq()) => group.push(item.clone()),
            _ => groups.push(vec![item.clone()]),
        }
        last = Some(key);
    }
    Ok(groups)
}

fn unique(name: &str, value: &Value, keys: Option<&Value>) -> Result<Value> {
    let groups = groups(name, value, keys)?;
    Ok(Value::array(groups.into_iter().filter_map(|group| group.into_iter().next()).collect()))
}

/// Where an item is in a sorted list, or would be, as a negative number.
fn search(value: &Value, wanted: &Value) -> Result<Value> {
    let Value::Array(array) = value else { return Err(Error::typed("bsearch", value, &[wanted])) };
    let items = array.items();
    let at = items.partition_point(|item| compare(item, wanted).is_lt());
    if items.get(at).is_some_and(|item| compare(item, wanted).is_eq()) {
        return Ok(Value::count(at));
    }
    Ok(Value::Int(-i64::try_from(at).unwrap_or(i64::MAX) - 1))
}
