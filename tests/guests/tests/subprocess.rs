//! Processes that guests start: what they may run, how they talk to them, and that none outlives its
//! instance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

use std::path::PathBuf;
use std::time::Duration;

use forebay_plugins_api::{ComponentError, Components, Event, LostReason, Processor};
use forebay_plugins_runtime::{Limits, Plugins, ProcessLimits, Settings};
use forebay_tests_guests::{Folder, World, batch, embedded, process, setup, soon, texts};
use serde_json::{Value, json};

/// Grants for these programs, with any arguments.
fn commands(paths: &[&str]) -> Value {
    let commands: Vec<_> = paths.iter().map(|path| json!({ "path": path })).collect();
    json!([{"plugin": "toolbox", "commands": commands}])
}

async fn world(paths: &[&str]) -> World {
    World::granting(&["toolbox"], Limits::default(), commands(paths)).await
}

async fn runner(world: &World) -> Box<dyn Processor> {
    world.processor("runner", json!({})).await
}

async fn ask(processor: &mut dyn Processor, line: &str) -> String {
    let answer = soon(process(processor, batch(&[line]))).await.unwrap();
    answer.errors().map_or_else(|| texts(&answer).join(","), |(error, _)| format!("error: {error}"))
}

/// Runs a script that writes the number of a process, and gives that number.
async fn run_for_number(runner: &mut dyn Processor, script: &str) -> u32 {
    assert_eq!(ask(runner, &format!("run /bin/sh -c -- {script}")).await, "running");
    let line = ask(runner, "line").await;
    line.trim_matches(['<', '>']).parse().unwrap_or_else(|_| panic!("{line} is no number"))
}

/// Waits until a process is gone. What was left to the system to bury counts as gone.
async fn gone(number: u32) {
    soon(async {
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{number}/stat")) {
            if status.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')) {
                break;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until nothing at all is left of a process, not even how it ended.
async fn buried(number: u32) {
    let entry = PathBuf::from(format!("/proc/{number}"));
    soon(async {
        while entry.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_granted_is_denied_by_name() {
    let world = world(&["/bin/cat"]).await;
    let mut runner = runner(&world).await;
    for program in ["/bin/sh", "sh", "/no/such/program", "../bin/cat"] {
        let answer = ask(&mut *runner, &format!("run {program}")).await;
        assert_eq!(answer, format!("error: no grant for commands {{path: {program}}}"));
    }
    assert_eq!(ask(&mut *runner, "run /bin/cat").await, "running");
    assert_eq!(ask(&mut *runner, "run cat").await, "running");
}

#[tokio::test]
async fn arguments_are_granted_by_patterns() {
    let grants = json!([{"plugin": "toolbox", "commands": [{"path": "/bin/echo", "args": ["-n", "a*"]}]}]);
    let world = World::granting(&["toolbox"], Limits::default(), grants).await;
    let mut runner = runner(&world).await;
    assert_eq!(ask(&mut *runner, "run /bin/echo -n abc").await, "running");
    assert_eq!(ask(&mut *runner, "line").await, "<abc>");
    let error = r#"error: no grant for commands {path: /bin/echo} with the arguments ["bc"]"#;
    assert_eq!(ask(&mut *runner, "run /bin/echo bc").await, error);
}

#[tokio::test]
async fn lines_go_in_and_come_out() {
    let world = world(&["/bin/cat"]).await;
    let mut runner = runner(&world).await;
    for (line, answer) in [
        ("run /bin/cat", "running"),
        ("line 20", "deadline"),
        ("wait 20", "deadline"),
        ("write one", "4"),
        ("line", "<one>"),
        ("write two\r", "5"),
        ("write ", "1"),
        ("line", "<two>"),
        ("line", "<>"),
        ("write three", "6"),
        ("read 3", "<thr>"),
        ("read 100", "<ee\n>"),
        ("write four", "5"),
        ("close", "closed"),
        ("stream", "<four\n>"),
        ("line", "ended"),
        ("wait", "code 0"),
        ("write five", "error: the input of the process is closed"),
        ("stream", "error: the output of the process was taken before"),
    ] {
        assert_eq!(ask(&mut *runner, line).await, answer, "{line}");
    }
}

#[tokio::test]
async fn ends_are_told_apart() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    ask(&mut *runner, "run /bin/sh -c -- exit 3").await;
    assert_eq!(ask(&mut *runner, "wait").await, "code 3");
    ask(&mut *runner, "run /bin/sh -c -- kill -15 $$").await;
    assert_eq!(ask(&mut *runner, "wait").await, "signal 15");
    ask(&mut *runner, "run /bin/sh -c -- printf a; printf b").await;
    assert_eq!(ask(&mut *runner, "wait").await, "code 0");
    assert_eq!(ask(&mut *runner, "line").await, "<ab>", "a last line without a break");
    assert_eq!(ask(&mut *runner, "line").await, "ended");
}

#[tokio::test]
async fn a_line_that_is_too_long_fails() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    ask(&mut *runner, "run /bin/sh -c -- head -c 5000 /dev/zero; echo").await;
    let error = "error: a line of the process's output has more than 1000 bytes";
    assert_eq!(ask(&mut *runner, "line").await, error);
    assert_eq!(ask(&mut *runner, "line").await, error);
}

#[tokio::test]
async fn a_process_inherits_nothing_of_the_host() {
    // A file that any child of this process would inherit.
    // SAFETY: it makes another descriptor of the standard error.
    #[expect(unsafe_code, reason = "the standard library makes none that is inherited")]
    let inherited = unsafe { libc::dup(2) };
    assert!(inherited > 2);
    let world = world(&["/bin/sh", "/usr/bin/env"]).await;
    let mut runner = world.processor("runner", json!({"variable": "GIVEN=yes"})).await;
    ask(&mut *runner, "run env").await;
    let mut variables = [ask(&mut *runner, "line").await, ask(&mut *runner, "line").await];
    variables.sort();
    let path = "<PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin>";
    assert_eq!(variables, ["<GIVEN=yes>", path]);
    assert_eq!(ask(&mut *runner, "line").await, "ended");

    ask(&mut *runner, &format!("run /bin/sh -c -- pwd; test -e /proc/self/fd/{inherited} || echo none"))
        .await;
    assert_eq!(ask(&mut *runner, "line").await, "</>");
    assert_eq!(ask(&mut *runner, "line").await, "<none>");
}

#[tokio::test]
async fn variables_that_would_change_a_granted_program_are_denied() {
    let world = world(&["/usr/bin/env"]).await;
    for name in ["LD_PRELOAD", "PATH", "GLIBC_TUNABLES"] {
        let mut runner = world.processor("runner", json!({"variable": format!("{name}=x")})).await;
        let error = format!("error: variable {name} of a process is the host's to set");
        assert_eq!(ask(&mut *runner, "run env").await, error);
    }
}

#[tokio::test]
async fn a_working_folder_needs_a_grant_to_read_it() {
    let folder = Folder::new();
    let path = folder.path().canonicalize().unwrap().display().to_string();
    for (granted, answer) in [
        (json!([]), format!("error: no grant for files {{path: {path}, access: read}}")),
        (json!([{"path": path, "access": "read"}]), "running".to_owned()),
    ] {
        let grants = json!([{"plugin": "toolbox", "commands": [{"path": "/bin/pwd"}], "files": granted}]);
        let world = World::granting(&["toolbox"], Limits::default(), grants).await;
        let mut runner = world.processor("runner", json!({ "folder": path })).await;
        assert_eq!(ask(&mut *runner, "run /bin/pwd").await, answer);
        if answer == "running" {
            assert_eq!(ask(&mut *runner, "line").await, format!("<{path}>"));
        }
    }
}

#[tokio::test]
async fn a_process_that_floods_its_output_is_held_back() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    ask(&mut *runner, "run /bin/sh -c -- head -c 50000000 /dev/zero").await;
    assert_eq!(ask(&mut *runner, "wait 200").await, "deadline");
    assert_eq!(ask(&mut *runner, "count").await, "50000000");
    assert_eq!(ask(&mut *runner, "wait").await, "code 0");
}

#[tokio::test]
async fn a_process_that_floods_its_standard_error_is_not_held_back() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    ask(&mut *runner, "run /bin/sh -c -- head -c 3000000 /dev/zero | tr '\\\\0' '\\\\n' >&2; echo done")
        .await;
    assert_eq!(ask(&mut *runner, "line").await, "<done>");
}

#[tokio::test]
async fn a_process_that_does_not_read_takes_what_fits_its_pipe() {
    let world = world(&["/bin/sleep", "/bin/cat"]).await;
    let mut runner = runner(&world).await;
    for program in ["/bin/sleep 1000", "/bin/cat"] {
        ask(&mut *runner, &format!("run {program}")).await;
        let taken: usize = ask(&mut *runner, "flood 10000000").await.parse().unwrap();
        assert!((1..1_000_000).contains(&taken), "{program} took {taken}");
    }
    assert_eq!(ask(&mut *runner, "kill").await, "killed");
    assert_eq!(ask(&mut *runner, "wait").await, "signal 9");
}

#[tokio::test]
async fn a_kill_takes_the_whole_group() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    let child = run_for_number(&mut *runner, "sleep 1000 & echo $!; wait").await;
    assert_eq!(ask(&mut *runner, "kill").await, "killed");
    assert_eq!(ask(&mut *runner, "wait").await, "signal 9");
    gone(child).await;
}

#[tokio::test]
async fn what_a_process_leaves_behind_ends_with_it() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    let child = run_for_number(&mut *runner, "sleep 1000 & echo $!").await;
    assert_eq!(ask(&mut *runner, "wait").await, "code 0");
    gone(child).await;
    assert_eq!(ask(&mut *runner, "line").await, "ended");
}

#[tokio::test]
async fn a_dropped_process_is_killed_and_buried() {
    let world = world(&["/bin/sh"]).await;
    let mut runner = runner(&world).await;
    let number = run_for_number(&mut *runner, "echo $$; sleep 1000; echo").await;
    assert_eq!(ask(&mut *runner, "drop").await, "dropped");
    buried(number).await;
}

#[tokio::test]
async fn no_process_outlives_its_instance() {
    let limits = Limits { cpu: Duration::from_millis(300), ..Limits::default() };
    let world = World::granting(&["toolbox"], limits, commands(&["/bin/sh"])).await;
    let mut runner = runner(&world).await;
    for (line, reason) in [("panic", LostReason::Trap), ("loop", LostReason::Cpu)] {
        let number = run_for_number(&mut *runner, "echo $$; sleep 1000; echo").await;
        match soon(process(&mut *runner, batch(&[line]))).await {
            Err(ComponentError::Lost(lost)) => assert_eq!(lost.reason, reason),
            other => panic!("{other:?}"),
        }
        buried(number).await;
    }
    // A call that is dropped, and the component itself.
    let number = run_for_number(&mut *runner, "echo $$; sleep 1000; echo").await;
    let waiting = process(&mut *runner, batch(&["wait"]));
    assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
    buried(number).await;
    let number = run_for_number(&mut *runner, "echo $$; sleep 1000; echo").await;
    drop(runner);
    buried(number).await;
}

#[tokio::test]
async fn processes_without_end_are_refused() {
    let processes = ProcessLimits { count: 3, ..ProcessLimits::default() };
    let limits = Limits { processes, ..Limits::default() };
    let world = World::granting(&["toolbox"], limits, commands(&["/bin/sleep"])).await;
    let mut runner = runner(&world).await;
    for number in ["1", "2", "3"] {
        assert_eq!(ask(&mut *runner, "more /bin/sleep 1000").await, number);
    }
    let error = "error: 3 processes run already, as many as may";
    assert_eq!(ask(&mut *runner, "more /bin/sleep 1000").await, error);
    // Those of another instance are its own.
    let mut other = world.processor("runner", json!({})).await;
    assert_eq!(ask(&mut *other, "more /bin/sleep 1000").await, "1");
}

#[tokio::test]
async fn an_input_that_waits_for_a_process_is_woken_by_a_shutdown() {
    let world = world(&["/bin/sh"]).await;
    let script = "echo one; exec sleep 1000";
    let setup = setup("tail", json!({"program": "/bin/sh", "arguments": ["-c", script]}));
    let wakes = std::sync::Arc::clone(&setup.wakes);
    let mut input = world.plugins.open_input(setup).await.unwrap();
    input.connect().await.unwrap();
    match soon(input.read(vec![])).await.unwrap() {
        Event::Batch(_, batch) => assert_eq!(texts(&batch), ["one"]),
        other => panic!("{other:?}"),
    }
    let (event, ()) = soon(async {
        tokio::join!(input.read(vec![]), async {
            tokio::task::yield_now().await;
            wakes.shutdown();
        })
    })
    .await;
    assert!(matches!(event.unwrap(), Event::Idle));
    input.close(vec![]).await;
}

#[tokio::test]
async fn a_default_plugin_runs_what_its_starter_may() {
    let embedded = embedded("toolbox");
    let loaded = Plugins::load(&[embedded], &[], Settings::default(), Default::default()).await;
    let (plugins, errors) = loaded.unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    let mut runner =
        plugins.open_processor(setup("runner", json!({"variable": "LD_PRELOAD="}))).await.unwrap();
    assert_eq!(ask(&mut *runner, "run sh -c -- echo $0").await, "running");
    assert_eq!(ask(&mut *runner, "line").await, "<sh>");
    assert_eq!(
        ask(&mut *runner, "run no-such-program").await,
        "error: there is no program `no-such-program`"
    );
}
