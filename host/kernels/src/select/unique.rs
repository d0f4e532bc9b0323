//! The different elements of a tensor.

use super::keys::{Key, Order, keys_of, store, with_key};
use super::places_fit;
use super::sort::{sort_keys, sort_places};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

const ORDER: Order = Order { descending: false, one_zero: true };

/// What [`unique_all`] finds.
#[derive(Clone, Debug)]
pub struct Unique {
    /// u, the input's dtype: the different elements in ascending order, NaN last.
    pub values: Tensor,
    /// u, int32: where each is first, counted in row-major order.
    pub first: Tensor,
    /// u, int32: how often each is there.
    pub counts: Tensor,
    /// The input's shape, int32: for each element its position in `values`.
    pub inverse: Tensor,
}

/// The different elements of `a` (any shape and dtype) in ascending order. 0 and -0 are one element and shown as 0; all NaN are one
/// element, which comes last.
///
/// # Errors
/// Bad operation for 2³¹ elements or more; limit exceeded, interrupted.
pub fn unique(context: &Context, a: &Tensor) -> Result<Tensor> {
    const NAME: &str = "unique";
    places_fit(NAME, a.element_count())?;
    let a = a.to_contiguous(context, NAME)?;
    with_key!(a.dtype(), K => {
        let mut keys = keys_of::<K>(context, NAME, &a, ORDER)?;
        let length = keys.len();
        sort_keys(context, NAME, &mut keys, length)?;
        let mut count = 0;
        for i in 0..length {
            if count == 0 || keys[i] != keys[count - 1] {
                keys[count] = keys[i];
                count += 1;
            }
        }
        let out = Tensor::zeros_for(context, NAME, &[count], a.dtype())?;
        store(context, NAME, &keys[..count], false, &out)?;
        Ok(out)
    })
}

/// The different elements of `a` as [`unique`] gives them, where each is first, how often it is there, and where each element went.
///
/// # Errors
/// As [`unique`].
pub fn unique_all(context: &Context, a: &Tensor) -> Result<Unique> {
    const NAME: &str = "unique-all";
    places_fit(NAME, a.element_count())?;
    let a = a.to_contiguous(context, NAME)?;
    with_key!(a.dtype(), K => {
        let keys = keys_of::<K>(context, NAME, &a, ORDER)?;
        let mut places = Workspace::<i32>::new(context, NAME, keys.len())?;
        sort_places(context, NAME, &keys, keys.len(), &mut places)?;
        tell_apart(context, NAME, &a, &keys, &places)
    })
}

/// Puts together what the keys of `a` say in the order of `places`.
fn tell_apart<K: Key>(context: &Context, operation: &str, a: &Tensor, keys: &[K], places: &[i32]) -> Result<Unique> {
    let key = |place: &i32| keys[*place as usize];
    let runs = || places.chunk_by(|this, next| key(this) == key(next));
    let count = runs().count();
    let values = Tensor::zeros_for(context, operation, &[count], a.dtype())?;
    let first = Tensor::zeros_for(context, operation, &[count], DType::Int32)?;
    let counts = Tensor::zeros_for(context, operation, &[count], DType::Int32)?;
    let inverse = Tensor::zeros_for(context, operation, a.shape(), DType::Int32)?;
    let mut found = Workspace::<K>::new(context, operation, count)?;
    {
        let (mut first, mut counts, mut inverse) = (first.write(operation)?, counts.write(operation)?, inverse.write(operation)?);
        let (first, counts, inverse) = (first.elements::<i32>(), counts.elements::<i32>(), inverse.elements::<i32>());
        for (position, run) in runs().enumerate() {
            (found[position], first[position], counts[position]) = (key(&run[0]), run[0], run.len() as i32);
            run.iter().for_each(|&place| inverse[place as usize] = position as i32);
        }
    }
    store(context, operation, &found, false, &values)?;
    Ok(Unique { values, first, counts, inverse })
}
