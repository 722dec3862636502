//! The field `codec`, by which inputs were told how to cut streams before there were scanners.

use forebay_pipeline_config::ComponentConfig;
use forebay_plugins_api::{OpenError, Problem};
use serde_json::{Value, json};

/// The scanner that a deprecated `codec` stands for, which wins over `scanner`; `None` where it is
/// not set.
///
/// # Errors
/// When it is none that has a scanner.
pub(crate) fn scanner(config: &ComponentConfig) -> Result<Option<(&'static str, Value)>, OpenError> {
    let Some(codec) = config.config.get("codec").and_then(Value::as_str).filter(|codec| !codec.is_empty())
    else {
        return Ok(None);
    };
    let most = config.config.get("max_buffer").and_then(Value::as_u64).unwrap_or(1_000_000);
    let lines = |delimiter: Value| {
        Some(("lines", json!({"custom_delimiter": delimiter, "max_buffer_size": most, "omit_empty": false})))
    };
    match codec {
        "lines" => Ok(lines(Value::Null)),
        "all-bytes" => Ok(Some(("to_the_end", json!({})))),
        _ => match codec.strip_prefix("delim:") {
            Some(delimiter) if !delimiter.is_empty() => Ok(lines(delimiter.into())),
            _ => Err(OpenError::Problem(Problem {
                message: format!(
                    "codec `{codec}` is not available, expected lines, delim:x or all-bytes; use a scanner"
                ),
                field: "/codec".to_owned(),
                line: 0,
                column: 0,
            })),
        },
    }
}
