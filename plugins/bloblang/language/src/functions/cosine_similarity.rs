use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Number, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "cosine_similarity",
    "General",
    "How much two arrays of numbers point the same way: 1 when they do, 0 at a right angle. They must be of the same length and not all zeros.",
    body,
)
.params(&[ParamSpec::new("a", ParamKind::Any), ParamSpec::new("b", ParamKind::Any)])
.examples(&[Example::new("", r#"root.similarity = cosine_similarity([1, 2, 3], [2, 4, 6])"#, &[(r#"{}"#, r#"{"similarity":1}"#)]),Example::new("", r#"root.similarity = cosine_similarity([1, 0], [0, 1])"#, &[(r#"{}"#, r#"{"similarity":0}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let (left, right) = (call.value(0)?, call.value(1)?);
    let (left, right) = (vector(&left)?, vector(&right)?);
    if left.len() != right.len() {
        return Err(Failure::new("vectors must be equal length"));
    }
    if left.is_empty() {
        return Err(Failure::new("vectors cannot be empty"));
    }
    let (mut product, mut left_square, mut right_square) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(&right) {
        product += a * b;
        left_square += a * a;
        right_square += b * b;
    }
    if left_square == 0.0 || right_square == 0.0 {
        return Err(Failure::new("vectors must not be null (all zeros)"));
    }
    Ok(Value::Float(product / (f64::sqrt(left_square) * f64::sqrt(right_square))))
}

fn vector(value: &Value) -> Result<Vec<f64>, Failure> {
    let wrong = || Failure::new("vector must be an array of numeric types");
    let Value::Array(items) = value else { return Err(wrong()) };
    items.iter().map(|item| item.as_number().map(Number::as_f64).ok_or_else(wrong)).collect()
}
