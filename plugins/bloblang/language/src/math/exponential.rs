//! Logarithms and powers.

#![expect(clippy::excessive_precision, reason = "the digits in which the constants are published")]

use super::{frexp, ldexp};

const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
const LOG: [f64; 7] = [
    6.666_666_666_666_735_130e-1,
    3.999_999_999_940_941_908e-1,
    2.857_142_874_366_239_149e-1,
    2.222_219_843_214_978_396e-1,
    1.818_357_216_161_805_012e-1,
    1.531_383_769_920_937_332e-1,
    1.479_819_860_511_658_591e-1,
];

/// The natural logarithm.
pub fn log(value: f64) -> f64 {
    if value == 0.0 {
        return f64::NEG_INFINITY;
    }
    if value < 0.0 || value.is_nan() {
        return f64::NAN;
    }
    if value.is_infinite() {
        return value;
    }
    // Read straight from the bits: a subnormal number is taken as if it were normal, as Go's code for this machine does.
    let bits = value.to_bits();
    let mut fraction = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3fe0_0000_0000_0000);
    let mut exponent = i32::try_from(bits >> 52 & 0x7ff).map_or(0.0, |bits| f64::from(bits - 0x3fe));
    if fraction <= std::f64::consts::FRAC_1_SQRT_2 {
        exponent -= 1.0;
        fraction *= 2.0;
    }
    let f = fraction - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let [l1, l2, l3, l4, l5, l6, l7] = LOG;
    let odd = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
    let even = s4 * (l2 + s4 * (l4 + s4 * l6));
    let r = odd + even;
    let half = 0.5 * f * f;
    exponent * LN2_HIGH - ((half - (s * (half + r) + exponent * LN2_LOW)) - f)
}

/// The decimal logarithm.
pub fn log10(value: f64) -> f64 {
    log(value) * std::f64::consts::LOG10_E
}

/// 1/2!, 1/3! and so on up to 1/8!, the last first.
const TAYLOR: [f64; 7] = [
    2.480_158_730_158_730_158_7e-5,
    1.984_126_984_126_984_127_0e-4,
    1.388_888_888_888_888_888_9e-3,
    8.333_333_333_333_333_333_3e-3,
    4.166_666_666_666_666_666_7e-2,
    1.666_666_666_666_666_666_7e-1,
    0.5,
];

/// e to a power.
pub fn exp(value: f64) -> f64 {
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value > 7.097_827_128_933_84e2 {
        return f64::INFINITY;
    }
    if value < -1_000.0 {
        return 0.0;
    }
    let whole = (value * std::f64::consts::LOG2_E).round_ties_even();
    // The rest, to more bits than one number has, and then a sixteenth of it.
    let rest = (-whole).mul_add(0.693_147_180_559_662_956_511_601_805_686_950_683_593_75, value);
    let rest = (-whole).mul_add(0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12, rest);
    let rest = rest * 0.062_5;
    let mut sum = TAYLOR.iter().copied().reduce(|sum, term| sum.mul_add(rest, term)).unwrap_or(0.0);
    sum = sum.mul_add(rest, 1.0);
    // e^x - 1, whose square is found from itself; four times.
    let mut grown = rest * sum;
    for _ in 0..3 {
        grown *= grown + 2.0;
    }
    let grown = grown.mul_add(grown + 2.0, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number between -1500 and 1100")]
    let exponent = whole as i32;
    scale(grown, exponent)
}

/// `value` times two to a power, where the way into the subnormal numbers is the one of Go's code.
fn scale(value: f64, exponent: i32) -> f64 {
    let biased = exponent + 0x3ff;
    let power = |biased: i32| f64::from_bits(u64::try_from(biased).unwrap_or(0) << 52);
    if biased >= 0x7ff {
        return f64::INFINITY;
    }
    if biased > 0 {
        return value * power(biased);
    }
    if biased < -52 {
        return 0.0;
    }
    value * power(biased + 0x3fe) * power(1)
}

fn is_odd(value: f64) -> bool {
    // From 2^53 on every number is even.
    value.abs() < 9_007_199_254_740_992.0 && value.fract() == 0.0 && value % 2.0 != 0.0
}

/// `base` to the power of `exponent`.
pub fn pow(base: f64, exponent: f64) -> f64 {
    if let Some(answer) = special(base, exponent) {
        return answer;
    }
    let (mut whole, mut fraction) = (exponent.abs().trunc(), exponent.abs().fract());
    if fraction != 0.0 && base < 0.0 {
        return f64::NAN;
    }
    if whole >= 9_223_372_036_854_775_808.0 {
        return match base {
            -1.0 => 1.0,
            base if (base.abs() < 1.0) == (exponent > 0.0) => 0.0,
            _ => f64::INFINITY,
        };
    }
    let (mut product, mut power) = (1.0, 0_i32);
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        product = exp(fraction * log(base));
    }
    let (mut square, mut square_power) = frexp(base);
    let mut bits = crate::value::float_to_i64(whole);
    while bits != 0 {
        if !(-4_096..=4_096).contains(&square_power) {
            // It will be zero or infinite anyway.
            power += square_power;
            break;
        }
        if bits & 1 == 1 {
            product *= square;
            power += square_power;
        }
        square *= square;
        square_power *= 2;
        if square < 0.5 {
            square += square;
            square_power -= 1;
        }
        bits >>= 1;
    }
    if exponent < 0.0 { ldexp(1.0 / product, -power) } else { ldexp(product, power) }
}

/// The powers that need no calculation.
fn special(base: f64, exponent: f64) -> Option<f64> {
    Some(if exponent == 0.0 || base == 1.0 {
        1.0
    } else if exponent == 1.0 {
        base
    } else if base.is_nan() || exponent.is_nan() {
        f64::NAN
    } else if base == 0.0 {
        match (exponent < 0.0, base.is_sign_negative() && is_odd(exponent)) {
            (true, true) => f64::NEG_INFINITY,
            (true, false) => f64::INFINITY,
            (false, true) => base,
            (false, false) => 0.0,
        }
    } else if exponent.is_infinite() {
        match base {
            -1.0 => 1.0,
            base if (base.abs() < 1.0) == (exponent > 0.0) => 0.0,
            _ => f64::INFINITY,
        }
    } else if base == f64::NEG_INFINITY {
        return Some(pow(-0.0, -exponent));
    } else if base.is_infinite() {
        if exponent < 0.0 { 0.0 } else { f64::INFINITY }
    } else if exponent == 0.5 {
        base.sqrt()
    } else if exponent == -0.5 {
        1.0 / base.sqrt()
    } else {
        return None;
    })
}
