//! Pipelines that an agent manages, as its operator sees them. What becomes of them in detail is tested beside them.

#![cfg(test)]

use forebay_tests_pipelines::{Api, Finished, Folder, Moto, Running};
use forebay_tests_postgres::Server;
use serde_json::Value as Json;

const MEMORY: [&str; 6] = [
    "-bucketURL",
    "mem://b",
    "-metadataURL",
    "sqlite://:memory:",
    "-listenAddress=127.0.0.1",
    "-kafkaPort=0",
];

/// Whatever a pipeline writes to this folder is granted.
fn grants(folder: &Folder) {
    let granted = folder.path("out").display().to_string();
    folder.write(
        "grants.yaml",
        format!("grants: [{{plugin: file, files: [{{path: '{granted}', access: write}}]}}]\n"),
    );
    folder.write("out/.keep", "");
}

fn tick(folder: &Folder, name: &str, more: &str) -> String {
    let path = folder.path(&format!("out/{name}.txt")).display().to_string();
    format!(
        "input: {{generate: {{mapping: 'root = \"tick\"', interval: 5ms}}}}\noutput: {{file: {{path: '{path}'}}}}\n{more}"
    )
}

fn agent(folder: &Folder, api: &Api, args: &[&str]) -> Running {
    let port = api.address().rsplit(':').next().unwrap_or_default().to_owned();
    let pipelines = ["-enableManagedPipelines", "-pipelinesDir", "pipelines", "-pluginGrants", "grants.yaml"];
    let mut running = folder
        .forebay(&["agent", "-httpPort", &port])
        .args(&MEMORY)
        .args(&pipelines)
        .args(args)
        .variable("SHOWN", "shown")
        .variable("AWS_SECRET_ACCESS_KEY", "do-not-print-me")
        .start();
    running.until_log_has("running the pipelines of a folder");
    running
}

fn pipelines(folder: &Folder, api: &Api, args: &[&str]) -> Finished {
    let url = format!("http://{}", api.address());
    folder.forebay(&["pipelines", "-agentURL", &url]).args(args).finish()
}

#[test]
fn files_of_a_folder_come_change_and_go_while_the_agent_serves() {
    let (folder, api) = (Folder::new(), Api::at_free_address());
    grants(&folder);
    folder.write("pipelines/one.yaml", tick(&folder, "one", ""));
    let mut running = agent(&folder, &api, &[]);
    running.until("it writes", |_| folder.length("out/one.txt") > 20);
    folder.write("pipelines/two.yaml", tick(&folder, "two", "warpstream: {agent_concurrency_target: 2}\n"));
    running.until("the new one writes", |_| folder.length("out/two.txt") > 20);
    running.until("both instances run", |_| {
        api.get("/metrics").1.contains("warpstream_active_pipeline_instances{pipeline=\"two\"} 2")
    });
    let shown = pipelines(&folder, &api, &[]).well();
    assert!(
        shown.stdout.starts_with("PIPELINE  STATE    VERSION  RUNNING  RUNS  RESTARTS  CONNECTED\n"),
        "{shown:?}"
    );
    assert!(
        shown.stdout.contains("\ntwo       running  2        2 of 2   2     0         yes\n"),
        "{shown:?}"
    );
    let metrics = api.get("/metrics").1;
    let series = "warpstream_bento_output_sent{label=\"\",path=\"root.output\",pipeline=\"one\"}";
    assert!(metrics.contains(series), "{metrics}");

    folder.write("pipelines/one.yaml", tick(&folder, "other", ""));
    running.until("the changed one writes", |_| folder.length("out/other.txt") > 20);
    folder.write("pipelines/one.yaml", "input: {generate: {maping: a}}\noutput: {drop: {}}\n");
    running.until("the broken one is told of", |_| {
        pipelines(&folder, &api, &["one"]).stdout.contains("one.yaml(1,20) field maping not recognised")
    });
    let length = folder.length("out/other.txt");
    running.until("the version before goes on", |_| folder.length("out/other.txt") > length);
    std::fs::remove_file(folder.path("pipelines/two.yaml")).expect("it is there");
    running.until("the removed one is gone", |_| {
        pipelines(&folder, &api, &["two"]).stderr.contains("has no pipeline two")
    });
    running.signal("TERM");
    let stopped = running.finish().well();
    assert!(stopped.stderr.contains("stopped gracefully"), "{stopped:?}");
}

#[test]
fn what_is_not_granted_is_refused_and_keys_of_the_process_never_resolve() {
    let (folder, api) = (Folder::new(), Api::at_free_address());
    grants(&folder);
    folder.write("elsewhere/.keep", "");
    let elsewhere = folder.path("elsewhere/a.txt").display().to_string();
    folder.write(
        "pipelines/elsewhere.yaml",
        tick(&folder, "one", "").replace("out/one.txt", "elsewhere/a.txt"),
    );
    let variables = r#"root = ["${SHOWN}", env("SHOWN"), env("AWS_SECRET_ACCESS_KEY").catch("denied")]"#;
    let text = tick(&folder, "variables", "").replace(r#"root = "tick""#, variables).replace("5ms", "1s");
    folder.write("pipelines/variables.yaml", text);
    folder.write("pipelines/key.yaml", tick(&folder, "key", "").replace("tick", "${AWS_SECRET_ACCESS_KEY}"));
    let mut running = agent(&folder, &api, &["-managedPipelinesGroupName", ""]);
    running.until("variables are read", |_| {
        folder.has("out/variables.txt") && folder.length("out/variables.txt") > 10
    });
    assert!(folder.read("out/variables.txt").starts_with(r#"["shown","shown","denied"]"#));
    running.until("the missing grant is told of", |running| running.log().contains("no grant for files"));
    assert!(!std::path::Path::new(&elsewhere).exists());
    running.until("the key counts as not set", |_| {
        let shown = pipelines(&folder, &api, &["key", "--format", "json"]).stdout;
        shown.contains("environment variables were not set: [AWS_SECRET_ACCESS_KEY]")
    });
    running.signal("TERM");
    assert!(!running.finish().stderr.contains("do-not-print-me"));
}

#[test]
fn templates_are_components_of_managed_pipelines() {
    let (folder, api) = (Folder::new(), Api::at_free_address());
    grants(&folder);
    folder.write(
        "templates/ticking.yaml",
        "name: ticking\ntype: input\nfields: [{name: text, type: string}]\n\
         mapping: 'root.generate = {\"mapping\": \"root = \\\"%s\\\"\".format(this.text), \"interval\": \"5ms\"}'\n",
    );
    let input = "generate: {mapping: 'root = \"tick\"', interval: 5ms}";
    let text = tick(&folder, "made", "").replace(input, "ticking: {text: made}");
    assert!(text.contains("ticking"), "{text}");
    folder.write("pipelines/made.yaml", text);
    let mut running = agent(&folder, &api, &["-pipelineTemplates", "templates"]);
    running.until("it writes", |_| folder.length("out/made.txt") > 20);
    assert!(folder.read("out/made.txt").starts_with("made\nmade\n"));
    running.signal("TERM");
    let _ = running.finish().well();
}

#[test]
fn an_agent_of_a_group_runs_the_pipelines_of_that_group_alone() {
    let (folder, api) = (Folder::new(), Api::at_free_address());
    grants(&folder);
    folder.write("pipelines/none.yaml", tick(&folder, "none", ""));
    folder.write("pipelines/small.yaml", tick(&folder, "small", "warpstream: {pipeline_group: small}\n"));
    let mut running = agent(&folder, &api, &["-managedPipelinesGroupName", "small"]);
    running.until("it writes", |_| folder.length("out/small.txt") > 20);
    let shown = pipelines(&folder, &api, &[]).well().stdout;
    assert!(shown.contains("\nnone      other_group  "), "{shown}");
    assert!(!folder.has("out/none.txt"));
    running.signal("TERM");
    let _ = running.finish().well();
}

/// The tables of both targets, and of groups: agents of one cluster, and what each of them runs.
#[test]
fn one_to_four_agents_run_as_many_instances_as_the_tables_say() {
    // The target, and how many instances there are in all with one to four agents.
    const TABLE: [(&str, [usize; 4]); 8] = [
        ("cluster_concurrency_target: 1", [1, 2, 3, 4]),
        ("cluster_concurrency_target: 2", [2, 2, 3, 4]),
        ("cluster_concurrency_target: 3", [3, 4, 3, 4]),
        ("cluster_concurrency_target: 4", [4, 4, 6, 4]),
        ("agent_concurrency_target: 1", [1, 2, 3, 4]),
        ("agent_concurrency_target: 2", [2, 4, 6, 8]),
        ("agent_concurrency_target: 3", [3, 6, 9, 12]),
        ("pipeline_group: other", [0, 0, 0, 0]),
    ];
    let (folder, server) = (Folder::new(), Server::start().expect("a server"));
    grants(&folder);
    for (number, (target, _)) in TABLE.iter().enumerate() {
        let idle = "input: {generate: {mapping: 'root = 1', interval: 1h}}\noutput: {drop: {}}\n";
        folder.write(&format!("pipelines/p{number}.yaml"), format!("{idle}warpstream: {{{target}}}\n"));
    }
    let url = server.url_of_new_schema().expect("a schema");
    let mut agents: Vec<(Api, Running)> = Vec::new();
    for count in 0..4 {
        let api = Api::at_free_address();
        let port = api.address().rsplit(':').next().unwrap_or_default().to_owned();
        let args = [
            "agent",
            "-bucketURL",
            "mem://b",
            "-listenAddress=127.0.0.1",
            "-kafkaPort=0",
            "-httpPort",
            &port,
        ];
        let pipelines = ["-enableManagedPipelines", "-pipelinesDir", "pipelines", "-metadataURL", &url];
        let mut running = folder.forebay(&args).args(&pipelines).start();
        running.until_log_has("running the pipelines of a folder");
        agents.push((api, running));
        let mut found = Vec::new();
        let expected: Vec<_> = TABLE.iter().map(|(_, instances)| instances[count]).collect();
        let (last, others) = agents.split_last_mut().expect("one was started");
        last.1.until("there are as many as there are to be", |_| {
            let all = others.iter().map(|(api, _)| api).chain([&last.0]);
            found = all.fold(vec![0; TABLE.len()], |sums, api| {
                sums.iter().zip(instances(api)).map(|(sum, one)| sum + one).collect()
            });
            found == expected
        });
    }
}

/// How many instances of each pipeline run, in the order of their names.
fn instances(api: &Api) -> Vec<usize> {
    let (status, body) = api.get("/pipelines");
    if status != 200 {
        // The path is added when the pipelines are started.
        return Vec::new();
    }
    let told: Json = serde_json::from_str(&body).expect("JSON");
    let pipelines = told["pipelines"].as_array().expect("a list");
    let running = |pipeline: &Json| {
        let instances = pipeline["instances"].as_array().expect("a list");
        instances.iter().filter(|instance| instance["state"] == "running").count()
    };
    pipelines.iter().map(running).collect()
}

/// Both pipelines of the example as they are written: an event a second, and a topic that becomes Parquet files.
#[test]
fn the_example_delivers_what_is_produced_to_a_bucket() {
    const RECORDS: usize = 300;
    let Some(moto) = Moto::with_bucket("lake") else { return };
    let (folder, endpoint) = (Folder::new(), format!("http://{}", moto.address()));
    for name in ["generate", "parquet"] {
        let text = std::fs::read_to_string(example(&format!("managed-pipelines/pipelines/{name}.yaml")));
        folder.write(&format!("pipelines/{name}.yaml"), text.expect("it is an example"));
    }
    let grants = std::fs::read_to_string(example("managed-pipelines/grants.yaml")).expect("it is an example");
    folder.write("grants.yaml", grants.replace("BUCKET/", "lake/"));
    let (api, kafka) = (Api::at_free_address(), Api::at_free_address());
    let port = |api: &Api| api.address().rsplit(':').next().unwrap_or_default().to_owned();
    let stores = ["-bucketURL", "mem://b", "-metadataURL", "sqlite://:memory:", "-listenAddress=127.0.0.1"];
    let pipelines = ["-enableManagedPipelines", "-pipelinesDir", "pipelines", "-pluginGrants", "grants.yaml"];
    let mut running = folder
        .forebay(&["agent", "-httpPort", &port(&api), "-kafkaPort", &port(&kafka), "-batchTimeout", "25ms"])
        .args(&stores)
        .args(&pipelines)
        .variable("YOUR_S3_BUCKET", "lake")
        .variable("YOUR_S3_REGION", "us-east-1")
        .variable("AWS_ENDPOINT_URL", &endpoint)
        .variable("AWS_ACCESS_KEY_ID", "somebody")
        .variable("AWS_SECRET_ACCESS_KEY", "something")
        .start();
    running.until_log_has("running the pipelines of a folder");
    let kcmd = |kind: &str, args: &[&str]| {
        let asked = ["kcmd", "-type", kind, "-bootstrap-host", "127.0.0.1", "-bootstrap-port", &port(&kafka)];
        folder.forebay(&asked).args(args).finish()
    };
    let values: Vec<_> = (0..RECORDS).map(|number| format!("line {number}")).collect();
    for part in values.chunks(100) {
        let _ = kcmd("produce", &["-topic", "logs", "-records", &part.join(",,")]).well();
    }
    running.until("events are generated", |_| {
        kcmd("fetch", &["-topic", "bento_test"]).stdout.contains("value:")
    });
    // The schema says that texts are bytes, which are base64 in JSON.
    let text =
        |field: &str| format!("{{mutation: 'root.{field} = this.{field}.decode(\"base64\").string()'}}");
    let decode = format!(
        "input: {{aws_s3: {{bucket: lake, prefix: parquet_logs/, {}}}}}\n\
         pipeline: {{processors: [{{parquet_decode: {{}}}}, {}, {}, {}]}}\noutput: {{stdout: {{}}}}\n",
        moto.fields(),
        text("value"),
        text("key"),
        text("kafka_topic"),
    );
    let mut rows: Vec<Json> = Vec::new();
    running.until("all of them are in the bucket", |_| {
        let lines = folder.run(&decode).finish().well().stdout;
        rows = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        rows.len() >= RECORDS
    });
    let mut found: Vec<_> =
        rows.iter().map(|row| row["value"].as_str().unwrap_or_default().to_owned()).collect();
    found.sort_by_key(|value| value.trim_start_matches("line ").parse::<usize>().ok());
    assert_eq!(found, values, "each of them once");
    assert!(rows.iter().all(|row| row["kafka_topic"] == "logs" && row["key"] == "hello"), "{:?}", rows[0]);
    running.signal("TERM");
    let _ = running.finish().well();
}

/// Where a file of an example is.
fn example(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(path)
}

#[test]
fn flags_that_do_not_fit_are_refused_by_name() {
    let folder = Folder::new();
    for (args, named) in [
        (["-enableManagedPipelines"].as_slice(), "-enableManagedPipelines needs -pipelinesDir"),
        (&["-enableManagedPipelines", "-pipelinesDir", "nowhere"], "read the folder of pipelines nowhere"),
    ] {
        let refused = folder.forebay(&["agent", "-httpPort=0"]).args(&MEMORY).args(args).finish();
        assert!(refused.code == Some(1) && refused.stderr.contains(named), "{named}: {refused:?}");
    }
    let nobody = folder.forebay(&["pipelines", "-agentURL", "http://127.0.0.1:1"]).finish();
    assert!(
        nobody.code == Some(1) && nobody.stderr.contains("ask http://127.0.0.1:1/pipelines"),
        "{nobody:?}"
    );
}

#[test]
fn a_playground_without_examples_runs_what_is_put_into_its_folder() {
    let folder = Folder::new();
    folder.write("out/.keep", "");
    folder.write("pipelines/one.yaml", tick(&folder, "one", ""));
    let args =
        ["playground", "-kafkaPort=0", "-httpPort=0", "-pipelinesDir", "pipelines", "-logLevel", "info"];
    let mut running = folder.forebay(&args).start();
    running.until("it writes", |_| folder.length("out/one.txt") > 20);
    running.signal("TERM");
    let stopped = running.finish().well();
    assert!(stopped.stdout.starts_with("WARNING: this is a playground."), "{stopped:?}");
    assert!(stopped.stdout.contains("forebay kcmd -type fetch"), "{stopped:?}");
    let ended =
        folder.forebay(&["playground", "-kafkaPort=0", "-httpPort=0", "-noExamples", "-duration", "100ms"]);
    assert!(ended.finish().well().stdout.contains("the time is over"));
}

#[test]
fn a_demo_produces_and_consumes_until_its_time_is_over() {
    let folder = Folder::new();
    let args = ["demo", "-kafkaPort=0", "-httpPort=0", "-duration", "3s"];
    let finished = folder.forebay(&args).finish().well();
    let line = finished.stdout.lines().find(|line| line.contains("produced ")).unwrap_or_default();
    let count = |name: &str| {
        let number = line.split(name).nth(1).and_then(|rest| rest.split_whitespace().next());
        number.and_then(|number| number.parse::<u64>().ok())
    };
    assert!(count("produced ") > Some(100) && count("consumed ") > Some(100), "{finished:?}");
    assert_eq!(count("out of order "), Some(0), "{finished:?}");
}
