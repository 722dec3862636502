//! Mapping languages.

use std::path::Path;
use std::sync::Arc;

use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{Changed, MappingText, Target, Targets};
use wasmtime::Store;
use wasmtime::component::{Instance, Resource, ResourceAny};

use crate::bindings::exports::forebay::plugin::mappings as wit;
use crate::bindings::forebay::plugin::configuration::{Form, Problem};
use crate::guest::Guest;
use crate::instance::{Call, Exports};
use crate::limits::Refusal;
use crate::plugin::Kinds;

/// A text, as its language is told of it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) language: String,
    pub(crate) source: String,
    pub(crate) form: Form,
    /// Empty for a text without a file of its own.
    pub(crate) folder: String,
}

/// The exports of a mapping language in one instance.
pub(crate) struct MappingExports(wit::Guest);

impl From<MappingText<'_>> for Text {
    fn from(text: MappingText<'_>) -> Self {
        let MappingText { language, source, form, file } = text;
        Self {
            language: language.to_owned(),
            source: source.to_owned(),
            form: form.into(),
            folder: file.map(folder).unwrap_or_default(),
        }
    }
}

/// Where a file is. The path is absolute, as those are that Bento's errors show.
fn folder(file: &Path) -> String {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    file.parent().unwrap_or(Path::new("/")).display().to_string()
}

impl Exports for MappingExports {
    const KIND: Kind = Kind::Mapping;

    fn find(kinds: &Kinds, store: &mut Store<Guest>, instance: &Instance) -> Option<wasmtime::Result<Self>> {
        let indices = kinds.mappings.as_ref()?;
        Some(indices.load(store, instance).map(Self))
    }

    /// A language has no configuration.
    fn open<'a>(&'a self, _: &'a mut Store<Guest>, _: String, _: Arc<str>) -> Call<'a, Result<(), Problem>> {
        Box::pin(std::future::ready(Ok(Ok(()))))
    }
}

impl MappingExports {
    pub(crate) fn compile<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        text: &'a Text,
    ) -> Call<'a, Result<ResourceAny, Problem>> {
        let Text { language, source, form, folder } = text;
        Box::pin(async move { self.0.mapping().call_compile(store, language, source, *form, folder).await })
    }

    pub(crate) fn run<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        mapping: ResourceAny,
        batch: Batch,
    ) -> Call<'a, Processed> {
        Box::pin(async move {
            let source = batch.len();
            let batch = store.data_mut().push_batch(batch)?;
            let processed = self.0.mapping().call_run(&mut *store, mapping, batch).await?;
            store.data_mut().take_processed(processed, source)
        })
    }

    pub(crate) fn run_onto<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        mapping: ResourceAny,
        batch: Batch,
        onto: Batch,
    ) -> Call<'a, Changed> {
        Box::pin(async move {
            let length = onto.len();
            let handle = store.data_mut().push_batch(batch)?;
            let onto = store.data_mut().push_batch(onto)?;
            let lent = Resource::new_borrow(handle.rep());
            let changed = self.0.mapping().call_run_onto(&mut *store, mapping, lent, onto).await?;
            store.data_mut().take_batch(handle)?;
            let batch = store.data_mut().take_result(changed.batch)?;
            let deleted = changed.deleted;
            let within = deleted.last().is_none_or(|last| (*last as usize) < length);
            if batch.len() != length || !within || !deleted.is_sorted_by(|before, after| before < after) {
                let detail = format!("{} messages, {} deleted, of {length}", batch.len(), deleted.len());
                return Err(Refusal::contract(detail));
            }
            Ok(Changed { batch, deleted })
        })
    }

    pub(crate) fn targets<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        mapping: ResourceAny,
    ) -> Call<'a, Option<Targets>> {
        Box::pin(async move {
            let targets = self.0.mapping().call_targets(store, mapping).await?;
            let all = |targets: Vec<wit::Target>| targets.into_iter().map(target).collect();
            Ok(targets
                .map(|wit::Targets { reads, writes }| Targets { reads: all(reads), writes: all(writes) }))
        })
    }

    pub(crate) fn evaluate<'a>(
        &'a self,
        store: &'a mut Store<Guest>,
        mapping: ResourceAny,
        batch: Batch,
    ) -> Call<'a, Batch> {
        Box::pin(async move {
            let length = batch.len();
            let handle = store.data_mut().push_batch(batch)?;
            let lent = Resource::new_borrow(handle.rep());
            let values = self.0.mapping().call_evaluate(&mut *store, mapping, lent).await?;
            store.data_mut().take_batch(handle)?;
            let values = store.data_mut().take_result(values)?;
            if values.len() != length {
                let detail = format!("{} values for {length} messages", values.len());
                return Err(Refusal::contract(detail));
            }
            Ok(values)
        })
    }
}

fn target(target: wit::Target) -> Target {
    match target {
        wit::Target::Document(path) => Target::Document(path),
        wit::Target::Metadata(path) => Target::Metadata(path),
    }
}
