//! The processors `archive` and `unarchive`, which make one message of many and the reverse, and `compress` and
//! `decompress`.
//!
//! What is made of a message goes straight into the block of results. However little a message promises to hold, no
//! more is made of it than [`budget`] allows: the rest of it is an error of that message.

mod archive;
mod budget;
mod compress;
mod decompress;
mod unarchive;

use archive::Archive;
use compress::Compress;
use decompress::Decompress;
use unarchive::Unarchive;

forebay_sdk::plugin! {
    name: "archives",
    summary: "Archives and compression.",
    incremental_processors: [Archive, Compress; Unarchive, Decompress],
}
