//! Numbers as whole keys that sort like them, so that ordering, searching and counting are compiled for two types instead of twelve.

use super::{PARALLEL, TASK};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::with_element;
use crate::workspace::Workspace;
use bytemuck::Pod;
use half::{bf16, f16};

/// An unsigned whole number.
pub(super) trait Key: Pod + Ord + Send + Sync {
    const MAX: Self;
    /// The key in the order turned round.
    fn reversed(self) -> Self;
    /// The distance from a key that is not larger.
    fn above(self, least: Self) -> u64;
    /// As a wide number, and back.
    fn wide(self) -> u64;
    fn narrow(wide: u64) -> Self;
}

macro_rules! key {
    ($($t:ty),*) => {$(
        impl Key for $t {
            const MAX: $t = <$t>::MAX;
            #[inline(always)]
            fn reversed(self) -> $t {
                !self
            }
            #[inline(always)]
            fn above(self, least: $t) -> u64 {
                u64::from(self.wrapping_sub(least))
            }
            #[inline(always)]
            fn wide(self) -> u64 {
                u64::from(self)
            }
            #[inline(always)]
            fn narrow(wide: u64) -> $t {
                wide as $t
            }
        }
    )*};
}
key!(u32, u64);

/// Runs `$body` with `$k` standing for the type of the keys of `$dtype`.
macro_rules! with_key {
    ($dtype:expr, $k:ident => $body:expr) => {
        if $dtype.size() == 8 {
            type $k = u64;
            $body
        } else {
            type $k = u32;
            $body
        }
    };
}
pub(super) use with_key;

/// The order that keys are made for.
#[derive(Clone, Copy)]
pub(super) struct Order {
    /// Larger elements come first; NaN stays last.
    pub(super) descending: bool,
    /// 0 and -0 have one key, that of 0. Else -0 is less than 0.
    pub(super) one_zero: bool,
}

/// The keys of the elements of `a`, which is row-major. Among floats, NaN has the largest key whatever its sign and bits.
pub(super) fn keys_of<K: Key>(context: &Context, operation: &str, a: &Tensor, order: Order) -> Result<Workspace<K>> {
    let mut keys = Workspace::<K>::new(context, operation, a.element_count())?;
    let storage = a.read(operation)?;
    with_element!(a.dtype(), T => {
        let from = &storage.elements::<T>()[a.offset()..][..a.element_count()];
        in_parts(context, operation, &mut keys, &|start, keys| {
            let from = &from[start..][..keys.len()];
            vectorized(
                #[inline(always)]
                || keys.iter_mut().zip(from).for_each(|(key, &value)| *key = K::narrow(ordered(value, order).wide())),
            );
        })?;
    });
    Ok(keys)
}

/// Stores the elements of `keys` that were made for an order of this direction in `out`, which is row-major and of as many elements.
pub(super) fn store<K: Key>(context: &Context, operation: &str, keys: &[K], descending: bool, out: &Tensor) -> Result<()> {
    let mut to = out.write(operation)?;
    with_element!(out.dtype(), T => {
        let to = &mut to.elements::<T>()[..keys.len()];
        in_parts(context, operation, to, &|start, to| {
            let keys = &keys[start..][..to.len()];
            vectorized(
                #[inline(always)]
                || to.iter_mut().zip(keys).for_each(|(to, key)| *to = T::from_key(turned::<T>(Key::narrow(key.wide()), descending))),
            );
        })
    })
}

/// The element of an ascending key as a number.
pub(super) fn number_of<K: Key>(dtype: DType) -> fn(K) -> f64 {
    with_element!(dtype, T => |key: K| T::from_key(Key::narrow(key.wide())).to_f64())
}

/// Fills a slice part by part, on the pool where it is long.
fn in_parts<T: Send>(context: &Context, operation: &str, to: &mut [T], fill: &(dyn Fn(usize, &mut [T]) + Sync)) -> Result<()> {
    context.each(to.len() >= PARALLEL, to.chunks_mut(TASK).enumerate(), |(part, to)| {
        context.check(operation)?;
        fill(part * TASK, to);
        Ok(())
    })
}

/// An element with a key.
trait Ordered: Element {
    type Key: Key;
    /// Whether the largest key means NaN.
    const HAS_NAN: bool;
    /// The key of 0.
    const ZERO: Self::Key;
    fn key(self) -> Self::Key;
    fn from_key(key: Self::Key) -> Self;
}

#[inline(always)]
fn ordered<T: Ordered>(value: T, order: Order) -> T::Key {
    let key = value.key();
    // -0 has the key just below that of 0.
    let key = if T::HAS_NAN && order.one_zero && key < T::ZERO && T::ZERO.above(key) == 1 { T::ZERO } else { key };
    turned::<T>(key, order.descending)
}

#[inline(always)]
fn turned<T: Ordered>(key: T::Key, descending: bool) -> T::Key {
    if !descending || T::HAS_NAN && key == T::Key::MAX { key } else { key.reversed() }
}

macro_rules! float_key {
    ($t:ty, $key:ty, $signed:ty) => {
        impl Ordered for $t {
            type Key = $key;
            const HAS_NAN: bool = true;
            const ZERO: $key = 1 << (<$key>::BITS - 1);
            #[inline(always)]
            fn key(self) -> $key {
                let bits = self.to_bits();
                // Every bit of a negative number is turned, else the sign alone.
                let turn = ((bits as $signed) >> (<$key>::BITS - 1)) as $key | Self::ZERO;
                if self.is_nan() { <$key>::MAX } else { bits ^ turn }
            }
            #[inline(always)]
            fn from_key(key: $key) -> $t {
                let turn = ((!key as $signed) >> (<$key>::BITS - 1)) as $key | Self::ZERO;
                <$t>::from_bits(key ^ turn)
            }
        }
    };
}
float_key!(f32, u32, i32);
float_key!(f64, u64, i64);

macro_rules! half_key {
    ($($t:ty),*) => {$(
        // Float32 holds every value of both.
        impl Ordered for $t {
            type Key = u32;
            const HAS_NAN: bool = true;
            const ZERO: u32 = f32::ZERO;
            #[inline(always)]
            fn key(self) -> u32 {
                self.to_f32().key()
            }
            #[inline(always)]
            fn from_key(key: u32) -> $t {
                <$t>::from_f32(f32::from_key(key))
            }
        }
    )*};
}
half_key!(f16, bf16);

macro_rules! whole_key {
    ($key:ty, $wide:ty, $zero:expr; $($t:ty),*) => {$(
        impl Ordered for $t {
            type Key = $key;
            const HAS_NAN: bool = false;
            const ZERO: $key = $zero;
            #[inline(always)]
            fn key(self) -> $key {
                <$wide>::from(self) as $key ^ Self::ZERO
            }
            #[inline(always)]
            fn from_key(key: $key) -> $t {
                (key ^ Self::ZERO) as $t
            }
        }
    )*};
}
whole_key!(u32, i32, 1 << 31; i8, i16, i32);
whole_key!(u32, u32, 0; u8, u16, u32);
whole_key!(u64, i64, 1 << 63; i64);
whole_key!(u64, u64, 0; u64);
