//! HTTP: requests to other servers, and a listener for requests of others. Which hosts may be
//! reached, and on which addresses a plugin may listen, is for its grants to say.
//!
//! Secrets of the configuration are put into a request by the host; the plugin never has them:
//!
//! ```
//! use forebay_sdk::config::Secret;
//! use forebay_sdk::http::{HttpError, Request, Text};
//! use forebay_sdk::{Batch, Config, Context, Error, Operation, Output, Pending, Problem, WriteError, Written, http};
//!
//! #[derive(Config)]
//! struct PostConfig {
//!     /// Where messages are sent to.
//!     url: String,
//!     /// The token that the server asks for.
//!     token: Secret,
//! }
//!
//! struct Post(PostConfig);
//!
//! impl Output for Post {
//!     const NAME: &'static str = "post";
//!     type Config = PostConfig;
//!
//!     fn open(config: PostConfig, _: &Context) -> Result<Self, Problem> {
//!         Ok(Self(config))
//!     }
//!
//!     // Starts the requests and does not wait for them; the host hands each to `resolve`.
//!     fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
//!         let mut written = Written::all();
//!         for (index, message) in (0..).zip(batch.messages()) {
//!             let request = Request::post(self.0.url.as_str())
//!                 .header("authorization", Text::from("Bearer ").secret(&self.0.token))
//!                 .body(message.bytes());
//!             let operation = request.start().map_err(Error::from)?;
//!             written.pending.push(Pending { operation, messages: Some(vec![index]), resolve: true });
//!         }
//!         Ok(written)
//!     }
//!
//!     // Any status is a response, so somebody has to look at it.
//!     fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
//!         let response = http::response(&operation).map_err(Error::from)?;
//!         match response.status {
//!             200..=299 => Ok(Written::all()),
//!             status => Err(WriteError::Failed(format!("the server answered with status {status}"))),
//!         }
//!     }
//! }
//!
//! forebay_sdk::plugin! { name: "post", summary: "Posts messages.", outputs: [Post] }
//! # let error = Request::get("http://a.example/").send().unwrap_err();
//! # assert!(matches!(error, HttpError::Denied(_)));
//! ```
//!
//! Natively, in tests, [`Request::send`] is answered by
//! [`testing::set_http`](crate::testing::set_http), and denied without it; everything else is denied.

mod authentication;
mod error;
mod listener;
mod outlet;
mod request;
mod text;

pub use authentication::{Authentication, ClientCredentials};
pub use error::HttpError;
pub use listener::{
    Arrived, Cors, Exchange, Frame, ListenError, Listened, Listener, ListenerOptions, Secured,
};
pub use outlet::{Outlet, OutletOptions, OutletSockets, OutletStream, StreamFormat};
pub use request::{Opened, Request, Response, response};
pub use text::Text;
