//! The plugin `rust-mapping`: a mapping language.

use forebay_sdk::{Batch, MappingLanguage, MappingText, Problem, Processed};

/// The language `rust_mapping`: a line is `upper`, `lower`, `trim` or `delete`, done to a message one after the other.
pub struct RustMapping(Vec<Word>);

enum Word {
    Upper,
    Lower,
    Trim,
    Delete,
}

impl MappingLanguage for RustMapping {
    const NAME: &'static str = "rust_mapping";

    /// A problem names the line and the column in the text, so that `lint` can show the place.
    fn compile(text: MappingText<'_>) -> Result<Self, Problem> {
        let word = |(line, text): (usize, &str)| match text.trim() {
            "upper" => Ok(Word::Upper),
            "lower" => Ok(Word::Lower),
            "trim" => Ok(Word::Trim),
            "delete" => Ok(Word::Delete),
            other => {
                let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
                Err(Problem::new(format!("`{other}` is none of upper, lower, trim and delete")).position(line, 1))
            }
        };
        let lines = text.source.lines().enumerate().filter(|(_, text)| !text.trim().is_empty());
        Ok(Self(lines.map(word).collect::<Result<_, _>>()?))
    }

    fn run(&mut self, batch: Batch) -> Processed {
        self.apply(&batch)
    }

    /// A batch of as many messages as came.
    fn evaluate(&mut self, batch: &Batch) -> Batch {
        self.apply(batch).batch
    }
}

impl RustMapping {
    fn apply(&self, batch: &Batch) -> Processed {
        batch.map(|message, writer| {
            let mut text = std::str::from_utf8(message.bytes())?.to_owned();
            for word in &self.0 {
                match word {
                    Word::Upper => text = text.to_uppercase(),
                    Word::Lower => text = text.to_lowercase(),
                    Word::Trim => text = text.trim().to_owned(),
                    Word::Delete => {
                        writer.drop_message();
                        return Ok(());
                    }
                }
            }
            writer.payload().extend_from_slice(text.as_bytes());
            Ok(())
        })
    }
}

forebay_sdk::plugin! {
    name: "rust-mapping",
    summary: "A mapping language of four words.",
    mappings: [RustMapping],
}
