//! One message as many.

mod binary;
mod csv;
pub(crate) mod json;
mod parts;
mod tar;
mod zip;

use forebay_bloblang::XmlDocuments;
use forebay_sdk::{Batch, Config, Context, Error, Problem, Processing, Processor};

use crate::budget::Budget;
use parts::Parts;

/// Makes a message of every part of a message.
///
/// The parts take the place of the message in its batch, and each has the metadata of the message. A message that is no
/// such archive, or of which too much would become, is passed on unchanged with an error.
///
/// # Metadata
///
/// Parts out of `tar` and `zip` have the name of their file as `archive_filename`, those out of `json_map` their key as
/// `archive_key`.
#[derive(Config)]
pub(crate) struct UnarchiveConfig {
    /// The format:
    ///
    /// - `binary`: a count, and before each part its length, as `archive` writes it
    /// - `csv`: a row each, as an object with the names of the first row; `csv:x` is the same with `x` instead of commas
    /// - `json_array`: an item each
    /// - `json_documents`: a document each, of any number one after the other
    /// - `json_map`: a value each
    /// - `lines`: a line each
    /// - `tar`, `zip`: a file each
    /// - `xml_documents_to_json`: an element each, of any number one after the other, as a document; with `:cast` behind
    ///   that, texts that are numbers or booleans become such
    format: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Binary,
    Csv(char),
    JsonArray,
    JsonDocuments,
    JsonMap,
    Lines,
    Tar,
    Xml { cast: bool },
    Zip,
}

/// Takes archives apart.
pub(crate) struct Unarchive {
    format: Format,
}

impl Processor for Unarchive {
    const NAME: &'static str = "unarchive";

    type Config = UnarchiveConfig;

    fn open(UnarchiveConfig { format }: UnarchiveConfig, _: &Context) -> Result<Self, Problem> {
        let format = Format::parse(&format).map_err(|error| Problem::new(error).at("/format"))?;
        Ok(Self { format })
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        let mut budget = Budget::new();
        let mut writer = batch.writer();
        // How many results there are after those of each message.
        let mut ends = Vec::with_capacity(batch.len());
        for message in batch.messages() {
            let (before, spent) = (writer.results(), budget);
            let mut parts = Parts::new(&batch, message, &mut writer, &mut budget);
            match self.format.read(&mut parts) {
                Ok(()) => writer.discard(),
                Err(error) => {
                    budget = spent;
                    writer.truncate(before);
                    writer.flag(error.message());
                    writer.end(message.index());
                }
            }
            ends.push(writer.results());
        }
        let results = writer.finish();
        Ok(Processing::Done(if batch.independent() { results.apart(&ends) } else { vec![results] }))
    }
}

impl Format {
    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "binary" => Self::Binary,
            "csv" => Self::Csv(','),
            "json_array" => Self::JsonArray,
            "json_documents" => Self::JsonDocuments,
            "json_map" => Self::JsonMap,
            "lines" => Self::Lines,
            "tar" => Self::Tar,
            "zip" => Self::Zip,
            "xml_documents_to_json" => Self::Xml { cast: false },
            "xml_documents_to_json:cast" => Self::Xml { cast: true },
            other => match other.strip_prefix("csv:") {
                Some(delimiter) => Self::Csv(single(delimiter)?),
                None => return Err(format!("archive format not recognised: {other}")),
            },
        })
    }

    fn read(self, parts: &mut Parts<'_, '_>) -> Result<(), Error> {
        match self {
            Self::Binary => binary::read(parts),
            Self::Csv(delimiter) => csv::read(parts, delimiter),
            Self::JsonArray => json::array(parts),
            Self::JsonDocuments => json::documents(parts),
            Self::JsonMap => json::map(parts),
            Self::Lines => lines(parts),
            Self::Tar => tar::read(parts),
            Self::Xml { cast } => xml(parts, cast),
            Self::Zip => zip::read(parts),
        }
    }
}

fn single(delimiter: &str) -> Result<char, &'static str> {
    let mut characters = delimiter.chars();
    match (characters.next(), characters.next()) {
        (None, _) => Err("csv format requires a non-empty delimiter"),
        (Some(delimiter), None) => Ok(delimiter),
        (Some(_), Some(_)) => Err("csv format requires a single character delimiter"),
    }
}

fn lines(parts: &mut Parts<'_, '_>) -> Result<(), Error> {
    parts.source().split(|byte| *byte == b'\n').try_for_each(|line| parts.add(line))
}

fn xml(parts: &mut Parts<'_, '_>, cast: bool) -> Result<(), Error> {
    for document in XmlDocuments::new(parts.source(), cast) {
        let document = document.map_err(Error::new)?;
        parts.write(|out| {
            document.write_json(out);
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
