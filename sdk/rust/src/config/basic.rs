use serde_json::Value;

use super::{Config, Pointer, Spec, wrong_type};
use crate::Problem;

impl Config for String {
    fn spec() -> Spec {
        Spec::new("string")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        value.as_str().map(str::to_owned).ok_or_else(|| wrong_type("string", value, at))
    }
}

impl Config for bool {
    fn spec() -> Spec {
        Spec::new("bool")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        value.as_bool().ok_or_else(|| wrong_type("bool", value, at))
    }
}

impl Config for f64 {
    fn spec() -> Spec {
        Spec::new("float")
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        value.as_f64().ok_or_else(|| wrong_type("float", value, at))
    }
}

impl Config for f32 {
    fn spec() -> Spec {
        Spec::new("float")
    }

    #[expect(clippy::cast_possible_truncation, reason = "the field is as precise as its type")]
    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        f64::parse(value, at).map(|number| number as Self)
    }
}

/// Anything.
impl Config for Value {
    fn spec() -> Spec {
        Spec::new("unknown")
    }

    fn parse(value: &Value, _at: &Pointer<'_>) -> Result<Self, Problem> {
        Ok(value.clone())
    }
}

/// Nothing: a configuration without fields, written `{}`.
impl Config for () {
    fn spec() -> Spec {
        Spec::object(Vec::new())
    }

    fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
        if value.is_object() || value.is_null() { Ok(()) } else { Err(wrong_type("object", value, at)) }
    }
}

macro_rules! integer {
    ($($type:ty)*) => {$(
        impl Config for $type {
            fn spec() -> Spec {
                Spec::new("int")
            }

            fn parse(value: &Value, at: &Pointer<'_>) -> Result<Self, Problem> {
                let number = whole_number(value).ok_or_else(|| wrong_type("int", value, at))?;
                Self::try_from(number)
                    .map_err(|_| Problem::new(format!("value {number} is out of range")).at(at))
            }
        }
    )*};
}

integer!(i8 i16 i32 i64 u8 u16 u32 u64 usize isize);

/// Also a float without a fraction, as YAML writers make of large numbers.
fn whole_number(value: &Value) -> Option<i128> {
    let number = value.as_number()?;
    #[expect(clippy::cast_possible_truncation, reason = "a whole float of this size fits")]
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e18).then_some(number as i128);
    number.as_i128().or_else(|| whole(number.as_f64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Config, Pointer};

    #[test]
    fn a_number_of_another_type_is_named() {
        let problem = u8::parse(&json!("5"), &Pointer::ROOT.key("count")).expect_err("refused");
        assert_eq!(problem.to_string(), "/count: expected int value, got string");
        let problem = u8::parse(&json!(300), &Pointer::ROOT).expect_err("refused");
        assert_eq!(problem.to_string(), "value 300 is out of range");
        assert_eq!(i64::parse(&json!(3.0), &Pointer::ROOT).expect("whole"), 3);
        assert!(i64::parse(&json!(3.5), &Pointer::ROOT).is_err());
    }
}
