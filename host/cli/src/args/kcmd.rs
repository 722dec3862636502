//! The flags of `forebay kcmd`.

use clap::{Args, ValueEnum};
use forebay_model::TopicName;

use super::ClientFlags;

#[derive(Debug, Args)]
pub(crate) struct Kcmd {
    /// What to do.
    #[arg(long = "type", value_enum)]
    pub(crate) kind: KcmdType,
    /// The host of a broker.
    #[arg(long = "bootstrap-host", default_value = "localhost", value_name = "HOST")]
    pub(crate) host: String,
    /// Its port.
    #[arg(long = "bootstrap-port", default_value_t = 9092, value_name = "PORT")]
    pub(crate) port: u16,
    /// The topic to make, to produce to or to fetch from.
    #[arg(long)]
    pub(crate) topic: Option<TopicName>,
    /// The partition to produce to or to fetch from.
    #[arg(long, default_value_t = 0)]
    pub(crate) partition: i32,
    /// How many partitions a new topic has; -1 for as many as the cluster says.
    #[arg(long = "num-partitions", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) num_partitions: i32,
    /// Where to begin to fetch.
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: i64,
    /// The values to produce, with two commas between them.
    #[arg(long, default_value = "world,,world")]
    pub(crate) records: String,
    /// The key of all records that are produced.
    #[arg(long, default_value = "hello")]
    pub(crate) key: String,
    /// What the broker is told about who asks.
    #[arg(long = "client-id", default_value = "forebay-kcmd", value_name = "ID")]
    pub(crate) client_id: String,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KcmdType {
    /// Says what a client would find, step by step.
    DiagnoseConnection,
    CreateTopic,
    Produce,
    /// Prints records up to the end of the partition.
    Fetch,
}
