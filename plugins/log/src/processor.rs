use std::collections::BTreeMap;

use forebay_sdk::config::{Interpolated, Mapping};
use forebay_sdk::log::{self, Level};
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

use crate::fields::Fields;
use crate::level;

/// Writes a line to the log for every message, which is passed on unchanged.
#[derive(Config)]
pub(crate) struct LogConfig {
    /// The level of the lines.
    #[config(default = "INFO", options("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"))]
    level: String,
    /// A mapping whose result is an object: the fields of the line.
    #[config(
        mapping = "bloblang",
        example = "root.reason = \"cus I wana\"\nroot.id = this.id\nroot.age = this.user.age.number()"
    )]
    fields_mapping: Option<Mapping>,
    /// The fields of the line, as a text each.
    #[config(deprecated)]
    fields: Option<BTreeMap<String, Interpolated>>,
    /// The text of the line.
    #[config(default = "")]
    message: Interpolated,
}

/// Writes the lines.
pub(crate) struct Log {
    level: Level,
    fields: Fields,
    message: Interpolated,
}

impl Processor for Log {
    const NAME: &'static str = "log";

    type Config = LogConfig;

    fn open(config: LogConfig, _: &Context) -> Result<Self, Problem> {
        let LogConfig { level, fields_mapping, fields, message } = config;
        let fields = Fields::compile(fields_mapping.as_ref(), fields.unwrap_or_default())?;
        Ok(Self { level: level::parse(&level)?, fields, message })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if log::enabled(self.level) {
            // A line that can't be made is no reason to flag a message.
            if let Err(error) = self.write(&batch) {
                log::error(format!("write a log line: {error}"));
            }
        }
        Ok(batch.into())
    }
}

impl Log {
    fn write(&self, batch: &Batch) -> Result<(), Error> {
        let texts = self.message.evaluate(batch)?;
        let fields = self.fields.evaluate(batch)?;
        for (index, fields) in fields.iter().enumerate() {
            match texts.get(index) {
                Ok(text) => log::write(self.level, &text, fields),
                Err(error) => log::error(format!("write a log line: {error}")),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Origins, Processed, testing};
    use serde_json::json;

    use super::{Batch, Context, Level, Log, Processing, Processor, log};

    fn run(config: &serde_json::Value, batch: Batch) -> (Batch, Vec<testing::LogLine>) {
        let config = testing::config(config).expect("the configuration is right");
        let mut processor = Log::open(config, &Context::new("log")).expect("opens");
        let Ok(Processing::Done(mut results)) = processor.process(batch) else { panic!("not done") };
        assert_eq!(results[0].origins, Origins::Same);
        (results.remove(0).batch, testing::take_log())
    }

    #[test]
    fn every_message_has_its_line_and_is_passed_on() {
        testing::set_language(|_, source, _| {
            let source = source.to_owned();
            Ok(move |batch: &Batch| {
                let texts = batch.messages().map(|message| {
                    let content = String::from_utf8_lossy(message.bytes()).into_owned();
                    source.replace("${!content()}", &content)
                });
                Ok(Processed { batch: Batch::from_payloads(texts), origins: Origins::Same })
            })
        });
        let config = json!({
            "level": "WARN",
            "message": "got ${!content()}",
            "fields": {"text": "${!content()}!"},
            "fields_mapping": "{\"number\": 5, \"list\": [true]}",
        });
        let (batch, lines) = run(&config, Batch::from_payloads(["a", "b"]));
        assert_eq!(testing::texts(&batch), ["a", "b"]);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[1].level, lines[1].message.as_str()), (Level::Warn, "got b"));
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(lines[1].fields, [field("text", "b!"), field("list", "[true]"), field("number", "5")]);
    }

    #[test]
    fn nothing_is_written_below_the_level() {
        testing::set_log_level(Level::Info);
        let (_, lines) = run(&json!({"level": "DEBUG", "message": "m"}), Batch::from_payloads(["a"]));
        assert!(lines.is_empty());
        assert!(log::enabled(Level::Info));
    }

    #[test]
    fn a_level_is_one_of_those_known() {
        let problem = testing::config::<super::LogConfig>(&json!({"level": "LOUD"})).err().expect("refused");
        assert!(problem.to_string().starts_with("/level: value LOUD is not one of"));
    }
}
