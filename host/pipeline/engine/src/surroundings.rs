//! What a pipeline has of the process that it runs in.

use std::fmt;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_operations::Endpoints;

use crate::inproc::Pipes;
use crate::intake::{Intake, OptionalIntake};
use crate::shared::SharedResources;

/// What a pipeline has of the process that it runs in, and shares with others there. Cheap to clone.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The caches and rate limits that it uses in place of its own.
    pub shared: Option<Arc<SharedResources>>,
    /// Where its components add paths to the HTTP server of the process.
    pub paths: Option<Paths>,
    /// Is set when all components of the pipeline are open.
    pub opened: Shutdown,
    /// What says when its inputs may go on with what they have read.
    pub(crate) intake: OptionalIntake,
    pub(crate) pipes: Pipes,
}

/// The HTTP server of the process, as the components of one pipeline see it.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    pub endpoints: Endpoints,
    /// What stands before every path: empty, or a path without a slash at its end.
    pub prefix: String,
}

impl Surroundings {
    /// Of a pipeline that is alone in its process.
    #[must_use]
    pub fn with_paths(paths: Paths) -> Self {
        Self { paths: Some(paths), ..Self::default() }
    }

    /// Of pipelines that share caches and rate limits.
    #[must_use]
    pub fn with_shared(shared: Arc<SharedResources>) -> Self {
        Self { shared: Some(shared), ..Self::default() }
    }

    /// The same for a pipeline that may not take in whatever it likes.
    #[must_use]
    pub fn with_intake(self, intake: Arc<dyn Intake>) -> Self {
        Self { intake: Some(intake), ..self }
    }

    /// The same for another pipeline: pipes and resources are those of all of them.
    #[must_use]
    pub fn for_another(&self, paths: Option<Paths>) -> Self {
        Self { paths, opened: Shutdown::new(), ..self.clone() }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, paths, opened, intake: _, pipes: _ } = self;
        let is_open = opened.is_cancelled();
        f.debug_struct("Surroundings")
            .field("shared", shared)
            .field("paths", paths)
            .field("is_open", &is_open)
            .finish_non_exhaustive()
    }
}
