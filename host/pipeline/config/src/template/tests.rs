use std::collections::BTreeMap;

use forebay_metrics::{Labels, Metrics};
use serde_json::json;

use super::*;
use crate::catalog::Catalog;
use crate::lint::{Problem, read};
use crate::spec::{Description, Kind};

/// Gives the field `make` of the settings, or fails with the field `fail`.
struct Scripted;

impl Expand for Scripted {
    fn expand(&self, settings: &Json) -> Result<Json, String> {
        match settings.get("fail").and_then(Json::as_str) {
            Some(reason) if !reason.is_empty() => Err(reason.to_owned()),
            _ => Ok(settings["make"].clone()),
        }
    }
}

const FIELDS: &str = "
fields:
  - {name: make, type: unknown}
  - {name: fail, type: string, default: ''}
mapping: root = this.make
";

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"}, {"kind": "processor", "name": "noop"},
        {"kind": "processor", "name": "try", "config": {"type": "processor", "kind": "array"}},
        {"kind": "mapping", "name": "bloblang"},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    for kind in ["input", "output", "processor"] {
        let (template, problems) =
            Template::read("t.yaml", &format!("name: made\ntype: {kind}\n{FIELDS}"), &catalog);
        assert_eq!(problems, []);
        catalog.insert_template(template.unwrap().spec, Arc::new(Scripted)).unwrap();
    }
    catalog
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn faults(text: &str) -> Vec<String> {
    lines(&read("f", text, &BTreeMap::new(), &catalog()).unwrap_err())
}

#[test]
fn a_use_is_read_as_what_the_template_makes_of_it() {
    let text = "
input:
  label: mine
  made: {make: {label: other, stdin: {}, processors: [{label: a, noop: {}}]}}
  processors: [{label: b, noop: {}}]
pipeline:
  processors:
    - made: {make: {try: [{made: {make: {noop: {}}}}]}}
output:
  processors: [{label: c, noop: {}}]
  made: {make: {stdout: {}, processors: [{label: d, noop: {}}]}}
";
    let config = read("f", text, &BTreeMap::new(), &catalog()).unwrap();
    assert_eq!((config.input.name.as_str(), config.output.name.as_str()), ("stdin", "stdout"));
    assert_eq!(config.input.label.as_ref().map(ToString::to_string).as_deref(), Some("mine"));
    let labels = |component: &ComponentConfig| -> Vec<String> {
        component.processors.iter().map(|inner| inner.label.as_ref().unwrap().to_string()).collect()
    };
    assert_eq!(
        (labels(&config.input), labels(&config.output)),
        (vec!["a".into(), "b".into()], vec!["c".into(), "d".into()])
    );
    let outer = &config.processors[0];
    assert_eq!((outer.name.as_str(), outer.path.as_str()), ("try", "pipeline.processors.0"));
    assert_eq!(outer.children[0].component.name.as_str(), "noop");
}

/// Names nothing, and makes what [`Scripted`] makes.
struct Named;

impl Expand for Named {
    fn expand(&self, settings: &Json) -> Result<Json, String> {
        Scripted.expand(settings)
    }

    fn naming(&self) -> Option<Arc<dyn NameMetrics>> {
        Some(Arc::new(Self))
    }
}

impl NameMetrics for Named {
    /// The label of the use before the name.
    fn name(&self, used_as: &str, name: &str, labels: &Labels) -> Option<(String, Labels)> {
        Some((format!("{used_as}_{name}"), labels.clone()))
    }
}

#[test]
fn metrics_of_what_a_template_makes_are_called_as_it_says() {
    let mut catalog = catalog();
    let text = format!("name: named\ntype: processor\n{FIELDS}metrics_mapping: root = this\n");
    let template = Template::read("t", &text, &catalog).0.unwrap();
    assert_eq!(template.metrics_mapping.unwrap().code, "root = this");
    catalog.insert_template(template.spec, Arc::new(Named)).unwrap();
    let text = "
pipeline:
  processors:
    - label: a
      named: {make: {try: [{label: b, named: {make: {noop: {}}}}, {noop: {}}]}}
    - noop: {}
input: {stdin: {}}
output: {stdout: {}}
";
    let config = read("f", text, &BTreeMap::new(), &catalog).unwrap();
    let name = |component: &ComponentConfig| {
        let metrics = Metrics::default();
        component.metric_naming.of(&metrics).counter("x", "", &[]).unwrap();
        metrics.snapshot().families[0].name.clone()
    };
    let outer = &config.processors[0];
    assert_eq!(name(outer), "a_x");
    assert_eq!(
        outer.children.iter().map(|child| name(&child.component)).collect::<Vec<_>>(),
        ["a_b_x", "a_x"]
    );
    assert_eq!(name(&config.processors[1]), "x");
}

#[test]
fn what_is_wrong_is_told_at_the_use() {
    let with = |settings: &str| faults(&format!("pipeline:\n  processors:\n    - made: {settings}\n"));
    assert_eq!(with("{}"), ["f(3,7) field make is required"]);
    assert_eq!(
        with("{make: 1, nope: 2}"),
        ["f(3,7) template made: its mapping gives no object but 1", "f(3,23) field nope not recognised"]
    );
    assert_eq!(
        with("{make: {}, fail: broken}"),
        ["f(3,7) template made: mapping failed for template component: broken"]
    );
    assert_eq!(
        with("{make: {nop: {}}}"),
        ["f(3,7) template made: processor `nop` not recognised, did you mean `noop`?"]
    );
    let own = faults("input:\n  made: {make: {stdin: {}}}\n  processors: [{nop: {}}]\n");
    assert_eq!(own, ["f(3,17) processor `nop` not recognised, did you mean `noop`?"]);
}

/// Makes a use of itself.
struct Endless;

impl Expand for Endless {
    fn expand(&self, _: &Json) -> Result<Json, String> {
        Ok(json!({"try": [{"again": {}}, {"again": {}}]}))
    }
}

#[test]
fn a_template_that_makes_itself_comes_to_an_end() {
    let mut catalog = catalog();
    let text = "name: again\ntype: processor\nmapping: root = {}\n";
    let spec = Template::read("t.yaml", text, &catalog).0.unwrap().spec;
    catalog.insert_template(spec, Arc::new(Endless)).unwrap();
    let problems = read("f", "pipeline: {processors: [again: {}]}", &BTreeMap::new(), &catalog).unwrap_err();
    assert!(lines(&problems).iter().all(|line| line.starts_with("f(1,25) template again: ")), "{problems:?}");
}

#[test]
fn what_is_wrong_with_a_template_is_told_where_it_stands() {
    let problems = |text: &str| lines(&Template::read("t", text, &catalog()).1);
    let stated = "name: x\ntype: processor\nmapping: root = 1\n";
    assert_eq!(problems(stated), [""; 0]);
    assert_eq!(problems(&format!("{stated}nope: 1\n")), ["t(4,1) field nope not recognised"]);
    assert_eq!(problems("type: processor\nmapping: root = 1\n")[0], "t(1,1) field name is required");
    assert_eq!(problems("name: X\ntype: processor\nmapping: root = 1\n").len(), 1);
    assert_eq!(problems("name: x\ntype: tracer\nmapping: root = 1\n").len(), 2);
    assert_eq!(
        problems(&format!("{stated}fields:\n  - name: a\n  - {{name: b, type: string, kind: set}}\n")),
        [
            "t(5,5) field 0: missing type field",
            "t(6,5) field 1: unrecognised scalar type: set",
            "t(6,35) value `set` is not one of the options scalar, map, list",
        ]
    );
    let default = "fields: [{name: a, type: int, default: no}]\n";
    assert!(
        problems(&format!("{stated}{default}"))[0].starts_with("t(4,9) "),
        "{:?}",
        problems(&format!("{stated}{default}"))
    );
}

#[test]
fn tests_of_a_template_are_run() {
    let failures = |tests: &str| {
        let text = format!("name: x\ntype: processor\n{FIELDS}tests:\n{tests}");
        let (template, problems) = Template::read("t", &text, &catalog());
        assert_eq!(problems, []);
        lines(&template.unwrap().test(&Scripted, &catalog()))
    };
    assert_eq!(failures("  - {name: a, config: {make: {noop: {}}}, expected: {noop: {}}}\n"), [""; 0]);
    assert_eq!(
        failures("  - {name: a, config: {make: {noop: {}}}, expected: {noop: {b: 1}}}\n"),
        [
            "t(9,23) test 'a': mismatch between expected and actual resulting config: {\"noop\":{\"b\":1}} => {\"noop\":{}}"
        ]
    );
    assert_eq!(
        failures("  - {name: b, config: {make: {nop: {}}}}\n"),
        [
            "t(9,23) test 'b': lint error in resulting config: processor `nop` not recognised, did you mean `noop`?"
        ]
    );
    assert_eq!(
        failures("  - {name: c, config: {}}\n"),
        ["t(9,23) test 'c': invalid config for template component: field make is required"]
    );
    assert_eq!(
        failures("  - {name: d, config: {make: {}, fail: why}}\n"),
        ["t(9,23) test 'd': mapping failed for template component: why"]
    );
}

#[test]
fn a_template_does_not_take_a_name() {
    let mut catalog = catalog();
    let spec =
        Template::read("t", "name: noop\ntype: processor\nmapping: root = 1\n", &catalog).0.unwrap().spec;
    assert!(catalog.insert_template(spec, Arc::new(Scripted)).is_err());
    assert_eq!(catalog.get(Kind::Processor, "noop").unwrap().plugin.as_str(), "test");
}
