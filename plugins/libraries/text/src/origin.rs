use forebay_sdk::Message;

/// What inputs say of where their messages come from.
const KEYS: [&str; 9] = [
    "kafka_topic",
    "kafka_partition",
    "kafka_offset",
    "path",
    "s3_bucket",
    "s3_key",
    "gcs_bucket",
    "gcs_key",
    "blob_storage_key",
];

/// Where a message came from, as far as its metadata says so: `kafka_topic a, kafka_offset 5`.
#[must_use]
pub fn origin(message: Message<'_>) -> Option<String> {
    let found = KEYS.iter().filter_map(|key| {
        let value = message.metadata(key)?;
        Some(format!("{key} {}", crate::of(value)))
    });
    let found: Vec<String> = found.collect();
    if found.is_empty() { None } else { Some(found.join(", ")) }
}
