//! Sine, cosine and tangent by the Cephes library's polynomials.

#![expect(clippy::excessive_precision, reason = "the digits in which the constants are published")]

use std::f64::consts::FRAC_PI_4;

const SIN: [f64; 6] = [
    1.589_623_015_765_465_680_60e-10,
    -2.505_074_776_285_780_728_66e-8,
    2.755_731_362_138_572_452_13e-6,
    -1.984_126_982_958_953_859_96e-4,
    8.333_333_333_322_118_588_78e-3,
    -1.666_666_666_666_663_072_95e-1,
];

const COS: [f64; 6] = [
    -1.135_853_652_138_768_173_00e-11,
    2.087_570_084_197_473_167_78e-9,
    -2.755_731_417_929_673_881_12e-7,
    2.480_158_728_885_170_453_48e-5,
    -1.388_888_888_887_305_641_16e-3,
    4.166_666_666_666_659_292_18e-2,
];

/// Pi/4 in three parts.
const PI4: [f64; 3] =
    [7.853_981_256_484_985_351_56e-1, 3.774_894_707_930_798_176_68e-8, 2.695_151_429_079_059_526_45e-15];

/// From here on Pi/4 in three parts is not exact enough.
const LARGE: f64 = 536_870_912.0;

/// The binary digits of 4/Pi, 64 in each, the whole part first.
const FOUR_OVER_PI: [u64; 20] = [
    0x0000_0000_0000_0001,
    0x45f3_06dc_9c88_2a53,
    0xf84e_afa3_ea69_bb81,
    0xb6c5_2b32_7887_2083,
    0xfca2_c757_bd77_8ac3,
    0x6e48_dc74_849b_a5c0,
    0x0c92_5dd4_13a3_2439,
    0xfc3b_d639_6253_4e7d,
    0xd104_6bea_5d76_8909,
    0xd338_e04d_68be_fc82,
    0x7323_ac73_06a6_73e9,
    0x3908_bf17_7bf2_5076,
    0x3ff1_2fff_bc0b_301f,
    0xde5e_2316_b414_da3e,
    0xda6c_fd9e_4f96_136e,
    0x9e8c_7ecd_3cbf_d45a,
    0xea4f_758f_d7cb_e2f6,
    0x7a0e_73ef_14a5_25d4,
    0xd7f6_bf62_3f1a_ba10,
    0xac06_608d_f8f6_d757,
];

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap_or(0.0)
}

/// The even octant nearest to a positive angle, modulo 8, and the rest.
fn reduce(x: f64) -> (u64, f64) {
    if x >= LARGE {
        return reduce_large(x);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive, and below 2^30"
    )]
    let mut octant = (x * (4.0 / std::f64::consts::PI)) as u32;
    octant += octant & 1;
    let y = f64::from(octant);
    let [a, b, c] = PI4;
    (u64::from(octant & 7), ((x - y * a) - y * b) - y * c)
}

/// The same with as many digits of 4/Pi as it takes (Payne and Hanek).
fn reduce_large(x: f64) -> (u64, f64) {
    let bits = x.to_bits();
    let exponent = usize::try_from((bits >> 52 & 0x7ff).saturating_sub(1_023 + 52 - 61)).unwrap_or(0);
    let mantissa = bits & 0x000f_ffff_ffff_ffff | 1 << 52;
    let (digit, shift) = (exponent / 64, exponent % 64);
    let digits = |at: usize| FOUR_OVER_PI.get(digit + at).copied().unwrap_or(0);
    let word = |at: usize| {
        let low = if shift == 0 { 0 } else { digits(at + 1) >> (64 - shift) };
        digits(at) << shift | low
    };
    let product = |word: u64| u128::from(word) * u128::from(mantissa);
    // The top 128 bits of the product: whole turns above them do not matter.
    let sum = (u128::from(word(0).wrapping_mul(mantissa)) << 64)
        .wrapping_add(product(word(1)))
        .wrapping_add(product(word(2)) >> 64);
    let octant = u64::try_from(sum >> 125).unwrap_or(0);
    let fraction = u64::try_from(sum << 3 >> 64).unwrap_or(0);
    let zeros = fraction.leading_zeros();
    let above = if zeros >= 63 { 0 } else { fraction << (zeros + 1) };
    let mantissa = (above | lower_bits(sum, zeros)) >> 12;
    let biased = 1_023_u64.saturating_sub(u64::from(zeros) + 1);
    let rest = f64::from_bits(mantissa | biased << 52);
    if octant & 1 == 1 {
        return ((octant + 1) & 7, (rest - 1.0) * FRAC_PI_4);
    }
    (octant, rest * FRAC_PI_4)
}

/// The bits that follow the fraction when it is shifted up by its leading zeros and one.
fn lower_bits(sum: u128, zeros: u32) -> u64 {
    let low = u64::try_from(sum & u128::from(u64::MAX)).unwrap_or(0);
    low.checked_shr(63_u32.saturating_sub(zeros)).unwrap_or(0)
}

fn sin_rest(z: f64) -> f64 {
    let zz = z * z;
    z + z * zz * polynomial(&SIN, zz)
}

fn cos_rest(z: f64) -> f64 {
    let zz = z * z;
    1.0 - 0.5 * zz + zz * zz * polynomial(&COS, zz)
}

pub fn sin(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return f64::NAN;
    }
    let (octant, z) = reduce(x.abs());
    let value = if matches!(octant & 3, 1 | 2) { cos_rest(z) } else { sin_rest(z) };
    if (x < 0.0) == (octant > 3) { value } else { -value }
}

pub fn cos(x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let (octant, z) = reduce(x.abs());
    let value = if matches!(octant & 3, 1 | 2) { sin_rest(z) } else { cos_rest(z) };
    // The second and third quarter are negative.
    if matches!(octant, 2..=5) { -value } else { value }
}

pub fn tan(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return f64::NAN;
    }
    let (octant, z) = reduce(x.abs());
    let zz = z * z;
    let mut value = z;
    if zz > 1e-14 {
        let above = polynomial(
            &[
                -1.309_369_391_813_837_776_46e4,
                1.153_516_648_385_874_161_40e6,
                -1.795_652_519_764_848_779_88e7,
            ],
            zz,
        );
        let below = polynomial(
            &[
                1.0,
                1.368_129_634_706_929_546_78e4,
                -1.320_892_344_402_109_674_47e6,
                2.500_838_018_233_579_158_39e7,
                -5.386_957_559_294_546_298_81e7,
            ],
            zz,
        );
        value = z + z * (zz * above / below);
    }
    if octant & 2 == 2 {
        value = -1.0 / value;
    }
    if x < 0.0 { -value } else { value }
}
