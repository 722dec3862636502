//! The macro that makes a crate a plugin.

/// Makes a crate a plugin: exports its description and the kinds of components that it has.
///
/// ```ignore
/// forebay_sdk::plugin! {
///     name: "file",
///     summary: "Reads and writes files.",
///     inputs: [FileInput],
///     outputs: [FileOutput],
/// }
/// ```
///
/// Kinds are `inputs`, `processors`, `incremental_processors`, `outputs`, `streaming_outputs`, `mappings`,
/// `scanners` and `caches`; a plugin names those that it has. A plugin with incremental processors names its other
/// processors after a semicolon: `incremental_processors: [Encode; Decode]`. The same goes for streaming outputs.
///
/// The crate is of the types `cdylib` and `rlib`; natively the macro makes a function `describe()`
/// alone, so that its description can be tested.
#[macro_export]
macro_rules! plugin {
    (
        name: $name:expr,
        summary: $summary:expr,
        $($kind:ident: [$($components:tt)*]),* $(,)?
    ) => {
        /// The description of this plugin, in the form of `description.md`.
        #[must_use]
        pub fn describe() -> ::std::string::String {
            let mut components = ::std::vec::Vec::new();
            $($crate::__describe!(components, $kind: [$($components)*]);)*
            $crate::docs::describe($name, ::core::env!("CARGO_PKG_VERSION"), $summary, components)
        }

        #[cfg(target_arch = "wasm32")]
        mod __forebay_exports {
            #[allow(unused_imports, reason = "components may stand anywhere in the crate")]
            use super::*;

            #[global_allocator]
            static ALLOCATOR: $crate::allocator::Allocator = $crate::allocator::Allocator::new();

            struct Plugin;

            impl $crate::bindings::description::exports::forebay::plugin::description::Guest for Plugin {
                fn describe() -> ::std::string::String {
                    $crate::exports::panics::install();
                    super::describe()
                }
            }

            $crate::bindings::description::export!(Plugin with_types_in $crate::bindings::description);
            $($crate::__export!($kind: [$($components)*]);)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($list:ident, inputs: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::input::<$type>());
    )*};
    ($list:ident, processors: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::processor::<$type>());
    )*};
    ($list:ident, incremental_processors: [$($type:ty),* $(; $($other:ty),*)? $(,)?]) => {
        $($list.push(
            $crate::docs::processor::<$type>()
                .incremental(<$type as $crate::IncrementalProcessor>::OF_PIECES),
        );)*
        $($($list.push($crate::docs::processor::<$other>());)*)?
    };
    ($list:ident, outputs: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::output::<$type>());
    )*};
    ($list:ident, streaming_outputs: [$($type:ty),* $(; $($other:ty),*)? $(,)?]) => {
        $($list.push($crate::docs::output::<$type>().streams());)*
        $($($list.push($crate::docs::output::<$other>());)*)?
    };
    ($list:ident, mappings: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::mapping::<$type>());
    )*};
    ($list:ident, scanners: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::scanner::<$type>());
    )*};
    ($list:ident, caches: [$($type:ty),* $(,)?]) => {$(
        $list.push($crate::docs::cache::<$type>());
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (inputs: [$($type:ty),* $(,)?]) => {
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::configuration::Problem;
            use $crate::bindings::inputs::exports::forebay::plugin::inputs::{Event, Guest, Settlement};
            use $crate::exports::inputs as kind;

            const ENTRIES: &[kind::Entry] = &[$(kind::entry::<$type>()),*];

            impl Guest for Plugin {
                fn open(component: String, config: String) -> Result<(), Problem> {
                    kind::open(ENTRIES, component, &config)
                }

                fn connect() -> Result<(), String> {
                    kind::connect()
                }

                fn read(settled: Vec<Settlement>) -> Result<Event, String> {
                    kind::read(settled)
                }

                fn close(settled: Vec<Settlement>) {
                    kind::close(settled);
                }
            }
        };
        $crate::bindings::inputs::export!(Plugin with_types_in $crate::bindings::inputs);
    };
    (processors: [$($type:ty),* $(,)?]) => {
        $crate::__export_processors!($($crate::exports::processors::entry::<$type>()),*);
    };
    (incremental_processors: [$($type:ty),* $(; $($other:ty),*)? $(,)?]) => {
        $crate::__export_processors!(
            $($crate::exports::processors::incremental_entry::<$type>(),)*
            $($($crate::exports::processors::entry::<$other>(),)*)?
        );
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::batches::Batch;
            use $crate::bindings::capabilities::forebay::plugin::streams::ByteSink;
            use $crate::bindings::incremental::exports::forebay::plugin::incremental_processors::{
                Finished, Guest,
            };
            use $crate::exports::incremental as kind;

            impl Guest for Plugin {
                fn begin(sink: ByteSink) -> Result<(), String> {
                    kind::begin(sink)
                }

                fn add(slice: Batch) -> Result<(), String> {
                    kind::add(slice)
                }

                fn finish() -> Result<Finished, String> {
                    kind::finish()
                }

                fn abort() {
                    kind::abort();
                }
            }
        };
        $crate::bindings::incremental::export!(Plugin with_types_in $crate::bindings::incremental);
    };
    (outputs: [$($type:ty),* $(,)?]) => {
        $crate::__export_outputs!($($crate::exports::outputs::entry::<$type>()),*);
    };
    (streaming_outputs: [$($type:ty),* $(; $($other:ty),*)? $(,)?]) => {
        $crate::__export_outputs!(
            $($crate::exports::outputs::streaming_entry::<$type>(),)*
            $($($crate::exports::outputs::entry::<$other>(),)*)?
        );
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::batches::Batch;
            use $crate::bindings::capabilities::forebay::plugin::streams::ByteStream;
            use $crate::bindings::streaming_outputs::exports::forebay::plugin::streaming_outputs::{
                Guest, StreamError, UnderWay,
            };
            use $crate::exports::streaming_outputs as kind;

            impl Guest for Plugin {
                fn write_stream(head: Batch, payload: ByteStream) -> Result<Vec<UnderWay>, StreamError> {
                    kind::write_stream(head, payload)
                }
            }
        };
        $crate::bindings::streaming_outputs::export!(
            Plugin with_types_in $crate::bindings::streaming_outputs
        );
    };
    (mappings: [$($type:ty),* $(,)?]) => {
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::batches::{Batch, Processed};
            use $crate::bindings::capabilities::forebay::plugin::configuration::{Form, Problem};
            use $crate::bindings::mappings::exports::forebay::plugin::mappings::{
                Changed, Guest, GuestMapping, Mapping, Target, Targets,
            };
            use $crate::exports::mappings as kind;

            const ENTRIES: &[kind::Entry] = &[$(kind::entry::<$type>()),*];

            impl Guest for Plugin {
                type Mapping = Text;
            }

            pub struct Text(kind::Text);

            impl GuestMapping for Text {
                fn compile(
                    language: String,
                    source: String,
                    form: Form,
                    folder: String,
                ) -> Result<Mapping, Problem> {
                    let text = $crate::MappingText { source: &source, form, folder: &folder };
                    Ok(Mapping::new(Text(kind::compile(ENTRIES, &language, text)?)))
                }

                fn run(&self, batch: Batch) -> Processed {
                    self.0.run(batch)
                }

                fn run_onto(&self, batch: &Batch, onto: Batch) -> Changed {
                    let (batch, deleted) = self.0.run_onto(batch, onto);
                    Changed { batch, deleted }
                }

                fn targets(&self) -> Option<Targets> {
                    let all = |targets: Vec<$crate::Target>| targets.into_iter().map(target).collect();
                    let $crate::Targets { reads, writes } = self.0.targets()?;
                    Some(Targets { reads: all(reads), writes: all(writes) })
                }

                fn evaluate(&self, batch: &Batch) -> Batch {
                    self.0.evaluate(batch)
                }
            }

            fn target(target: $crate::Target) -> Target {
                match target {
                    $crate::Target::Document(path) => Target::Document(path),
                    $crate::Target::Metadata(path) => Target::Metadata(path),
                }
            }
        };
        $crate::bindings::mappings::export!(Plugin with_types_in $crate::bindings::mappings);
    };
    (scanners: [$($type:ty),* $(,)?]) => {
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::configuration::Problem;
            use $crate::bindings::capabilities::forebay::plugin::streams::ByteStream;
            use $crate::bindings::scanners::exports::forebay::plugin::scanners::{Guest, Scanned};
            use $crate::exports::scanners as kind;

            const ENTRIES: &[kind::Entry] = &[$(kind::entry::<$type>()),*];

            impl Guest for Plugin {
                fn open(component: String, config: String) -> Result<(), Problem> {
                    kind::open(ENTRIES, component, &config)
                }

                fn begin(source: ByteStream, name: String) -> Result<(), String> {
                    kind::begin(source, &name)
                }

                fn next() -> Result<Scanned, String> {
                    kind::next()
                }

                fn close() {
                    kind::close();
                }
            }
        };
        $crate::bindings::scanners::export!(Plugin with_types_in $crate::bindings::scanners);
    };
    (caches: [$($type:ty),* $(,)?]) => {
        const _: () = {
            use $crate::bindings::caches::exports::forebay::plugin::caches::Guest;
            use $crate::bindings::capabilities::forebay::plugin::configuration::Problem;
            use $crate::exports::caches as kind;

            const ENTRIES: &[kind::Entry] = &[$(kind::entry::<$type>()),*];

            impl Guest for Plugin {
                fn open(component: String, config: String) -> Result<(), Problem> {
                    kind::open(ENTRIES, component, &config)
                }

                fn connect() -> Result<(), String> {
                    kind::connect()
                }

                fn get(key: String) -> Result<Option<Vec<u8>>, String> {
                    kind::get(&key)
                }

                fn set(key: String, value: Vec<u8>, nanoseconds: Option<u64>) -> Result<(), String> {
                    kind::set(&key, value, nanoseconds)
                }

                fn add(key: String, value: Vec<u8>, nanoseconds: Option<u64>) -> Result<bool, String> {
                    kind::add(&key, value, nanoseconds)
                }

                fn delete(key: String) -> Result<(), String> {
                    kind::delete(&key)
                }

                fn close() {
                    kind::close();
                }
            }
        };
        $crate::bindings::caches::export!(Plugin with_types_in $crate::bindings::caches);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_processors {
    ($($entry:expr),* $(,)?) => {
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::batches::Batch;
            use $crate::bindings::capabilities::forebay::plugin::configuration::Problem;
            use $crate::bindings::capabilities::forebay::plugin::operations::Operation;
            use $crate::bindings::processors::exports::forebay::plugin::processors::{Guest, Processing};
            use $crate::exports::processors as kind;

            const ENTRIES: &[kind::Entry] = &[$($entry),*];

            impl Guest for Plugin {
                fn open(component: String, config: String) -> Result<(), Problem> {
                    kind::open(ENTRIES, component, &config)
                }

                fn process(batch: Batch) -> Result<Processing, String> {
                    kind::process(batch)
                }

                fn resume(operation: Operation) -> Result<Processing, String> {
                    kind::resume(operation)
                }

                fn close() {
                    kind::close();
                }
            }
        };
        $crate::bindings::processors::export!(Plugin with_types_in $crate::bindings::processors);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_outputs {
    ($($entry:expr),* $(,)?) => {
        const _: () = {
            use $crate::bindings::capabilities::forebay::plugin::batches::Batch;
            use $crate::bindings::capabilities::forebay::plugin::configuration::Problem;
            use $crate::bindings::capabilities::forebay::plugin::operations::Operation;
            use $crate::bindings::outputs::exports::forebay::plugin::outputs::{Guest, WriteError, Written};
            use $crate::exports::outputs as kind;

            const ENTRIES: &[kind::Entry] = &[$($entry),*];

            impl Guest for Plugin {
                fn open(component: String, config: String) -> Result<(), Problem> {
                    kind::open(ENTRIES, component, &config)
                }

                fn connect() -> Result<(), String> {
                    kind::connect()
                }

                fn write(batch: Batch) -> Result<Written, WriteError> {
                    kind::write(batch)
                }

                fn resolve(operation: Operation) -> Result<Written, WriteError> {
                    kind::resolve(operation)
                }

                fn close() {
                    kind::close();
                }
            }
        };
        $crate::bindings::outputs::export!(Plugin with_types_in $crate::bindings::outputs);
    };
}
