//! `-metricsFile`.

use forebay_tests_pipelines::{Folder, lines};

const PIPELINE: &str = "\
shutdown_timeout: 1s
input: {file: {paths: [ in.txt ]}}
pipeline: {processors: [{mapping: root = this}]}
output: {file: {path: out.txt}}
";

/// The value of a metric of a plugin.
fn value(metrics: &str, name: &str, plugin: &str) -> f64 {
    let start = format!("{name}{{plugin=\"{plugin}\"}} ");
    let found = metrics.lines().find_map(|line| line.strip_prefix(&start));
    assert!(found.is_some(), "no {start} in {metrics}");
    found.and_then(|text| text.parse().ok()).expect("the value of a metric is a number")
}

#[test]
fn the_metrics_of_every_plugin_are_written_when_the_pipeline_ends() {
    let folder = Folder::new();
    let input = lines(1000);
    folder.write("in.txt", &input);
    for (flags, variable) in [(&["-metricsFile", "a.txt"][..], ""), (&[], "b.txt")] {
        let run = folder.run(PIPELINE).args(flags);
        let run = if variable.is_empty() { run } else { run.variable("FOREBAY_METRICS_FILE", variable) };
        let _ = run.finish().well();
        let metrics = folder.read(if variable.is_empty() { "a.txt" } else { variable });
        assert!(metrics.ends_with("# EOF\n"), "{metrics}");
        for plugin in ["file", "scanners", "bloblang"] {
            for name in [
                "plugin_calls_total",
                "plugin_cpu_nanoseconds_total",
                "plugin_instances_total",
                "plugin_memory_high_water_bytes",
            ] {
                assert!(value(&metrics, name, plugin) > 0.0, "{name} of {plugin}");
            }
            assert_eq!(value(&metrics, "plugin_errors_total", plugin).to_string(), "0");
        }
        let bytes = |name: &str, plugin: &str| value(&metrics, name, plugin);
        let payloads = f64::from(u32::try_from(input.len() - 1000).unwrap());
        assert!(bytes("plugin_bytes_out_total", "scanners") >= payloads);
        assert!(bytes("plugin_bytes_in_total", "bloblang") >= payloads);
        assert!(bytes("plugin_bytes_out_total", "bloblang") >= payloads);
        assert_eq!(value(&metrics, "plugin_calls_total", "generate").to_string(), "0");
    }
}

#[test]
fn the_metrics_are_written_also_when_the_pipeline_gives_up() {
    let folder = Folder::new();
    folder.write("in.txt", lines(1));
    let mut running =
        folder.run(&PIPELINE.replace("out.txt", "/dev/full")).args(&["-metricsFile", "a.txt"]).start();
    running.until_log_has("messages were not delivered");
    running.signal("TERM");
    assert_eq!(running.finish().code, Some(1));
    assert!(value(&folder.read("a.txt"), "plugin_calls_total", "file") > 0.0);
}
