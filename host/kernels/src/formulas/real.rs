//! The two types that formulas compute in, and what the elementary functions need to know of them.
//!
//! No fused multiply-add anywhere: every processor then gives the same bits.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::trigonometry;
use crate::dtype::{DType, Element};

/// float32 or float64.
pub(crate) trait Real:
    Element + Default + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    const DTYPE: DType;
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;
    const TWO: Self;
    const INFINITY: Self;
    const NAN: Self;
    const LOG2_E: Self;
    /// ln 2 with so few digits that its products with exponents are exact.
    const LN_2_HIGH: Self;
    /// What `LN_2_HIGH` lacks.
    const LN_2_LOW: Self;
    /// Added to a number, it leaves the nearest integer in the lowest bits.
    const SHIFT: Self;
    /// exp is 0 below and infinite above.
    const EXP_RANGE: (Self, Self);
    /// Beyond it, exp(-x) is lost against 1.
    const SATURATED: Self;

    fn truth(value: bool) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    /// The nearest integer; halves go to the even one.
    fn round(self) -> Self;
    fn copysign(self, sign: Self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    /// The three above beyond the range for which they are made, from the standard library.
    fn far_sin(self) -> Self;
    fn far_cos(self) -> Self;
    fn far_tan(self) -> Self;
    /// Whether a number is beyond it.
    fn is_far(self) -> bool;
    fn power(self, exponent: Self) -> Self;

    /// (exp(r) - 1 - r) / r² for |r| ≤ ln 2 / 2.
    fn exp_tail(r: Self) -> Self;
    /// (ln((1 + s) / (1 - s)) - 2 s) / s³ of z = s² for 1 + f = (1 + s) / (1 - s) between √½ and √2.
    fn log_tail(z: Self) -> Self;
    /// 2ᵏ of `SHIFT` + k, where that is a normal number.
    fn power_of_two(shifted: Self) -> Self;
    /// self · 2ᵏ of `SHIFT` + k, rounded once, for k up to twice the exponents there are.
    fn scale(self, shifted: Self) -> Self;
    /// (m, k) with self = m · 2ᵏ and m between √½ and √2, for positive finite numbers.
    fn split(self) -> (Self, Self);
}

/// Evaluates c0 + x · (c1 + x · (…)).
macro_rules! horner {
    ($x:ident; $c:expr) => { $c };
    ($x:ident; $c:expr, $($rest:expr),+) => { $c + $x * horner!($x; $($rest),+) };
}

macro_rules! real {
    ($t:ident, $bits:ident, $dtype:expr, mantissa: $mantissa:expr, bias: $bias:expr,
     ln_2: $high:expr, $low:expr; exp: $range:expr, $saturated:expr, [$($exp:expr),+]; log: [$($log:expr),+];
     to_float: |$n:ident| $to_float:expr; power: |$x:ident, $y:ident| $power:expr) => {
        impl Real for $t {
            const DTYPE: DType = $dtype;
            const ZERO: $t = 0.0;
            const HALF: $t = 0.5;
            const ONE: $t = 1.0;
            const TWO: $t = 2.0;
            const INFINITY: $t = $t::INFINITY;
            const NAN: $t = $t::NAN;
            const LOG2_E: $t = std::$t::consts::LOG2_E;
            const LN_2_HIGH: $t = $high;
            const LN_2_LOW: $t = $low;
            const SHIFT: $t = ((3 as $bits) << ($mantissa - 1)) as $t;
            const EXP_RANGE: ($t, $t) = $range;
            const SATURATED: $t = $saturated;

            real!(methods $t: abs sqrt floor ceil trunc);
            real!(trigonometry $t: sin far_sin cos far_cos tan far_tan);

            #[inline(always)]
            fn truth(value: bool) -> $t {
                if value { 1.0 } else { 0.0 }
            }
            #[inline(always)]
            fn round(self) -> $t {
                $t::round_ties_even(self)
            }
            #[inline(always)]
            fn copysign(self, sign: $t) -> $t {
                $t::copysign(self, sign)
            }
            #[inline(always)]
            fn is_far(self) -> bool {
                f64::from($t::abs(self)) > trigonometry::RANGE
            }
            #[inline(always)]
            fn power(self, exponent: $t) -> $t {
                let $x = self;
                let $y = exponent;
                $power
            }
            #[inline(always)]
            fn exp_tail(r: $t) -> $t {
                horner!(r; $($exp),+)
            }
            #[inline(always)]
            fn log_tail(z: $t) -> $t {
                horner!(z; $($log),+)
            }
            #[inline(always)]
            fn power_of_two(shifted: $t) -> $t {
                let k = shifted.to_bits().wrapping_sub(<$t as Real>::SHIFT.to_bits());
                $t::from_bits(k.wrapping_add($bias) << $mantissa)
            }
            #[inline(always)]
            fn scale(self, shifted: $t) -> $t {
                // In two halves, since 2ᵏ itself may be beyond the range; offset to be positive for the shift.
                let k = shifted.to_bits().wrapping_sub(<$t as Real>::SHIFT.to_bits()).wrapping_add(2 * ($bias + 1));
                let half = k >> 1;
                let factor = |exponent: $bits| $t::from_bits(exponent.wrapping_sub(1) << $mantissa);
                self * factor(half) * factor(k.wrapping_sub(half))
            }
            #[inline(always)]
            fn split(self) -> ($t, $t) {
                const ONE: $bits = $bias << $mantissa;
                let root = std::$t::consts::FRAC_1_SQRT_2.to_bits();
                let denormal = self < $t::MIN_POSITIVE;
                let lift = ((1 as $bits) << ($mantissa + 1)) as $t;
                let normal = if denormal { self * lift } else { self };
                let bits = normal.to_bits().wrapping_add(ONE - root);
                let $n = bits >> $mantissa;
                let exponent = $to_float - $bias as $t - if denormal { ($mantissa + 1) as $t } else { 0.0 };
                ($t::from_bits((bits & (((1 as $bits) << $mantissa) - 1)) + root), exponent)
            }
        }
    };
    (trigonometry $t:ident: $($near:ident $far:ident)+) => {$(
        #[inline(always)]
        fn $near(self) -> $t {
            trigonometry::$near(f64::from(self)) as $t
        }
        fn $far(self) -> $t {
            $t::$near(self)
        }
    )+};
    (methods $t:ident: $($method:ident)+) => {$(
        #[inline(always)]
        fn $method(self) -> $t {
            $t::$method(self)
        }
    )+};
}

// Coefficients: interpolation at Chebyshev nodes in 50 digits; relative errors 3e-8 and 5e-17 (exp), 2e-11 and 5e-18 (log).
real!(f32, u32, DType::Float32, mantissa: 23, bias: 127,
    ln_2: 0.693_145_75, 1.428_606_8e-6;
    exp: (-104.0, 89.0), 20.0,
    [0.5, 0.166_665_73, 0.041_666_55, 0.008_363_774, 0.001_392_692_7];
    log: [0.666_666_7, 0.400_001_22, 0.285_507_8, 0.233_316_14];
    to_float: |n| n as i32 as f32; power: |x, y| trigonometry::power(x, y));
real!(f64, u64, DType::Float64, mantissa: 52, bias: 1023,
    ln_2: 0.693_147_180_559_663, 2.823_529_056_303_157_7e-13;
    exp: (-746.0, 710.0), 40.0,
    [0.500_000_000_000_000_1, 0.166_666_666_666_666_68, 0.041_666_666_666_620_64, 0.008_333_333_333_329_794,
     0.001_388_888_891_893_916_8, 0.000_198_412_698_643_805_13, 2.480_151_864_139_599_4e-5, 2.755_726_641_861_230_4e-6,
     2.762_133_869_142_94e-7, 2.510_134_692_835_034e-8];
    log: [0.666_666_666_666_667, 0.399_999_999_998_988_9, 0.285_714_286_262_538_4, 0.222_222_110_893_794_96,
     0.181_828_924_325_368_7, 0.153_316_117_220_557_88, 0.146_178_071_534_173_25];
    // Few processors convert 64-bit integers; as the mantissa of 2⁵² they are floats already.
    to_float: |n| f64::from_bits(n | 4_503_599_627_370_496.0_f64.to_bits()) - 4_503_599_627_370_496.0; power: |x, y| x.powf(y));
