use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::json;

use crate::spec::Description;
use crate::{Catalog, PipelineConfig, read};

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"}, {"kind": "processor", "name": "noop"},
        {"kind": "processor", "name": "resource", "config": {"type": "string", "resource": "processor"}},
        {"kind": "processor", "name": "try", "config": {"type": "processor", "kind": "array"}},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn with(section: &str) -> Result<PipelineConfig, Vec<String>> {
    let text = format!("input: {{stdin: {{}}}}\noutput: {{stdout: {{}}}}\n{section}\n");
    let problems = |problems: Vec<crate::Problem>| problems.iter().map(ToString::to_string).collect();
    read("f", &text, &BTreeMap::new(), &catalog()).map_err(problems)
}

#[test]
fn processors_are_read_with_their_labels_and_found_by_those_who_use_them() {
    let text = "
pipeline: {processors: [resource: a, {label: '', try: [{resource: b}, {label: '', resource: a}]}]}
processor_resources:
  - {label: a, noop: {}}
  - {label: b, try: [{resource: a}]}";
    let config = with(text).unwrap();
    let resources: Vec<_> = config
        .resources
        .iter()
        .map(|resource| (resource.label.as_ref().unwrap().as_str(), resource.path.as_str()))
        .collect();
    assert_eq!(resources, [("a", "processor_resources.0"), ("b", "processor_resources.1")]);
}

#[rstest]
#[case::unknown(
    "pipeline: {processors: [try: [resource: fech]]}\nprocessor_resources: [{label: fetch, noop: {}}]",
    "f(3,41) there is no processor `fech` among the processor_resources, did you mean `fetch`?"
)]
#[case::none_at_all(
    "pipeline: {processors: [resource: '']}",
    "f(3,35) there is no processor `` among the processor_resources"
)]
#[case::unreadable(
    "pipeline: {processors: [resource: a]}\nprocessor_resources: [{label: a, nop: {}}]",
    "f(4,34) processor `nop` not recognised, did you mean `noop`?"
)]
#[case::without_label(
    "processor_resources: [noop: {}]",
    "f(3,23) the label field for resources must be unique and not empty"
)]
#[case::same_label(
    "processor_resources: [{label: a, noop: {}}, {label: a, noop: {}}]",
    "f(3,46) label 'a' collides with a previously defined label at line 3"
)]
#[case::itself(
    "processor_resources: [{label: a, try: [resource: a]}]",
    "f(3,50) processor `a` uses itself: a -> a"
)]
#[case::circle(
    "processor_resources: [{label: a, try: [resource: b]}, {label: b, try: [resource: c]}, {label: c, try: [resource: b]}]",
    "f(3,114) processor `b` uses itself: b -> c -> b"
)]
#[case::label_of_a_use(
    "pipeline: {processors: [{label: x, resource: a}]}\nprocessor_resources: [{label: a, noop: {}}]",
    "f(3,26) label field should be omitted when pointing to a resource"
)]
fn what_is_wrong_with_a_use_is_reported(#[case] section: &str, #[case] expected: &str) {
    assert_eq!(with(section).unwrap_err(), [expected]);
}

/// Resources of which each uses the next one so many times.
fn chain(length: usize, times: usize) -> String {
    let uses = |next: usize| vec![format!("{{resource: r{next}}}"); times].join(", ");
    let inner = (0..length).map(|index| format!("  - {{label: r{index}, try: [{}]}}\n", uses(index + 1)));
    let all: String = inner.collect();
    format!(
        "pipeline: {{processors: [resource: r0]}}\nprocessor_resources:\n{all}  - {{label: r{length}, noop: {{}}}}\n"
    )
}

#[test]
fn uses_may_be_deep_and_many_but_not_without_end() {
    assert!(with(&chain(20, 1)).is_ok());
    for deep in [40, 5000] {
        let errors = with(&chain(deep, 1)).unwrap_err();
        assert!(errors[0].ends_with(" components are nested deeper than 64 levels"), "{errors:?}");
        assert_eq!(errors.len(), 1);
    }
    assert!(with(&chain(8, 2)).is_ok());
    let errors = with(&chain(19, 3)).unwrap_err();
    assert!(
        errors[0].ends_with(" the uses of processor_resources stand for more than 4096 components"),
        "{errors:?}"
    );
    assert_eq!(errors.len(), 1);
}

#[test]
fn what_is_used_in_several_places_counts_each_time() {
    let uses = ["resource: r0"; 10].join(", ");
    let text = chain(8, 2).replace("resource: r0]", &format!("{uses}]"));
    let errors = with(&text).unwrap_err();
    assert!(
        errors[0].ends_with(" the uses of processor_resources stand for more than 4096 components"),
        "{errors:?}"
    );
}
