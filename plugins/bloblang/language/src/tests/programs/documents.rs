//! Documents, and contents that are none.

use super::Choices;

const SCALARS: [&str; 18] = [
    "null",
    "1",
    "\"a\"",
    "true",
    "-3",
    "2.5",
    "\"\"",
    "1e3",
    "-0",
    "12345678901234567890",
    "1e400",
    "0.1",
    "\"2020-08-14T11:45:26Z\"",
    "\"\\u00e9\\n\\\"\\ud83d\\ude00\\ud800\"",
    "\"68656c6c6f\"",
    "\"{\\\"a\\\":1}\"",
    "9223372036854775807",
    "false",
];
const KEYS: [&str; 6] = ["a", "b", "c", "0", "a b", ""];

/// The content of a message, mostly an object.
pub(in crate::tests) fn document(choices: &mut Choices<'_>) -> String {
    let mut content = String::new();
    match choices.below(16) {
        14 => value(choices, 4, &mut content),
        15 => content.push_str(choices.pick(&["", "no document", "{\"a\":", "[1] 2", "null", "\0"])),
        _ => object(choices, 4, &mut content),
    }
    content
}

fn value(choices: &mut Choices<'_>, depth: usize, out: &mut String) {
    match choices.below(8) {
        5 | 6 if depth > 0 => object(choices, depth - 1, out),
        7 if depth > 0 => {
            out.push('[');
            for index in 0..choices.below(5) {
                if index > 0 {
                    out.push_str(choices.pick(&[",", " , "]));
                }
                value(choices, depth - 1, out);
            }
            out.push(']');
        }
        _ => out.push_str(choices.pick(&SCALARS)),
    }
}

fn object(choices: &mut Choices<'_>, depth: usize, out: &mut String) {
    out.push('{');
    for index in 0..choices.below(6) {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&format!("\"{}\":", choices.pick(&KEYS)));
        value(choices, depth, out);
    }
    out.push('}');
}
