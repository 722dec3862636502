//! Modules made for Bento's processor `wasm`, well-behaved ones and hostile ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use std::time::Duration;

use forebay_pipeline_message::{Batch, Value};
use forebay_plugins_api::{ComponentError, Components, LostReason, OpenError, Processor, Rights, Setup};
use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{Folder, World, batch, guest, process, setup, soon, texts};
use serde_json::json;

/// What the modules here have in common: the imports, a memory, and an allocator that never frees.
const COMMON: &str = r#"
    (import "bento_wasm" "v0_msg_set_bytes" (func $set_bytes (param i32 i32)))
    (import "bento_wasm" "v0_msg_as_bytes" (func $as_bytes (result i64)))
    (import "bento_wasm" "v0_msg_set_meta" (func $set_meta (param i32 i32 i32 i32)))
    (import "bento_wasm" "v0_msg_get_meta" (func $get_meta (param i32 i32) (result i64)))
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))"#;
const MALLOC: &str = r#"
    (func (export "malloc") (param $length i32) (result i32)
        global.get $next
        global.get $next local.get $length i32.add global.set $next)"#;

/// Small, so that what goes on without end is ended soon.
fn limits() -> Limits {
    Limits {
        memory: 32 << 20,
        batches: 8 << 20,
        cpu: Duration::from_millis(300),
        wall: Duration::from_secs(20),
        ..Limits::default()
    }
}

async fn world() -> World {
    World::limited(&[], limits()).await
}

/// Writes a module with the common parts and `rest`.
fn module(folder: &Folder, rest: &str) -> String {
    plain(folder, &format!("(module {COMMON} {rest})"))
}

fn plain(folder: &Folder, text: &str) -> String {
    let path = folder.file("module.wasm");
    std::fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    path
}

async fn open(world: &World, path: &str) -> Result<Box<dyn Processor>, OpenError> {
    let config = json!({"module_path": path, "function": "process"});
    soon(world.plugins.open_processor(setup("wasm", config))).await
}

fn error_of(batch: &Batch, index: usize) -> Option<String> {
    batch.get(index).unwrap().error().map(str::to_owned)
}

/// Demands that a module that does this with the payload `bad`, and else nothing, is lost for this
/// reason, and that a fresh one goes on.
async fn demand_loss(functions: &str, bad: &str, reason: LostReason, detail: &str) {
    let (world, folder) = (world().await, Folder::new());
    let process_it = format!(
        r#"{functions} (func (export "process")
            (local $at i64)
            (local.set $at (call $as_bytes))
            (if (i32.eq (i32.load8_u (i32.wrap_i64 (i64.shr_u (local.get $at) (i64.const 32)))) (i32.const 98))
                (then {bad})))"#
    );
    let path = module(&folder, &process_it);
    let mut processor = open(&world, &path).await.unwrap();
    assert_eq!(texts(&process(&mut *processor, batch(&["good"])).await.unwrap()), ["good"]);
    let lost = match soon(process(&mut *processor, batch(&["good", "bad"]))).await {
        Err(ComponentError::Lost(lost)) => lost,
        other => panic!("{bad} ended in {other:?}"),
    };
    assert_eq!(lost.reason, reason, "{lost}");
    let start = format!("plugin `bento-wasm`, component `wasm`: {reason}: module {path}: ");
    let text = lost.to_string();
    assert!(text.starts_with(&start) && text.contains(detail), "{text}");
    assert_eq!(texts(&process(&mut *processor, batch(&["good"])).await.unwrap()), ["good"]);
    let labels = [("plugin", "bento-wasm"), ("reason", reason.label())];
    assert_eq!(world.metric("plugin_traps_total", &labels), Some(1.0));
}

#[tokio::test]
async fn a_module_of_rust_reads_and_changes_messages() {
    let world = world().await;
    let path = guest("bento").path.display().to_string();
    let mut processor = open(&world, &path).await.unwrap();
    let mark = [("mark".to_owned(), Value::Unsigned(7)), ("kept".to_owned(), Value::Bool(true))];
    let source = batch(&["one", "two"]).with_metadata(&mark);
    let result = process(&mut *processor, source).await.unwrap();
    assert_eq!(texts(&result), ["ONE7", "TWO7"]);
    let second = result.get(1).unwrap();
    assert_eq!(second.metadata("before"), Some(Value::Text("two")));
    assert_eq!(second.metadata("kept"), Some(Value::Bool(true)));
    // Its memory is enough for few messages at once: what is not freed is missed.
    for _ in 0..50 {
        let many = ["message"; 100];
        assert_eq!(process(&mut *processor, batch(&many)).await.unwrap().get(99).unwrap().error(), None);
    }
}

#[tokio::test]
async fn a_trap_fails_its_batch_and_names_the_module() {
    let world = world().await;
    let path = guest("bento").path.display().to_string();
    let mut processor = open(&world, &path).await.unwrap();
    match process(&mut *processor, batch(&["one", "trap"])).await {
        Err(ComponentError::Lost(lost)) => {
            assert_eq!(lost.reason, LostReason::Trap);
            assert!(lost.to_string().contains(&path), "{lost}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(texts(&process(&mut *processor, batch(&["one"])).await.unwrap()), ["ONE"]);
}

#[tokio::test]
async fn what_malloc_gave_is_freed_after_each_message() {
    let (world, folder) = (world().await, Folder::new());
    // Answers with the number of allocations that are not freed.
    let path = module(
        &folder,
        r#"(global $live (mut i32) (i32.const 0))
        (func (export "malloc") (param i32) (result i32)
            (global.set $live (i32.add (global.get $live) (i32.const 1)))
            (i32.const 4096))
        (func (export "free") (param i32)
            (global.set $live (i32.sub (global.get $live) (i32.const 1))))
        (func (export "process")
            (drop (call $as_bytes)) (drop (call $as_bytes))
            (i32.store8 (i32.const 0) (i32.add (global.get $live) (i32.const 48)))
            (call $set_bytes (i32.const 0) (i32.const 1)))"#,
    );
    let mut processor = open(&world, &path).await.unwrap();
    assert_eq!(texts(&process(&mut *processor, batch(&["a", "b", "c"])).await.unwrap()), ["2", "2", "2"]);
}

#[tokio::test]
async fn an_allocator_that_traps_when_it_frees_costs_no_instance() {
    let (world, folder) = (world().await, Folder::new());
    // What `deallocate` does with an address that it never gave is ignored; what `free` does flags.
    let deallocate = r#"(func (export "deallocate") (param i32 i32) unreachable)"#;
    let free = r#"(func (export "free") (param i32) unreachable)"#;
    for (functions, error) in [(deallocate, None), (free, Some("failed to free in-bound memory"))] {
        let process_it = r#"(global $calls (mut i32) (i32.const 48))
            (func (export "process")
                (drop (call $as_bytes))
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (i32.store8 (i32.const 0) (global.get $calls))
                (call $set_bytes (i32.const 0) (i32.const 1)))"#;
        let path = module(&folder, &format!("{MALLOC} {functions} {process_it}"));
        let mut processor = open(&world, &path).await.unwrap();
        let result = process(&mut *processor, batch(&["a", "b"])).await.unwrap();
        assert_eq!(texts(&result), ["1", "2"]);
        assert_eq!(error_of(&result, 1).as_deref(), error);
    }
}

#[tokio::test]
async fn what_a_host_function_refuses_flags_the_message() {
    let (world, folder) = (world().await, Folder::new());
    for (functions, call, error) in [
        (
            MALLOC,
            "(call $set_bytes (i32.const -1) (i32.const -1))",
            "failed to read out-bound memory: prevented read",
        ),
        (
            MALLOC,
            "(call $set_meta (i32.const 65536) (i32.const 1) (i32.const 0) (i32.const 0))",
            "failed to read out-bound meta key memory: prevented read",
        ),
        (
            MALLOC,
            "(call $set_meta (i32.const 0) (i32.const 1) (i32.const 65530) (i32.const 7))",
            "failed to read out-bound meta value memory: prevented read",
        ),
        (
            MALLOC,
            "(drop (call $get_meta (i32.const -2) (i32.const 1)))",
            "failed to read out-bound meta key memory: prevented read",
        ),
        (
            r#"(func (export "malloc") (param i32) (result i32) (i32.const -1))"#,
            "(drop (call $as_bytes))",
            "failed to allocate in-bound memory: failed to write in-bound memory",
        ),
        (
            "",
            "(drop (call $as_bytes))",
            "failed to allocate in-bound memory: the module exports neither malloc nor allocate",
        ),
    ] {
        let path = module(&folder, &format!(r#"{functions} (func (export "process") {call})"#));
        let mut processor = open(&world, &path).await.unwrap();
        let result = soon(process(&mut *processor, batch(&["one", "two"]))).await.unwrap();
        assert_eq!(texts(&result), ["one", "two"]);
        assert_eq!(error_of(&result, 1).as_deref(), Some(error));
    }
}

#[tokio::test]
async fn traps_lose_the_instance() {
    demand_loss(MALLOC, "unreachable", LostReason::Trap, "unreachable").await;
    demand_loss(MALLOC, "(drop (i32.load (i32.const -4)))", LostReason::Trap, "out of bounds").await;
    let recursion = format!("{MALLOC} (func $deeper (call $deeper) (call $deeper))");
    demand_loss(&recursion, "(call $deeper)", LostReason::Trap, "stack").await;
}

#[tokio::test]
async fn endless_loops_pass_the_limit_of_cpu_time() {
    demand_loss(MALLOC, "(loop $on (br $on))", LostReason::Cpu, "more than 300ms").await;
    // Also where the module is called back, and where it calls the host all the time.
    let allocator = r#"(global $calls (mut i32) (i32.const 0))
        (func (export "malloc") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (i32.eq (global.get $calls) (i32.const 4)) (then (loop $on (br $on))))
            (i32.const 4096))"#;
    demand_loss(allocator, "(drop (call $as_bytes))", LostReason::Cpu, "more than 300ms").await;
    let host = "(loop $on (call $set_bytes (i32.const 0) (i32.const 10)) (br $on))";
    demand_loss(MALLOC, host, LostReason::Cpu, "more than 300ms").await;
}

#[tokio::test]
async fn memory_bombs_pass_the_limit_of_memory() {
    let grow = "(loop $on (br_if $on (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    demand_loss(MALLOC, grow, LostReason::Memory, "the limit is 33554432").await;
    // In the host: metadata under ever new keys.
    let metadata = "(loop $on
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (call $set_meta (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 60000))
        (br $on))";
    demand_loss(MALLOC, metadata, LostReason::Memory, "more than 8388608 bytes for one batch").await;
}

#[tokio::test]
async fn an_allocator_that_calls_back_breaks_the_contract() {
    let allocator = r#"(global $calls (mut i32) (i32.const 0))
        (func (export "malloc") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (i32.eq (global.get $calls) (i32.const 4)) (then (drop (call $as_bytes))))
            (i32.const 4096))"#;
    let detail = "its allocator calls functions of bento_wasm";
    demand_loss(allocator, "(drop (call $as_bytes))", LostReason::Contract, detail).await;
}

#[tokio::test]
async fn a_module_that_never_starts_is_not_opened() {
    let (world, folder) = (world().await, Folder::new());
    for (start, reason) in [
        ("(func $s (loop $on (br $on))) (start $s)", LostReason::Cpu),
        (r#"(func (export "_start") unreachable)"#, LostReason::Trap),
        (r#"(func (export "_initialize") (drop (call $as_bytes)))"#, LostReason::Contract),
    ] {
        let path = module(&folder, &format!(r#"{MALLOC} {start} (func (export "process"))"#));
        match open(&world, &path).await {
            Err(OpenError::Lost(lost)) => assert_eq!(lost.reason, reason, "{lost}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{start}: it was opened"),
        }
    }
}

#[tokio::test]
async fn what_is_no_such_module_is_refused_with_the_field_and_the_reason() {
    let (world, folder) = (world().await, Folder::new());
    let write = |bytes: &[u8]| {
        let path = folder.file("module.wasm");
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let demand = async |path: &str, field: &str, expected: &str| match open(&world, path).await {
        Err(OpenError::Problem(problem)) => {
            assert_eq!(problem.field, field, "{problem}");
            assert!(problem.message.contains(expected), "{problem}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{expected}: it was opened"),
    };
    let at = "/module_path";
    demand(&folder.file("missing.wasm"), at, "No such file").await;
    demand(&folder.path().display().to_string(), at, "it is not a file").await;
    demand(&write(b"root:x:0:0"), at, "is not WebAssembly").await;
    demand(&write(b"\0asm\x0d\0\x01\0"), at, "is a component").await;
    demand(&write(b"\0asm\x01\0\0\0\x01"), at, "truncated or malformed").await;
    demand(&plain(&folder, r#"(module (func (export "process")))"#), at, "exports no memory").await;
    let imports = r#"(module (import "env" "f" (func)) (memory (export "m") 1) (func (export "process")))"#;
    demand(&plain(&folder, imports), at, "env").await;
    let another = r#"(func (export "handle")) (func (export "other"))"#;
    let expected = "the module exports no function process; those that it exports: handle, other";
    demand(&module(&folder, another), "/function", expected).await;
    let parameters = r#"(func (export "process") (param i32))"#;
    demand(&module(&folder, parameters), "/function", "takes parameters").await;
}

#[tokio::test]
async fn a_module_gets_of_wasi_what_needs_no_grant() {
    let (world, folder) = (world().await, Folder::new());
    // The numbers of errors of some calls, as letters from `A` for none.
    let path = plain(
        &folder,
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "bento_wasm" "v0_msg_set_bytes" (func $set_bytes (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 100) "printed\n")
            (func $note (param i32 i32)
                (i32.store8 (local.get 0) (i32.add (local.get 1) (i32.const 65))))
            (func (export "_start") (call $exit (i32.const 0)))
            (func (export "process")
                (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 8))
                (call $note (i32.const 50)
                    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $note (i32.const 51) (call $random_get (i32.const 200) (i32.const 16)))
                (call $note (i32.const 52) (call $clock (i32.const 0) (i64.const 1) (i32.const 300)))
                (call $note (i32.const 53) (call $environ (i32.const 400) (i32.const 404)))
                (call $note (i32.const 54)
                    (call $fd_write (i32.const 9) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $note (i32.const 55)
                    (call $fd_write (i32.const 1) (i32.const -1) (i32.const 1) (i32.const 8)))
                (call $note (i32.const 56) (call $random_get (i32.const -1) (i32.const 16)))
                (call $note (i32.const 57)
                    (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 7) (i32.const 0)
                        (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
                (i32.store8 (i32.const 58) (i32.add (i32.load (i32.const 8)) (i32.const 48)))
                (i32.store8 (i32.const 59) (i32.add (i32.load (i32.const 400)) (i32.const 48)))
                (call $set_bytes (i32.const 50) (i32.const 10))))"#,
    );
    let mut processor = open(&world, &path).await.unwrap();
    let result = process(&mut *processor, batch(&["a"])).await.unwrap();
    assert_eq!(texts(&result), ["AAAAIVV{80"]);
}

#[tokio::test]
async fn a_managed_pipeline_needs_a_grant_to_read_the_module() {
    let folder = Folder::new();
    let path = module(&folder, &format!(r#"{MALLOC} (func (export "process"))"#));
    let config = json!({"module_path": path, "function": "process"});
    let managed = Setup { rights: Rights::Granted, ..setup("wasm", config) };
    match world().await.plugins.open_processor(managed.clone()).await {
        Err(OpenError::Problem(problem)) => {
            let expected = format!("no grant for files {{path: {path}, access: read}}");
            assert_eq!((problem.field.as_str(), problem.message), ("/module_path", expected));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
    let grants = json!([{"plugin": "bento-wasm", "files": [{"path": folder.path(), "access": "read"}]}]);
    let world = World::granting(&[], limits(), grants).await;
    assert!(world.plugins.open_processor(managed).await.is_ok());
}
