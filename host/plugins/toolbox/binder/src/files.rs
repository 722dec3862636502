use anyhow::{Context, Result, anyhow};
use forebay_sdk::{Batch, Config, Origins, Processed, Value};

/// Nothing to configure.
#[derive(Config)]
pub(crate) struct NoConfig {}

/// The metadata key of a file's name.
const PATH: &str = "path";

/// The files of a request, by name.
pub(crate) fn of(batch: &Batch) -> Result<Vec<(String, Vec<u8>)>> {
    let file = |message: forebay_sdk::Message<'_>| match message.metadata(PATH) {
        Some(Value::Text(path)) => Ok((path.to_owned(), message.bytes().to_vec())),
        _ => Err(anyhow!("a file of the request has no name")),
    };
    batch.messages().map(file).collect()
}

/// A result of these files.
pub(crate) fn result(files: &[(String, Vec<u8>)]) -> Processed {
    let mut block = forebay_sdk::BlockWriter::with_capacity(files.len(), 0);
    let mut metadata = forebay_sdk::MetadataWriter::default();
    for (path, content) in files {
        block.push(content);
        metadata.push(PATH, Value::Text(path));
        metadata.end_message();
    }
    block.set_metadata(metadata);
    Processed { batch: Batch::from_block(block), origins: Origins::Whole }
}

/// One file.
pub(crate) fn find<'f>(files: &'f [(String, Vec<u8>)], wanted: &str) -> Result<&'f [u8]> {
    let found = files.iter().find(|(path, _)| path == wanted);
    found.map(|(_, content)| content.as_slice()).with_context(|| format!("the request has no {wanted}"))
}
