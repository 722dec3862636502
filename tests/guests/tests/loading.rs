//! A file that is no plugin is named, with the reason, and the others are loaded.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use forebay_metrics::Metrics;
use forebay_plugins_api::Components;
use forebay_plugins_runtime::{
    Digest, Embedded, Limits, LoadError, Locked, PluginFile, PluginLock, Plugins, Settings, precompile,
};
use forebay_tests_guests::{DESCRIPTION, Describe, Folder, Tiny, guest};

#[path = "loading/first_use.rs"]
mod first_use;

fn file(name: &str, bytes: Vec<u8>) -> PluginFile {
    PluginFile { path: PathBuf::from(name), bytes }
}

fn tiny(name: &str, component: &Tiny) -> PluginFile {
    file(name, component.bytes())
}

/// What a good guest is, patched.
fn patched(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = guest("waiter").bytes;
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the guest has no {from}");
    bytes
}

fn cached_in(folder: &Path) -> Settings {
    Settings { cache: Some(folder.to_owned()), ..Settings::default() }
}

async fn load(embedded: &[Embedded], files: &[PluginFile], settings: Settings) -> (Plugins, Vec<LoadError>) {
    Plugins::load(embedded, files, settings, Arc::new(Metrics::default())).await.unwrap()
}

fn names(plugins: &Plugins) -> Vec<String> {
    plugins.infos().iter().map(|info| info.name.to_string()).collect()
}

/// Demands that each of these files is left out, with an error that names it and has this text, while
/// the plugins between them are loaded.
async fn demand_left_out(bad: Vec<(PluginFile, &str)>) {
    let mut files = vec![tiny("first.wasm", &Tiny::plugin("first", &["one"]))];
    let mut expected = vec![];
    for (file, text) in bad {
        expected.push((file.path.display().to_string(), text));
        files.push(file);
    }
    files.push(tiny("last.wasm", &Tiny::plugin("last", &["two"])));
    let (plugins, errors) = load(&[], &files, Settings::default()).await;
    assert_eq!(names(&plugins), ["first", "last"]);
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, (name, text)) in errors.iter().zip(expected) {
        let message = error.to_string();
        assert!(message.starts_with(&format!("{name}: ")) && message.contains(text), "{text}: {message}");
    }
}

fn embedded(component: &Tiny) -> Embedded {
    // Part of the program, in earnest; a test may leak a few kilobytes.
    let code = Vec::leak(precompile(&component.bytes()).unwrap());
    Embedded {
        file: "default.wasm",
        sha256: "0",
        code,
        component: Vec::leak(component.bytes()),
        described: None,
    }
}

#[tokio::test]
async fn a_file_that_is_no_component_is_left_out() {
    demand_left_out(vec![
        (file("empty.wasm", vec![]), "the file is empty"),
        (file("text.wasm", b"hello, plugin".to_vec()), "the file is not WebAssembly"),
        (file("short-text.wasm", b"he".to_vec()), "the file is not WebAssembly"),
        (file("module.wasm", b"\0asm\x01\0\0\0".to_vec()), "the file is a core module, not a component"),
        (tiny("no-plugin.wasm", &Tiny::component()), "it does not export forebay:plugin/description@0.1.0"),
        (
            file("header.wasm", b"\0asm\x0d\0\x01\0".to_vec()),
            "it does not export forebay:plugin/description@0.1.0",
        ),
        (file("future.wasm", b"\0asm\x7f\0\x01\0".to_vec()), "the component is truncated or malformed"),
    ])
    .await;
}

#[tokio::test]
async fn a_truncated_file_is_left_out() {
    let whole = guest("waiter").bytes;
    let lengths = [1, 3, 4, 7, 9, 100, whole.len() / 2, whole.len() - 1];
    let truncated = lengths.map(|length| {
        (file(&format!("{length}.wasm"), whole[..length].to_vec()), "the component is truncated or malformed")
    });
    demand_left_out(truncated.to_vec()).await;
}

#[tokio::test]
async fn damaged_bytes_are_left_out_or_loaded_but_never_worse() {
    let whole = Tiny::plugin("whole", &["one"]).bytes();
    let mut files = vec![];
    for at in 8..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        files.push(file(&format!("{at}.wasm"), bytes));
    }
    let (_, errors) = load(&[], &files, Settings::default()).await;
    assert!(!errors.is_empty());
}

#[tokio::test]
async fn an_unknown_contract_is_left_out_with_its_version() {
    demand_left_out(vec![
        (
            tiny(
                "future.wasm",
                &Tiny::component().exporting("forebay:plugin/description@9.1.0", &["describe"]),
            ),
            "for version 9.1.0 of the plugin contract, this host knows 0.1.0",
        ),
        (
            tiny("old.wasm", &Tiny::plugin("old", &[]).importing("forebay:plugin/waits@0.0.9")),
            "for version 0.0.9 of the plugin contract, this host knows 0.1.0",
        ),
        (
            file("patched.wasm", patched("@0.1.0", "@9.1.0")),
            "for version 9.1.0 of the plugin contract, this host knows 0.1.0",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_unknown_import_is_left_out_by_name() {
    demand_left_out(vec![
        (
            tiny("vault.wasm", &Tiny::plugin("vault", &[]).importing("acme:vault/secrets@1.0.0")),
            "imports acme:vault/secrets@1.0.0, which this host does not have",
        ),
        (
            tiny("log.wasm", &Tiny::plugin("log", &[]).importing("forebay:log/log@9.1.0")),
            "imports forebay:log/log@9.1.0, which this host does not have",
        ),
        (
            tiny("dreams.wasm", &Tiny::plugin("dreams", &[]).importing("forebay:plugin/dreams@0.1.0")),
            "imports forebay:plugin/dreams@0.1.0, which this host does not have",
        ),
        (
            file("patched.wasm", patched("forebay:metrics/metrics", "forebay:meteors/meteors")),
            "forebay:meteors/meteors",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_empty_import_of_what_there_is_does_no_harm() {
    let file = tiny("a.wasm", &Tiny::plugin("a", &["one"]).importing("forebay:plugin/waits@0.1.0"));
    let (plugins, errors) = load(&[], &[file], Settings::default()).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&plugins), ["a"]);
}

#[tokio::test]
async fn a_description_that_is_none_is_left_out() {
    let trapping = Tiny::plugin("trapping", &[]).that(Describe::Traps);
    let misnamed = Tiny::component().exporting(DESCRIPTION, &["nothing"]);
    let with = |description: &str| Tiny::described(description);
    demand_left_out(vec![
        (tiny("traps.wasm", &trapping), "describe failed: wasm trap: wasm `unreachable` instruction executed"),
        (tiny("misnamed.wasm", &misnamed), "it does not export forebay:plugin/description@0.1.0"),
        (tiny("empty.wasm", &with("")), "its description is not usable"),
        (tiny("text.wasm", &with("I am a plugin")), "its description is not usable"),
        (tiny("contract.wasm", &with(r#"{"contract": 2}"#)), "says contract 2, and this host knows contract 1"),
        (
            tiny("name.wasm", &with(r#"{"contract": 1, "plugin": {"name": "My Plugin"}}"#)),
            "its description is not usable",
        ),
        (
            tiny(
                "kind.wasm",
                &with(r#"{"contract": 1, "plugin": {"name": "a"}, "components": [{"kind": "pump", "name": "b"}]}"#),
            ),
            "component 0 of the description",
        ),
        (tiny("twice.wasm", &Tiny::plugin("twice", &["a", "a"])), "the description holds it twice"),
    ])
    .await;
}

#[tokio::test]
async fn a_description_that_lies_is_left_out() {
    let lying = |kind: &str, extra: &str| {
        Tiny::described(format!(
            r#"{{"contract": 1, "plugin": {{"name": "liar"}},
                 "components": [{{"kind": "{kind}", "name": "thing"{extra}}}]}}"#
        ))
    };
    let processors = lying("processor", r#", "incremental": true"#)
        .exporting("forebay:plugin/processors@0.1.0", &["open", "process", "resume", "close"]);
    demand_left_out(vec![
        (
            tiny("input.wasm", &lying("input", "")),
            "names the input `thing`, but it exports no forebay:plugin/inputs@0.1.0",
        ),
        (
            tiny("mapping.wasm", &lying("mapping", "")),
            "names the mapping language `thing`, but it exports no forebay:plugin/mappings@0.1.0",
        ),
        (
            tiny("incremental.wasm", &processors),
            "names the processor `thing`, but it exports no forebay:plugin/incremental-processors@0.1.0",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_misbehaves_as_soon_as_it_is_made_is_left_out() {
    let plugin = || Tiny::plugin("bad", &[]);
    let files = [
        tiny("traps.wasm", &plugin().starting(Describe::Traps)),
        tiny("loops.wasm", &plugin().starting(Describe::Loops)),
        tiny("tables.wasm", &plugin().with_table(100_000_000)),
        tiny("good.wasm", &Tiny::plugin("good", &["one"])),
    ];
    let limits = Limits { cpu: Duration::from_millis(100), ..Limits::default() };
    let (plugins, errors) = load(&[], &files, Settings { limits, ..Settings::default() }).await;
    assert_eq!(names(&plugins), ["good"]);
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(
        errors[0].starts_with("traps.wasm: describe failed: ") && errors[0].contains("unreachable"),
        "{errors:?}"
    );
    assert!(
        errors[1].starts_with("loops.wasm: describe failed: ") && errors[1].contains("100ms"),
        "{errors:?}"
    );
    assert!(
        errors[2].starts_with("tables.wasm: describe failed: ") && errors[2].contains("table"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_description_without_end_is_left_out() {
    let files = [
        tiny("loops.wasm", &Tiny::plugin("loops", &[]).that(Describe::Loops)),
        tiny("good.wasm", &Tiny::plugin("good", &["one"])),
    ];
    let limits = Limits { wall: Duration::from_secs(2), ..Limits::default() };
    let (plugins, errors) = load(&[], &files, Settings { limits, ..Settings::default() }).await;
    assert_eq!(names(&plugins), ["good"]);
    assert!(
        errors[0].to_string().starts_with("loops.wasm: describe failed: it took more than 2s"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn a_component_that_another_plugin_has_is_refused_with_its_owner() {
    let files = [
        tiny("one.wasm", &Tiny::plugin("one", &["store"])),
        tiny("two.wasm", &Tiny::plugin("two", &["other", "store"])),
        tiny("three.wasm", &Tiny::plugin("three", &["other"])),
    ];
    let (plugins, errors) = load(&[], &files, Settings::default()).await;
    // None of the second plugin is there, so that the third has its name.
    assert_eq!(names(&plugins), ["one", "three"]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].to_string(), "two.wasm: the plugin one already has a component cache store");
}

#[tokio::test]
async fn the_second_file_of_a_plugin_is_refused_with_the_first() {
    let files =
        [tiny("one.wasm", &Tiny::plugin("one", &["a"])), tiny("copy.wasm", &Tiny::plugin("one", &["b"]))];
    let (plugins, errors) = load(&[], &files, Settings::default()).await;
    assert_eq!(names(&plugins), ["one"]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].to_string(), "copy.wasm: plugin `one` is one.wasm already");
}

#[tokio::test]
async fn a_name_that_the_lock_has_is_that_of_one_file_alone() {
    let shout = Tiny::plugin("shout", &["loud"]);
    let mut lock = PluginLock::default();
    let (reference, digest) = ("r.example/shout:1".to_owned(), Digest::of(&shout.bytes()).to_string());
    lock.set(Locked { name: "shout".parse().unwrap(), reference, digest });
    let files = [
        tiny("aa.wasm", &Tiny::plugin("shout", &["stolen"])),
        tiny("bb.wasm", &Tiny::plugin("other", &["free"])),
        tiny("shout.wasm", &shout),
    ];
    let (plugins, errors) = load(&[], &files, Settings { lock, ..Settings::default() }).await;
    let found: Vec<_> =
        plugins.infos().into_iter().map(|info| format!("{} of {}", info.name, info.origin)).collect();
    assert_eq!(found, ["other of bb.wasm", "shout of shout.wasm"]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = errors[0].to_string();
    let says = "aa.wasm: it describes itself as plugin `shout`, which is shout.wasm in plugins.lock";
    assert!(error.starts_with(says), "{error}");
}

#[tokio::test]
async fn a_file_takes_the_place_of_a_default_plugin() {
    let embedded =
        [embedded(&Tiny::plugin("store", &["default"])), embedded(&Tiny::plugin("other", &["kept"]))];
    let (plugins, errors) = load(&embedded, &[], Settings::default()).await;
    assert!(errors.is_empty(), "{errors:?}");
    let origins: Vec<_> = plugins.infos().into_iter().map(|info| info.origin).collect();
    assert_eq!(origins, ["embedded", "embedded"]);

    let files = [tiny("mine.wasm", &Tiny::plugin("store", &["mine"]))];
    let (plugins, errors) = load(&embedded, &files, Settings::default()).await;
    assert!(errors.is_empty(), "{errors:?}");
    let found: Vec<_> =
        plugins.infos().into_iter().map(|info| format!("{} of {}", info.name, info.origin)).collect();
    assert_eq!(found, ["other of embedded", "store of mine.wasm"]);
    let catalog = plugins.catalog();
    let of_plugins = catalog.iter().filter(|entry| entry.plugin.as_str() != "bento-wasm");
    let components: Vec<_> = of_plugins.map(|entry| entry.spec.name.to_string()).collect();
    assert_eq!(components, ["kept", "mine"]);
}

#[tokio::test]
async fn a_default_plugin_keeps_its_component_from_files() {
    let embedded = [embedded(&Tiny::plugin("default", &["store"]))];
    let files = [tiny("mine.wasm", &Tiny::plugin("mine", &["store"]))];
    let (plugins, errors) = load(&embedded, &files, Settings::default()).await;
    assert_eq!(names(&plugins), ["default"]);
    assert_eq!(errors[0].to_string(), "mine.wasm: the plugin default already has a component cache store");
}

#[tokio::test]
async fn a_folder_is_read_by_name() {
    let folder = Folder::new();
    for name in ["b", "a"] {
        fs::write(folder.file(&format!("{name}.wasm")), Tiny::plugin(name, &[name]).bytes()).unwrap();
    }
    fs::write(folder.file("notes.txt"), "no plugin").unwrap();
    fs::create_dir(folder.file("folder.wasm")).unwrap();
    let (files, errors) = PluginFile::read_folder(folder.path()).unwrap();
    let found: Vec<_> = files.iter().map(|file| file.path.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(found, ["a.wasm", "b.wasm"]);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].to_string().contains("folder.wasm: can't be read"), "{errors:?}");
    let error = PluginFile::read_folder(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(error.contains("missing: can't be read"), "{error}");
}

/// The only file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = <[PathBuf; 1]>::try_from(found).unwrap();
    file
}

#[tokio::test]
async fn compiled_code_is_loaded_the_second_time() {
    let (folder, other) = (Folder::new(), Folder::new());
    let [one, two] = ["one", "two"].map(|name| [tiny(name, &Tiny::plugin(name, &[name]))]);
    load(&[], &one, cached_in(folder.path())).await;
    load(&[], &two, cached_in(other.path())).await;
    let kept = only_file(folder.path());
    let inode = fs::metadata(&kept).unwrap().ino();
    let (plugins, _) = load(&[], &one, cached_in(folder.path())).await;
    assert_eq!(names(&plugins), ["one"]);
    assert_eq!(fs::metadata(&kept).unwrap().ino(), inode, "it was compiled anew");

    // The code of another component in its place shows that it is the code which is loaded.
    fs::copy(only_file(other.path()), &kept).unwrap();
    let (plugins, _) = load(&[], &one, cached_in(folder.path())).await;
    assert_eq!(names(&plugins), ["two"]);
}

#[tokio::test]
async fn another_build_of_a_plugin_is_compiled() {
    let folder = Folder::new();
    for (count, components) in [(1, &["a"][..]), (2, &["a", "b"])] {
        let (_, errors) =
            load(&[], &[tiny("one", &Tiny::plugin("one", components))], cached_in(folder.path())).await;
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), count);
    }
}

#[tokio::test]
async fn damaged_code_is_compiled_anew() {
    let folder = Folder::new();
    let files = [tiny("one", &Tiny::plugin("one", &["a"]))];
    load(&[], &files, cached_in(folder.path())).await;
    let kept = only_file(folder.path());
    let good = fs::read(&kept).unwrap();
    let damaged = [vec![], b"no code at all".to_vec(), good[..good.len() / 2].to_vec(), vec![0; good.len()]];
    for damaged in damaged {
        fs::write(&kept, damaged).unwrap();
        let (plugins, errors) = load(&[], &files, cached_in(folder.path())).await;
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(names(&plugins), ["one"]);
        assert_eq!(fs::read(only_file(folder.path())).unwrap().len(), good.len());
    }
}

#[tokio::test]
async fn a_cache_that_others_can_write_to_is_not_used() {
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let files = [tiny("one", &Tiny::plugin("one", &["a"]))];
    let (plugins, errors) = load(&[], &files, cached_in(folder.path())).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&plugins), ["one"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_cache_that_can_not_be_written_to_does_no_harm() {
    let folder = Folder::new();
    fs::write(folder.file("file"), "in the way").unwrap();
    let files = [tiny("one", &Tiny::plugin("one", &["a"]))];
    let (plugins, errors) = load(&[], &files, cached_in(&folder.path().join("file/cache"))).await;
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&plugins), ["one"]);
}

#[tokio::test]
async fn a_plugin_that_takes_a_metric_of_the_host_while_it_describes_itself_is_refused() {
    let (_, errors) = load(&[], &[guest("usurper")], Settings::default()).await;
    let errors: Vec<_> = errors.iter().map(|error| error.problem.to_string()).collect();
    assert_eq!(
        errors,
        ["describe failed: metric `plugin_calls`: names that begin with plugin_ are the host's"]
    );
}
