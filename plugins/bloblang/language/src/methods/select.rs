//! Objects with only some of their fields.

use super::expect;
use crate::value::{Object, Text, Value};

/// The steps of a path with dots, in which `~1` stands for a dot and `~0` for a tilde.
pub(super) fn segments(path: &str) -> Vec<Text> {
    path.split('.').map(|part| Text::from(part.replace("~1", ".").replace("~0", "~"))).collect()
}

/// Refuses arguments that are no paths.
pub(super) fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    for (index, argument) in arguments.iter().enumerate() {
        if let Some(value) = argument {
            expect::text(value)
                .map_err(|failure| failure.within(format_args!("argument {index}")).to_string())?;
        }
    }
    Ok(())
}

/// What of the paths goes on below `key`, and whether one ends there.
fn below<'p>(paths: &[&'p [Text]], key: &Text) -> (Vec<&'p [Text]>, bool) {
    let mut deeper = Vec::new();
    let mut ends = false;
    for path in paths {
        match path.split_first() {
            Some((first, [])) if first == key => ends = true,
            Some((first, rest)) if first == key => deeper.push(rest),
            _ => {}
        }
    }
    (deeper, ends)
}

/// What the paths lead to. Where one path ends at an object and another goes on below it, only the latter counts.
pub(super) fn only(object: &Object, paths: &[&[Text]]) -> Object {
    let mut kept = Vec::new();
    for (key, value) in object.iter() {
        let (deeper, ends) = below(paths, key);
        match value {
            Value::Object(inner) if !deeper.is_empty() => {
                kept.push((key.clone(), Value::Object(only(inner, &deeper))));
            }
            value if ends || !deeper.is_empty() => kept.push((key.clone(), value.clone())),
            _ => {}
        }
    }
    Object::from(kept)
}

/// What the paths do not lead to.
pub(super) fn rest(object: &Object, paths: &[&[Text]]) -> Object {
    let mut kept = Vec::new();
    for (key, value) in object.iter() {
        let (deeper, ends) = below(paths, key);
        if ends {
            continue;
        }
        match value {
            Value::Object(inner) if !deeper.is_empty() => {
                kept.push((key.clone(), Value::Object(rest(inner, &deeper))));
            }
            value => kept.push((key.clone(), value.clone())),
        }
    }
    Object::from(kept)
}
