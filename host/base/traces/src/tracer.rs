use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::{Span, SpanId, TraceContext, TraceId};

/// Spans that may wait to be told to others: some seconds of a busy pipeline, and 16 MiB when each has an error.
const MOST_WAITING: usize = 16 * 1024;

/// Makes spans. Cheap to clone; all clones give to the same [`Spans`].
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

struct Inner {
    /// The part of all traces that are sampled; none to sample all but those of others that are not.
    ratio: Option<f64>,
    to: mpsc::Sender<Span>,
    lost: AtomicU64,
}

/// Where spans come out.
pub struct Spans {
    from: mpsc::Receiver<Span>,
    inner: std::sync::Weak<Inner>,
}

impl Tracer {
    /// One that is on. With a ratio that part of all traces is sampled, whoever began them.
    #[must_use]
    pub fn new(ratio: Option<f64>) -> (Self, Spans) {
        let (to, from) = mpsc::channel(MOST_WAITING);
        let inner = Arc::new(Inner { ratio, to, lost: AtomicU64::new(0) });
        let spans = Spans { from, inner: Arc::downgrade(&inner) };
        (Self(Some(inner)), spans)
    }

    /// One that makes nothing.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A new span in that of `parent`, or in a trace of its own.
    #[must_use]
    pub fn child(&self, parent: Option<&TraceContext>) -> TraceContext {
        let trace = parent.map_or_else(TraceId::random, |parent| parent.trace);
        let is_sampled = match self.0.as_ref().and_then(|inner| inner.ratio) {
            Some(ratio) => is_within(trace, ratio),
            None => self.is_on() && parent.is_none_or(|parent| parent.is_sampled),
        };
        TraceContext { trace, span: SpanId::random(), is_sampled }
    }

    /// Takes a span that has ended. It is lost when too many wait.
    pub fn record(&self, span: Span) {
        if let Some(inner) = &self.0
            && inner.to.try_send(span).is_err()
        {
            inner.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a trace is among the part that is sampled: as everybody else decides it who goes by the identity.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a power of two, then a part of it that is not negative"
)]
fn is_within(trace: TraceId, ratio: f64) -> bool {
    if ratio >= 1.0 {
        return true;
    }
    let bound = (ratio.max(0.0) * (1_u64 << 63) as f64) as u64;
    let low = trace.bytes()[8..].iter().fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
    low >> 1 < bound
}

impl Spans {
    /// Waits for spans, then adds to `taken` those that are there, `most` of them at most. Whether more can come.
    ///
    /// # Cancel safety
    /// Safe: a span is taken out only when it is added.
    pub async fn take(&mut self, taken: &mut Vec<Span>, most: usize) -> bool {
        most == 0 || self.from.recv_many(taken, most).await > 0
    }

    /// Those that are there, `most` of them at most.
    pub fn take_now(&mut self, most: usize) -> Vec<Span> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Ok(span) = self.from.try_recv()
        {
            taken.push(span);
        }
        taken
    }

    /// How many were lost since this was asked for the last time.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.inner.upgrade().map_or(0, |inner| inner.lost.swap(0, Ordering::Relaxed))
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::Subject;

    fn span(context: TraceContext) -> Span {
        let subject = Arc::new(Subject::new("one"));
        let (begun, ended) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH);
        Span { context, parent: None, link: None, subject, begun, ended, error: None }
    }

    #[test]
    fn without_a_ratio_others_decide_for_their_traces() {
        let (tracer, _spans) = Tracer::new(None);
        let root = tracer.child(None);
        assert!(root.is_sampled);
        let child = tracer.child(Some(&root));
        assert_eq!((child.trace, child.is_sampled), (root.trace, true));
        assert_ne!(child.span, root.span);
        let unsampled = TraceContext { is_sampled: false, ..root };
        assert!(!tracer.child(Some(&unsampled)).is_sampled);
        assert!(!Tracer::off().child(None).is_sampled);
    }

    #[test]
    fn a_ratio_decides_by_the_identity_of_the_trace() {
        let low = "00-ffffffffffffffff0fffffffffffffff-00f067aa0ba902b7-00".parse().unwrap();
        let high = "00-0000000000000000f000000000000000-00f067aa0ba902b7-01".parse().unwrap();
        let sampled = |ratio| {
            let (tracer, _spans) = Tracer::new(Some(ratio));
            [low, high].map(|parent| tracer.child(Some(&parent)).is_sampled)
        };
        assert_eq!(sampled(0.0), [false, false]);
        assert_eq!(sampled(0.5), [true, false]);
        assert_eq!(sampled(1.0), [true, true]);
    }

    #[test]
    fn what_nobody_takes_is_lost_and_counted() {
        let (tracer, mut spans) = Tracer::new(None);
        let context = tracer.child(None);
        (0..MOST_WAITING + 3).for_each(|_| tracer.record(span(context)));
        assert_eq!((spans.lost(), spans.lost()), (3, 0));
        assert_eq!(spans.take_now(5).len(), 5);
        assert_eq!(spans.take_now(usize::MAX).len(), MOST_WAITING - 5);
        drop(tracer);
        assert!(spans.take_now(1).is_empty());
    }

    #[test]
    fn of_a_long_error_the_beginning_is_kept() {
        let (tracer, _spans) = Tracer::new(None);
        let failed = span(tracer.child(None)).failed(&"\u{e9}".repeat(1000));
        assert_eq!(failed.error, Some("\u{e9}".repeat(512)));
    }
}
