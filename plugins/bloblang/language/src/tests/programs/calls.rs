//! Calls of all functions and methods there are, with arguments that mostly fit.

use super::Writer;
use super::queries::TEXTS;
use crate::parser;
use crate::spec::{FunctionSpec, ParamDefault, ParamKind};
use crate::syntax::{ArgumentNodes, CallNode, Node, NodeKind};
use crate::value::{Text, Value};
use crate::{functions, methods};

type Heads = (&'static str, &'static [&'static str]);

/// What methods can be called on, by the beginning of their category.
const FITTING: [Heads; 5] = [
    (
        "Object",
        &[
            "[3, 1, 2.5]",
            "[\"b\", \"a\", \"b\"]",
            "[{\"a\": 1}, {\"a\": [2]}]",
            "{\"b\": [1], \"a\": null}",
            "this",
        ],
    ),
    ("String", &["\"a b\"", "this.a.string()", "\"\u{e9}<b>\"", "content()", "\"1,2\""]),
    ("Number", &["3", "-2.5", "this.a.number(7)", "9223372036854775807"]),
    ("Timestamp", &["0", "\"2020-08-14T11:45:26Z\"", "now()", "1597405526.5"]),
    (
        "Parsing",
        &["\"{\\\"a\\\":1}\"", "content()", "this.string()", "\"a: 1\"", "\"a=b c=d\"", "\"1,2\\n3,4\""],
    ),
];
const ANY: Heads = (
    "",
    &["this", "\"a\"", "5", "[1, [\"b\"]]", "{\"a\": {\"b\": 2}}", "content()", "true", "null", "now()"],
);

impl Writer<'_> {
    pub(super) fn function(&mut self) -> CallNode {
        let spec = &functions()[self.choices.below(functions().len())];
        // What it counts goes on from program to program.
        let spec = if spec.name == "count" { &functions()[0] } else { spec };
        self.call(spec)
    }

    pub(super) fn method(&mut self) -> CallNode {
        let spec = &methods()[self.choices.below(methods().len())];
        self.call(spec)
    }

    /// A method, and something that it can be called on if its category tells.
    pub(super) fn fitting(&mut self) -> (Node, CallNode) {
        let spec = &methods()[self.choices.below(methods().len())];
        let (_, heads) =
            FITTING.iter().find(|(category, _)| spec.category.starts_with(category)).unwrap_or(&ANY);
        let (head, _) = parser::query_prefix(self.choices.pick(heads)).expect("it is a query");
        (head, self.call(spec))
    }

    fn call(&mut self, spec: &'static FunctionSpec) -> CallNode {
        let name = Text::fixed(spec.name);
        if spec.variadic {
            let nodes = (0..self.choices.below(4)).map(|_| self.query()).collect();
            return CallNode { name, arguments: ArgumentNodes::Positional(nodes), constant: None };
        }
        let by_name = self.choices.once_in(4);
        let mut given = Vec::new();
        for param in spec.params {
            if param.default == ParamDefault::Required || self.choices.once_in(2) {
                given.push((Text::fixed(param.name), self.argument(param.kind)));
            } else if !by_name {
                break;
            }
        }
        let arguments = if by_name && !given.is_empty() {
            ArgumentNodes::Named(given)
        } else {
            ArgumentNodes::Positional(given.into_iter().map(|(_, node)| node).collect())
        };
        CallNode { name, arguments, constant: None }
    }

    fn argument(&mut self, kind: ParamKind) -> Node {
        if self.choices.once_in(6) {
            return self.query();
        }
        let value = match kind {
            ParamKind::Text | ParamKind::Path | ParamKind::Timestamp => Value::String(self.text(&TEXTS)),
            ParamKind::Integer => Value::Int(self.choices.pick(&[0, 1, 2, 10, 16, 60, i64::MAX])),
            ParamKind::Float => Value::Float(self.choices.pick(&[0.5, 0.0, 2.0, 1e300])),
            ParamKind::Bool => Value::Bool(self.choices.once_in(2)),
            ParamKind::Array => {
                let items = (0..self.choices.below(4)).map(|_| self.query()).collect();
                return Node::new(0, NodeKind::Array(items));
            }
            ParamKind::Any => return self.query(),
            ParamKind::Query => return if self.choices.once_in(2) { self.query() } else { self.lambda() },
        };
        Node::new(0, NodeKind::Literal(value))
    }
}
