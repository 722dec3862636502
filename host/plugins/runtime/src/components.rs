//! The kinds of components: how the exports of an instance become the traits of the API.

pub(crate) mod cache;
pub(crate) mod incremental;
pub(crate) mod input;
pub(crate) mod mapping;
pub(crate) mod output;
pub(crate) mod processor;
pub(crate) mod scanner;

/// `Exports` for a kind whose interface has an `open`; the last parameter holds what `close` takes.
macro_rules! exports {
    ($name:ident, $kind:ident, $field:ident, $module:ident, close($($settled:expr)?) $(, ready($ready:ident))?) => {
        /// The exports of this kind in one instance.
        pub(crate) struct $name(pub(crate) crate::bindings::exports::forebay::plugin::$module::Guest);

        impl crate::instance::Exports for $name {
            const KIND: forebay_pipeline_config::spec::Kind = forebay_pipeline_config::spec::Kind::$kind;

            fn find(
                kinds: &crate::plugin::Kinds,
                store: &mut wasmtime::Store<crate::guest::Guest>,
                instance: &wasmtime::component::Instance,
            ) -> Option<wasmtime::Result<Self>> {
                let indices = kinds.$field.as_ref()?;
                Some(indices.load(store, instance).map(Self))
            }

            fn open<'a>(
                &'a self,
                store: &'a mut wasmtime::Store<crate::guest::Guest>,
                component: String,
                config: std::sync::Arc<str>,
            ) -> crate::instance::Call<'a, Result<(), crate::bindings::forebay::plugin::configuration::Problem>> {
                Box::pin(async move { self.0.call_open(store, &component, &config).await })
            }

            $(fn ready<'a>(
                &'a self,
                store: &'a mut wasmtime::Store<crate::guest::Guest>,
            ) -> crate::instance::Call<'a, Result<(), String>> {
                Box::pin(self.0.$ready(store))
            })?

            fn close<'a>(
                &'a self,
                store: &'a mut wasmtime::Store<crate::guest::Guest>,
            ) -> crate::instance::Call<'a, ()> {
                Box::pin(self.0.call_close(store $(, $settled)?))
            }
        }
    };
}
pub(crate) use exports;
