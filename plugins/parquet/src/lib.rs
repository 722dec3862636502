//! The processors `parquet_encode` and `parquet_decode`, and the input `parquet`.
//!
//! No tree of values stands between a message and a file: [`encode`] goes over the text of a message once and writes
//! each value to the column that it belongs to, with the levels that say where in its row it stands (Dremel's, as
//! <https://parquet.apache.org/docs/file-format/nestedencoding/> has them); [`decode`] goes over columns and writes rows.
//! Pages, encodings and metadata are those of the crate `parquet`; what the host can compress, it does ([`codec`]).

mod codec;
mod decode;
mod encode;
mod leaf;
mod schema;

use decode::{Decode, ParquetInput};
use encode::Encode;

forebay_sdk::plugin! {
    name: "parquet",
    summary: "Files in the format Parquet.",
    inputs: [ParquetInput],
    incremental_processors: [Encode; Decode],
}
