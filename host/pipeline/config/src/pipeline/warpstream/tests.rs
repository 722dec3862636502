use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::spec::Description;
use crate::{Catalog, read};

fn section(text: &str) -> Result<WarpstreamConfig, Vec<String>> {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"}]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    let read = read("f", text, &BTreeMap::<String, String>::new(), &catalog);
    read.map(|config| config.warpstream)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn without_the_section_there_is_one_instance_on_each_agent_without_a_group() {
    for text in ["{}", "warpstream:", "warpstream: {}", "warpstream: {scheduling: {}}"] {
        assert_eq!(section(text), Ok(WarpstreamConfig::default()), "{text}");
    }
    assert_eq!(Concurrency::default().on_each_of(NonZeroU32::new(3).unwrap()).get(), 1);
}

#[test]
fn everything_is_read() {
    let text = "warpstream:\n  scheduling: {run_every: 1m30s}\n  cluster_concurrency_target: 6\n  pipeline_group: a b\n";
    let read = WarpstreamConfig {
        run_every: Some(Duration::from_secs(90)),
        concurrency: Concurrency::Cluster(NonZeroU32::new(6).unwrap()),
        pipeline_group: Some("a b".to_owned()),
    };
    assert_eq!(section(text), Ok(read));
}

#[rstest]
#[case::both(
    "warpstream: {cluster_concurrency_target: 1, agent_concurrency_target: 1}",
    "f(1,45) either cluster_concurrency_target or agent_concurrency_target can be set, and not both"
)]
#[case::none(
    "warpstream: {agent_concurrency_target: 0}",
    "f(1,40) field agent_concurrency_target takes 1 to 1000, and not 0"
)]
#[case::too_many(
    "warpstream:\n  cluster_concurrency_target: 1001",
    "f(2,31) field cluster_concurrency_target takes 1 to 1000, and not 1001"
)]
#[case::text("warpstream: {agent_concurrency_target: two}", "f(1,40) expected int value, got string")]
#[case::unknown(
    "warpstream: {pipeline_grup: a}",
    "f(1,14) field pipeline_grup not recognised, did you mean `pipeline_group`?"
)]
#[case::unknown_inside("warpstream: {scheduling: {every: 1s}}", "f(1,27) field every not recognised")]
#[case::no_duration(
    "warpstream: {scheduling: {run_every: soon}}",
    "f(1,38) `soon` is not a duration such as 20s, 1m30s or 100ms"
)]
#[case::busy(
    "warpstream: {scheduling: {run_every: 1ms}}",
    "f(1,38) field run_every takes 10ms at least, and not 1ms"
)]
#[case::no_object("warpstream: []", "f(1,13) expected object value, got !!seq")]
fn what_is_wrong_is_told_with_its_place(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(section(text), Err(vec![expected.to_owned()]));
}

/// Target, agents, instances in all: the table of `cluster_concurrency_target`.
#[rstest]
#[case(1, 3, 3)]
#[case(2, 3, 3)]
#[case(3, 3, 3)]
#[case(4, 3, 6)]
#[case(6, 1, 6)]
#[case(6, 4, 8)]
fn a_target_of_the_cluster_is_rounded_up_to_a_multiple_of_its_agents(
    #[case] target: u32,
    #[case] agents: u32,
    #[case] actual: u32,
) {
    let target = Concurrency::Cluster(NonZeroU32::new(target).unwrap());
    assert_eq!(target.on_each_of(NonZeroU32::new(agents).unwrap()).get() * agents, actual);
}

/// The same of `agent_concurrency_target`.
#[rstest]
#[case(1, 3, 3)]
#[case(2, 3, 6)]
#[case(3, 3, 9)]
fn a_target_of_agents_is_that_of_each(#[case] target: u32, #[case] agents: u32, #[case] actual: u32) {
    let target = Concurrency::Agent(NonZeroU32::new(target).unwrap());
    assert_eq!(target.on_each_of(NonZeroU32::new(agents).unwrap()).get() * agents, actual);
}

/// The group of the agent, the group of the pipeline, whether it runs.
#[rstest]
#[case(None, None, true)]
#[case(Some("small"), None, false)]
#[case(Some("large"), None, false)]
#[case(None, Some("small"), false)]
#[case(Some("small"), Some("small"), true)]
#[case(Some("large"), Some("small"), false)]
#[case(None, Some("large"), false)]
#[case(Some("small"), Some("large"), false)]
#[case(Some("large"), Some("large"), true)]
fn agents_run_the_pipelines_of_their_group(
    #[case] agent: Option<&str>,
    #[case] pipeline: Option<&str>,
    #[case] runs: bool,
) {
    let group =
        pipeline.map_or_else(|| "{}".to_owned(), |group| format!("warpstream: {{pipeline_group: {group}}}"));
    assert_eq!(section(&group).unwrap().runs_in(agent), runs);
}
