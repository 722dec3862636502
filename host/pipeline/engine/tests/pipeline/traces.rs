//! The spans of messages on their way through a pipeline of scripted components.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_engine::{Ended, Structured, run};
use forebay_plugins_api::Components;
use forebay_traces::{Span, SpanId, Tracer};

use crate::scripted::{Script, Step, Write, batch};
use crate::{config, identity};

/// The spans that a pipeline makes, those that ended first in front.
async fn spans(script: &Arc<Script>, yaml: &str, ratio: Option<f64>) -> Vec<Span> {
    let (tracer, mut spans) = Tracer::new(ratio);
    let config = config(script, &format!("{yaml}\nshutdown_timeout: 2s\n"));
    let structured = Structured::new(Arc::clone(script) as _).with_tracer(tracer);
    let components: Arc<dyn Components> = Arc::new(structured);
    let threads = Threads::start("test", 1).unwrap();
    let ended = run(&identity(), &config, &components, &threads, Shutdown::new()).await.unwrap();
    // Threads are joined when dropped, which must not happen inside a runtime that they wait for.
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    assert_eq!(ended, Ended::Finished);
    spans.take_now(usize::MAX)
}

/// The names of spans, each behind those that it is part of, and what it failed for.
fn shown(spans: &[Span]) -> Vec<String> {
    let name = |id: SpanId| spans.iter().find(|span| span.context.span == id);
    let line = |span: &Span| {
        let mut names = vec![span.subject.name.clone()];
        let mut parent = span.parent;
        while let Some(outer) = parent.and_then(name) {
            names.insert(0, outer.subject.name.clone());
            parent = outer.parent;
        }
        let error = span.error.as_ref().map_or_else(String::new, |error| format!("!{error}"));
        format!("{}{error}", names.join(" > "))
    };
    spans.iter().map(line).collect()
}

#[tokio::test]
async fn a_message_has_a_span_where_it_comes_in_and_parts_of_it_on_its_way() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {label: there, script: {}, processors: [{script: {}}]}
pipeline: {threads: 1, processors: [{noop: {}}, {label: inner, script: {}}, {for_each: [{script: {}}]}]}
output: {script: {}}";
    let spans = spans(&script, yaml, None).await;
    let expected = [
        "input_script > script",
        "input_script > script",
        "input_script > script",
        "input_script > for_each",
        "input_script > output_script",
        "input_script",
    ];
    assert_eq!(shown(&spans), expected);
    assert!(spans.iter().all(|span| span.context.trace == spans[0].context.trace));
    assert!(spans.iter().all(|span| span.begun <= span.ended && span.context.is_sampled));
    let attributes = |index: usize| {
        let pairs = spans[index].subject.attributes.iter();
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(attributes(0), ["path=input.processors.0"]);
    assert_eq!(attributes(1), ["path=pipeline.processors.1", "label=inner"]);
    assert_eq!(attributes(5), ["path=input", "label=there"]);
}

#[tokio::test]
async fn every_message_of_a_batch_is_in_a_trace_of_its_own() {
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]);
    let yaml = "input: {script: {}}\npipeline: {threads: 1, processors: [{script: {drops: a}}]}\noutput: {script: {}}";
    let spans = spans(&script, yaml, None).await;
    let names: Vec<&str> = spans.iter().map(|span| span.subject.name.as_str()).collect();
    assert_eq!(names, ["script", "script", "output_script", "input_script", "input_script"]);
    assert_ne!(spans[3].context.trace, spans[4].context.trace);
    // What was dropped came no further.
    assert_eq!(spans[2].context.trace, spans[4].context.trace);
}

#[tokio::test]
async fn what_runs_in_a_branch_is_part_of_its_span() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {script: {}}
pipeline:
  threads: 1
  processors:
    - branch: {processors: [{script: {}}]}
    - workflow: {meta_path: '', order: [[one], [two]], branches: {one: {processors: [{script: {}}]}}}
    - script: {}
output: {script: {}}
processor_resources: [{label: two, branch: {processors: [{script: {}}]}}]";
    let expected = [
        "input_script > branch > script",
        "input_script > branch",
        "input_script > workflow > one > script",
        "input_script > workflow > one",
        "input_script > workflow > two > script",
        "input_script > workflow > two",
        "input_script > workflow",
        "input_script > script",
        "input_script > output_script",
        "input_script",
    ];
    assert_eq!(shown(&spans(&script, yaml, None).await), expected);
}

#[tokio::test]
async fn spans_say_what_their_component_failed_for_itself() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {script: {}}
pipeline:
  threads: 1
  processors: [{try: [{script: {fails: true}}]}, {script: {}}, {branch: {processors: [{script: {fails: true}}]}}]
output: {script: {}}";
    let expected = [
        "input_script > script!no",
        "input_script > try",
        "input_script > script",
        "input_script > branch > script!no",
        "input_script > branch",
        "input_script > output_script",
        "input_script",
    ];
    assert_eq!(shown(&spans(&script, yaml, None).await), expected);
}

#[tokio::test]
async fn what_is_sent_again_is_in_a_trace_of_its_own() {
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]).writing([Write::Fail(vec![1])]);
    let yaml = "input: {script: {}}\npipeline: {threads: 1}\noutput: {script: {}}";
    let spans = spans(&script, yaml, None).await;
    let expected = [
        "input_script > output_script",
        "input_script > output_script!no",
        "input_script",
        "input_script",
        "input_script > output_script",
        "input_script",
    ];
    assert_eq!(shown(&spans), expected);
    assert_ne!(spans[3].context.trace, spans[5].context.trace);
}

#[tokio::test]
async fn a_trace_that_a_message_comes_with_goes_on() {
    const REMOTE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = |header: &str| batch(&["a"]).with_traces([(0, header)]);
    let headers = [REMOTE.to_owned(), REMOTE.replace("-01", "-00"), "nonsense".to_owned()];
    let script = Script::new().arriving(headers.map(|header| Step::Batch(traced(&header))));
    let yaml = "input: {script: {}}\npipeline: {threads: 1}\noutput: {script: {}}";
    let spans = spans(&script, yaml, None).await;
    // Of the one that others do not sample nobody is told.
    let traces: Vec<bool> =
        spans.iter().map(|span| span.context.to_string().starts_with(&REMOTE[..36])).collect();
    assert_eq!(traces.iter().filter(|is_remote| **is_remote).count(), 2, "{spans:?}");
    assert_eq!(spans.len(), 4);
    let input =
        spans.iter().zip(traces).find(|(span, is_remote)| *is_remote && span.subject.name == "input_script");
    assert_eq!(input.unwrap().0.parent.unwrap().bytes(), [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
}

#[tokio::test]
async fn a_buffer_begins_a_span_that_outlives_that_of_the_input() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml = "input: {script: {}}\nbuffer: {memory: {}}\npipeline: {threads: 1}\noutput: {script: {}}";
    let spans = spans(&script, yaml, None).await;
    let find = |name: &str| spans.iter().find(|span| span.subject.name == name).unwrap();
    let (input, buffer, output) = (find("input_script"), find("memory"), find("output_script"));
    assert_eq!((buffer.link, buffer.parent), (Some(input.context), Some(input.context.span)));
    assert_eq!(output.parent, Some(buffer.context.span));
    assert_eq!(spans.len(), 3);
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_sampled() {
    let script = Script::new().arriving([Step::Batch(batch(&["a"]))]);
    let yaml =
        "input: {script: {}}\npipeline: {threads: 1, processors: [{script: {}}]}\noutput: {script: {}}";
    assert_eq!(spans(&script, yaml, Some(0.0)).await, []);
}
