//! Functions of floats. Where Go computes what others compute a little differently, as Go does.

use forebay_bloblang::math;

use super::{Native, first, second, third};
use crate::error::{Error, Result};
use crate::number::float_to_int;
use crate::value::Value;

/// Functions of the input.
macro_rules! one {
    ($name:literal, $function:expr) => {
        Native::new($name, 0, |_, input, _| {
            let function: fn(f64) -> f64 = $function;
            input.as_float().map(|x| Value::Float(function(x))).ok_or_else(|| Error::type0($name, input))
        })
    };
}

/// Functions of two arguments.
macro_rules! two {
    ($name:literal, $function:expr) => {
        Native::new($name, 2, |_, _, arguments| {
            let function: fn(f64, f64) -> f64 = $function;
            let x = number($name, first(arguments))?;
            Ok(Value::Float(function(x, number($name, second(arguments))?)))
        })
    };
}

pub(crate) const NATIVES: &[Native] = &[
    one!("sin", math::sin),
    one!("cos", math::cos),
    one!("tan", math::tan),
    one!("asin", asin),
    one!("acos", |x| std::f64::consts::FRAC_PI_2 - asin(x)),
    one!("atan", libm::atan),
    one!("sinh", libm::sinh),
    one!("cosh", libm::cosh),
    one!("tanh", libm::tanh),
    one!("asinh", libm::asinh),
    one!("acosh", libm::acosh),
    one!("atanh", libm::atanh),
    one!("floor", f64::floor),
    one!("round", f64::round),
    one!("nearbyint", f64::round_ties_even),
    one!("rint", f64::round_ties_even),
    one!("ceil", f64::ceil),
    one!("trunc", f64::trunc),
    one!("significand", significand),
    one!("fabs", f64::abs),
    one!("sqrt", f64::sqrt),
    one!("cbrt", libm::cbrt),
    one!("exp", math::exp),
    one!("exp10", |x| math::pow(10.0, x)),
    one!("exp2", libm::exp2),
    one!("expm1", libm::expm1),
    one!("log", math::log),
    one!("log10", math::log10),
    one!("log1p", libm::log1p),
    one!("log2", log2),
    one!("logb", logb),
    one!("gamma", libm::tgamma),
    one!("tgamma", libm::tgamma),
    one!("lgamma", libm::lgamma),
    one!("erf", libm::erf),
    one!("erfc", libm::erfc),
    one!("j0", libm::j0),
    one!("j1", libm::j1),
    one!("y0", libm::y0),
    one!("y1", libm::y1),
    two!("atan2", libm::atan2),
    two!("copysign", f64::copysign),
    two!("drem", |x, y| {
        let rest = libm::remainder(x, y);
        if rest == 0.0 { rest.copysign(x) } else { rest }
    }),
    two!("fdim", libm::fdim),
    two!("fmax", |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { libm::fmax(x, y) }),
    two!("fmin", |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { libm::fmin(x, y) }),
    two!("fmod", libm::fmod),
    two!("hypot", libm::hypot),
    two!("jn", |order, x| libm::jn(narrow(order), x)),
    two!("yn", |order, x| libm::yn(narrow(order), x)),
    two!("nextafter", libm::nextafter),
    two!("nexttoward", libm::nextafter),
    two!("remainder", libm::remainder),
    two!("ldexp", |x, exponent| libm::ldexp(x, narrow(exponent))),
    two!("scalb", |x, exponent| libm::ldexp(x, narrow(exponent))),
    two!("scalbln", |x, exponent| libm::ldexp(x, narrow(exponent))),
    two!("pow", math::pow),
    Native::new("fma", 3, |_, _, arguments| {
        let x = number("fma", first(arguments))?;
        let y = number("fma", second(arguments))?;
        Ok(Value::Float(libm::fma(x, y, number("fma", third(arguments))?)))
    }),
    Native::new("frexp", 0, |_, input, _| {
        let (fraction, exponent) = libm::frexp(number("frexp", input)?);
        Ok(Value::array(vec![Value::Float(fraction), Value::Int(i64::from(exponent))]))
    }),
    Native::new("modf", 0, |_, input, _| {
        let x = number("modf", input)?;
        // An infinite number leaves nothing that is a number, in Go.
        let fraction = if x.is_infinite() { f64::NAN } else { (x - x.trunc()).copysign(x) };
        Ok(Value::array(vec![Value::Float(fraction), Value::Float(x.trunc())]))
    }),
    Native::new("infinite", 0, |_, _, _| Ok(Value::Float(f64::INFINITY))),
    Native::new("nan", 0, |_, _, _| Ok(Value::Float(f64::NAN))),
    Native::new("isfinite", 0, |_, input, _| is(input, |x| !x.is_infinite())),
    Native::new("isinfinite", 0, |_, input, _| is(input, f64::is_infinite)),
    Native::new("isnormal", 0, |_, input, _| is(input, f64::is_normal)),
    Native::new("isnan", 0, |_, input, _| match input {
        Value::Null => Ok(Value::Bool(false)),
        other => number("isnan", other).map(|x| Value::Bool(x.is_nan())),
    }),
];

fn number(name: &str, value: &Value) -> Result<f64> {
    value.as_float().ok_or_else(|| Error::type0(name, value))
}

fn is(value: &Value, holds: fn(f64) -> bool) -> Result<Value> {
    Ok(Value::Bool(value.as_float().is_some_and(holds)))
}

fn narrow(number: f64) -> i32 {
    let number = float_to_int(number);
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// The digits without the power of two.
fn significand(x: f64) -> f64 {
    if x.is_nan() || x.is_infinite() || x == 0.0 {
        return x;
    }
    f64::from_bits(x.to_bits() & 0x800f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
}

/// By the arc tangent, as Go computes it.
fn asin(x: f64) -> f64 {
    let size = x.abs();
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if size > 1.0 {
        return f64::NAN;
    }
    let other = (1.0 - size * size).sqrt();
    let angle = if size > 0.7 {
        std::f64::consts::FRAC_PI_2 - libm::atan(other / size)
    } else {
        libm::atan(size / other)
    };
    angle.copysign(x)
}

/// Powers of two are exact.
fn log2(x: f64) -> f64 {
    let (fraction, exponent) = libm::frexp(x);
    if fraction == 0.5 {
        return f64::from(exponent - 1);
    }
    math::log(fraction) * std::f64::consts::LOG2_E + f64::from(exponent)
}

/// The power of two in a number.
fn logb(x: f64) -> f64 {
    match x {
        0.0 => f64::NEG_INFINITY,
        x if x.is_infinite() => f64::INFINITY,
        x if x.is_nan() => x,
        x => f64::from(libm::frexp(x).1 - 1),
    }
}
