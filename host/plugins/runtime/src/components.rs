//! The kinds of components: how the exports of an instance become the traits of the API.

pub(crate) mod input;
pub(crate) mod mapping;
pub(crate) mod output;
pub(crate) mod processor;
pub(crate) mod scanner;

/// `Exports` for a kind whose interface has an `open`.
macro_rules! exports {
    ($name:ident, $kind:literal, $field:ident, $module:ident) => {
        /// The exports of this kind in one instance.
        pub(crate) struct $name(pub(crate) crate::bindings::exports::forebay::plugin::$module::Guest);

        impl crate::instance::Exports for $name {
            const KIND: &'static str = $kind;

            fn find(
                plugin: &crate::plugin::Plugin,
                store: &mut wasmtime::Store<crate::guest::Guest>,
                instance: &wasmtime::component::Instance,
            ) -> Option<wasmtime::Result<Self>> {
                let indices = plugin.kinds.$field.as_ref()?;
                Some(indices.load(store, instance).map(Self))
            }

            fn open<'a>(
                &'a self,
                store: &'a mut wasmtime::Store<crate::guest::Guest>,
                component: &'a str,
                config: &'a str,
            ) -> crate::instance::Call<'a, Result<(), crate::bindings::forebay::plugin::configuration::Problem>> {
                Box::pin(self.0.call_open(store, component, config))
            }
        }
    };
}
pub(crate) use exports;
