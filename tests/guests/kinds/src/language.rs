use forebay_sdk::{Batch, MappingLanguage, MappingText, Problem, Processed};

/// A language of five words, `upper`, `fail`, `panic`, `count` and `folder`, and of a phrase.
pub(crate) enum Shouting {
    Upper,
    Fail,
    Panic,
    /// How often this text was run in this instance.
    Count(u32),
    /// Where this text stands.
    Folder(String),
}

/// Counts too. Other builds have another phrase; it is kept in one piece, so that it can be found in the file.
static PHRASE: &str = "count as only this build can";

impl MappingLanguage for Shouting {
    const NAME: &'static str = "shouting";

    fn compile(MappingText { source, folder, .. }: MappingText<'_>) -> Result<Self, Problem> {
        match source {
            "upper" => Ok(Self::Upper),
            "fail" => Ok(Self::Fail),
            "panic" => Ok(Self::Panic),
            "count" => Ok(Self::Count(0)),
            "folder" => Ok(Self::Folder(folder.to_owned())),
            phrase if phrase == std::hint::black_box(PHRASE) => Ok(Self::Count(0)),
            other => Err(Problem::new(format!("word `{other}` is unknown")).position(1, 2)),
        }
    }

    fn run(&mut self, batch: Batch) -> Processed {
        self.transform(&batch)
    }

    fn evaluate(&mut self, batch: &Batch) -> Batch {
        self.transform(batch).batch
    }
}

impl Shouting {
    fn transform(&mut self, batch: &Batch) -> Processed {
        if let Self::Count(runs) = self {
            *runs += 1;
        }
        batch.map(|message, writer| match self {
            // The same text succeeds for other messages.
            Self::Panic => {
                assert!(message.bytes() != b"panic", "panicked on purpose");
                Ok(())
            }
            Self::Upper => {
                writer.payload().extend(message.bytes().to_ascii_uppercase());
                Ok(())
            }
            Self::Count(runs) => {
                writer.payload().extend_from_slice(runs.to_string().as_bytes());
                Ok(())
            }
            Self::Folder(folder) => {
                writer.payload().extend_from_slice(folder.as_bytes());
                Ok(())
            }
            Self::Fail => Err(forebay_sdk::Error::new("failed on purpose")),
        })
    }
}
