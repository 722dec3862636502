use std::borrow::Cow;

use forebay_csv::{Dialect, Row, Rows};

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_csv",
    "Parsing",
    "The rows of CSV: objects with the names that the first row gives, or arrays if there is no such row. With \
     `lazy_quotes` quotes may stand inside of fields.",
    body,
)
.params(&[
    ParamSpec::new("parse_header_row", ParamKind::Bool).or(ParamDefault::Bool(true)),
    ParamSpec::new("delimiter", ParamKind::Text).or(ParamDefault::Text(",")),
    ParamSpec::new("lazy_quotes", ParamKind::Bool).or(ParamDefault::Bool(false)),
])
.examples(&[
    Example::new(
        "",
        "root = this.parse_csv()",
        &[
            (r#""a,b\n1,2\n\"x \"\"y\"\"\",z""#, r#"[{"a":"1","b":"2"},{"a":"x \"y\"","b":"z"}]"#),
            (r#""""#, r#"Error("failed assignment (line 1): field `this`: zero records were parsed")"#),
        ],
    ),
    Example::new("", "root = this.parse_csv(false)", &[(r#""a,b\n1,2""#, r#"[["a","b"],["1","2"]]"#)]),
    Example::new("", r#"root = this.parse_csv(delimiter: ".")"#, &[(r#""a.b\n1.2""#, r#"[{"a":"1","b":"2"}]"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let (header, delimiter, lazy_quotes) = (call.boolean(0)?, call.text(1)?, call.boolean(2)?);
    let mut characters = delimiter.chars();
    let (Some(delimiter), None) = (characters.next(), characters.next()) else {
        return Err(Failure::new("delimiter value must be exactly one character"));
    };
    let text = expect::bytes(&target)?;
    let dialect = Dialect { delimiter, lazy_quotes, ..Dialect::default() };
    let rows = Rows::new(text, dialect).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut rows = rows.map_err(|error| Failure::new(error.to_string()))?.into_iter();
    if rows.len() == 0 {
        return Err(Failure::new("zero records were parsed"));
    }
    let fields = |row: &Row| row.fields().map(|field| expect::string(field.to_vec())).collect::<Vec<_>>();
    if !header {
        return Ok(Value::from(rows.map(|row| Value::from(fields(&row))).collect::<Vec<_>>()));
    }
    let names: Vec<Text> = rows.next().unwrap_or_default().fields().map(Text::lossy).collect();
    let object =
        |row: Row| Value::Object(Object::from(names.iter().cloned().zip(fields(&row)).collect::<Vec<_>>()));
    Ok(Value::from(rows.map(object).collect::<Vec<_>>()))
}
