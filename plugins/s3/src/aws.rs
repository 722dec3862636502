//! S3, and everything that speaks as it does.

mod cache;
mod input;
mod notified;
mod output;
mod session;

pub(crate) use cache::AwsS3Cache;
pub(crate) use input::AwsS3Input;
pub(crate) use output::AwsS3Output;
