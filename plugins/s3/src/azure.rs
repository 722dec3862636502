//! Azure Blob Storage.

mod account;
mod input;
mod output;

pub(crate) use input::AzureBlobStorageInput;
pub(crate) use output::AzureBlobStorageOutput;
