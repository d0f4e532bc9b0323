//! Sine, cosine and tangent as straight arithmetic, in float64 for both types.
//!
//! The argument loses multiples of π/2, of which three parts are taken away one after the other (Cody and Waite 1980); what is left, up to
//! π/4, goes into the polynomials of FreeBSD's msun (k_sin.c, k_cos.c; Sun Microsystems 1993). Good for |x| up to [`RANGE`].

use super::real::Real;

/// Beyond it the parts of π/2 are too few; the standard library knows more.
pub(super) const RANGE: f64 = 1_000_000.0;

/// π/2 in parts of 33 bits, so that their products with counts below 2²⁰ are exact, and what they lack.
const PARTS: [f64; 4] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_711_166_5e-21, 8.478_427_660_368_9e-32];
const SINE: [f64; 6] = [
    -0.166_666_666_666_666_32,
    0.008_333_333_333_322_49,
    -0.000_198_412_698_298_579_5,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COSINE: [f64; 6] = [
    0.041_666_666_666_666_6,
    -0.001_388_888_888_887_411,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// x without the nearest multiple of π/2 as (head, tail), and the multiple's number modulo 4.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64, u64) {
    let shifted = x * std::f64::consts::FRAC_2_PI + f64::SHIFT;
    let k = shifted - f64::SHIFT;
    let rest = x - k * PARTS[0];
    let second = k * PARTS[1];
    let head = rest - second;
    let tail = ((rest - head) - second) - k * PARTS[2] - k * PARTS[3];
    let sum = head + tail;
    (sum, (head - sum) + tail, shifted.to_bits() & 3)
}

/// The sine of what is left.
#[inline(always)]
fn sine(x: f64, tail: f64) -> f64 {
    let z = x * x;
    let v = z * x;
    let r = SINE[1] + z * (SINE[2] + z * (SINE[3] + z * (SINE[4] + z * SINE[5])));
    x - ((z * (0.5 * tail - v * r) - tail) - v * SINE[0])
}

/// The cosine of what is left.
#[inline(always)]
fn cosine(x: f64, tail: f64) -> f64 {
    let z = x * x;
    let r = z * (COSINE[0] + z * (COSINE[1] + z * COSINE[2])) + z * z * z * z * (COSINE[3] + z * (COSINE[4] + z * COSINE[5]));
    let half = 0.5 * z;
    let w = 1.0 - half;
    w + (((1.0 - w) - half) + (z * r - x * tail))
}

/// Turns the sign where the bit is set.
#[inline(always)]
fn signed(x: f64, bit: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (bit << 63))
}

/// The sine.
#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    let (rest, tail, quarter) = reduce(x);
    signed(if quarter & 1 == 0 { sine(rest, tail) } else { cosine(rest, tail) }, quarter >> 1)
}

/// The cosine.
#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    let (rest, tail, quarter) = reduce(x);
    signed(if quarter & 1 == 0 { cosine(rest, tail) } else { sine(rest, tail) }, ((quarter + 1) >> 1) & 1)
}

/// The tangent.
#[inline(always)]
pub(super) fn tan(x: f64) -> f64 {
    let (rest, tail, quarter) = reduce(x);
    let (s, c) = (sine(rest, tail), cosine(rest, tail));
    if quarter & 1 == 0 { s / c } else { -c / s }
}

/// x to the power of y for float32, through float64: exp(y ln |x|), with the sign and the special values of C's `pow`.
#[inline(always)]
pub(super) fn power(x: f32, y: f32) -> f32 {
    let (wide_x, wide_y) = (f64::from(x), f64::from(y));
    let size = super::elementary::exp(wide_y * super::elementary::log(wide_x.abs()));
    let whole = y.trunc() == y;
    let half = y * 0.5;
    let odd = whole & (half.trunc() != half);
    let size = if wide_x.abs() == 1.0 { 1.0 } else { size };
    let signed = if odd { size.copysign(wide_x) } else { size };
    let value = if (x < 0.0) & (x > f32::NEG_INFINITY) & !whole { f64::NAN } else { signed };
    // 1 to any power and any number to the power 0 are 1, even where NaN is in play.
    let value = if x.is_nan() | y.is_nan() { f64::NAN } else { value };
    (if (y == 0.0) | (x == 1.0) { 1.0 } else { value }) as f32
}
