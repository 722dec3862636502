use forebay_sdk::Problem;
use forebay_sdk::log::Level;

/// The level of a configuration. `ALL` is what Bento calls the lowest.
pub(crate) fn parse(text: &str) -> Result<Level, Problem> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "FATAL" => Level::Fatal,
        "ERROR" => Level::Error,
        "WARN" => Level::Warn,
        "INFO" => Level::Info,
        "DEBUG" => Level::Debug,
        "TRACE" | "ALL" => Level::Trace,
        _ => return Err(Problem::new(format!("log level {text} is not known")).at("/level")),
    })
}
