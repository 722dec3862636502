//! What all pipelines of an agent may take in together, shared out fairly.
//!
//! Bytes are handed out in portions, to one pipeline after the other: each pipeline that waits stands in a ring, gets a
//! portion when it is its turn, and stands behind the others again if that is not enough. What is left of a portion is
//! kept for its next batch. So a pipeline with large batches, or with many inputs that wait, gets no more than one with
//! small ones, and what one does not ask for is there for the others. Inputs of one pipeline stand in a line: first
//! come, first served.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::ByteCount;
use forebay_pipeline_engine::Intake;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The limiter counts in units that take a microsecond or more, so that its nanoseconds are exact enough.
const UNITS_PER_SECOND: u64 = 1_000_000;
/// A portion is what comes in so many parts of a second.
const PORTIONS_PER_SECOND: u64 = 100;
/// So many portions may be taken at once after a pause.
const BURST: u64 = 10;

/// The limit of an agent. Cheap to clone.
#[derive(Clone)]
pub struct FairLimit(Arc<Shared>);

struct Shared {
    limiter: Limiter,
    /// Bytes of a unit of the limiter.
    unit: u64,
    /// Units of a portion.
    portion: NonZeroU32,
    ring: Mutex<Ring>,
    next: AtomicU64,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TimerClock, NoOpMiddleware<Duration>>;

/// The clock that timers go by.
#[derive(Debug, Clone)]
struct TimerClock(Instant);

impl Clock for TimerClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Who waits.
#[derive(Default)]
struct Ring {
    /// Whose turn it is.
    current: Option<u64>,
    /// The other pipelines that wait, in the order of their turns. Each is there once.
    order: VecDeque<u64>,
    waiting: HashMap<u64, VecDeque<oneshot::Sender<Turn>>>,
}

/// The right to take a portion. The next one in the ring has it when this is dropped.
struct Turn(Option<Arc<Shared>>);

/// What one pipeline takes in: all its instances share it.
#[derive(Debug)]
pub struct Share {
    limit: FairLimit,
    id: u64,
    /// Bytes of portions that were not used yet. Whoever waits for more holds it, the others stand in line for it.
    left: tokio::sync::Mutex<u64>,
}

impl FairLimit {
    /// A limit of so many bytes in a second.
    ///
    /// # Panics
    /// Never: a unit takes a microsecond or more.
    #[must_use]
    pub fn new(rate: ByteCount) -> Self {
        let rate = rate.get().max(1);
        let unit = rate.div_ceil(UNITS_PER_SECOND);
        let period = Duration::from_secs_f64(fraction(unit, rate)).max(Duration::from_nanos(1));
        let portion = units(rate / PORTIONS_PER_SECOND, unit);
        let burst = units((rate / PORTIONS_PER_SECOND).saturating_mul(BURST), unit);
        let quota = Quota::with_period(period).expect("a unit takes a while").allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, TimerClock(Instant::now()));
        Self(Arc::new(Shared { limiter, unit, portion, ring: Mutex::default(), next: AtomicU64::new(0) }))
    }

    /// That of another pipeline.
    #[must_use]
    pub fn share(&self) -> Share {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        Share { limit: self.clone(), id, left: tokio::sync::Mutex::default() }
    }
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is the turn of a pipeline.
    ///
    /// # Cancel safety
    /// Safe: a turn that comes to nobody goes to the next one.
    async fn turn(self: &Arc<Self>, id: u64) -> Turn {
        let (tell, told) = oneshot::channel();
        {
            let mut ring = self.ring();
            if ring.current.is_none() {
                ring.current = Some(id);
                return Turn(Some(Arc::clone(self)));
            }
            let waiting = ring.waiting.entry(id).or_default();
            waiting.push_back(tell);
            if waiting.len() == 1 && ring.current != Some(id) {
                ring.order.push_back(id);
            }
        }
        // Whoever has the turn gives it on, and keeps what it waits in.
        told.await.unwrap_or(Turn(None))
    }

    /// Waits until the limiter has a portion.
    async fn portion(&self) -> u64 {
        // A portion is less than the burst, and so there is always room for it in the end.
        while let Ok(Err(not_until)) = self.limiter.check_n(self.portion) {
            tokio::time::sleep(not_until.wait_time_from(self.limiter.clock().now())).await;
        }
        u64::from(self.portion.get()) * self.unit
    }
}

impl Ring {
    /// Who comes next. Whose turn it was stands behind all others, where it still waits.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let next = self.order.pop_front();
        if let Some(before) = self.current.take().filter(|before| self.waiting.contains_key(before)) {
            self.order.push_back(before);
        }
        let id = next.or_else(|| self.order.pop_front())?;
        let waiting = self.waiting.get_mut(&id)?;
        let next = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&id);
        }
        self.current = Some(id);
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(shared) = self.0.take() else { return };
        loop {
            let next = shared.ring().next();
            let Some(next) = next else { return };
            // Who has given up waiting gives its turn back.
            match next.send(Self(Some(Arc::clone(&shared)))) {
                Ok(()) => return,
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

#[async_trait]
impl Intake for Share {
    async fn take(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        // Who gives up leaves what it has got to the next one.
        let mut left = self.left.lock().await;
        while *left < bytes {
            let turn = self.limit.0.turn(self.id).await;
            let portion = self.limit.0.portion().await;
            *left = left.saturating_add(portion);
            drop(turn);
        }
        *left -= bytes;
    }
}

impl fmt::Debug for FairLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { unit, portion, .. } = &*self.0;
        f.debug_struct("FairLimit").field("unit", unit).field("portion", portion).finish_non_exhaustive()
    }
}

/// So many units of the limiter as bytes need, and at least one.
fn units(bytes: u64, unit: u64) -> NonZeroU32 {
    u32::try_from(bytes.div_ceil(unit)).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

#[expect(clippy::cast_precision_loss, reason = "a part of a millionth does not count")]
fn fraction(unit: u64, rate: u64) -> f64 {
    unit as f64 / rate as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes batches of so many bytes, as fast as it may, for so long; how many bytes that were.
    async fn taken(limit: &FairLimit, batch: usize, inputs: usize, time: Duration) -> u64 {
        let share = limit.share();
        let count = AtomicU64::new(0);
        let all = futures_util::future::join_all((0..inputs).map(|_| take_all(&share, batch, &count)));
        let _ = tokio::time::timeout(time, all).await;
        count.into_inner() * batch as u64
    }

    /// Takes batches of so many bytes, as fast as it may, and counts them.
    async fn take_all(share: &Share, batch: usize, count: &AtomicU64) {
        loop {
            share.take(batch).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_about(found: u64, expected: u64) -> bool {
        found.abs_diff(expected) <= expected / 10
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_pipeline_takes_is_the_rate() {
        for rate in [10_000, 5_000_000, 200_000_000] {
            let limit = FairLimit::new(ByteCount::new(rate));
            let found = taken(&limit, 1_000, 1, Duration::from_secs(4)).await;
            assert!(is_about(found, 4 * rate), "{rate}: {found}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn small_and_large_batches_and_many_inputs_get_the_same() {
        let limit = FairLimit::new(ByteCount::new(3_000_000));
        let time = Duration::from_secs(20);
        let (small, large, many) = tokio::join!(
            taken(&limit, 100, 1, time),
            taken(&limit, 1_000_000, 1, time),
            taken(&limit, 1_000, 20, time)
        );
        for found in [small, large, many] {
            assert!(is_about(found, 20_000_000), "{small} {large} {many}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_batches_get_on_beside_small_ones_of_the_same_pipeline() {
        let limit = FairLimit::new(ByteCount::new(5_000_000));
        let share = limit.share();
        let (large, small) = (AtomicU64::new(0), AtomicU64::new(0));
        let all =
            futures_util::future::join(take_all(&share, 1_000_000, &large), take_all(&share, 10_000, &small));
        let _ = tokio::time::timeout(Duration::from_secs(20), all).await;
        let (large, small) = (large.into_inner(), small.into_inner());
        assert!(large >= 90 && large.abs_diff(small) <= 1, "{large} {small}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_does_not_want_is_there_for_the_others() {
        let limit = FairLimit::new(ByteCount::new(1_000_000));
        let modest = async {
            let share = limit.share();
            for _ in 0..20 {
                share.take(10_000).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let (found, ()) = tokio::join!(taken(&limit, 5_000, 1, Duration::from_secs(20)), modest);
        assert!(is_about(found, 19_800_000), "{found}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_holds_nobody_up() {
        let limit = FairLimit::new(ByteCount::new(1_000));
        let shares = [limit.share(), limit.share(), limit.share()];
        {
            let waiting = shares.iter().map(|share| share.take(1_000_000));
            let all = futures_util::future::join_all(waiting);
            assert!(tokio::time::timeout(Duration::from_secs(1), all).await.is_err());
        }
        let found = taken(&limit, 100, 1, Duration::from_secs(10)).await;
        assert!(is_about(found, 10_000), "{found}");
    }
}
