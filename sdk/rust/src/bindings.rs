//! The generated bindings of the contract: one module for what the host offers, and one for every
//! kind that a plugin may export. They share the types of the first, so that a plugin exports just
//! the kinds that it has: each kind carries its own world, and the linker merges those in use.

/// Generates the bindings of one world, with the shared interfaces taken from [`capabilities`].
macro_rules! world {
    ($(#[$docs:meta])* $module:ident, $world:literal, $bindings:literal, { $($with:tt)* }) => {
        $(#[$docs])*
        #[allow(warnings, clippy::all, clippy::restriction, missing_debug_implementations, reason = "generated")]
        pub mod $module {
            wit_bindgen::generate!({
                path: [
                    "../../wit/plugin", "../../wit/expressions", "../../wit/files", "../../wit/http", "../../wit/log",
                    "../../wit/metrics", "../../wit/environment", "../../wit/state", "../../wit/caches",
                    "../../wit/rate-limits", "../../wit/compression", "../../wit/subprocess", "../../wit/objects",
                    "../../wit/kafka", "../../wit/worlds",
                ],
                world: $world,
                pub_export_macro: true,
                default_bindings_module: $bindings,
                generate_all,
                with: { $($with)* },
            });
        }
    };
}

macro_rules! kind {
    ($(#[$docs:meta])* $module:ident, $world:literal, $bindings:literal) => {
        world!($(#[$docs])* $module, $world, $bindings, {
            "forebay:plugin/waits@0.1.0": crate::bindings::capabilities::forebay::plugin::waits,
            "forebay:plugin/streams@0.1.0": crate::bindings::capabilities::forebay::plugin::streams,
            "forebay:plugin/operations@0.1.0": crate::bindings::capabilities::forebay::plugin::operations,
            "forebay:plugin/batches@0.1.0": crate::bindings::capabilities::forebay::plugin::batches,
            "forebay:plugin/scanned@0.1.0": crate::bindings::capabilities::forebay::plugin::scanned,
            "forebay:plugin/configuration@0.1.0": crate::bindings::capabilities::forebay::plugin::configuration,
            "forebay:expressions/expressions@0.1.0": crate::bindings::capabilities::forebay::expressions::expressions,
            "forebay:files/files@0.1.0": crate::bindings::capabilities::forebay::files::files,
            "forebay:http/client@0.1.0": crate::bindings::capabilities::forebay::http::client,
            "forebay:http/listener@0.1.0": crate::bindings::capabilities::forebay::http::listener,
            "forebay:http/outlet@0.1.0": crate::bindings::capabilities::forebay::http::outlet,
            "forebay:log/log@0.1.0": crate::bindings::capabilities::forebay::log::log,
            "forebay:metrics/metrics@0.1.0": crate::bindings::capabilities::forebay::metrics::metrics,
            "forebay:environment/environment@0.1.0": crate::bindings::capabilities::forebay::environment::environment,
            "forebay:caches/caches@0.1.0": crate::bindings::capabilities::forebay::caches::caches,
            "forebay:rate-limits/rate-limits@0.1.0": crate::bindings::capabilities::forebay::rate_limits::rate_limits,
            "forebay:compression/compression@0.1.0": crate::bindings::capabilities::forebay::compression::compression,
            "forebay:subprocess/subprocess@0.1.0": crate::bindings::capabilities::forebay::subprocess::subprocess,
            "forebay:objects/objects@0.1.0": crate::bindings::capabilities::forebay::objects::objects,
            "forebay:kafka/kafka@0.1.0": crate::bindings::capabilities::forebay::kafka::kafka,
            "forebay:state/state@0.1.0": crate::bindings::capabilities::forebay::state::state,
        });
    };
}

world!(
    /// Everything that the host offers.
    capabilities, "forebay:worlds/capabilities", "forebay_sdk::bindings::capabilities", {}
);
kind!(description, "forebay:worlds/described", "forebay_sdk::bindings::description");
kind!(inputs, "forebay:worlds/input-plugin", "forebay_sdk::bindings::inputs");
kind!(processors, "forebay:worlds/processor-plugin", "forebay_sdk::bindings::processors");
kind!(incremental, "forebay:worlds/incremental-processor-plugin", "forebay_sdk::bindings::incremental");
kind!(outputs, "forebay:worlds/output-plugin", "forebay_sdk::bindings::outputs");
kind!(
    streaming_outputs,
    "forebay:worlds/streaming-output-plugin",
    "forebay_sdk::bindings::streaming_outputs"
);
kind!(mappings, "forebay:worlds/mapping-plugin", "forebay_sdk::bindings::mappings");
kind!(scanners, "forebay:worlds/scanner-plugin", "forebay_sdk::bindings::scanners");
kind!(caches, "forebay:worlds/cache-plugin", "forebay_sdk::bindings::caches");
