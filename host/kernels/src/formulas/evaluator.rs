//! Runs a plan over blocks of elements.
//!
//! A block's instructions run one after the other over registers that stay in the first-level cache. They never work in place: the
//! compiler makes vector instructions only of loops whose result overlaps nothing.

use std::cell::Cell;

use super::operand::{Kind, Operand};
use super::operation::Operation;
use super::parser::MAX_INPUTS;
use super::plan::{Instruction, Plan, Slot};
use super::real::Real;
use super::space::Space;
use crate::instructions::arch;
use crate::storage::Line;

/// Elements of a register.
pub(super) const BLOCK: usize = 512;

/// A formula with everything it needs to be computed anywhere in its space.
pub(super) struct Job<'a, T> {
    pub(super) plan: &'a Plan,
    /// What fills the first registers.
    pub(super) uniforms: Vec<T>,
    /// What fills the next.
    pub(super) operands: Vec<Operand<'a, T>>,
    pub(super) space: Space,
}

impl<T: Real> Job<'_, T> {
    /// Roughly how long `elements` of it take, in additions.
    pub(super) fn work(&self, elements: usize) -> usize {
        elements.saturating_mul(self.plan.code.len())
    }

    /// Elements of a block when blocks begin at the rows of `row` elements: whole rows, and whole vectors where both can be had.
    pub(super) fn block(row: usize) -> usize {
        let row = row.clamp(1, BLOCK);
        let mut unit = row;
        for vectors in [64, 16] {
            let both = row / gcd(row, vectors) * vectors;
            if both <= BLOCK {
                unit = both;
                break;
            }
        }
        BLOCK / unit * unit
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

thread_local! {
    static WORKSPACE: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// Registers, and what they hold.
pub(super) struct Blocks<'j, 'a, 'w, T> {
    job: &'j Job<'a, T>,
    registers: &'w mut [T],
    /// For repeating operands: the column at which their register begins, and how much of it is filled.
    filled: [(usize, usize); MAX_INPUTS],
}

/// Calls `work` with registers for the job, of this thread, in which numbers fill `block` elements.
pub(super) fn with_blocks<T: Real, R>(job: &Job<'_, T>, block: usize, work: impl FnOnce(&mut Blocks<'_, '_, '_, T>) -> R) -> R {
    let mut lines = WORKSPACE.take();
    // One more register, for results on their way to another type.
    let needed = (job.plan.registers + 1) * BLOCK * size_of::<T>() / size_of::<Line>();
    if lines.len() < needed {
        lines.resize(needed, bytemuck::Zeroable::zeroed());
    }
    let registers: &mut [T] = bytemuck::cast_slice_mut(&mut lines);
    for (slot, &value) in job.uniforms.iter().enumerate() {
        registers[slot * BLOCK..][..block.min(BLOCK)].fill(value);
    }
    let result = work(&mut Blocks { job, registers, filled: [(0, 0); MAX_INPUTS] });
    WORKSPACE.set(lines);
    result
}

impl<T: Real> Blocks<'_, '_, '_, T> {
    /// Fills the registers of operands for `length` flat positions from `start` on; `output` fills those that are in the output.
    pub(super) fn load(&mut self, start: usize, length: usize, mut output: impl FnMut(&mut [T])) {
        let job = self.job;
        for (place, operand) in job.operands.iter().enumerate() {
            let slot = job.uniforms.len() + place;
            let register = &mut self.registers[slot * BLOCK..][..length];
            match operand.kind {
                Kind::Direct(_) => {}
                Kind::Output => output(register),
                Kind::Even | Kind::Strided => operand.load(&job.space, start, register),
                Kind::Repeating => {
                    let column = start % job.space.row();
                    let (known, filled) = self.filled[place];
                    if known != column || filled < length {
                        operand.load(&job.space, start, register);
                        self.filled[place] = (column, length);
                    }
                }
            }
        }
    }

    /// Computes what was loaded into `to`.
    pub(super) fn compute(&mut self, start: usize, to: &mut [T]) {
        arch().dispatch(Compute { job: self.job, registers: self.registers, start, to });
    }

    /// Computes what was loaded, in a register.
    pub(super) fn compute_here(&mut self, start: usize, length: usize) -> &mut [T] {
        let (registers, rest) = self.registers.split_at_mut(self.job.plan.registers * BLOCK);
        arch().dispatch(Compute { job: self.job, registers, start, to: &mut rest[..length] });
        &mut rest[..length]
    }

    /// The values at `length` flat positions from `start` on.
    pub(super) fn values(&mut self, start: usize, length: usize) -> &[T] {
        if let ([Instruction { operation: Operation::Copy, .. }], [Operand { kind: Kind::Direct(elements), .. }]) =
            (&*self.job.plan.code, &*self.job.operands)
        {
            return &elements[start..start + length];
        }
        self.load(start, length, |_| {});
        self.compute_here(start, length)
    }
}

/// One block's instructions.
struct Compute<'c, 'a, T> {
    job: &'c Job<'a, T>,
    registers: &'c mut [T],
    start: usize,
    to: &'c mut [T],
}

impl<T: Real> pulp::NullaryFnOnce for Compute<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let length = self.to.len();
        let Some((last, code)) = self.job.plan.code.split_last() else { return };
        for instruction in code {
            let (low, rest) = self.registers.split_at_mut(usize::from(instruction.to) * BLOCK);
            let (to, high) = rest.split_at_mut(BLOCK);
            let sources = Sources { job: self.job, start: self.start, low, high };
            instruction.operation.of_blocks(&mut to[..length], instruction.from.map(|slot| sources.get(slot, length)));
        }
        let sources = Sources { job: self.job, start: self.start, low: self.registers, high: &[] };
        last.operation.of_blocks(self.to, last.from.map(|slot| sources.get(slot, length)));
    }
}

/// Where an instruction reads: every register but the one it writes.
struct Sources<'s, 'a, T> {
    job: &'s Job<'a, T>,
    start: usize,
    low: &'s [T],
    high: &'s [T],
}

impl<'s, T: Real> Sources<'s, '_, T> {
    #[inline(always)]
    fn get(&self, slot: Slot, length: usize) -> &'s [T] {
        let slot = usize::from(slot);
        if let Some(operand) = self.job.operands.get(slot.wrapping_sub(self.job.uniforms.len()))
            && let Kind::Direct(elements) = operand.kind
        {
            return &elements[self.start..self.start + length];
        }
        let first = slot * BLOCK;
        if first < self.low.len() { &self.low[first..first + length] } else { &self.high[first - self.low.len() - BLOCK..][..length] }
    }
}
