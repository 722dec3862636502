//! What wasmtime generates from the WIT files.

wasmtime::component::bindgen!({
    path: [
        "../../../wit/plugin",
        "../../../wit/expressions",
        "../../../wit/files",
        "../../../wit/log",
        "../../../wit/metrics",
        "../../../wit/environment",
        "../../../wit/worlds",
    ],
    world: "forebay:worlds/any-plugin",
    imports: {
        "forebay:plugin/waits.wait": async | trappable,
        "forebay:plugin/waits.give-way": async | trappable,
        "forebay:plugin/streams.[method]byte-stream.read": async | trappable,
        "forebay:plugin/streams.[method]byte-sink.write": async | trappable,
        "forebay:expressions/expressions.[static]expression.compile": async | trappable,
        "forebay:expressions/expressions.[method]expression.run": async | trappable,
        "forebay:expressions/expressions.[method]expression.evaluate": async | trappable,
        "forebay:expressions/expressions.[drop]expression": async | trappable,
        "forebay:files/files.find": async | trappable,
        "forebay:files/files.open": async | trappable,
        "forebay:files/files.remove": async | trappable,
        "forebay:files/files.append-to": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "forebay:plugin/batches.batch": crate::host::batches::HostBatch,
        "forebay:plugin/streams.byte-stream": crate::host::streams::HostStream,
        "forebay:plugin/streams.byte-sink": crate::host::streams::HostSink,
        "forebay:plugin/operations.operation": forebay_plugins_api::Operation,
        "forebay:expressions/expressions.expression": crate::host::expressions::HostExpression,
        "forebay:files/files.appender": crate::host::files::HostAppender,
    },
});
