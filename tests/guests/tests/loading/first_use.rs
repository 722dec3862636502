//! The code of a default plugin is loaded when somebody uses it, and what it describes is known before.

#![cfg(test)]

use std::sync::atomic::{AtomicUsize, Ordering};

use forebay_plugins_api::Components;
use forebay_plugins_runtime::{Embedded, Plugins, Settings};
use forebay_tests_guests::{embedded, setup};
use serde_json::json;

/// How often the code of a plugin was copied. One test alone counts.
static COPIED: AtomicUsize = AtomicUsize::new(0);

fn count(_: &Embedded) {
    COPIED.fetch_add(1, Ordering::Relaxed);
}

async fn load(plugin: Embedded) -> Plugins {
    let settings = Settings { copied: Some(count), ..Settings::default() };
    let (plugins, errors) = super::load(&[plugin], &[], settings).await;
    assert!(errors.is_empty(), "{errors:?}");
    plugins
}

#[tokio::test]
async fn the_code_of_a_default_plugin_is_loaded_for_its_first_instance() {
    let asked = embedded("stuck");
    let described: &'static str = asked.describe().await.unwrap().leak();
    let described = Embedded { described: Some(described), ..asked };
    let copied = || COPIED.swap(0, Ordering::Relaxed);

    let plugins = load(asked).await;
    assert_eq!(copied(), 1, "it is asked what it is");
    let same = load(described).await;
    assert_eq!(copied(), 0);
    assert_eq!(*plugins.catalog(), *same.catalog());
    assert_eq!(plugins.infos()[0].imports, same.infos()[0].imports);

    let config = json!({"at": "process", "how": "trap"});
    for plugins in [&plugins, &same] {
        let first = plugins.open_processor(setup("stuck_processor", config.clone())).await;
        assert_eq!((first.is_ok(), copied()), (true, 1));
        let second = plugins.open_processor(setup("stuck_processor", config.clone())).await;
        assert_eq!((second.is_ok(), copied()), (true, 0));
    }
}

#[tokio::test]
async fn what_was_described_wrongly_is_named() {
    let broken = Embedded { described: Some("{}"), ..embedded("echo") };
    let (plugins, errors) = super::load(&[broken], &[], Settings::default()).await;
    assert!(plugins.infos().is_empty());
    assert!(errors[0].to_string().contains("its description is not usable: missing field"), "{errors:?}");
}
