use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use forebay_storage_metadata::{CommitOutcome, SegmentCommit};
use tokio::sync::{Notify, Semaphore};

use crate::random::Random;

/// Between which steps of writing, reading or cleaning something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Batches are taken, and nothing is written.
    BeforePut,
    /// The segment is durable, and nobody knows of it.
    AfterPut,
    BeforeCommit,
    /// The segment is committed, and neither the writer nor the client knows.
    AfterCommit,
    BeforeGet,
    BeforeFind,
    /// An object is condemned, and there.
    BeforeDelete,
    /// An object is gone, and the metadata store does not know.
    AfterDelete,
}

/// What is done at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    GoOn,
    /// The step fails: before it nothing is done, behind it what was done is reported as failed.
    Fail,
}

/// Something that may happen at points.
#[async_trait]
pub trait Hook: Debug + Send + Sync {
    /// Called at every point, and waited for.
    async fn at(&self, point: Point) -> Step;

    /// What is committed instead of `commit`: for tests of the laws.
    fn change(&self, _commit: &mut SegmentCommit) {}

    /// What is told of a commit instead of `outcome`: for tests of the laws.
    fn tell(&self, _outcome: &mut CommitOutcome) {}
}

/// Nothing happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

/// What comes `nth` to a point stands still there until it is let go; what comes later goes past.
#[derive(Debug)]
pub struct HoldAt {
    point: Point,
    /// From 0 on.
    nth: usize,
    passed: AtomicUsize,
    reached: Notify,
    released: Semaphore,
}

/// Things that happen by chance, which follows from a seed.
#[derive(Debug)]
pub struct Chance {
    rules: Mutex<Vec<(Point, u16, Mishap)>>,
    random: Mutex<Random>,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    Fail,
    Delay(Duration),
    /// Nobody ever answers.
    Hang,
}

impl Point {
    pub const ALL: [Self; 8] = [
        Self::BeforePut,
        Self::AfterPut,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforeGet,
        Self::BeforeFind,
        Self::BeforeDelete,
        Self::AfterDelete,
    ];

    /// Those that every record passes on its way in.
    pub const WRITING: [Self; 4] = [Self::BeforePut, Self::AfterPut, Self::BeforeCommit, Self::AfterCommit];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforePut => "before-put",
            Self::AfterPut => "after-put",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeGet => "before-get",
            Self::BeforeFind => "before-find",
            Self::BeforeDelete => "before-delete",
            Self::AfterDelete => "after-delete",
        }
    }
}

impl FromStr for Point {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|point| point.name() == name);
        found.ok_or_else(|| anyhow::anyhow!("there is no point `{name}`"))
    }
}

#[async_trait]
impl Hook for Nothing {
    async fn at(&self, _: Point) -> Step {
        Step::GoOn
    }
}

impl HoldAt {
    #[must_use]
    pub fn new(point: Point, nth: usize) -> Self {
        Self { point, nth, passed: AtomicUsize::new(0), reached: Notify::new(), released: Semaphore::new(0) }
    }

    /// Waits until something stands there.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets it go.
    pub fn release(&self) {
        self.released.add_permits(1);
    }
}

#[async_trait]
impl Hook for HoldAt {
    async fn at(&self, point: Point) -> Step {
        if point == self.point && self.passed.fetch_add(1, Ordering::SeqCst) == self.nth {
            self.reached.notify_one();
            // Nobody closes it.
            if let Ok(permit) = self.released.acquire().await {
                permit.forget();
            }
        }
        Step::GoOn
    }
}

impl Chance {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rules: Mutex::default(), random: Mutex::new(Random(seed)) }
    }

    /// From now on this happens to `per_mille` of 1,000 that come to a point.
    pub fn add(&self, point: Point, per_mille: u16, mishap: Mishap) {
        lock(&self.rules).push((point, per_mille, mishap));
    }

    /// Nothing more happens.
    pub fn clear(&self) {
        lock(&self.rules).clear();
    }

    fn draw(&self, point: Point) -> Option<Mishap> {
        let mut drawn = lock(&self.random).below(1000);
        for (_, per_mille, mishap) in lock(&self.rules).iter().filter(|(at, ..)| *at == point) {
            if drawn < u64::from(*per_mille) {
                return Some(*mishap);
            }
            drawn -= u64::from(*per_mille);
        }
        None
    }
}

#[async_trait]
impl Hook for Chance {
    async fn at(&self, point: Point) -> Step {
        match self.draw(point) {
            None => Step::GoOn,
            Some(Mishap::Fail) => Step::Fail,
            Some(Mishap::Delay(time)) => {
                tokio::time::sleep(time).await;
                Step::GoOn
            }
            Some(Mishap::Hang) => std::future::pending().await,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
