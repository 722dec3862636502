//! What `#[derive(Config)]` makes of a struct, as a plugin uses it.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::config::{Config, Interpolated, ScannerConfig, Secret};
use forebay_sdk::{Batch, Context, Docs, Error, Problem, Processing, Processor, testing};
use serde_json::{Value, json};

/// Does everything.
///
/// And more.
#[derive(Debug, Config)]
struct Everything {
    /// Where to.
    ///
    /// Anywhere.
    #[config(example = "a", example = "b")]
    path: Interpolated,
    #[config(default = "1m30s", advanced)]
    period: Duration,
    #[config(default = 3)]
    count: u8,
    #[config(default = {"lines": {}})]
    scanner: ScannerConfig,
    #[config(default = "fast", options("fast", "slow"))]
    speed: String,
    #[config(mapping = "bloblang", form = "query")]
    check: Option<String>,
    #[config(default = {})]
    headers: BTreeMap<String, String>,
    #[config(rename = "type", default = [])]
    kind: Vec<Part>,
    password: Option<Secret>,
    #[config(default = null, deprecated)]
    any: Value,
}

/// Has the fields of another one.
#[derive(Debug, Config)]
struct Around {
    first: String,
    #[config(flatten)]
    part: Part,
    #[config(default = 1)]
    last: u8,
}

#[test]
fn the_fields_of_a_flattened_struct_stand_among_the_others() {
    let spec = Around::spec().into_json();
    let names: Vec<_> = spec["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["first", "ratio", "strict", "last"]);
    let read: Around = testing::config(&json!({"first": "a", "strict": true, "last": 2})).expect("it fits");
    assert_eq!((read.first.as_str(), read.part.ratio, read.part.strict, read.last), ("a", 0.5, true, 2));
}

#[derive(Debug, Config)]
struct Part {
    #[config(default = 0.5)]
    ratio: f64,
    strict: bool,
}

struct Nothing;

impl Processor for Nothing {
    const NAME: &'static str = "nothing";
    const DOCS: Docs = Docs { status: "beta", ..Docs::DEFAULT };
    type Config = Everything;

    fn open(_: Everything, _: &Context) -> Result<Self, Problem> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch) -> Result<Processing, Error> {
        Ok(batch.into())
    }
}

forebay_sdk::plugin! { name: "test", summary: "Tests.", processors: [Nothing] }

fn parse(json: &Value) -> Result<Everything, String> {
    testing::config(json).map_err(|problem| problem.to_string())
}

#[test]
fn defaults_are_filled_in() {
    let config = parse(&json!({"path": "p"})).expect("the configuration is right");
    let Everything { path, period, count, scanner, speed, check, headers, kind, password, any } = config;
    assert_eq!((path.constant(), period, count), (Some("p"), Duration::from_secs(90), 3));
    assert_eq!((scanner.json(), speed.as_str()), (&json!({"lines": {}}), "fast"));
    assert!(check.is_none() && headers.is_empty() && kind.is_empty() && password.is_none() && any.is_null());
}

#[test]
fn structs_nest() {
    let config = parse(&json!({"path": "p", "type": [{"strict": true}, {"strict": false, "ratio": 2}]}));
    let parts: Vec<_> =
        config.expect("right").kind.into_iter().map(|Part { ratio, strict }| (ratio, strict)).collect();
    assert_eq!(parts, [(0.5, true), (2.0, false)]);
}

#[test]
fn a_problem_names_the_place_of_the_field() {
    let problem = |json| parse(&json).expect_err("refused");
    assert_eq!(problem(json!({})), "field path is required");
    assert_eq!(problem(json!(5)), "expected object value, got int");
    let mut json = json!({"path": "p", "type": [{"strict": true}, {"strict": "yes"}]});
    assert_eq!(problem(json.clone()), "/type/1/strict: expected bool value, got string");
    json["type"] = json!([{"ratio": 1}]);
    assert_eq!(problem(json), "/type/0: field strict is required");
    assert_eq!(problem(json!({"path": "p", "period": "soon"})), "/period: \"soon\" is not a duration");
    assert_eq!(
        problem(json!({"path": "p", "speed": "odd"})),
        "/speed: value odd is not one of [\"fast\", \"slow\"]"
    );
    assert_eq!(
        problem(json!({"path": "p", "password": "x"})),
        "/password: expected secret value, got string"
    );
}

#[test]
fn a_secret_is_a_reference() {
    let config = parse(&json!({"path": "p", "password": {"$secret": "key-1"}})).expect("right");
    assert_eq!(config.password.as_ref().map(Secret::reference), Some("key-1"));
    assert_eq!(format!("{:?}", config.password), "Some(Secret { .. })");
}

#[test]
fn the_description_has_all_that_the_struct_says() {
    let description: Value = serde_json::from_str(&describe()).expect("JSON");
    assert_eq!(description["contract"], 1);
    assert_eq!(description["plugin"]["name"], "test");
    let component = &description["components"][0];
    assert_eq!(component["summary"], "Does everything.");
    assert_eq!(component["description"], "And more.");
    assert_eq!(component["status"], "beta");
    let fields = &component["config"]["fields"];
    let field = |name: &str| {
        let all = fields.as_array().expect("fields");
        all.iter().find(|field| field["name"] == name).expect("the field is there").clone()
    };
    assert_eq!(
        field("path"),
        json!({
            "name": "path", "type": "string", "interpolated": true, "docs": "Where to.\n\nAnywhere.",
            "examples": ["a", "b"],
        })
    );
    assert_eq!(
        field("period"),
        json!({"name": "period", "type": "string", "default": "1m30s", "advanced": true})
    );
    assert_eq!(field("scanner"), json!({"name": "scanner", "type": "scanner", "default": {"lines": {}}}));
    assert_eq!(
        field("check"),
        json!({"name": "check", "type": "string", "optional": true, "mapping": "bloblang", "form": "query"})
    );
    assert_eq!(field("headers"), json!({"name": "headers", "type": "string", "kind": "map", "default": {}}));
    assert_eq!(field("type")["kind"], "array");
    assert_eq!(field("type")["fields"][1], json!({"name": "strict", "type": "bool"}));
    assert_eq!(
        field("password"),
        json!({"name": "password", "type": "string", "secret": true, "optional": true})
    );
    assert_eq!(field("any"), json!({"name": "any", "type": "unknown", "default": null, "deprecated": true}));
}
