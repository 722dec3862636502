use forebay_sdk::config::Interpolated;
use forebay_sdk::objects::PutOptions;
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    Batch, Config, Context, Error, Operation, Output, Problem, StreamingOutput, WriteError, Written,
};

use super::account::AccountFields;
use crate::collision::Collision;
use crate::writer::{Object, Writer};

/// Puts each message as a blob into a container of Azure Blob Storage, which must be there.
#[derive(Config)]
pub(crate) struct AzureBlobStorageOutputConfig {
    #[config(flatten)]
    account: AccountFields,
    /// The container.
    #[config(example = "messages-${!timestamp(\"2006\")}")]
    container: Interpolated,
    /// The name of each blob.
    #[config(
        default = "${!count(\"files\")}-${!timestamp_unix_nano()}.txt",
        example = "${!metadata(\"kafka_key\")}.json",
        example = "${!json(\"doc.namespace\")}/${!json(\"doc.id\")}.json"
    )]
    path: Interpolated,
    /// The type of each blob. Of `BLOCK` and `APPEND`, only `BLOCK` is there: other messages fail.
    #[config(default = "BLOCK", advanced)]
    blob_type: Interpolated,
    /// Who may read a container that is made for a message. None are, so only `PRIVATE` is taken.
    #[config(default = "PRIVATE", advanced)]
    public_access_level: String,
    /// How many batches may be under way at once.
    #[config(default = 64)]
    #[expect(dead_code, reason = "the host counts them")]
    max_in_flight: u64,
}

pub(crate) struct AzureBlobStorageOutput {
    writer: Writer,
    container: Interpolated,
    path: Interpolated,
    blob_type: Interpolated,
}

impl Output for AzureBlobStorageOutput {
    const NAME: &'static str = "azure_blob_storage";

    type Config = AzureBlobStorageOutputConfig;

    fn open(config: AzureBlobStorageOutputConfig, _: &Context) -> Result<Self, Problem> {
        let AzureBlobStorageOutputConfig {
            account,
            container,
            path,
            blob_type,
            public_access_level,
            max_in_flight: _,
        } = config;
        if public_access_level != "PRIVATE" {
            let problem = "no containers are made here: make them, and take PRIVATE";
            return Err(Problem::new(problem).at("/public_access_level"));
        }
        Ok(Self { writer: Writer::new(account.stores()?), container, path, blob_type })
    }

    fn connect(&mut self) -> Result<(), Error> {
        match self.container.constant() {
            Some(container) => self.writer.check(container),
            None => Ok(()),
        }
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let objects = self.objects(&batch)?;
        Ok(self.writer.write(&batch, objects))
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        self.writer.resolve(&operation)
    }
}

impl StreamingOutput for AzureBlobStorageOutput {
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        let object = self.objects(&head)?.pop().ok_or_else(|| Error::new("there is no message"))??;
        self.writer.write_stream(object, payload)
    }
}

impl AzureBlobStorageOutput {
    /// What each message of a batch becomes.
    fn objects(&self, batch: &Batch) -> Result<Vec<Result<Object, Error>>, Error> {
        let containers = self.container.evaluate(batch)?;
        let paths = self.path.evaluate(batch)?;
        let types = self.blob_type.evaluate(batch)?;
        let object = |index: usize| {
            let blob_type = types.get(index).map_err(|error| error.context("blob_type"))?;
            if blob_type != "BLOCK" {
                return Err(Error::new(format!(
                    "blob_type: there are no blobs but BLOCK, this is {blob_type:?}"
                )));
            }
            Ok(Object {
                bucket: containers.get(index).map_err(|error| error.context("container"))?.into_owned(),
                path: paths.get(index).map_err(|error| error.context("path"))?.into_owned(),
                options: PutOptions::default(),
                collision: Collision::Overwrite,
            })
        };
        Ok((0..batch.len()).map(object).collect())
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn open(fields: &Value) -> Result<AzureBlobStorageOutput, Problem> {
        AzureBlobStorageOutput::open(testing::config(fields)?, &Context::new("azure_blob_storage"))
    }

    #[test]
    fn messages_are_blobs() {
        let memory = testing::stores();
        let fields = json!({
            "container": "lake", "path": "a", "storage_account": "me", "storage_access_key": {"$secret": "1"},
        });
        let mut output = open(&fields).unwrap();
        output.connect().unwrap();
        let settings = memory.take_opened().remove(0).1;
        let expected = [("storage_account", "me"), ("account_key", "{secret 1}")];
        assert_eq!(settings, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        output.write(Batch::from_payloads(["one"])).unwrap();
        assert_eq!(memory.get("azblob://lake", "a").unwrap().content, b"one");
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        let _memory = testing::stores();
        let text = json!({"container": "c", "path": "a", "storage_connection_string": {"$secret": "1"}});
        assert_eq!(open(&text).err().unwrap().field(), "/storage_connection_string");
        let level =
            json!({"container": "c", "path": "a", "storage_account": "me", "public_access_level": "BLOB"});
        assert_eq!(open(&level).err().unwrap().field(), "/public_access_level");
        let appending =
            json!({"container": "c", "storage_account": "me", "path": "a", "blob_type": "APPEND"});
        let written = open(&appending).unwrap().write(Batch::from_payloads(["x"])).unwrap();
        assert!(written.failed[0].reason.contains("BLOCK"), "{written:?}");
    }
}
