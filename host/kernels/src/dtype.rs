//! Element types.

use std::fmt;

use bytemuck::Pod;
use half::{bf16, f16};

/// The type of a tensor's elements, in the order of the interface's `dtype` enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum DType {
    Float32,
    Float64,
    Float16,
    BFloat16,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    /// One byte, 0 or 1.
    Boolean,
}

impl DType {
    /// Every element type.
    pub const ALL: [DType; 13] = [
        DType::Float32,
        DType::Float64,
        DType::Float16,
        DType::BFloat16,
        DType::Int8,
        DType::Int16,
        DType::Int32,
        DType::Int64,
        DType::UInt8,
        DType::UInt16,
        DType::UInt32,
        DType::UInt64,
        DType::Boolean,
    ];

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::Int8 | DType::UInt8 | DType::Boolean => 1,
            DType::Float16 | DType::BFloat16 | DType::Int16 | DType::UInt16 => 2,
            DType::Float32 | DType::Int32 | DType::UInt32 => 4,
            DType::Float64 | DType::Int64 | DType::UInt64 => 8,
        }
    }

    /// The name as the interface spells it.
    pub fn name(self) -> &'static str {
        match self {
            DType::Float32 => "float32",
            DType::Float64 => "float64",
            DType::Float16 => "float16",
            DType::BFloat16 => "bfloat16",
            DType::Int8 => "int8",
            DType::Int16 => "int16",
            DType::Int32 => "int32",
            DType::Int64 => "int64",
            DType::UInt8 => "uint8",
            DType::UInt16 => "uint16",
            DType::UInt32 => "uint32",
            DType::UInt64 => "uint64",
            DType::Boolean => "boolean",
        }
    }

    /// Whether its values are whole numbers; booleans count.
    pub fn is_integer(self) -> bool {
        !matches!(self, DType::Float32 | DType::Float64 | DType::Float16 | DType::BFloat16)
    }

    /// Whether float32 cannot hold every value of it, so that formulas compute in float64.
    pub fn needs_float64(self) -> bool {
        matches!(self, DType::Float64 | DType::Int32 | DType::Int64 | DType::UInt32 | DType::UInt64)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type that stores one element of some [`DType`].
///
/// `Boolean` is stored as [`u8`] like `UInt8`, so the type alone does not tell the dtype.
pub trait Element: Pod + Send + Sync + PartialEq {
    /// The value as a float64. Integers beyond 2⁵³ are rounded.
    fn to_f64(self) -> f64;
    /// The nearest value of this type: floats become integers by truncation, saturating; NaN becomes 0.
    fn from_f64(value: f64) -> Self;
    /// The value as a wide integer; floats are truncated.
    fn to_i128(self) -> i128;
    /// The nearest value of this type.
    fn from_i128(value: i128) -> Self;
}

macro_rules! element {
    ($narrow:ident: $($t:ty),*) => {$(
        impl Element for $t {
            #[inline(always)]
            fn to_i128(self) -> i128 {
                self as i128
            }
            #[inline(always)]
            fn from_i128(value: i128) -> Self {
                $narrow!(value, $t)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $t
            }
        }
    )*};
}
macro_rules! saturate {
    ($value:expr, $t:ty) => {
        $value.clamp(<$t>::MIN as i128, <$t>::MAX as i128) as $t
    };
}
macro_rules! round_to {
    ($value:expr, $t:ty) => {
        $value as $t
    };
}
element!(saturate: i8, i16, i32, i64, u8, u16, u32, u64);
element!(round_to: f32, f64);

macro_rules! half_element {
    ($($t:ty),*) => {$(
        impl Element for $t {
            #[inline(always)]
            fn to_i128(self) -> i128 {
                <$t>::to_f64(self) as i128
            }
            #[inline(always)]
            fn from_i128(value: i128) -> Self {
                <Self as Element>::from_f64(value as f64)
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                <$t>::to_f64(self)
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                // The crate's own conversion from float64 drops low bits, or rounds twice, depending on the processor.
                <$t>::from_f32(rounded_to_odd(value))
            }
        }
    )*};
}
half_element!(f16, bf16);

/// The float32 that is `value`, or of the two around it the one whose last bit is 1: rounded again, to a shorter type, it becomes what
/// `value` rounded once would (Boldo and Melquiond, "When double rounding is odd", 2005).
#[inline(always)]
fn rounded_to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let (wide, bits) = (f64::from(nearest), nearest.to_bits());
    if wide == value || value.is_nan() || bits & 1 == 1 {
        return nearest;
    }
    // One step towards the value: bits count magnitudes.
    f32::from_bits(if wide.abs() > value.abs() { bits - 1 } else { bits + 1 })
}

/// Runs `$body` with `$t` standing for the Rust type that stores `$dtype`.
///
/// ```
/// use algohost_kernels::{DType, with_element};
/// let size = with_element!(DType::BFloat16, T => size_of::<T>());
/// assert_eq!(size, 2);
/// ```
#[macro_export]
macro_rules! with_element {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Float32 => {
                type $t = f32;
                $body
            }
            $crate::DType::Float64 => {
                type $t = f64;
                $body
            }
            $crate::DType::Float16 => {
                type $t = $crate::f16;
                $body
            }
            $crate::DType::BFloat16 => {
                type $t = $crate::bf16;
                $body
            }
            $crate::DType::Int8 => {
                type $t = i8;
                $body
            }
            $crate::DType::Int16 => {
                type $t = i16;
                $body
            }
            $crate::DType::Int32 => {
                type $t = i32;
                $body
            }
            $crate::DType::Int64 => {
                type $t = i64;
                $body
            }
            $crate::DType::UInt8 | $crate::DType::Boolean => {
                type $t = u8;
                $body
            }
            $crate::DType::UInt16 => {
                type $t = u16;
                $body
            }
            $crate::DType::UInt32 => {
                type $t = u32;
                $body
            }
            $crate::DType::UInt64 => {
                type $t = u64;
                $body
            }
        }
    };
}

/// Runs `$body` with `$t` standing for a whole number of the size of `$dtype`, for what moves elements and does not look at them.
macro_rules! with_bits {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype.size() {
            1 => {
                type $t = u8;
                $body
            }
            2 => {
                type $t = u16;
                $body
            }
            4 => {
                type $t = u32;
                $body
            }
            _ => {
                type $t = u64;
                $body
            }
        }
    };
}
pub(crate) use with_bits;
