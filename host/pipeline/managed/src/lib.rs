//! This crate is the pipelines that an agent manages: a folder of YAML files, each a pipeline named by its file.
//!
//! - [`Managed::start`] runs what is in the folder and goes on looking at it: a file that is new, changed or gone takes
//!   effect within a second, after the version before has delivered what it had read. A file at fault leaves what runs
//!   as it is, and is reported in the log and in the status, with its places.
//! - The section `warpstream` of a file says in which group of agents it runs, in how many instances, and how often.
//!   How many agents there are is for [`Agents`] to say.
//! - An instance that fails, or does not read and deliver all of its input, is started again after a growing pause; one
//!   whose input ends well is done, or run again.
//! - [`FairLimit`] is what all pipelines together may take in: it is shared out in turns.
//! - [`Managed::status`] tells of every instance, and [`Managed::register`] shows that over HTTP.
//! - [`Running`] is one run of a pipeline, and [`FileWatch`] sees when files change: other modes of the program have
//!   use for them too.
//!
//! It knows neither plugins nor Kafka: components come in through the traits of `forebay-plugins-api`.
//!
//! Invariants: of a pipeline one version runs at a time; a version that can't be read never stops one that runs, and
//! one that can't be opened gives its place back. A pipeline that takes long to drain holds up no other.

mod agents;
mod design;
mod fair_limit;
mod file_watch;
mod files;
mod instance;
mod managed;
mod pipeline;
mod running;
mod shared;
mod status;

pub use agents::{Agents, Alone};
pub use fair_limit::{FairLimit, Share};
pub use file_watch::FileWatch;
pub use instance::{InstanceState, InstanceStatus, Pauses};
pub use managed::{Managed, Parts, Settings, StartError};
pub use running::{Ending, Over, Running, Start};
pub use status::{PATH, PipelineState, PipelineStatus, Status};
