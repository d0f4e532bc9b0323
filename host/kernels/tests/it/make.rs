//! Contexts, and tensors with given contents in every layout.

use algohost_kernels::{Budget, Cancel, Context, DType, Element, Error, ErrorKind, Instructions, Pool, Tensor, with_element};
use proptest::prelude::{Strategy, prop_oneof};

pub(crate) fn context() -> Context {
    with_threads(2)
}

pub(crate) fn with_threads(threads: usize) -> Context {
    limit_instructions();
    Context::new(Budget::new(1 << 30), Cancel::default(), Pool::new(threads).unwrap())
}

/// To those that the process was asked to test, if it was.
fn limit_instructions() {
    match std::env::var(crate::instructions::VARIABLE).as_deref() {
        Ok("baseline") => Instructions::Baseline.limit(),
        Ok("v3") => Instructions::V3.limit(),
        _ => {}
    }
}

pub(crate) fn cancelled() -> Context {
    let context = context();
    context.cancel().cancel();
    context
}

/// How a tensor's elements lie in its storage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layout {
    RowMajor,
    /// A transposed view of the mirrored elements.
    Transposed,
    /// A slice out of the middle of a larger tensor, along every axis.
    Sliced,
    /// Read-only bytes of somebody else.
    Shared,
}

pub(crate) const LAYOUTS: [Layout; 4] = [Layout::RowMajor, Layout::Transposed, Layout::Sliced, Layout::Shared];

pub(crate) fn layout() -> impl Strategy<Value = Layout> {
    use proptest::prelude::Just;
    prop_oneof![Just(Layout::RowMajor), Just(Layout::Transposed), Just(Layout::Sliced), Just(Layout::Shared)]
}

/// Axis lengths around the edges of blocks.
pub(crate) fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0..3_usize, 3..20_usize, 30..70_usize]
}

/// Elements that a slice may be cut from.
const MOST_SLICED: usize = 1 << 24;

/// A tensor of these values, row-major, whatever its layout is.
pub(crate) fn tensor(context: &Context, shape: &[usize], dtype: DType, values: &[f64], layout: Layout) -> Tensor {
    match layout {
        Layout::RowMajor => Tensor::from_bytes(context, shape, dtype, &bytes(dtype, values)).unwrap(),
        Layout::Transposed => {
            let mirrored: Vec<usize> = shape.iter().rev().copied().collect();
            let tensor = Tensor::zeros(context, &mirrored, dtype).unwrap().transpose();
            tensor.write_rows(context, 0, &bytes(dtype, values)).unwrap();
            tensor
        }
        // Long axes without elements become too many with some.
        Layout::Sliced if shape.iter().map(|length| length + 3).product::<usize>() > MOST_SLICED => {
            tensor(context, shape, dtype, values, Layout::RowMajor)
        }
        Layout::Sliced => {
            let larger: Vec<usize> = shape.iter().map(|length| length + 3).collect();
            // What surrounds the slice is NaN: it shows when a kernel reads it.
            let mut tensor = Tensor::full(context, &larger, dtype, f64::NAN).unwrap();
            for (axis, &length) in shape.iter().enumerate() {
                tensor = tensor.slice(axis, 1..length + 1).unwrap();
            }
            tensor.write_rows(context, 0, &bytes(dtype, values)).unwrap();
            tensor
        }
        Layout::Shared => {
            // Any address will do for the allocator, not for the element type.
            let lines: Vec<u128> = bytes(dtype, values).chunks(16).map(to_line).collect();
            Tensor::shared(shape, dtype, Box::new(Aligned(lines))).unwrap()
        }
    }
}

struct Aligned(Vec<u128>);

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

fn to_line(bytes: &[u8]) -> u128 {
    let mut line = [0; 16];
    line[..bytes.len()].copy_from_slice(bytes);
    u128::from_ne_bytes(line)
}

/// Little-endian bytes of the values.
pub(crate) fn bytes(dtype: DType, values: &[f64]) -> Vec<u8> {
    with_element!(dtype, T => values.iter().flat_map(|&value| bytemuck::bytes_of(&<T as Element>::from_f64(value)).to_vec()).collect())
}

/// A tensor's elements as float64, in row-major order.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    let bytes = tensor.to_bytes().unwrap();
    with_element!(tensor.dtype(), T => {
        bytes.chunks_exact(size_of::<T>()).map(|bytes| <T as Element>::to_f64(bytemuck::pod_read_unaligned(bytes))).collect()
    })
}

/// Numbers between -1 and 1 that look random.
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f64> {
    (0..count).map(|i| 2.0 * algohost_kernels::reference::uniform_float32(i, seed, 0) - 1.0).collect()
}

/// As `dtype` stores them.
pub(crate) fn rounded(dtype: DType, values: &[f64]) -> Vec<f64> {
    if dtype == DType::Boolean {
        return values.iter().map(|&value| f64::from(u8::from(value != 0.0))).collect();
    }
    with_element!(dtype, T => values.iter().map(|&value| <T as Element>::from_f64(value).to_f64()).collect())
}

/// Every pair is equal up to `tolerance` times the larger of 1 and the wanted value; NaN equals NaN.
#[track_caller]
pub(crate) fn assert_close(given: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(given.len(), wanted.len());
    for (i, (given, wanted)) in given.iter().zip(wanted).enumerate() {
        let close = (given - wanted).abs() <= tolerance * wanted.abs().max(1.0) || given == wanted || given.is_nan() && wanted.is_nan();
        assert!(close, "element {i}: {given} given, {wanted} wanted");
    }
}

/// The answer is an error of this class with this text.
#[track_caller]
pub(crate) fn assert_refused<T>(given: Result<T, Error>, kind: ErrorKind, message: &str) {
    let error = given.err().expect("an error");
    assert_eq!((error.kind, error.message.as_str()), (kind, message));
}
