//! The processors `avro`, which converts messages one by one, and `avro_encode`, which makes object container files of
//! batches. The scanner that reads such files stands among the other scanners, and may stand inside of them.
//!
//! What Avro is, is in the library `forebay-avro`.

mod convert;
mod encode;
mod schema;

use convert::Avro;
use encode::Encode;

forebay_sdk::plugin! {
    name: "avro",
    summary: "Messages and files in the format Avro.",
    incremental_processors: [Encode; Avro],
}
