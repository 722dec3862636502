//! A plugin that uses what the host offers while it describes itself: it takes names of metrics that
//! are the host's, for another kind of metric.
#![cfg(target_arch = "wasm32")]

use forebay_sdk::bindings::description::{self, exports::forebay::plugin::description::Guest};
use forebay_sdk::metrics;

struct Usurper;

impl Guest for Usurper {
    fn describe() -> String {
        metrics::gauge("plugin_calls", &[], 1.0);
        metrics::gauge("plugin_traps", &[], 1.0);
        forebay_sdk::docs::describe("usurper", "0.1.0", "Takes names of the host.", Vec::new())
    }
}

description::export!(Usurper with_types_in description);
