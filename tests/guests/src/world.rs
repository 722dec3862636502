use std::sync::Arc;

use forebay_metrics::Metrics;
use forebay_pipeline_message::{Batch, Processed};
use forebay_plugins_api::{ComponentError, Components, Input, Output, Processing, Processor};
use forebay_plugins_runtime::{Digest, Grants, Limits, Plugins, Settings};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{guest, setup, workspace};

/// Guests that are loaded, and what they count.
#[derive(Debug)]
pub struct World {
    pub plugins: Plugins,
    pub metrics: Arc<Metrics>,
}

impl World {
    /// Loads guests with the default limits; nothing is granted to them.
    ///
    /// # Panics
    /// When one can't be loaded.
    pub async fn of(guests: &[&str]) -> Self {
        Self::with(guests, Limits::default(), granting(guests, &[])).await
    }

    /// Loads guests with limits of their own.
    ///
    /// # Panics
    /// When one can't be loaded.
    pub async fn limited(guests: &[&str], limits: Limits) -> Self {
        Self::with(guests, limits, granting(guests, &[])).await
    }

    /// Loads guests that may write below these paths.
    ///
    /// # Panics
    /// When one can't be loaded.
    pub async fn granted(guests: &[&str], writable: &[&str]) -> Self {
        Self::with(guests, Limits::default(), granting(guests, writable)).await
    }

    /// Loads guests with exactly these grants, in YAML.
    ///
    /// # Panics
    /// When one can't be loaded, or the grants can't be read.
    pub async fn with_grants(guests: &[&str], grants: &str) -> Self {
        let grants = Grants::parse(grants).expect("the grants are well-formed");
        Self::load(guests, Settings { grants, ..Settings::default() }).await
    }

    /// Loads guests with limits of their own and these grants: a list as in a file of grants.
    ///
    /// # Panics
    /// When one can't be loaded, or the grants are malformed.
    pub async fn granting(guests: &[&str], limits: Limits, grants: Value) -> Self {
        // JSON is YAML.
        let grants = Grants::parse(&serde_json::json!({ "grants": grants }).to_string());
        Self::with(guests, limits, grants.expect("the grants are well-formed")).await
    }

    async fn with(guests: &[&str], limits: Limits, grants: Grants) -> Self {
        Self::with_settings(guests, Settings { limits, grants, ..Settings::default() }).await
    }

    /// Loads guests with settings of their own, but for where compiled code is kept. What is not granted to
    /// them they do without.
    ///
    /// # Panics
    /// When one can't be loaded.
    pub async fn with_settings(guests: &[&str], settings: Settings) -> Self {
        let denied = |grants: Grants, name: &&str| grants.and_nothing_else(&Digest::of(&guest(name).bytes));
        let grants = guests.iter().fold(settings.grants, denied);
        Self::load(guests, Settings { grants, ..settings }).await
    }

    async fn load(guests: &[&str], settings: Settings) -> Self {
        /// One test compiles a guest, the others take the compiled code.
        static LOADING: Mutex<()> = Mutex::const_new(());
        let _alone = LOADING.lock().await;
        let files: Vec<_> = guests.iter().map(|name| guest(name)).collect();
        let cache = Some(workspace().join("target/guests-compiled"));
        let settings = Settings { cache, ..settings };
        let metrics = Arc::new(Metrics::default());
        let loaded = Plugins::load(&[], &files, settings, Arc::clone(&metrics)).await;
        let (plugins, errors) = loaded.expect("the engine starts");
        assert!(errors.is_empty(), "{errors:?}");
        Self { plugins, metrics }
    }

    /// Opens an input.
    ///
    /// # Panics
    /// When it can't be opened.
    pub async fn input(&self, component: &str, config: Value) -> Box<dyn Input> {
        self.plugins.open_input(setup(component, config)).await.expect("the input opens")
    }

    /// Opens a processor.
    ///
    /// # Panics
    /// When it can't be opened.
    pub async fn processor(&self, component: &str, config: Value) -> Box<dyn Processor> {
        self.plugins.open_processor(setup(component, config)).await.expect("the processor opens")
    }

    /// Opens an output.
    ///
    /// # Panics
    /// When it can't be opened.
    pub async fn output(&self, component: &str, config: Value) -> Box<dyn Output> {
        self.plugins.open_output(setup(component, config)).await.expect("the output opens")
    }

    /// The value of a metric; `labels` are those that must be among its own.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let rendered = self.metrics.render();
        let line = rendered.lines().find(|line| {
            let is_it = line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
            is_it && labels.iter().all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
        })?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

/// Grants of files below `writable`, and of no variables.
fn granting(guests: &[&str], writable: &[&str]) -> Grants {
    let files: Vec<_> =
        writable.iter().map(|path| serde_json::json!({"path": path, "access": "write"})).collect();
    let grants: Vec<_> =
        guests.iter().map(|guest| serde_json::json!({"plugin": guest, "files": files})).collect();
    // JSON is YAML.
    Grants::parse(&serde_json::json!({ "grants": grants }).to_string()).expect("the grants are well-formed")
}

/// What a processor makes of a batch, when that is one result.
///
/// # Errors
/// Those of the processor.
///
/// # Panics
/// When there are other than one result, or it waits for an operation.
pub async fn process(processor: &mut dyn Processor, batch: Batch) -> Result<Batch, ComponentError> {
    Ok(only(processor.process(batch).await?).batch)
}

/// The result of a processor that is done and has one.
///
/// # Panics
/// When it is otherwise.
#[must_use]
pub fn only(processing: Processing) -> Processed {
    let results = match processing {
        Processing::Done(results) => results,
        Processing::Pending(_) => Vec::new(),
    };
    let [result] = <[Processed; 1]>::try_from(results).expect("there is one result");
    result
}
