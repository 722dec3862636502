//! Spans of messages, as Bento makes them: where a message comes in, from then on until it is settled; where a
//! processor works on it or an output writes it, as a part of that. What runs inside of a processor is not part of its
//! span, but for `branch` and the branches of a `workflow`.
//!
//! The span that a message is in travels with it as its trace. Where no tracer is on, nothing here looks at messages.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use forebay_lifecycle::clock;
use forebay_pipeline_message::{Batch, Message, Origins, Processed};
use forebay_traces::{Span, Subject, TraceContext, Tracer};

/// What makes the spans of a component; nothing, where no tracer is on.
#[derive(Clone, Default)]
pub(crate) struct Traced(Option<Inner>);

#[derive(Clone)]
struct Inner {
    tracer: Tracer,
    subject: Arc<Subject>,
}

/// Spans that messages are in.
pub(crate) struct OpenSpans {
    inner: Inner,
    begun: Instant,
    /// By the index of the message, those that somebody is told of.
    spans: Vec<(usize, TraceContext, Place)>,
}

/// What a span is part of, and what came before it.
#[derive(Clone, Copy, Default)]
struct Place {
    parent: Option<TraceContext>,
    link: Option<TraceContext>,
}

impl Traced {
    /// `name` is that of the spans, `path` where the component stands.
    pub(crate) fn of(tracer: &Tracer, name: &str, label: Option<&str>, path: &str) -> Self {
        if !tracer.is_on() {
            return Self(None);
        }
        let subject = Subject::new(name).with("path", path);
        let subject = match label {
            Some(label) if !label.is_empty() => subject.with("label", label),
            _ => subject,
        };
        Self(Some(Inner { tracer: tracer.clone(), subject: Arc::new(subject) }))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Spans of messages that have been with the component since a moment, and no longer are. `error` says what it
    /// failed for, by the index of the message.
    pub(crate) fn over<'e>(&self, batch: &Batch, begun: Instant, error: impl Fn(usize) -> Option<&'e str>) {
        let Some(inner) = &self.0 else { return };
        let times = times(begun);
        for (index, message) in batch.iter().enumerate() {
            let parent = context_of(&message);
            let context = inner.tracer.child(parent.as_ref());
            if context.is_sampled {
                inner.record(context, Place { parent, link: None }, times, error(index));
            }
        }
    }

    /// Begins a span of every message, as part of the one that it is in. With it comes the batch in those spans.
    pub(crate) fn open(&self, batch: &Batch) -> Option<(Batch, OpenSpans)> {
        self.open_with(batch, |parent| Place { parent, link: None })
    }

    /// As [`Traced::open`], of what begins anew with the message: the span that it is in may end before.
    pub(crate) fn open_beside(&self, batch: &Batch) -> Option<(Batch, OpenSpans)> {
        self.open_with(batch, |parent| Place { parent, link: parent })
    }

    fn open_with(
        &self,
        batch: &Batch,
        place: impl Fn(Option<TraceContext>) -> Place,
    ) -> Option<(Batch, OpenSpans)> {
        let inner = self.0.clone()?;
        let mut spans = Vec::new();
        let mut traces = Vec::with_capacity(batch.len());
        for (index, message) in batch.iter().enumerate() {
            let place = place(context_of(&message));
            let context = inner.tracer.child(place.parent.as_ref());
            traces.push(context.to_string());
            if context.is_sampled {
                spans.push((index, context, place));
            }
        }
        let inside = batch.with_traces(traces.iter().map(String::as_str).enumerate());
        Some((inside, OpenSpans { inner, begun: clock::now(), spans }))
    }
}

impl OpenSpans {
    /// Ends them. `error` says what the component failed for, by the index of the message.
    pub(crate) fn end<'e>(self, error: impl Fn(usize) -> Option<&'e str>) {
        let Self { inner, begun, spans } = self;
        let times = times(begun);
        for (index, context, place) in spans {
            inner.record(context, place, times, error(index));
        }
    }
}

impl Inner {
    fn record(
        &self,
        context: TraceContext,
        place: Place,
        (begun, ended): (SystemTime, SystemTime),
        error: Option<&str>,
    ) {
        let parent = place.parent.map(|parent| parent.span);
        let subject = Arc::clone(&self.subject);
        let span = Span { context, parent, link: place.link, subject, begun, ended, error: None };
        self.tracer.record(match error {
            Some(error) => span.failed(error),
            None => span,
        });
    }
}

/// Puts results that were made of messages in spans of their own back into the spans of their sources.
pub(crate) fn back_into(source: &Batch, results: Vec<Processed>) -> Vec<Processed> {
    let back = |Processed { batch, origins }: Processed| {
        let trace = |index: usize| source.get(first_source(&origins, index))?.trace();
        let traces = (0..batch.len()).filter_map(|index| Some((index, trace(index)?)));
        Processed { batch: batch.with_traces(traces), origins }
    };
    results.into_iter().map(back).collect()
}

/// The first message that one of a result comes from.
fn first_source(origins: &Origins, index: usize) -> usize {
    let found = match origins {
        Origins::Same => return index,
        Origins::Each(each) => each.get(index),
        Origins::Sets(sets) => sets.get(index).and_then(|set| set.first()),
        Origins::Whole => None,
    };
    found.map_or(0, |source| *source as usize)
}

/// The span that a message is in. What is no trace context stands for none.
fn context_of(message: &Message<'_>) -> Option<TraceContext> {
    message.trace()?.parse().ok()
}

/// From a moment up to now.
fn times(begun: Instant) -> (SystemTime, SystemTime) {
    let now = clock::wall();
    (now.checked_sub(begun.elapsed()).unwrap_or(now), now)
}

impl std::fmt::Debug for OpenSpans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSpans").field("spans", &self.spans.len()).finish_non_exhaustive()
    }
}
