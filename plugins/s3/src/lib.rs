//! Objects in buckets: inputs, outputs and caches for S3 (`aws_s3`), Google Cloud Storage (`gcp_cloud_storage`) and Azure
//! Blob Storage (`azure_blob_storage`).
//!
//! The clouds have fields of their own (`aws`, `gcp`, `azure`); what is done with them is the same for all: `stores` opens
//! buckets, `reading` reads objects, `walk` those below a prefix, `writer` puts an object for each message, `kept` keeps values. Signing,
//! retries, parts and reading ahead are the host's.

mod aws;
mod azure;
mod closing;
mod collision;
mod gcp;
mod kept;
mod reading;
mod stores;
mod walk;
mod writer;

use aws::{AwsS3Cache, AwsS3Input, AwsS3Output};
use azure::{AzureBlobStorageInput, AzureBlobStorageOutput};
use gcp::{GcpCloudStorageCache, GcpCloudStorageInput, GcpCloudStorageOutput};

forebay_sdk::plugin! {
    name: "s3",
    summary: "Reads and writes objects in buckets of S3, Google Cloud Storage and Azure Blob Storage.",
    inputs: [AwsS3Input, AzureBlobStorageInput, GcpCloudStorageInput],
    streaming_outputs: [AwsS3Output, AzureBlobStorageOutput, GcpCloudStorageOutput],
    caches: [AwsS3Cache, GcpCloudStorageCache],
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn outputs_take_streams_and_inputs_read_again() {
        let description: Value = serde_json::from_str(&super::describe()).unwrap();
        for component in description["components"].as_array().unwrap() {
            match component["kind"].as_str().unwrap() {
                "input" => assert_eq!(component["rereads"], true, "{component}"),
                "output" => assert_eq!(component["streams"], true, "{component}"),
                kind => assert_eq!(kind, "cache", "{component}"),
            }
        }
    }
}
