//! One program: tensors to choose from, and what is checked around each call.

use algohost_kernels::{Budget, Cancel, Context, DType, Error, ErrorKind, Pool, Tensor};

use super::draw::Draw;
use crate::make::{Layout, bytes, rounded, tensor, values};

/// A kernel's name, as its errors spell it, and a call of it with arguments that the program's draw chooses.
pub(super) type Call = (&'static str, fn(&mut Program));

/// Tensors that a program keeps.
const POOL: usize = 24;
/// Most elements of an operand, but for a few.
const SMALL: usize = 600;
/// More than the kernels keep on the caller's thread.
const LARGE: usize = 70_000;

pub(super) struct Program {
    pub(super) draw: Draw,
    pub(super) context: Context,
    pool: Vec<Tensor>,
    name: &'static str,
    used: u64,
    /// What the call has added to the budget, by its answers.
    added: u64,
    /// Operands that the call must not change, as they were.
    operands: Vec<(Tensor, Vec<u8>)>,
}

impl Program {
    pub(super) fn new(seed: u64) -> Program {
        thread_local!(static THREADS: Pool = Pool::new(2).unwrap());
        let mut draw = Draw::new(seed);
        let limit = if draw.one_in(4) { 1 << (12 + draw.below(10)) } else { 1 << 27 };
        let context = Context::new(Budget::new(limit), Cancel::default(), THREADS.with(Pool::clone));
        Program { draw, context, pool: Vec::new(), name: "", used: 0, added: 0, operands: Vec::new() }
    }

    pub(super) fn fill_pool(&mut self) {
        for _ in 0..6 {
            let (shape, dtype) = (self.shape(), self.dtype());
            let made = self.tensor_of(&shape, dtype);
            self.keep(made);
        }
    }

    pub(super) fn before(&mut self, name: &'static str) {
        self.name = name;
        (self.added, self.used) = (0, self.context.budget().used());
        self.operands.clear();
    }

    /// The call charged what its answers hold, and changed no operand.
    pub(super) fn after(&mut self) {
        assert!(self.context.budget().used() <= self.context.budget().limit());
        for (operand, before) in std::mem::take(&mut self.operands) {
            assert!(operand.to_bytes().unwrap() == before, "{}: an operand {operand:?} was changed", self.name);
        }
        let (used, wanted) = (self.context.budget().used(), self.used + self.added);
        assert_eq!(used, wanted, "{}: the budget is charged {used} bytes, the tensors hold {wanted}", self.name);
        while self.pool.len() > POOL || self.context.budget().used() > self.context.budget().limit() / 2 && self.pool.len() > 3 {
            let out = self.draw.below(self.pool.len());
            self.pool.swap_remove(out);
        }
    }

    /// Without tensors, nothing is charged.
    pub(super) fn finish(&mut self) {
        self.operands.clear();
        self.pool.clear();
        assert_eq!(self.context.budget().used(), 0, "a byte is charged that no tensor holds");
    }

    /// A tensor of the pool, which the call must not change.
    pub(super) fn any(&mut self) -> Tensor {
        let at = self.draw.below(self.pool.len());
        let tensor = match self.pool.get(at) {
            Some(tensor) => tensor.clone(),
            None => Tensor::shared(&[0], DType::Float32, Box::new([])).unwrap(),
        };
        self.guard(&tensor);
        tensor
    }

    /// A tensor of the pool that the call may change.
    pub(super) fn any_to_write(&mut self) -> Tensor {
        let tensor = self.any();
        self.may_change(&tensor);
        tensor
    }

    /// The call may change this operand.
    pub(super) fn may_change(&mut self, tensor: &Tensor) {
        self.operands.retain(|(other, _)| !other.shares_storage_with(tensor));
    }

    /// A tensor of the pool, or mostly, a new one of float32 or float64.
    pub(super) fn any_float(&mut self) -> Tensor {
        let found = self.any();
        if self.draw.one_in(8) || is_float(&found) {
            return found;
        }
        let (shape, dtype) = (self.shape(), *self.draw.pick(&[DType::Float32, DType::Float64]));
        self.tensor_of(&shape, dtype)
    }

    /// An operand that is not in the budget: of any layout, with ties, zeros of both signs, and at times infinities and NaN.
    pub(super) fn tensor_of(&mut self, shape: &[usize], dtype: DType) -> Tensor {
        let special = self.draw.one_in(4);
        let ties = self.draw.one_in(3);
        let content: Vec<f64> = (0..shape.iter().product())
            .map(|_| match self.draw.below(if special { 12 } else { 9 }) {
                0 => 0.0,
                1 => -0.0,
                9 => f64::NAN,
                10 => f64::INFINITY,
                11 => f64::NEG_INFINITY,
                _ if ties => (self.draw.unit() * 8.0).floor() - 3.0,
                _ => (self.draw.unit() - 0.5) * 200.0,
            })
            .collect();
        self.tensor_with(shape, dtype, &content)
    }

    /// An operand with this content, in any layout.
    pub(super) fn tensor_with(&mut self, shape: &[usize], dtype: DType, content: &[f64]) -> Tensor {
        let layout = *self.draw.pick(&[Layout::RowMajor, Layout::Transposed, Layout::Sliced, Layout::Shared]);
        let outside = Context::new(Budget::new(1 << 30), Cancel::default(), self.pool_of_threads());
        let made = tensor(&outside, shape, dtype, &rounded(dtype, content), layout);
        self.guard(&made);
        made
    }

    fn pool_of_threads(&self) -> Pool {
        thread_local!(static ONE: Pool = Pool::new(1).unwrap());
        ONE.with(Pool::clone)
    }

    /// Positions, most often fit for `count` things below `bound`.
    pub(super) fn positions(&mut self, shape: &[usize], bound: usize) -> Tensor {
        let dtype = if self.draw.one_in(25) { self.dtype() } else { *self.draw.pick(&[DType::Int32, DType::Int64]) };
        let wrong = self.draw.one_in(8) || bound == 0;
        let content: Vec<f64> = (0..shape.iter().product())
            .map(|_| {
                if wrong && self.draw.one_in(5) { *self.draw.pick(&[-1.0, bound as f64, 2e9, -2e9]) } else { self.draw.below(bound) as f64 }
            })
            .collect();
        self.tensor_with(shape, dtype, &content)
    }

    /// The same shape, or at times another; and another where an axis is so long that only tensors without elements have it.
    pub(super) fn about(&mut self, shape: &[usize]) -> Vec<usize> {
        let room = shape.iter().fold(1_usize, |room, &length| room.saturating_mul(length + 3));
        if self.draw.one_in(12) || room > 1 << 22 { self.shape() } else { shape.to_vec() }
    }

    /// Up to 4 axes, with many of length 0 and 1.
    pub(super) fn shape(&mut self) -> Vec<usize> {
        if self.draw.one_in(150) {
            return if self.draw.one_in(2) { vec![LARGE] } else { vec![LARGE / 7, 7] };
        }
        let axes = *self.draw.pick(&[0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4]);
        let mut shape: Vec<usize> = Vec::new();
        for _ in 0..axes {
            let length = *self.draw.pick(&[0, 1, 1, 2, 3, 4, 5, 7, 9, 16, 17, 33]);
            let fits = shape.iter().product::<usize>() * length <= SMALL;
            shape.push(if fits { length } else { 1 });
        }
        shape
    }

    pub(super) fn dtype(&mut self) -> DType {
        if self.draw.one_in(2) { *self.draw.pick(&[DType::Float32, DType::Float64]) } else { *self.draw.pick(&DType::ALL) }
    }

    /// Judges a call: with arguments that do not fit it must be refused, with others it must answer, unless the budget ends. The answer
    /// comes back, to be compared.
    #[track_caller]
    pub(super) fn judge<T>(&mut self, fits: bool, answer: Result<T, Error>) -> Option<T> {
        self.judge_if(Some(fits), answer)
    }

    /// As [`Program::judge`] where it may be unknown whether the arguments fit.
    #[track_caller]
    pub(super) fn judge_if<T>(&mut self, fits: Option<bool>, answer: Result<T, Error>) -> Option<T> {
        let name = self.name;
        match answer {
            Ok(answer) => {
                assert_ne!(fits, Some(false), "{name} answers to arguments that do not fit");
                Some(answer)
            }
            Err(error) => {
                let said = error.message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
                assert!(said.is_some_and(|said| !said.is_empty() && !said.ends_with('.')), "{name} refuses in these words: {error}");
                assert_ne!(error.kind, ErrorKind::Interrupted, "{name} was not cancelled: {error}");
                assert!(fits != Some(true) || error.kind == ErrorKind::LimitExceeded, "{name} refuses what fits: {error}");
                None
            }
        }
    }

    /// Takes a new tensor that owns its storage into the pool.
    pub(super) fn keep_new(&mut self, tensor: Tensor) {
        self.added += ((tensor.element_count() * tensor.dtype().size()) as u64).next_multiple_of(64);
        self.keep(tensor);
    }

    /// Takes a tensor into the pool that shows storage of another.
    pub(super) fn keep(&mut self, tensor: Tensor) {
        // What has no elements, but axes too long for positions, would only be refused from now on.
        if tensor.shape().iter().try_fold(1_usize, |room, &length| room.checked_mul(length.max(1))).is_some_and(|room| room < 1 << 31) {
            self.pool.push(tensor);
        }
    }

    fn guard(&mut self, tensor: &Tensor) {
        self.operands.push((tensor.clone(), tensor.to_bytes().unwrap()));
    }
}

pub(super) fn is_float(tensor: &Tensor) -> bool {
    matches!(tensor.dtype(), DType::Float32 | DType::Float64)
}

/// Whether the tensor is of positions that all lie below `bound`.
pub(super) fn are_positions(tensor: &Tensor, bound: usize) -> bool {
    matches!(tensor.dtype(), DType::Int32 | DType::Int64) && values(tensor).iter().all(|&at| at >= 0.0 && at < bound as f64)
}

/// Elements as places.
pub(super) fn places(tensor: &Tensor) -> Vec<usize> {
    values(tensor).iter().map(|&at| at as usize).collect()
}

/// Whether storage for this exists in the budget's eyes: elements that can be counted.
pub(super) fn countable(shape: &[usize], dtype: DType) -> bool {
    shape.len() <= 8
        && shape
            .iter()
            .try_fold(dtype.size(), |bytes, &length| bytes.checked_mul(length.max(1)))
            .is_some_and(|bytes| bytes <= isize::MAX as usize)
}

#[track_caller]
pub(super) fn assert_bytes(given: &Tensor, dtype: DType, wanted: &[f64]) {
    assert_eq!(given.dtype(), dtype);
    assert!(
        given.to_bytes().unwrap() == bytes(dtype, wanted)
            || values(given).iter().zip(wanted).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
    );
    assert_eq!(given.element_count(), wanted.len());
}
