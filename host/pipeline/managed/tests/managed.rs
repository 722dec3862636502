//! A folder of pipelines of scripted components, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "managed/lines.rs"]
mod lines;
#[path = "managed/scripted.rs"]
mod scripted;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::Threads;
use forebay_metrics::Metrics;
use forebay_model::ByteCount;
use forebay_pipeline_managed::{
    Agents, InstanceState, Managed, Parts, PipelineState, PipelineStatus, Settings, StartError,
};
use tokio::time::Instant;

use lines::Lines;
use scripted::Script;

/// What takes effect does so within this.
const SOON: Duration = Duration::from_secs(1);

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("forebay-managed-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// A pipeline that delivers one message with this text.
    fn pipeline(&self, name: &str, text: &str) {
        self.write(name, &format!("input: {{script: {{text: {text}}}}}\noutput: {{script: {{}}}}\n"));
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// So many agents.
struct Counted(AtomicU32);

#[async_trait]
impl Agents for Counted {
    async fn count(&self) -> Result<NonZeroU32, String> {
        NonZeroU32::new(self.0.load(Ordering::Relaxed)).ok_or_else(|| "none".to_owned())
    }
}

/// An agent, as far as its pipelines go.
struct Agent {
    managed: Managed,
    metrics: Arc<Metrics>,
}

struct With {
    rate: u64,
    group: Option<&'static str>,
    agents: Arc<Counted>,
}

impl Default for With {
    fn default() -> Self {
        Self { rate: 1 << 30, group: None, agents: Arc::new(Counted(AtomicU32::new(1))) }
    }
}

impl Agent {
    async fn start(folder: &Folder, script: &Arc<Script>) -> Self {
        Self::with(folder, script, With::default()).await
    }

    async fn with(folder: &Folder, script: &Arc<Script>, with: With) -> Self {
        let With { rate, group, agents } = with;
        let metrics = Arc::<Metrics>::default();
        let settings = Settings {
            group: group.map(str::to_owned),
            ..Settings::new(folder.0.clone(), ByteCount::new(rate))
        };
        let threads = Arc::new(Threads::on_current());
        let variables = BTreeMap::from([("NAME".to_owned(), "from-a-variable".to_owned())]);
        let parts = Parts {
            components: Arc::clone(script) as _,
            metrics: Arc::clone(&metrics),
            threads: Arc::clone(&threads),
            keeper: threads,
            variables: Arc::new(variables),
            agents,
            endpoints: None,
        };
        let managed = Managed::start(settings, parts).await.unwrap();
        Self { managed, metrics }
    }

    fn pipeline(&self, name: &str) -> Option<PipelineStatus> {
        self.managed.status().pipelines.into_iter().find(|pipeline| pipeline.name == name)
    }

    fn state(&self, name: &str) -> Option<PipelineState> {
        self.pipeline(name).map(|pipeline| pipeline.state)
    }

    /// Instances that run, of all pipelines.
    fn running(&self) -> usize {
        let pipelines = self.managed.status().pipelines;
        let instances = pipelines.iter().flat_map(|pipeline| &pipeline.instances);
        instances.filter(|instance| instance.state == InstanceState::Running).count()
    }
}

/// Waits until something holds; how long that took.
async fn until(holds: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(300), "it never holds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

/// Writes a pipeline so that it is another one at each look, until its text has eight letters.
async fn write_slowly(folder: &Folder, name: &str, letter: &str) {
    for length in 1..=8 {
        folder.pipeline(name, &letter.repeat(length));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_are_added_changed_and_removed_take_effect_within_a_second() {
    let (folder, script) = (Folder::new("change"), Script::new());
    folder.pipeline("first.yaml", "one");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("one") == 1).await;

    folder.pipeline("second.yml", "two");
    assert!(until(|| script.delivered("two") == 1).await < SOON);
    folder.pipeline("first.yaml", "three");
    assert!(until(|| script.delivered("three") == 1).await < SOON);
    folder.remove("second.yml");
    assert!(until(|| agent.pipeline("second").is_none()).await < SOON);

    let first = agent.pipeline("first").unwrap();
    assert_eq!((first.state, first.version, first.wanted), (PipelineState::Running, Some(3), 1));
    assert!(agent.managed.stop().await);
    let events = ["opened one", "opened two", "closed one", "opened three", "closed two", "closed three"];
    assert_eq!(script.events(), events, "the version before is closed before the next one opens");
    assert!(agent.managed.status().pipelines.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_written_does_not_run() {
    let (folder, script) = (Folder::new("written"), Script::new());
    folder.pipeline("first.yaml", "first");
    folder.pipeline("p.yaml", "x");
    let (agent, ()) = tokio::join!(Agent::start(&folder, &script), write_slowly(&folder, "p.yaml", "x"));
    until(|| script.delivered("xxxxxxxx") == 1).await;
    // Another file comes to rest meanwhile.
    folder.pipeline("second.yaml", "second");
    write_slowly(&folder, "p.yaml", "z").await;
    assert_eq!((script.delivered("first"), script.delivered("second")), (1, 1));
    until(|| script.delivered("zzzzzzzz") == 1).await;
    assert!(agent.managed.stop().await);
    let mut opened = script.events();
    opened.retain(|event| event.starts_with("opened"));
    assert_eq!(opened, ["opened first", "opened xxxxxxxx", "opened second", "opened zzzzzzzz"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_file_leaves_what_runs_and_is_reported_with_its_place() {
    let (folder, script) = (Folder::new("broken"), Script::new());
    folder.pipeline("p.yaml", "one");
    folder.write("never.yaml", "input: {script: {txt: a}}\noutput: {script: {}}\n");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("one") == 1).await;

    folder.write("p.yaml", "input:\n  script:\n    cuont: 1\noutput: {script: {}}\n");
    assert!(until(|| !agent.pipeline("p").unwrap().problems.is_empty()).await < SOON);
    let broken = agent.pipeline("p").unwrap();
    let file = folder.0.join("p.yaml").display().to_string();
    let problem = format!("{file}(3,5) field cuont not recognised, did you mean `count`?");
    assert_eq!(
        (broken.state, broken.version, broken.problems),
        (PipelineState::Running, Some(1), vec![problem])
    );
    let never = agent.pipeline("never").unwrap();
    assert_eq!((never.state, never.version, never.instances.len()), (PipelineState::Refused, None, 0));
    assert!(never.problems[0].contains("(1,18) field txt not recognised"), "{never:?}");

    folder.pipeline("p.yaml", "two");
    until(|| script.delivered("two") == 1).await;
    assert_eq!(agent.pipeline("p").unwrap().problems, [""; 0]);
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_lacks_a_plugin_runs_when_the_plugin_comes() {
    let (folder, script) = (Folder::new("late"), Script::new());
    folder.write("p.yaml", "input: {late: {text: one}}\noutput: {script: {}}\n");
    folder.write("never.yaml", "input: {later: {text: two}}\noutput: {script: {}}\n");
    let agent = Agent::start(&folder, &script).await;
    until(|| agent.pipeline("p").is_some_and(|pipeline| pipeline.state == PipelineState::Refused)).await;
    script.another_plugin_comes();
    assert!(until(|| script.delivered("one") == 1).await < SOON);
    assert_eq!(agent.pipeline("p").unwrap().problems, [""; 0]);
    assert_eq!(agent.pipeline("never").unwrap().state, PipelineState::Refused);
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_a_file_anew_is_told_anew_what_is_wrong() {
    let (folder, script) = (Folder::new("anew"), Script::new());
    let (lines, _guard) = Lines::listen();
    folder.write("p.yaml", "input: {unheard: {text: two}}\noutput: {script: {}}\n");
    let agent = Agent::start(&folder, &script).await;
    until(|| agent.pipeline("p").is_some_and(|pipeline| pipeline.state == PipelineState::Refused)).await;
    script.another_plugin_comes();
    folder.pipeline("other.yaml", "other");
    until(|| script.delivered("other") == 1).await;
    assert_eq!(lines.with("unheard"), 1, "nobody has done anything about it");
    // The same is wrong at the same place.
    folder.write("p.yaml", "input: {unheard: {text: two}}\noutput: {script: {}} # mended?\n");
    until(|| lines.with("unheard") == 2).await;
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_can_not_be_opened_gives_its_place_back() {
    let (folder, script) = (Folder::new("refused"), Script::new());
    folder.pipeline("p.yaml", "one");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("one") == 1).await;
    folder.write("p.yaml", "input: {script: {refused: true}}\noutput: {script: {}}\n");
    until(|| script.delivered("one") == 2).await;
    let status = agent.pipeline("p").unwrap();
    assert_eq!((status.state, status.version), (PipelineState::Running, Some(1)));
    assert!(status.problems[0].ends_with("p.yaml(1,8) field refused: refused"), "{status:?}");
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_comes_back_while_it_drains_runs_again() {
    let (folder, script) = (Folder::new("back"), Script::new());
    folder.pipeline("p.yaml", "one");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("one") == 1).await;
    for text in ["two", "three"] {
        folder.remove("p.yaml");
        tokio::time::sleep(Duration::from_millis(410)).await;
        folder.pipeline("p.yaml", text);
        until(|| script.delivered(text) == 1).await;
    }
    assert_eq!(agent.state("p"), Some(PipelineState::Running));
    assert!(agent.managed.stop().await);
}

/// Target of the cluster or of agents, number of agents, instances in all: both tables of the documentation and more.
#[tokio::test(start_paused = true)]
async fn there_are_as_many_instances_as_the_tables_say() {
    let rows = [
        ("cluster_concurrency_target: 1", 3, 3),
        ("cluster_concurrency_target: 2", 3, 3),
        ("cluster_concurrency_target: 3", 3, 3),
        ("cluster_concurrency_target: 4", 3, 6),
        ("agent_concurrency_target: 1", 3, 3),
        ("agent_concurrency_target: 2", 3, 6),
        ("agent_concurrency_target: 3", 3, 9),
        ("cluster_concurrency_target: 6", 1, 6),
        ("cluster_concurrency_target: 6", 2, 6),
        ("cluster_concurrency_target: 6", 4, 8),
        ("pipeline_group: ''", 4, 4),
    ];
    let (folder, script) = (Folder::new("tables"), Script::new());
    let count = Arc::new(Counted(AtomicU32::new(1)));
    for (target, agents, instances) in rows {
        let text = format!("input: {{script: {{}}}}\noutput: {{script: {{}}}}\nwarpstream: {{{target}}}\n");
        folder.write("p.yaml", &text);
        count.0.store(agents, Ordering::Relaxed);
        let mut all = Vec::new();
        for _ in 0..agents {
            let with = With { agents: Arc::clone(&count), ..With::default() };
            all.push(Agent::with(&folder, &script, with).await);
        }
        let running = || all.iter().map(Agent::running).sum::<usize>();
        until(|| running() == instances).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(running(), instances, "{target}, {agents} agents");
        let shown = all[0].metrics.render();
        let each = instances / usize::try_from(agents).unwrap();
        let gauge = format!("warpstream_active_pipeline_instances{{pipeline=\"p\"}} {each}");
        assert!(shown.contains(&gauge), "{shown}");
        for agent in all {
            assert!(agent.managed.stop().await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn agents_that_come_and_go_change_the_number_of_instances() {
    let (folder, script) = (Folder::new("agents"), Script::new());
    folder.write(
        "p.yaml",
        "input: {script: {}}\noutput: {script: {}}\nwarpstream: {cluster_concurrency_target: 6}\n",
    );
    let count = Arc::new(Counted(AtomicU32::new(1)));
    let agent = Agent::with(&folder, &script, With { agents: Arc::clone(&count), ..With::default() }).await;
    // Where they can't be counted, what is known holds.
    for (agents, instances) in [(1, 6), (4, 2), (0, 2), (2, 3), (1, 6)] {
        count.0.store(agents, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(agent.running(), instances, "{agents} agents");
    }
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn pipelines_run_where_their_group_is_that_of_the_agent() {
    let (folder, script) = (Folder::new("groups"), Script::new());
    folder.pipeline("none.yaml", "none");
    for group in ["small", "large"] {
        let pipeline = "input: {script: {}}\noutput: {script: {}}\nwarpstream: {pipeline_group: ";
        folder.write(&format!("{group}.yaml"), &format!("{pipeline}{group}}}\n"));
    }
    for group in [None, Some("small"), Some("large")] {
        let agent = Agent::with(&folder, &script, With { group, ..With::default() }).await;
        until(|| agent.running() == 1).await;
        for name in ["none", "small", "large"] {
            let runs = group.unwrap_or("none") == name;
            let expected = if runs { PipelineState::Running } else { PipelineState::OtherGroup };
            assert_eq!(agent.state(name), Some(expected), "pipeline {name}, agent {group:?}");
        }
        assert!(agent.managed.stop().await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_input_that_ends_is_run_again_where_that_is_asked_for() {
    let (folder, script) = (Folder::new("every"), Script::new());
    let once = "input: {script: {text: once, count: 2}}\noutput: {script: {}}\n";
    folder.write("once.yaml", once);
    folder.write(
        "often.yaml",
        &format!("{}warpstream: {{scheduling: {{run_every: 5s}}}}\n", once.replace("once", "often")),
    );
    let agent = Agent::start(&folder, &script).await;
    tokio::time::sleep(Duration::from_secs(52)).await;
    assert_eq!((script.delivered("once"), script.delivered("often")), (2, 22));
    assert_eq!(agent.state("once"), Some(PipelineState::Finished));
    let often = agent.pipeline("often").unwrap();
    let instance = &often.instances[0];
    assert_eq!((often.state, instance.state), (PipelineState::Running, InstanceState::Waiting));
    assert_eq!((instance.runs, instance.restarts), (11, 0));
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_started_again_after_growing_pauses() {
    let (folder, script) = (Folder::new("fails"), Script::new());
    folder.write("fails.yaml", "input: {script: {panics: true}}\noutput: {script: {}}\n");
    folder.write("refused.yaml", "input: {script: {refused: true}}\noutput: {script: {}}\n");
    folder.pipeline("well.yaml", "well");
    let agent = Agent::start(&folder, &script).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    for (name, reason) in
        [("fails", "an input ended early"), ("refused", "refused.yaml(1,8) field refused: refused")]
    {
        let status = agent.pipeline(name).unwrap();
        assert_eq!(status.state, PipelineState::Failing);
        let instance = &status.instances[0];
        // After 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75 seconds.
        assert_eq!((instance.restarts, instance.runs), (8, 8), "{name}");
        assert!(instance.error.as_ref().unwrap().contains(reason), "{instance:?}");
    }
    assert_eq!(script.delivered("well"), 1);
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_deliver_all_of_its_input_is_started_again() {
    let (folder, script) = (Folder::new("incomplete"), Script::new());
    let text = "input: {script: {text: a, count: 1, auto_replay_nacks: false}}\n\
                pipeline: {processors: [fails_once: {}]}\noutput: {script: {}}\n";
    folder.write("p.yaml", text);
    let agent = Agent::start(&folder, &script).await;
    until(|| agent.state("p") == Some(PipelineState::Failing)).await;
    let instance = agent.pipeline("p").unwrap().instances.remove(0);
    assert_eq!(instance.error.unwrap(), "not all of the input could be read and delivered");
    until(|| agent.state("p") == Some(PipelineState::Finished)).await;
    let instance = agent.pipeline("p").unwrap().instances.remove(0);
    assert_eq!((instance.runs, instance.restarts, instance.error), (2, 1, None));
    assert_eq!(script.delivered("a"), 1);
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_fails_for_is_rejected_and_not_delivered_with_its_error() {
    let (folder, script) = (Folder::new("reject"), Script::new());
    let text = "input: {script: {text: a, count: 1}}\npipeline: {processors: [fails_once: {}]}\noutput: {script: {}}\n";
    folder.write("p.yaml", text);
    let agent = Agent::start(&folder, &script).await;
    until(|| agent.state("p") == Some(PipelineState::Finished)).await;
    assert_eq!((script.delivered("a"), script.delivered("a!")), (1, 0));
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn all_pipelines_share_what_the_agent_may_take_in() {
    // What belongs to a payload counts too, which is little beside these.
    let (folder, script) = (Folder::new("rate"), Script::new());
    for (name, size, more) in [
        ("small", 1_000, ""),
        ("large", 20_000, ""),
        ("many", 5_000, "warpstream: {agent_concurrency_target: 5}"),
    ] {
        let text = "x".repeat(size);
        let pipeline =
            format!("input: {{script: {{text: {text}, endless: true}}}}\noutput: {{script: {{}}}}\n");
        folder.write(&format!("{name}.yaml"), &format!("{pipeline}{more}\n"));
    }
    let agent = Agent::with(&folder, &script, With { rate: 300_000, ..With::default() }).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let bytes = script.notes.lock().unwrap().bytes.clone();
    for (name, bytes) in bytes {
        assert!((2_700_000..3_300_000).contains(&bytes), "{name}: {bytes}");
    }
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn variables_and_the_cluster_of_the_agent_are_filled_in() {
    let (folder, script) = (Folder::new("variables"), Script::new());
    folder.pipeline("v.yaml", "${NAME}");
    folder.write("k.yaml", "input: {kafka_franz_warpstream: {topics: [a]}}\noutput: {script: {}}\n");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("from-a-variable") == 1).await;
    let expected = serde_json::json!({
        "seed_brokers": ["forebay://agent"], "topics": ["a"], "consumer_group": "pipeline-k"
    });
    assert!(script.notes.lock().unwrap().configs.contains(&expected));
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn the_status_is_shown_as_json() {
    let (folder, script) = (Folder::new("status"), Script::new());
    folder.pipeline("p.yaml", "one");
    let agent = Agent::start(&folder, &script).await;
    until(|| script.delivered("one") == 1).await;
    let mut shown = serde_json::to_value(agent.managed.status()).unwrap();
    shown["pipelines"][0]["instances"][0]["seconds"] = 0.into();
    let expected = serde_json::json!({"group": null, "agents": 1, "pipelines": [{
        "name": "p", "file": folder.0.join("p.yaml").display().to_string(), "state": "running", "version": 1,
        "group": null, "wanted": 1, "input_connected": true, "output_connected": true, "problems": [],
        "instances": [{"state": "running", "seconds": 0, "runs": 1, "restarts": 0, "error": null}]
    }]});
    assert_eq!(shown, expected);
    assert!(agent.managed.stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_not_there_is_refused() {
    let settings = Settings::new(PathBuf::from("/nowhere/at/all"), ByteCount::new(1));
    let threads = Arc::new(Threads::on_current());
    let parts = Parts {
        components: Script::new() as _,
        metrics: Arc::default(),
        threads: Arc::clone(&threads),
        keeper: threads,
        variables: Arc::new(BTreeMap::<String, String>::new()),
        agents: Arc::new(Counted(AtomicU32::new(1))),
        endpoints: None,
    };
    let refused = Managed::start(settings, parts).await.map(drop);
    assert!(matches!(refused, Err(StartError::Folder { folder, .. }) if folder == "/nowhere/at/all"));
}
