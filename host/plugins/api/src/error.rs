use std::fmt;

use forebay_pipeline_config::Position;
use forebay_pipeline_config::spec::ComponentName;
use forebay_pipeline_config::spec::PluginName;

/// Why a configuration, or a text in it, can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub message: String,
    /// A JSON pointer into the configuration; empty for the whole.
    pub field: String,
    /// Inside the text of that field, counted from 1; 0 when it does not matter.
    pub line: u32,
    pub column: u32,
}

/// Why a component could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Its configuration is at fault; trying again is no use.
    #[error(transparent)]
    Problem(Problem),
    /// Nothing with this name is known.
    #[error("there is no {kind} `{name}`")]
    Unknown { kind: &'static str, name: String },
    #[error(transparent)]
    Lost(LostInstance),
    /// Components within it can't be opened: where each stands in the file of the configuration, and why. Never empty.
    #[error("{}", places(.0))]
    Inside(Vec<(Position, String)>),
}

fn places(inside: &[(Position, String)]) -> String {
    let lines = inside.iter().map(|(at, reason)| format!("line {} column {}: {reason}", at.line, at.column));
    lines.collect::<Vec<_>>().join("\n")
}

/// Why a call of a component did not give a result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ComponentError {
    /// The component says so; it can be called again.
    #[error("{0}")]
    Failed(String),
    /// The instance is gone. The next call opens a fresh one.
    #[error(transparent)]
    Lost(#[from] LostInstance),
}

/// That an instance of a plugin had to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plugin `{plugin}`, component `{component}`: {reason}: {detail}")]
pub struct LostInstance {
    pub plugin: PluginName,
    pub component: ComponentName,
    pub reason: LostReason,
    pub detail: String,
}

/// What made an instance unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LostReason {
    /// It trapped: a panic, an access outside its memory, a division by zero.
    Trap,
    /// It asked for more memory, or more host resources, than its limit.
    Memory,
    /// It computed for longer than its limit.
    Cpu,
    /// It took longer than its limit, waiting included.
    WallClock,
    /// It returned more than its limit.
    Output,
    /// It called the host more often than its limit.
    HostCalls,
    /// It returned what the contract rules out.
    Contract,
    /// It could not be opened again after an earlier loss.
    Reopen,
}

impl LostReason {
    /// The label of this reason in metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::WallClock => "wall_clock",
            Self::Output => "output",
            Self::HostCalls => "host_calls",
            Self::Contract => "contract",
            Self::Reopen => "reopen",
        }
    }
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trap => "trapped",
            Self::Memory => "passed its memory limit",
            Self::Cpu => "passed its limit of CPU time per call",
            Self::WallClock => "passed its limit of time per call",
            Self::Output => "passed its limit of output per call",
            Self::HostCalls => "passed its limit of host calls",
            Self::Contract => "broke the plugin contract",
            Self::Reopen => "could not be opened again",
        })
    }
}
