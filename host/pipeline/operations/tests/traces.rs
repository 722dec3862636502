//! Spans, told to a collector over real sockets, on the loopback device.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "traces/collector.rs"]
mod collector;
#[path = "traces/protobuf.rs"]
mod protobuf;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::{CollectorConfig, CollectorProtocol, OtlpConfig, TracerConfig};
use forebay_pipeline_operations::TraceExporter;
use forebay_traces::{Span, Subject, TraceContext, Tracer};

use collector::{Answer, Collector};
use protobuf::{Field, field, fields, texts};

fn config(collector: &Collector, protocol: CollectorProtocol) -> TracerConfig {
    let tags = BTreeMap::from([("region".to_owned(), "north".to_owned())]);
    let address = collector.address.to_string();
    let collectors = vec![CollectorConfig { protocol, address, secure: false }];
    TracerConfig::OpenTelemetryCollector(OtlpConfig { collectors, tags, ratio: None })
}

fn span(name: &str, context: TraceContext) -> Span {
    let subject = Arc::new(Subject::new(name).with("path", "pipeline.processors.0"));
    let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let ended = begun + Duration::from_millis(5);
    Span { context, parent: None, link: None, subject, begun, ended, error: None }
}

/// An exporter at work on a thread of its own.
struct Exporting {
    tracer: Tracer,
    stop: Shutdown,
    threads: Threads,
    work: std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

impl Exporting {
    fn start(config: &TracerConfig) -> Self {
        let (tracer, exporter) = TraceExporter::open(config, "1.2");
        let (stop, threads) = (Shutdown::new(), Threads::start("traces", 1).unwrap());
        let work = threads.spawn(0, "the export", exporter.unwrap().run(stop.clone()));
        Self { tracer, stop, threads, work: Box::pin(async { work.await.unwrap() }) }
    }

    async fn finish(self) {
        self.stop.cancel();
        self.work.await;
        drop(self.threads);
    }
}

/// What a request holds: the attributes of the resource, the scope, the spans.
fn read(request: &[u8]) -> (Vec<(String, String)>, String, Vec<Vec<Field>>) {
    let of_resource = fields(&field(&fields(request), 1).bytes());
    let resource = fields(&field(&of_resource, 1).bytes());
    let of_scope = fields(&field(&of_resource, 2).bytes());
    let scope = field(&fields(&field(&of_scope, 1).bytes()), 1).text();
    let spans = of_scope.iter().filter(|field| field.number == 2).map(|span| fields(&span.bytes()));
    (texts(&resource, 1), scope, spans.collect())
}

#[tokio::test]
async fn spans_are_told_over_both_protocols() {
    for protocol in [CollectorProtocol::Http, CollectorProtocol::Grpc] {
        let mut collector = Collector::start(protocol, Vec::new()).await;
        let exporting = Exporting::start(&config(&collector, protocol));
        let root = exporting.tracer.child(None);
        let child = exporting.tracer.child(Some(&root));
        exporting.tracer.record(span("input_file", root));
        let failed = Span { parent: Some(root.span), link: Some(root), ..span("mapping", child) };
        exporting.tracer.record(failed.failed("no such field"));
        exporting.finish().await;

        let (path, content_type, request) = collector.next().await;
        let expected = match protocol {
            CollectorProtocol::Http => ("/v1/traces", "application/x-protobuf"),
            CollectorProtocol::Grpc => {
                ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", "application/grpc")
            }
        };
        assert_eq!((path.as_str(), content_type.as_str()), expected);
        let (resource, scope, spans) = read(&request);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let service = [pair("service.name", "forebay"), pair("service.version", "1.2")];
        assert_eq!(resource, [&[pair("region", "north")][..], &service].concat());
        assert_eq!((scope.as_str(), spans.len()), ("forebay", 2));

        let [input, mapping] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(field(input, 5).text(), "input_file");
        assert_eq!(field(input, 1).bytes(), root.trace.bytes());
        assert_eq!(field(input, 2).bytes(), root.span.bytes());
        assert!(input.iter().all(|field| field.number != 4 && field.number != 11), "{input:?}");
        assert_eq!(field(input, 7).number_value(), 1_700_000_000_000_000_000);
        assert_eq!(field(input, 8).number_value(), 1_700_000_000_005_000_000);
        assert_eq!(texts(input, 9), [pair("path", "pipeline.processors.0")]);

        assert_eq!(field(mapping, 1).bytes(), root.trace.bytes());
        assert_eq!(field(mapping, 4).bytes(), root.span.bytes());
        assert_eq!(texts(mapping, 9)[1], pair("error", "true"));
        let event = fields(&field(mapping, 11).bytes());
        assert_eq!(texts(&event, 3), [pair("event", "error"), pair("type", "no such field")]);
        assert_eq!(field(&fields(&field(mapping, 13).bytes()), 2).bytes(), root.span.bytes());
        let status = fields(&field(mapping, 15).bytes());
        assert_eq!(
            (field(&status, 2).text().as_str(), field(&status, 3).number_value()),
            ("no such field", 2)
        );
    }
}

#[tokio::test]
async fn what_a_collector_refuses_for_now_is_told_again() {
    for protocol in [CollectorProtocol::Http, CollectorProtocol::Grpc] {
        let mut collector = Collector::start(protocol, vec![Answer::Busy]).await;
        let exporting = Exporting::start(&config(&collector, protocol));
        // As many as are told at once, so that nothing is waited for.
        let root = exporting.tracer.child(None);
        (0..512).for_each(|_| exporting.tracer.record(span("one", root)));
        let (_, _, refused) = collector.next().await;
        let (_, _, taken) = collector.next().await;
        assert_eq!(refused, taken);
        exporting.finish().await;
        assert!(collector.is_done());
    }
}

#[tokio::test]
async fn what_a_collector_refuses_for_good_is_not_told_again() {
    for protocol in [CollectorProtocol::Http, CollectorProtocol::Grpc] {
        let mut collector = Collector::start(protocol, vec![Answer::Wrong]).await;
        let exporting = Exporting::start(&config(&collector, protocol));
        let root = exporting.tracer.child(None);
        (0..512).for_each(|_| exporting.tracer.record(span("wrong", root)));
        let (_, _, refused) = collector.next().await;
        assert_eq!(read(&refused).2.len(), 512);
        exporting.tracer.record(span("right", root));
        exporting.finish().await;
        let (_, _, taken) = collector.next().await;
        assert_eq!(field(&read(&taken).2[0], 5).text(), "right");
        assert!(collector.is_done());
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_up_nothing() {
    let collector = Collector::start(CollectorProtocol::Http, Vec::new()).await;
    let config = config(&collector, CollectorProtocol::Http);
    drop(collector);
    let exporting = Exporting::start(&config);
    let root = exporting.tracer.child(None);
    (0..100_000).for_each(|_| exporting.tracer.record(span("lost", root)));
    exporting.finish().await;
}

#[test]
fn without_collectors_there_are_no_spans() {
    for config in [TracerConfig::None, TracerConfig::OpenTelemetryCollector(OtlpConfig::default())] {
        let (tracer, exporter) = TraceExporter::open(&config, "1.2");
        assert!(!tracer.is_on() && exporter.is_none());
    }
}
