//! Functions for the normal distribution, out of additions, multiplications and square roots only: every machine rounds those alike,
//! which the platform's `ln` and `cos` do not promise. Errors stay below 2 units in the last place of a float64.

use std::f64::consts::FRAC_PI_2;

/// Two independent standard normal numbers from `radius` in (0, 1] and `turn` in [0, 1), after Box and Muller.
#[inline(always)]
pub(super) fn normal_pair(radius: f64, turn: f64) -> (f64, f64) {
    let length = (-2.0 * ln(radius)).sqrt();
    let (sin, cos) = sin_cos_turn(turn);
    (length * cos, length * sin)
}

/// The natural logarithm of a normal number in (0, 1]: x = 2^e m with m in [√½, √2), ln m = 2 artanh(s) with s = (m - 1) / (m + 1),
/// whose series is summed to the fifteenth term of s.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const SQRT_HALF_BITS: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE_BITS: u64 = 0x3FF0_0000_0000_0000;
    // ln 2 in two parts, of which whole multiples of the first are exact.
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let bits = x.to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
    let exponent = (bits >> 52) as i32 - 1023;
    let mantissa = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) + SQRT_HALF_BITS);
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // The series 2/3 z + 2/5 z² + ... fitted to the interval (the coefficients of fdlibm's e_log.c).
    let odd = z * z * (0.3999999999940942 + z * z * (0.22222198432149784 + z * z * 0.15313837699209373));
    let even = z * (0.6666666666666735 + z * z * (0.2857142874366239 + z * z * (0.1818357216161805 + z * z * 0.14798198605116586)));
    let half_square = 0.5 * f * f;
    let exponent = f64::from(exponent);
    exponent * LN_2_HIGH - ((half_square - (s * (half_square + (odd + even)) + exponent * LN_2_LOW)) - f)
}

/// Sine and cosine of `turn` whole turns, 0 to 1. The quadrant is taken off before anything is rounded.
#[inline(always)]
fn sin_cos_turn(turn: f64) -> (f64, f64) {
    let quarters = turn * 4.0;
    let quadrant = (quarters + 0.5).floor();
    let x = (quarters - quadrant) * FRAC_PI_2;
    let z = x * x;
    // Minimax polynomials on [-π/4, π/4] (the coefficients of fdlibm's k_sin.c and k_cos.c).
    let s = 8.333_333_333_322_49e-3
        + z * (-1.984_126_982_985_795e-4
            + z * (2.755_731_370_707_006_8e-6 + z * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10)));
    let sin = x + x * z * (-1.666_666_666_666_663_2e-1 + z * s);
    let c = 4.166_666_666_666_66e-2
        + z * (-1.388_888_888_887_411e-3
            + z * (2.480_158_728_947_673e-5
                + z * (-2.755_731_435_139_066_3e-7 + z * (2.087_572_321_298_175e-9 + z * -1.135_964_755_778_819_5e-11))));
    let cos = 1.0 - (0.5 * z - z * z * c);
    let quadrant = quadrant as i32 & 3;
    let (a, b) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
    (if quadrant >= 2 { -a } else { a }, if quadrant == 1 || quadrant == 2 { -b } else { b })
}

#[cfg(test)]
mod tests {
    use super::{ln, sin_cos_turn};

    #[test]
    fn logarithm_agrees_with_the_platforms() {
        for i in 1..200_000_u32 {
            let x = f64::from(i) / 200_000.0 * (1.0 / f64::from(1_u32 << (i % 30)));
            let wanted = x.ln();
            assert!((ln(x) - wanted).abs() <= 4e-16 * wanted.abs().max(1e-16), "{x}: {} and {wanted}", ln(x));
        }
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn sine_and_cosine_agree_with_the_platforms() {
        for i in 0..200_000_u32 {
            let turn = f64::from(i) / 200_000.0;
            let (sin, cos) = sin_cos_turn(turn);
            let (wanted_sin, wanted_cos) = (turn * std::f64::consts::TAU).sin_cos();
            assert!((sin - wanted_sin).abs() < 1e-15 && (cos - wanted_cos).abs() < 1e-15, "{turn}: {sin}, {cos}");
        }
        assert_eq!(sin_cos_turn(0.25), (1.0, 0.0));
        assert_eq!(sin_cos_turn(0.5), (0.0, -1.0));
        assert_eq!(sin_cos_turn(0.75), (-1.0, 0.0));
    }
}
