//! Functions of real numbers, to the last bit as Bento computes them on the machines it usually runs on.
//!
//! The standard library leaves the last bit open, and Go's own answers differ from it there. These follow the same
//! published methods as Go does: Cephes for the angles, FreeBSD's logarithm, SLEEF's exponential.

mod exponential;
mod trigonometry;

pub use exponential::{exp, log, log10, pow};
pub use trigonometry::{cos, sin, tan};

/// A number as a fraction from 0.5 up to 1 and a power of two.
fn frexp(value: f64) -> (f64, i32) {
    if value == 0.0 || !value.is_finite() {
        return (value, 0);
    }
    // Subnormal numbers are brought into the normal range first.
    let (value, shift) =
        if value.abs() < f64::MIN_POSITIVE { (value * 4_503_599_627_370_496.0, -52) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), exponent + shift)
}

/// A number times a power of two.
fn ldexp(value: f64, exponent: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let (fraction, own) = frexp(value);
    let exponent = exponent.saturating_add(own);
    if exponent < -1_074 {
        return 0.0_f64.copysign(value);
    }
    if exponent > 1_024 {
        return f64::INFINITY.copysign(value);
    }
    let power = |exponent: i32| f64::from_bits(u64::try_from(1_023 + exponent).unwrap_or(0) << 52);
    if exponent > 1_023 {
        fraction * 2.0 * power(1_023)
    } else if exponent < -1_020 {
        // Rounded once, where the number becomes subnormal.
        fraction * power(exponent + 60) * power(-60)
    } else {
        fraction * power(exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::{cos, frexp, ldexp, log, log10, pow, sin, tan};

    #[test]
    fn splitting_and_joining_are_inverse() {
        for value in [1.0, -0.3, 1e300, 5e-324, 2.2e-308, -1e-310, f64::MAX] {
            let (fraction, exponent) = frexp(value);
            assert!((0.5..1.0).contains(&fraction.abs()), "{value}");
            assert_eq!(ldexp(fraction, exponent), value);
        }
        assert_eq!(ldexp(1.0, 5_000), f64::INFINITY);
        assert_eq!(ldexp(-1.0, -5_000), 0.0);
    }

    #[expect(clippy::approx_constant, reason = "a number like that one, but not it")]
    #[test]
    fn answers_are_gos_to_the_last_bit() {
        let cases = [
            (log(2.7183), 1.000_006_684_913_987_7),
            (log10(1000.0), 3.0),
            (pow(2.0, -2.0), 0.25),
            (pow(10.0, -3.0), 0.001),
            (pow(1.5, 0.3), 1.129_346_935_456_855_5),
            (sin(1.0), 0.841_470_984_807_896_5),
            (cos(2.5), -0.801_143_615_546_933_7),
            (tan(1.0), 1.557_407_724_654_902),
            (sin(1e12), -0.611_238_702_376_889_5),
        ];
        for (answer, expected) in cases {
            assert_eq!(answer.to_bits(), f64::to_bits(expected), "{answer} {expected}");
        }
        assert!(tan(f64::INFINITY).is_nan() && log(-1.0).is_nan());
    }
}
