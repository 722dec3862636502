//! Components that make requests, in every way that there is, and an input that answers them.

mod call;
mod download;
mod post;
mod serve;

use call::Call;
use download::Download;
use post::Post;
use serve::Serve;

forebay_sdk::plugin! {
    name: "http",
    summary: "Makes requests and answers them.",
    inputs: [Download, Serve],
    processors: [Call],
    outputs: [Post],
}
