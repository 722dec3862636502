//! Whether the output is coloured.

use std::io::IsTerminal as _;

use forebay_pipeline_tester::Paint;

/// In colours when somebody looks at it and has not asked for none.
pub(crate) fn of_stdout() -> Paint {
    let is_set = |name: &str, value: Option<&str>| {
        std::env::var(name).is_ok_and(|found| value.is_none_or(|value| found == value))
    };
    let is_plain =
        !std::io::stdout().is_terminal() || is_set("NO_COLOR", None) || is_set("TERM", Some("dumb"));
    if is_plain { Paint::Plain } else { Paint::Colours }
}
