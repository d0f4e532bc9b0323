//! Whether elements are numbers to compute with.

use half::{bf16, f16};

use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::moving::stretches;
use crate::tensor::Tensor;

/// Elements looked at together: none of them is looked for before one is known to be among them.
const BLOCK: usize = 128;

impl Tensor {
    /// The place of the first element, in row-major order, that is NaN or infinite; none where all are numbers, as integers are.
    ///
    /// # Errors
    /// Bad operation when the storage is being written, interrupted.
    pub fn first_not_finite(&self, context: &Context) -> Result<Option<usize>> {
        match self.dtype() {
            DType::Float32 => self.first_other(context, f32::is_finite),
            DType::Float64 => self.first_other(context, f64::is_finite),
            DType::Float16 => self.first_other(context, f16::is_finite),
            DType::BFloat16 => self.first_other(context, bf16::is_finite),
            _ => Ok(None),
        }
    }

    fn first_other<T: Element>(&self, context: &Context, is_finite: impl Fn(T) -> bool) -> Result<Option<usize>> {
        const NAME: &str = "first-not-finite";
        let storage = self.read(NAME)?;
        let elements = storage.elements::<T>();
        let (mut seen, mut found) = (0, None);
        let look = || context.check(NAME);
        stretches(self, look, |first, length, stride| {
            if found.is_none() {
                let place = match stride {
                    1 => first_of_row(&elements[first..first + length], &is_finite),
                    _ => (0..length).position(|i| !is_finite(elements[first + i * stride])),
                };
                found = place.map(|place| seen + place);
            }
            seen += length;
            Ok(())
        })?;
        Ok(found)
    }
}

fn first_of_row<T: Element>(row: &[T], is_finite: &impl Fn(T) -> bool) -> Option<usize> {
    let all = |block: &[T]| block.iter().fold(true, |all, &element| all & is_finite(element));
    let (block, elements) = row.chunks(BLOCK).enumerate().find(|(_, block)| !all(block))?;
    Some(block * BLOCK + elements.iter().position(|&element| !is_finite(element))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Budget, Cancel, Pool};

    fn context() -> Context {
        Context::new(Budget::new(1 << 20), Cancel::default(), Pool::new(1).expect("a pool"))
    }

    #[test]
    fn finds_what_is_first_in_row_major_order_whatever_the_layout() {
        let context = context();
        let mut numbers: Vec<f32> = (0..1200).map(|number| number as f32).collect();
        let of = |numbers: &[f32]| {
            let bytes = bytemuck::cast_slice(numbers);
            Tensor::from_bytes(&context, &[30, 40], DType::Float32, bytes).expect("a tensor")
        };
        assert_eq!(of(&numbers).first_not_finite(&context).expect("a look"), None);
        (numbers[7 * 40 + 3], numbers[2 * 40 + 9]) = (f32::NAN, f32::NEG_INFINITY);
        let tensor = of(&numbers);
        assert_eq!(tensor.first_not_finite(&context).expect("a look"), Some(2 * 40 + 9));
        assert_eq!(tensor.transpose().first_not_finite(&context).expect("a look"), Some(3 * 30 + 7));
        let below = tensor.slice(0, 3..30).expect("a view");
        assert_eq!(below.first_not_finite(&context).expect("a look"), Some(4 * 40 + 3));
        for dtype in DType::ALL {
            let cast = below.cast(&context, dtype).expect("a copy");
            assert_eq!(cast.first_not_finite(&context).expect("a look"), (!dtype.is_integer()).then_some(4 * 40 + 3), "{dtype}");
        }
    }
}
