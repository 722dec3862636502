use forebay_sdk::files::{self, Appender};
use forebay_sdk::{Batch, Config, Context, Error, Output, Problem, WriteError, Written};

/// Writes messages to the standard output of the process.
#[derive(Config)]
pub(crate) struct StdoutConfig {
    /// How messages are written: each followed by a line feed (`lines`) or by a text of your choice
    /// (`delim:x`) unless it ends with it, or as they are (`append`, `all-bytes`).
    #[config(default = "lines", example = "lines", example = "delim:\t", example = "append")]
    codec: String,
}

/// Writes every batch behind the one before it.
pub(crate) struct Stdout {
    delimiter: Vec<u8>,
    appender: Option<Appender>,
}

impl Output for Stdout {
    const NAME: &'static str = "stdout";

    type Config = StdoutConfig;

    fn open(StdoutConfig { codec }: StdoutConfig, _: &Context) -> Result<Self, Problem> {
        Ok(Self { delimiter: delimiter(&codec)?, appender: None })
    }

    fn connect(&mut self) -> Result<(), Error> {
        self.appender = Some(files::standard_output()?);
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        match &self.appender {
            Some(appender) => Ok(appender.append_batch(&batch, &self.delimiter).into()),
            None => Err(WriteError::NotConnected("the standard output is not open".to_owned())),
        }
    }
}

/// What a codec puts after every message.
fn delimiter(codec: &str) -> Result<Vec<u8>, Problem> {
    match codec {
        "lines" => Ok(b"\n".to_vec()),
        "append" | "all-bytes" => Ok(Vec::new()),
        _ => match codec.strip_prefix("delim:") {
            Some(delimiter) if !delimiter.is_empty() => Ok(delimiter.as_bytes().to_vec()),
            Some(_) => Err(Problem::new("codec delim needs a delimiter: delim:x").at("/codec")),
            None => Err(Problem::new(format!("codec {codec} is not known")).at("/codec")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::delimiter;

    #[test]
    fn a_codec_is_a_delimiter() {
        assert_eq!(delimiter("lines"), Ok(b"\n".to_vec()));
        assert_eq!(delimiter("delim:, "), Ok(b", ".to_vec()));
        assert_eq!(delimiter("all-bytes"), Ok(Vec::new()));
        let problem = delimiter("csv").expect_err("refused");
        assert_eq!(problem.to_string(), "/codec: codec csv is not known");
        assert!(delimiter("delim:").is_err());
    }
}
