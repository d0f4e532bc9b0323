//! Two ways to look at bounds: keep the two least of each row, or hand over what lies below a limit.

use pulp::{Simd, WithSimd};

use super::panels::Panel;
use super::tile::{Look, ROWS};
use crate::float::Float;
use crate::linalg::{MOST_LANES, MOST_VECTORS, Width, lanes};

/// Keeps, for each row and lane, the least bound, the least but one, and in which vector the former was.
pub(super) struct TwoLeast<'a, T> {
    pub(super) width: Width,
    /// Three vectors for each row.
    pub(super) states: &'a mut [T],
}

/// The least bound of a row of `x`.
#[derive(Clone, Copy)]
pub(super) struct Least<T> {
    pub(super) bound: T,
    /// Whose it is.
    pub(super) row: u32,
    /// No other bound is below it.
    pub(super) second: T,
}

impl<T: Float> TwoLeast<'_, T> {
    /// Forgets every bound.
    pub(super) fn clear(&mut self) {
        let lanes = self.width.lanes;
        for state in self.states.chunks_exact_mut(3 * lanes) {
            state[..2 * lanes].fill(T::INFINITY);
            state[2 * lanes..].fill(T::carry(0));
        }
    }

    /// What was seen of each row.
    pub(super) fn merge(self, least: &mut [Least<T>]) {
        self.width.arch.dispatch(Merge { states: self.states, least });
    }
}

impl<T: Float> Look<T> for TwoLeast<'_, T> {
    #[inline(always)]
    fn look<S: Simd, const V: usize>(&mut self, simd: S, first_row: usize, panel: Panel<'_, T>, bounds: &[[T::Vector<S>; V]; ROWS]) {
        let states = T::vectors_mut::<S>(self.states).0.as_chunks_mut::<3>().0;
        let Some(states) = states[first_row..].first_chunk_mut::<ROWS>() else { return };
        let number = (panel.first / lanes::<T, S>()) as u32;
        let numbers: [T::Vector<S>; V] = std::array::from_fn(|vector| T::splat(simd, T::carry(number + vector as u32)));
        for (bounds, state) in bounds.iter().zip(states) {
            let [mut least, mut second, mut place] = *state;
            for (&bound, &number) in bounds.iter().zip(&numbers) {
                second = T::lesser(simd, second, T::greater(simd, least, bound));
                place = T::where_less(simd, (bound, least), number, place);
                least = T::lesser(simd, least, bound);
            }
            *state = [least, second, place];
        }
    }
}

struct Merge<'a, T> {
    states: &'a mut [T],
    least: &'a mut [Least<T>],
}

impl<T: Float> WithSimd for Merge<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = lanes::<T, S>();
        let mut numbers = [T::ZERO; MOST_LANES];
        numbers.iter_mut().enumerate().for_each(|(lane, number)| *number = T::from_f64(lane as f64));
        let (numbers, beyond) = (T::vectors::<S>(&numbers).0[0], T::splat(simd, T::INFINITY));
        for (state, to) in self.states.chunks_exact(3 * lanes).zip(self.least) {
            let &[least, second, _] = T::vectors::<S>(state).0 else { return };
            to.bound = T::least(simd, least);
            // The first lane that holds it, and the least of all other bounds: no step waits for memory.
            let at = T::least(simd, T::where_less(simd, (T::splat(simd, to.bound), least), beyond, numbers));
            let here = T::splat(simd, at);
            let after = T::where_less(simd, (here, numbers), least, second);
            to.second = T::least(simd, T::where_less(simd, (numbers, here), least, after));
            let at = (at.to_f64() as usize).min(lanes - 1);
            to.row = state[2 * lanes + at].carried() * lanes as u32 + at as u32;
        }
    }
}

/// Hands over the bounds of a row from a panel when one of them is not above the row's limit.
pub(super) struct Below<'a, T, F> {
    /// A row without a limit, which takes every bound, has NaN here.
    pub(super) limits: &'a mut [T],
    /// Takes the row, the panel's first row of `y`, and the bounds; answers the row's next limit.
    pub(super) take: F,
}

impl<T: Float, F: FnMut(usize, usize, &[T]) -> T> Look<T> for Below<'_, T, F> {
    #[inline(always)]
    fn look<S: Simd, const V: usize>(&mut self, simd: S, first_row: usize, panel: Panel<'_, T>, bounds: &[[T::Vector<S>; V]; ROWS]) {
        let mut values = [T::ZERO; MOST_LANES * MOST_VECTORS];
        let mut lowest = [T::ZERO; MOST_LANES];
        for (row, bounds) in bounds.iter().enumerate() {
            let Some(limit) = self.limits.get_mut(first_row + row) else { return };
            let least = bounds.iter().fold(bounds[0], |least, &bound| T::lesser(simd, least, bound));
            T::vectors_mut::<S>(&mut lowest).0[0] = least;
            // Not "any below or equal", which a limit of NaN would refuse.
            if lowest[..lanes::<T, S>()].iter().fold(true, |above, &value| above & (value > *limit)) {
                continue;
            }
            T::vectors_mut::<S>(&mut values).0.iter_mut().zip(bounds).for_each(|(to, &bound)| *to = bound);
            *limit = (self.take)(first_row + row, panel.first, &values[..panel.rows]);
        }
    }
}
