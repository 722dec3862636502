//! A plugin with a component of every kind: each export is seen and can be used.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_pipeline_message::Outcome;
use forebay_plugins_api::{
    ByteStream, ComponentError, Components, Event, Form, MappingText, MetadataValue, OpenError, Processor,
    Scanned, Settlement, WriteError,
};
use forebay_tests_guests::{World, batch, only, process, setup, soon, texts};
use serde_json::{Value, json};

/// A stream of these chunks.
struct Scripted(Vec<Result<&'static str, &'static str>>);

#[async_trait]
impl ByteStream for Scripted {
    async fn read(&mut self, most: usize) -> Result<Bytes, String> {
        if self.0.is_empty() {
            return Ok(Bytes::new());
        }
        let text = self.0.remove(0)?;
        let (now, later) = text.split_at(most.min(text.len()));
        if !later.is_empty() {
            self.0.insert(0, Ok(later));
        }
        Ok(now.into())
    }
}

/// A stream from which nothing comes.
struct Silent;

#[async_trait]
impl ByteStream for Silent {
    async fn read(&mut self, _: usize) -> Result<Bytes, String> {
        std::future::pending().await
    }
}

async fn mapped(world: &World, config: Value) -> Box<dyn Processor> {
    world.processor("mapped", config).await
}

#[tokio::test]
async fn every_kind_is_in_the_catalog() {
    let world = World::of(&["kinds"]).await;
    let catalog = world.plugins.catalog();
    let of_guest = || catalog.iter().filter(|entry| entry.plugin.as_str() == "kinds");
    let found: Vec<_> = of_guest().map(|entry| format!("{} {}", entry.spec.kind, entry.spec.name)).collect();
    assert_eq!(
        found,
        [
            "input kinds_input",
            "processor kinds_processor",
            "output kinds_output",
            "mapping shouting",
            "scanner kinds_scanner",
            "cache kinds_cache",
        ]
    );
    let incremental: Vec<_> = of_guest().map(|entry| entry.spec.incremental).collect();
    assert_eq!(incremental, [false, true, false, false, false, false]);
}

#[tokio::test]
async fn a_component_of_another_kind_is_unknown() {
    let world = World::of(&["kinds"]).await;
    match world.plugins.open_output(setup("kinds_input", json!({}))).await {
        Err(OpenError::Unknown { kind, name }) => {
            assert_eq!((kind, name.as_str()), ("output", "kinds_input"));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("an input was opened as an output"),
    }
}

#[tokio::test]
async fn the_input_reads() {
    let world = World::of(&["kinds"]).await;
    let mut input = world.input("kinds_input", json!({"payloads": ["x"]})).await;
    input.connect().await.unwrap();
    let token = match input.read(vec![]).await.unwrap() {
        Event::Batch(token, batch) => {
            assert_eq!(texts(&batch), ["x"]);
            token
        }
        other => panic!("{other:?}"),
    };
    let settled = vec![Settlement::new(token, Outcome::Acknowledged)];
    assert!(matches!(input.read(settled).await.unwrap(), Event::Ended));
    input.close(vec![]).await;
}

#[tokio::test]
async fn the_processor_processes() {
    let world = World::of(&["kinds"]).await;
    let mut processor = world.processor("kinds_processor", json!({})).await;
    assert_eq!(texts(&process(&mut *processor, batch(&["a", "b", "c"])).await.unwrap()), ["3"]);
    processor.close().await;
}

#[tokio::test]
async fn the_incremental_processor_takes_slices() {
    let world = World::of(&["kinds"]).await;
    let setup = setup("kinds_processor", json!({}));
    let mut processor = world.plugins.open_incremental(setup).await.unwrap();
    for _ in 0..2 {
        let (sink, mut written) = tokio::sync::mpsc::channel(1);
        processor.begin(sink).await.unwrap();
        processor.add(batch(&["a", "b"])).await.unwrap();
        processor.add(batch(&["c"])).await.unwrap();
        let metadata = processor.finish().await.unwrap();
        assert_eq!(metadata, [("counted".to_owned(), MetadataValue::Unsigned(3))]);
        assert_eq!(soon(written.recv()).await, Some(b"3".to_vec()));
    }
    let (sink, _written) = tokio::sync::mpsc::channel(1);
    processor.begin(sink).await.unwrap();
    processor.abort().await;
    let error = processor.finish().await.unwrap_err().to_string();
    assert!(error.starts_with("no batch was begun"), "{error}");
    processor.close().await;
}

#[tokio::test]
async fn the_cache_keeps_values() {
    let world = World::of(&["kinds"]).await;
    let mut cache = world.plugins.open_cache(setup("kinds_cache", json!({}))).await.unwrap();
    cache.connect().await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), None);
    cache.set("a", b"1", None).await.unwrap();
    assert!(!cache.add("a", b"2", None).await.unwrap());
    assert_eq!(cache.get("a").await.unwrap(), Some(b"1".to_vec()));
    cache.delete("a").await.unwrap();
    assert!(cache.add("a", b"2", None).await.unwrap());
    cache.close().await;
}

#[tokio::test]
async fn the_output_connects_and_writes() {
    let world = World::of(&["kinds"]).await;
    let mut output = world.output("kinds_output", json!({})).await;
    assert_eq!(output.connect().await.unwrap_err().to_string(), "not at the first try");
    output.connect().await.unwrap();
    let written = output.write(batch(&["a"])).await.unwrap();
    assert!(written.failed.is_empty() && written.pending.is_empty());
    let error = output.write(batch(&[])).await.unwrap_err();
    assert!(matches!(error, WriteError::NotConnected(_)), "{error}");
    output.close().await;
}

#[tokio::test]
async fn the_scanner_scans() {
    let world = World::of(&["kinds"]).await;
    let mut scanner =
        world.plugins.open_scanner(setup("kinds_scanner", json!({"longest": 3}))).await.unwrap();
    for _ in 0..2 {
        scanner.begin(Box::new(Scripted(vec![Ok("abcd"), Ok("ef")])), "name").await.unwrap();
        for expected in ["abc", "d", "ef"] {
            match scanner.next().await.unwrap() {
                Scanned::Batch(batch) => assert_eq!(texts(&batch), [expected]),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(scanner.next().await.unwrap(), Scanned::Ended));
    }
    scanner.close().await;
}

#[tokio::test]
async fn the_scanner_fails_with_its_stream() {
    let world = World::of(&["kinds"]).await;
    let mut scanner =
        world.plugins.open_scanner(setup("kinds_scanner", json!({"longest": 3}))).await.unwrap();
    let error = scanner.begin(Box::new(Silent), "").await.unwrap_err();
    assert_eq!(error.to_string(), "the stream has no name");
    scanner.begin(Box::new(Scripted(vec![Err("torn")])), "name").await.unwrap();
    assert_eq!(scanner.next().await.unwrap_err().to_string(), "read the stream: torn");
}

#[tokio::test]
async fn a_shutdown_wakes_a_scanner_that_reads() {
    let world = World::of(&["kinds"]).await;
    let setup = setup("kinds_scanner", json!({"longest": 3}));
    let wakes = std::sync::Arc::clone(&setup.wakes);
    let mut scanner = world.plugins.open_scanner(setup).await.unwrap();
    scanner.begin(Box::new(Silent), "name").await.unwrap();
    let (scanned, ()) = soon(async {
        tokio::join!(scanner.next(), async {
            tokio::task::yield_now().await;
            wakes.shutdown();
        })
    })
    .await;
    assert!(matches!(scanned.unwrap(), Scanned::Idle));
}

#[tokio::test]
async fn another_plugin_uses_the_language() {
    let world = World::of(&["kinds", "echo"]).await;
    for query in [false, true] {
        let config = json!({"language": "shouting", "source": "upper", "query": query});
        let mut processor = mapped(&world, config).await;
        assert_eq!(texts(&process(&mut *processor, batch(&["a", "b"])).await.unwrap()), ["A", "B"]);
    }
}

#[tokio::test]
async fn the_language_flags_what_fails() {
    let world = World::of(&["kinds", "echo"]).await;
    let mut processor = mapped(&world, json!({"language": "shouting", "source": "fail"})).await;
    let result = only(processor.process(batch(&["a"])).await.unwrap());
    assert_eq!(texts(&result.batch), ["a"]);
    assert_eq!(result.batch.errors(), Some(("failed on purpose", 1)));
}

#[tokio::test]
async fn a_text_that_is_wrong_is_refused_with_its_place() {
    let world = World::of(&["kinds", "echo"]).await;
    let config = json!({"language": "shouting", "source": "whisper", "query": false});
    match world.plugins.open_processor(setup("mapped", config)).await {
        Err(OpenError::Problem(problem)) => {
            assert_eq!(problem.message, "word `whisper` is unknown");
            assert_eq!((problem.field.as_str(), problem.line, problem.column), ("/source", 1, 2));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_language_that_nobody_has_is_refused_by_name() {
    let world = World::of(&["kinds", "echo"]).await;
    let config = json!({"language": "whispering", "source": "upper", "query": false});
    match world.plugins.open_processor(setup("mapped", config)).await {
        Err(OpenError::Problem(problem)) => assert_eq!(problem.message, "there is no mapping `whispering`"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_lost_language_is_opened_again() {
    let world = World::of(&["kinds", "echo"]).await;
    let mut processor = mapped(&world, json!({"language": "shouting", "source": "panic"})).await;
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), ["a"]);
    match process(&mut *processor, batch(&["panic"])).await {
        Err(ComponentError::Failed(reason)) => {
            let start = "plugin `kinds`, component `shouting`: trapped: ";
            assert!(reason.starts_with(start) && reason.contains("panicked on purpose"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(texts(&process(&mut *processor, batch(&["b"])).await.unwrap()), ["b"]);
}

#[tokio::test]
async fn a_compiled_text_is_kept_between_runs() {
    let world = World::of(&["kinds", "echo"]).await;
    let mut processor = mapped(&world, json!({"language": "shouting", "source": "count"})).await;
    for runs in ["1", "2", "3"] {
        assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), [runs]);
    }
}

#[tokio::test]
async fn a_language_is_told_which_folder_a_text_is_of() {
    let world = World::of(&["kinds", "echo"]).await;
    let folder = async |file: Option<&str>| {
        let text = MappingText::new("shouting", "folder", Form::Mapping);
        let text = MappingText { file: file.map(Path::new), ..text };
        let mut mapping = world.plugins.open_mapping(text, &setup("shouting", json!({}))).await.unwrap();
        texts(&mapping.apply(batch(&["a"])).await.unwrap().batch).concat()
    };
    assert_eq!(folder(Some("/maps/sub/m.blobl")).await, "/maps/sub");
    assert_eq!(folder(Some("/m.blobl")).await, "/");
    let here = std::env::current_dir().unwrap();
    assert_eq!(folder(Some("m.blobl")).await, here.display().to_string());
    assert_eq!(folder(Some("./maps/m.blobl")).await, here.join("maps").display().to_string());
    assert_eq!(folder(None).await, "");
    let mut processor = mapped(&world, json!({"language": "shouting", "source": "folder"})).await;
    assert_eq!(texts(&process(&mut *processor, batch(&["a"])).await.unwrap()), [""]);
}

#[tokio::test]
async fn texts_are_checked_without_a_component() {
    let world = World::of(&["kinds"]).await;
    let check =
        |language, source, form| world.plugins.check_mapping(MappingText::new(language, source, form));
    check("shouting", "upper", Form::Mapping).await.unwrap();
    match check("shouting", "whisper", Form::Query).await {
        Err(OpenError::Problem(problem)) => assert_eq!((problem.line, problem.column), (1, 2)),
        other => panic!("{other:?}"),
    }
    let unknown = check("whispering", "upper", Form::Query).await;
    assert!(matches!(unknown, Err(OpenError::Unknown { .. })), "{unknown:?}");
}
