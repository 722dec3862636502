use crate::structure::trial::{Trial, batch, process, shown};

async fn measured(config: &str, messages: &[&str]) -> Vec<String> {
    let trial = Trial::new();
    let mut metric = trial.open(&format!("metric: {config}"), "").await.unwrap();
    let results = process(&mut *metric, batch(messages)).await;
    assert_eq!(shown(&results[0].batch), messages);
    let lines = trial.metrics.render();
    lines.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect()
}

const OWN: &str = r#"label="",path="root.pipeline.processors.0""#;

#[tokio::test]
async fn counters_count_messages_or_values() {
    let found = measured("{type: counter, name: Seen}", &["a", "b", "c"]).await;
    assert_eq!(found, [format!("Seen_total{{{OWN}}} 3")]);
    let found =
        measured("{type: counter, name: seen, labels: {x: '${! this }', path: here}}", &["a", "b", "a"])
            .await;
    assert_eq!(found.len(), 2);
    let line = r#"seen_total{label="",path="here",x="a"} 2"#.to_owned();
    assert!(found.contains(&line), "{found:?}");
    let found =
        measured("{type: counter_by, name: sum, value: '${! this }'}", &["2", "0.75", "0.5", "-1", "x"])
            .await;
    assert_eq!(found, [format!("sum_total{{{OWN}}} 3")]);
}

#[tokio::test]
async fn gauges_keep_the_last_value_and_timings_are_in_seconds() {
    let found = measured("{type: gauge, name: level, value: '${! this }'}", &["2", "1.5", "high"]).await;
    assert_eq!(found, [format!("level{{{OWN}}} 1.5")]);
    let found =
        measured("{type: timing, name: time, value: '${! this }'}", &["500000000", "1.5", "-1"]).await;
    assert!(found.contains(&format!("time_sum{{{OWN}}} 0.5")), "{found:?}");
    assert!(found.contains(&format!("time_count{{{OWN}}} 1")), "{found:?}");
}

#[tokio::test]
async fn names_that_no_metric_can_have_measure_nothing() {
    for name in ["count.of.things", "plugin_memory", "9x"] {
        assert!(
            measured(&format!("{{type: counter, name: {name}}}"), &["a"])
                .await
                .iter()
                .all(|line| line.is_empty())
        );
    }
}
