//! The inner loop of a search: bounds of a few rows of `x` from a panel of `y`, which never leave the processor's registers unless
//! somebody wants them.
//!
//! A product alone would write n x m numbers only to have each looked at once; here the look happens where the number is made.

use pulp::{Simd, WithSimd};

use super::bound::RowTerms;
use super::panels::{Panel, Panels};
use crate::float::Float;
use crate::linalg::{Rows, STRIP, lanes, times_panel};

/// Rows of `x` taken together.
pub(super) const ROWS: usize = STRIP;

/// Who looks at the bounds.
pub(super) trait Look<T: Float> {
    /// `bounds[r][v]` are the bounds of row `first_row + r` from the v-th vector of the panel.
    fn look<S: Simd, const V: usize>(&mut self, simd: S, first_row: usize, panel: Panel<'_, T>, bounds: &[[T::Vector<S>; V]; ROWS]);
}

/// Shows `look` the bounds of `rows` (a multiple of [`ROWS`] shifted rows) from each of the panels `from..to`.
pub(super) fn show<T: Float>(rows: &[T], terms: &[RowTerms<T>], panels: &Panels<T>, (from, to): (usize, usize), look: &mut impl Look<T>) {
    panels.width().arch.dispatch(Show { rows, terms, panels, from, to, look });
}

struct Show<'a, T, L> {
    rows: &'a [T],
    terms: &'a [RowTerms<T>],
    panels: &'a Panels<T>,
    from: usize,
    to: usize,
    look: &'a mut L,
}

impl<T: Float, L: Look<T>> WithSimd for Show<'_, T, L> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for at in self.from..self.to {
            let panel = self.panels.panel(at);
            match panel.terms.len() / lanes::<T, S>() {
                1 => self.panel::<S, 1>(simd, panel),
                2 => self.panel::<S, 2>(simd, panel),
                // Where registers are few, no panel is wider.
                3 if S::REGISTER_COUNT >= 32 => self.panel::<S, 3>(simd, panel),
                _ if S::REGISTER_COUNT >= 32 => self.panel::<S, 4>(simd, panel),
                _ => {}
            }
        }
    }
}

impl<T: Float, L: Look<T>> Show<'_, T, L> {
    #[inline(always)]
    fn panel<S: Simd, const V: usize>(&mut self, simd: S, panel: Panel<'_, T>) {
        let Some(y_terms) = T::vectors::<S>(panel.terms).0.first_chunk::<V>() else { return };
        let depth = panel.columns.len() / (lanes::<T, S>() * V);
        for (tile, terms) in self.terms.as_chunks::<ROWS>().0.iter().enumerate() {
            let rows = &self.rows[tile * ROWS * depth..][..ROWS * depth];
            let rows = Rows::<T, ROWS>(std::array::from_fn(|row| &rows[row * depth..][..depth]));
            let mut bounds = times_panel::<T, S, ROWS, V>(simd, rows, panel.columns);
            for (bounds, terms) in bounds.iter_mut().zip(terms) {
                let factor = T::splat(simd, terms.factor);
                bounds.iter_mut().zip(y_terms).for_each(|(bound, &term)| *bound = T::multiply_add(simd, factor, term, *bound));
            }
            self.look.look(simd, tile * ROWS, panel, &bounds);
        }
    }
}
