//! Folding elements into partial results, side by side, and partial results into one.

use std::marker::PhantomData;

use super::elementary::exp;
use super::evaluator::BLOCK;
use super::real::Real;
use super::reduction::Reduction;
use crate::instructions::arch;

/// What some elements were folded into: two numbers whose meaning is the fold's, and how many elements.
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Partial {
    pub(super) p: f64,
    pub(super) q: f64,
    pub(super) n: f64,
}

/// One way to fold. Positions are given in q.
trait Fold {
    const START: (f64, f64);
    /// Takes in x, the element at `step`, which is the `1 / inverse`th.
    fn push(state: (f64, f64), x: f64, step: f64, inverse: f64) -> (f64, f64);
    /// Both together; neither is of no elements.
    fn merge(a: Partial, b: Partial) -> (f64, f64);
}

/// Folds of p alone, from `$start`, where an element counts as `$map` and two results become `$join`.
macro_rules! simple_fold {
    ($name:ident, $start:expr, |$x:ident| $map:expr, |$a:ident, $b:ident| $join:expr) => {
        struct $name;
        impl Fold for $name {
            const START: (f64, f64) = ($start, 0.0);
            #[inline(always)]
            fn push((p, q): (f64, f64), $x: f64, _step: f64, _inverse: f64) -> (f64, f64) {
                let ($a, $b) = (p, $map);
                ($join, q)
            }
            #[inline(always)]
            fn merge(a: Partial, b: Partial) -> (f64, f64) {
                let ($a, $b) = (a.p, b.p);
                ($join, 0.0)
            }
        }
    };
}
simple_fold!(Sum, 0.0, |x| x, |a, b| a + b);
simple_fold!(AbsSum, 0.0, |x| x.abs(), |a, b| a + b);
simple_fold!(SquareSum, 0.0, |x| x * x, |a, b| a + b);
simple_fold!(Count, 0.0, |x| f64::truth(x != 0.0), |a, b| a + b);
simple_fold!(Product, 1.0, |x| x, |a, b| a * b);
simple_fold!(Max, f64::NEG_INFINITY, |x| x, |a, b| if b > a || b.is_nan() { b } else { a });
simple_fold!(Min, f64::INFINITY, |x| x, |a, b| if b < a || b.is_nan() { b } else { a });
simple_fold!(AbsMax, 0.0, |x| x.abs(), |a, b| if b > a || b.is_nan() { b } else { a });

/// p: the mean; q: the sum of squared distances from it (Welford 1962; merged as Chan, Golub and LeVeque 1979).
struct Moments;
impl Fold for Moments {
    const START: (f64, f64) = (0.0, 0.0);
    #[inline(always)]
    fn push((mean, squares): (f64, f64), x: f64, _step: f64, inverse: f64) -> (f64, f64) {
        let delta = x - mean;
        let mean = mean + delta * inverse;
        (mean, squares + delta * (x - mean))
    }
    #[inline(always)]
    fn merge(a: Partial, b: Partial) -> (f64, f64) {
        let (delta, share) = (b.p - a.p, b.n / (a.n + b.n));
        (a.p + delta * share, a.q + b.q + delta * delta * a.n * share)
    }
}

/// p: the largest so far; q: the sum of the exponentials of what each lies below it.
struct LogSumExp;
impl Fold for LogSumExp {
    const START: (f64, f64) = (f64::NEG_INFINITY, 0.0);
    #[inline(always)]
    fn push((p, q): (f64, f64), x: f64, _step: f64, _inverse: f64) -> (f64, f64) {
        LogSumExp::merge(Partial { p, q, n: 1.0 }, Partial { p: x, q: 1.0, n: 1.0 })
    }
    #[inline(always)]
    fn merge(a: Partial, b: Partial) -> (f64, f64) {
        // Equal infinities are 0 apart.
        let apart = if a.p == b.p { 0.0 } else { b.p - a.p };
        let less = exp(-Real::abs(apart));
        if apart > 0.0 { (b.p, a.q * less + b.q) } else { (a.p, a.q + b.q * less) }
    }
}

/// p: the extreme so far; q: its position.
macro_rules! position_fold {
    ($name:ident, $start:expr, $beats:tt) => {
        struct $name;
        impl Fold for $name {
            // A position that any other comes before, so that the first element wins even where it equals the start.
            const START: (f64, f64) = ($start, f64::INFINITY);
            #[inline(always)]
            fn push((p, q): (f64, f64), x: f64, step: f64, _inverse: f64) -> (f64, f64) {
                $name::merge(Partial { p, q, n: 1.0 }, Partial { p: x, q: step, n: 1.0 })
            }
            #[inline(always)]
            fn merge(a: Partial, b: Partial) -> (f64, f64) {
                let better = (b.p $beats a.p) | (b.p.is_nan() & !a.p.is_nan());
                let equal = (b.p == a.p) | (b.p.is_nan() & a.p.is_nan());
                if better | (equal & (b.q < a.q)) { (b.p, b.q) } else { (a.p, a.q) }
            }
        }
    };
}
position_fold!(ArgMax, f64::NEG_INFINITY, >);
position_fold!(ArgMin, f64::INFINITY, <);

/// Runs `$body` with `$f` standing for the fold of a reduction.
macro_rules! with_fold {
    ($how:expr, $f:ident => $body:expr) => {
        with_fold!(@ $how, $f, $body; Sum Mean => Sum; Variance => Moments; Product => Product; Max => Max; Min => Min;
            ArgMax => ArgMax; ArgMin => ArgMin; Any All Count => Count; LogSumExp => LogSumExp; Norm => SquareSum;
            AbsSum => AbsSum; AbsMax => AbsMax)
    };
    (@ $how:expr, $f:ident, $body:expr; $($($name:ident)+ => $fold:ident);+) => {
        match $how {
            $($(Reduction::$name)|+ => {
                type $f = $fold;
                $body
            })+
        }
    };
}

/// Partial results side by side, one per place of a block: each block's elements are folded in place by place.
pub(super) struct Wide {
    how: Reduction,
    p: [f64; BLOCK],
    q: [f64; BLOCK],
    /// How many places are used, and how many of them the last block filled.
    places: usize,
    last: usize,
    steps: usize,
}

impl Wide {
    /// Nothing folded yet, for blocks of at most `places` elements.
    pub(super) fn new(how: Reduction, places: usize) -> Wide {
        let mut wide = Wide { how, p: [0.0; BLOCK], q: [0.0; BLOCK], places, last: 0, steps: 0 };
        let (p, q) = with_fold!(how, F => F::START);
        wide.p[..places].fill(p);
        wide.q[..places].fill(q);
        wide
    }

    /// Folds in a block; only the last one may be shorter than the others.
    pub(super) fn push<T: Real>(&mut self, values: &[T]) {
        let (p, q) = (&mut self.p[..values.len()], &mut self.q[..values.len()]);
        with_fold!(self.how, F => arch().dispatch(Push::<T, F> { p, q, values, step: self.steps as f64, fold: PhantomData }));
        self.last = values.len();
        self.steps += 1;
    }

    /// One result for each of `to.len()` columns, of which the places are rows; the first row was at position `first`.
    pub(super) fn finish(&mut self, first: usize, to: &mut [Partial]) {
        let columns = to.len();
        if self.steps == 1 {
            self.places = self.last;
        }
        let mut n = [0.0; BLOCK];
        n[..self.places].fill((self.steps - 1) as f64);
        n[..self.last].fill(self.steps as f64);
        let rows = self.places / columns;
        if self.how.is_position() {
            for (place, q) in self.q[..self.places].iter_mut().enumerate() {
                *q = first as f64 + *q * rows as f64 + (place / columns) as f64;
            }
        }
        with_fold!(self.how, F => arch().dispatch(Halve::<F> { p: &mut self.p, q: &mut self.q, n: &mut n, rows, columns, fold: PhantomData }));
        for (column, to) in to.iter_mut().enumerate() {
            *to = Partial { p: self.p[column], q: self.q[column], n: n[column] };
        }
    }
}

struct Push<'p, T, F> {
    p: &'p mut [f64],
    q: &'p mut [f64],
    values: &'p [T],
    step: f64,
    fold: PhantomData<F>,
}

impl<T: Real, F: Fold> pulp::NullaryFnOnce for Push<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        push::<T, F>(self.p, self.q, self.values, self.step);
    }
}

/// Folds each value into the place beside it.
#[inline(always)]
fn push<T: Real, F: Fold>(p: &mut [f64], q: &mut [f64], values: &[T], step: f64) {
    let inverse = 1.0 / (step + 1.0);
    for ((p, q), &x) in p.iter_mut().zip(q).zip(values) {
        (*p, *q) = F::push((*p, *q), x.to_f64(), step, inverse);
    }
}

struct Halve<'p, F> {
    p: &'p mut [f64],
    q: &'p mut [f64],
    n: &'p mut [f64],
    rows: usize,
    columns: usize,
    fold: PhantomData<F>,
}

impl<F: Fold> pulp::NullaryFnOnce for Halve<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        halve::<F>(self.p, self.q, self.n, self.rows, self.columns);
    }
}

/// Merges the second half of the rows into the first until one is left.
#[inline(always)]
fn halve<F: Fold>(p: &mut [f64], q: &mut [f64], n: &mut [f64], mut rows: usize, columns: usize) {
    while rows > 1 {
        let half = rows.div_ceil(2);
        let (kept, merged) = (half * columns, (rows - half) * columns);
        let (p, other_p) = p.split_at_mut(kept);
        let (q, other_q) = q.split_at_mut(kept);
        let (n, other_n) = n.split_at_mut(kept);
        let others = other_p[..merged].iter().zip(&other_q[..merged]).zip(&other_n[..merged]);
        for (((p, q), n), ((&other_p, &other_q), &other_n)) in p.iter_mut().zip(q).zip(n).zip(others) {
            let (a, b) = (Partial { p: *p, q: *q, n: *n }, Partial { p: other_p, q: other_q, n: other_n });
            (*p, *q) = F::merge(a, b);
            *n += other_n;
        }
        rows = half;
    }
}

/// Both together, in this order.
pub(super) fn merge(how: Reduction, a: Partial, b: Partial) -> Partial {
    let (p, q) = with_fold!(how, F => F::merge(a, b));
    Partial { p, q, n: a.n + b.n }
}

/// The shortest row that is folded on its own; shorter ones are folded side by side.
pub(super) const LONG_ROW: usize = 48;
/// How many short rows are folded at a time.
pub(super) const GROUP: usize = 64;
/// Results side by side while a long row is folded.
const LANES: usize = 32;

/// Short rows, turned so that equal positions are next to each other.
pub(super) struct Group<T> {
    how: Reduction,
    row: usize,
    rows: usize,
    columns: [T; GROUP * LONG_ROW],
}

impl<T: Real> Group<T> {
    /// None yet, of `row` elements each.
    pub(super) fn new(how: Reduction, row: usize) -> Group<T> {
        Group { how, row, rows: 0, columns: [T::ZERO; GROUP * LONG_ROW] }
    }

    /// Takes in rows, up to [`GROUP`].
    pub(super) fn push(&mut self, values: &[T]) {
        for row in values.chunks_exact(self.row) {
            for (column, &value) in self.columns.chunks_exact_mut(GROUP).zip(row) {
                column[self.rows] = value;
            }
            self.rows += 1;
        }
    }

    /// What each row became; there are none then.
    pub(super) fn finish(&mut self, to: &mut [f64]) {
        with_fold!(self.how, F => arch().dispatch(Columns::<T, F> { group: self, to, fold: PhantomData }));
        self.rows = 0;
    }
}

struct Columns<'p, T, F> {
    group: &'p Group<T>,
    to: &'p mut [f64],
    fold: PhantomData<F>,
}

impl<T: Real, F: Fold> pulp::NullaryFnOnce for Columns<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (mut p, mut q) = ([F::START.0; GROUP], [F::START.1; GROUP]);
        let (columns, _) = self.group.columns.as_chunks::<GROUP>();
        for (step, column) in columns[..self.group.row].iter().enumerate() {
            push::<T, F>(&mut p, &mut q, column, step as f64);
        }
        for ((to, &p), &q) in self.to.iter_mut().zip(&p).zip(&q) {
            *to = self.group.how.finish(Partial { p, q, n: self.group.row as f64 });
        }
    }
}

/// Folds each row of `row` elements, of which a block has some, into one result.
pub(super) fn fold_rows<T: Real>(how: Reduction, row: usize, values: &[T], to: &mut [f64]) {
    with_fold!(how, F => arch().dispatch(Rows::<T, F> { how, row, values, to, fold: PhantomData }));
}

struct Rows<'p, T, F> {
    how: Reduction,
    row: usize,
    values: &'p [T],
    to: &'p mut [f64],
    fold: PhantomData<F>,
}

impl<T: Real, F: Fold> pulp::NullaryFnOnce for Rows<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, to) in self.values.chunks_exact(self.row).zip(self.to) {
            let (mut p, mut q, mut n) = ([F::START.0; LANES], [F::START.1; LANES], [0.0; LANES]);
            let (whole, rest) = row.as_chunks::<LANES>();
            for (step, values) in whole.iter().enumerate() {
                push::<T, F>(&mut p, &mut q, values, step as f64);
            }
            push::<T, F>(&mut p, &mut q, rest, whole.len() as f64);
            n.fill(whole.len() as f64);
            n[..rest.len()].fill(whole.len() as f64 + 1.0);
            if self.how.is_position() {
                for (lane, q) in q.iter_mut().enumerate() {
                    *q = *q * LANES as f64 + lane as f64;
                }
            }
            halve::<F>(&mut p, &mut q, &mut n, LANES, 1);
            *to = self.how.finish(Partial { p: p[0], q: q[0], n: n[0] });
        }
    }
}
