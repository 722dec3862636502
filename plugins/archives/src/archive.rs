//! Many messages in one.

mod csv;
mod growing;
mod json;
mod members;
mod plain;
mod tar;
mod zip;

use forebay_sdk::config::Interpolated;
use forebay_sdk::streams::ByteSink;
use forebay_sdk::{
    Batch, Config, Context, Docs, Error, Example, IncrementalProcessor, Problem, Processing, Processor,
    StreamMetadata,
};

use growing::Growing;
use members::Members;

/// Puts all messages of a batch into one message.
///
/// It has the metadata of the first of them. In the formats `tar` and `zip` every message is a file, whose name is
/// `path`; a name that can't be evaluated is empty. When something can't be archived, all messages are passed on
/// unchanged with the error.
#[derive(Config)]
pub(crate) struct ArchiveConfig {
    /// The format: `binary` (a count, and before each message its length), `concatenate` (one after the other),
    /// `json_array`, `lines` (with a line feed between them), `tar` or `zip`; and `csv`, or `csv:x` with another delimiter
    /// than a comma, which Bento knows in `unarchive` alone. There each message is a row: an object, of which the keys of the
    /// first one are the first row, or an array, without such a row.
    format: String,
    /// The name of each message in formats that have names.
    #[config(
        default = "",
        example = "${!count(\"files\")}-${!timestamp_unix_nano()}.txt",
        example = "${!meta(\"kafka_key\")}-${!json(\"id\")}.json"
    )]
    path: Interpolated,
    /// The columns in the format `csv`, where the keys of the first message are not all, or in another order. Keys that are
    /// no columns are refused.
    #[config(default = [], advanced, example = ["id", "name"])]
    columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Binary,
    Concatenate,
    Csv { delimiter: char },
    JsonArray,
    Lines,
    Tar,
    Zip,
}

/// Archives.
pub(crate) struct Archive {
    format: Format,
    path: Interpolated,
    columns: Vec<String>,
    /// The archive that was begun.
    growing: Option<Growing>,
}

impl Processor for Archive {
    const NAME: &'static str = "archive";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "A tar of documents",
            summary: "Each file is called by the id of its document.",
            config: "pipeline:\n  processors:\n    - archive:\n        format: tar\n        path: ${! json(\"doc.id\") }.json\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = ArchiveConfig;

    fn open(config: ArchiveConfig, _: &Context) -> Result<Self, Problem> {
        let ArchiveConfig { format, path, columns } = config;
        let format = Format::parse(&format).map_err(|error| Problem::new(error).at("/format"))?;
        if !columns.is_empty() && !matches!(format, Format::Csv { .. }) {
            return Err(Problem::new("only the format csv has columns").at("/columns"));
        }
        Ok(Self { format, path, columns, growing: None })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        if batch.is_empty() {
            return Ok(Processing::Done(Vec::new()));
        }
        let names = if self.format.has_names() { Some(self.path.evaluate(&batch)?) } else { None };
        let all = Members::new(&batch, names.as_ref());
        if batch.independent() {
            // Each message is a batch, and becomes an archive of its own.
            let results =
                batch.map(|message, writer| self.write(&all.only(message.index()), writer.payload()));
            return Ok(results.into());
        }
        let mut writer = batch.writer();
        self.write(&all, writer.payload())?;
        writer.end(0);
        Ok(writer.finish_whole().into())
    }
}

impl Format {
    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "binary" => Self::Binary,
            "concatenate" => Self::Concatenate,
            "csv" => Self::Csv { delimiter: ',' },
            "json_array" => Self::JsonArray,
            "lines" => Self::Lines,
            "tar" => Self::Tar,
            "zip" => Self::Zip,
            other => match other.strip_prefix("csv:").and_then(csv::delimiter) {
                Some(delimiter) => Self::Csv { delimiter },
                None => return Err(format!("archive format not recognised: {other}")),
            },
        })
    }

    fn has_names(self) -> bool {
        matches!(self, Self::Tar | Self::Zip)
    }
}

impl IncrementalProcessor for Archive {
    fn begin(&mut self, sink: ByteSink) -> Result<(), Error> {
        self.growing =
            Some(Growing::begin(self.format, &self.columns, forebay_sdk::time::now().as_secs(), sink)?);
        Ok(())
    }

    fn add(&mut self, slice: &Batch) -> Result<(), Error> {
        let Some(growing) = self.growing.as_mut().filter(|_| !slice.is_empty()) else { return Ok(()) };
        let names = if self.format.has_names() { Some(self.path.evaluate(slice)?) } else { None };
        growing.add(slice, &Members::new(slice, names.as_ref()))
    }

    fn finish(&mut self) -> Result<StreamMetadata, Error> {
        self.growing.take().ok_or_else(|| Error::new("no archive was begun"))?.finish()
    }

    fn abort(&mut self) {
        self.growing = None;
    }
}

impl Archive {
    fn write(&self, members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let now = || forebay_sdk::time::now().as_secs();
        match self.format {
            Format::Binary => plain::binary(members, out),
            Format::Concatenate => plain::join(members, b"", out),
            Format::Csv { delimiter } => csv::Table::new(delimiter, &self.columns).rows(members, out),
            Format::JsonArray => json::array(members, out),
            Format::Lines => plain::join(members, b"\n", out),
            Format::Tar => tar::write(members, now(), out),
            Format::Zip => zip::write(members, now(), out),
        }
    }
}

#[cfg(test)]
mod tests;
