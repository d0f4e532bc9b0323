//! Finding the cuts, and turning values into codes.

use super::cuts::{Coder, Cuts, TOGETHER, key_of};
use super::matrix::{BinOptions, BinnedMatrix, Feature, GROUP, Group};
use crate::context::Context;
use crate::error::Result;
use crate::growing::Growing;
use crate::random::philox;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many values the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 14;
/// Most rows of one block of columns, as a power of two.
const BLOCK_BITS: u32 = 16;
/// Told apart from other users of the generator.
const SAMPLE: u32 = 16;

/// The columns of row-major `features` and where they are cut.
pub(super) fn cuts(context: &Context, operation: &str, features: &Tensor, options: &BinOptions) -> Result<Growing<Feature>> {
    let (rows, width) = (features.shape()[0], features.shape()[1]);
    let storage = features.read(operation)?;
    let values = &storage.elements::<f32>()[features.offset()..][..rows * width];
    let sampled = rows.min(options.sample_rows);
    let row_of = |i: usize| {
        if sampled == rows {
            return i;
        }
        let part = |i: usize| (i as u128 * rows as u128 / sampled as u128) as usize;
        let (start, end) = (part(i), part(i + 1));
        let word = philox([i as u32, (i as u64 >> 32) as u32, 0, SAMPLE], [options.seed, 0])[0];
        start + ((u64::from(word) * (end - start) as u64) >> 32) as usize
    };
    let mut positions = Workspace::<u32>::new(context, operation, sampled)?;
    positions.iter_mut().enumerate().for_each(|(i, position)| *position = row_of(i) as u32);
    let mut columns = Growing::default();
    columns.reserve(context, operation, width)?;
    columns.extend((0..width).map(|_| Feature::uncut()));
    let cut = |(column, feature): (usize, &mut Feature)| -> Result<()> {
        context.check(operation)?;
        let _charge = context.budget().charge(operation, sampled * Cuts::SCRATCH)?;
        let mut keys = Vec::with_capacity(sampled);
        keys.extend(positions.iter().map(|&row| values[row as usize * width + column]).filter(|value| !value.is_nan()).map(key_of));
        let is_categorical = options.categorical.contains(&column);
        let cuts = if is_categorical { Cuts::categories(&mut keys, options.max_bins) } else { Cuts::numeric(&mut keys, options.max_bins) };
        feature.charge = Some(context.budget().charge(operation, cuts.bytes())?);
        feature.cuts = cuts;
        Ok(())
    };
    context.each(sampled * width >= PARALLEL, columns.iter_mut().enumerate(), cut)?;
    let mut bins = 0;
    for feature in columns.iter_mut() {
        feature.first_bin = bins;
        bins = feature.bins().end;
    }
    Ok(columns)
}

/// The matrix of row-major `features`.
pub(super) fn encode(context: &Context, operation: &str, features: &Tensor, columns: Growing<Feature>) -> Result<BinnedMatrix> {
    let (rows, width) = (features.shape()[0], features.shape()[1]);
    let storage = features.read(operation)?;
    let values = &storage.elements::<f32>()[features.offset()..][..rows * width];
    let block_bits = rows.next_power_of_two().trailing_zeros().min(BLOCK_BITS);
    let group_width = width.div_ceil(width.div_ceil(GROUP));
    let mut groups = Growing::default();
    groups.reserve(context, operation, width.div_ceil(group_width))?;
    for (i, columns) in columns.chunks(group_width).enumerate() {
        let blocks = rows.div_ceil(1 << block_bits);
        let stride_bits = columns.len().next_power_of_two().trailing_zeros();
        let mut group = Group {
            first_feature: i * group_width,
            width: columns.len(),
            stride_bits,
            by_row: Workspace::new(context, operation, rows << stride_bits)?,
            by_column: Workspace::new(context, operation, (blocks << block_bits) * columns.len())?,
        };
        encode_group(context, operation, (values, width), columns, &mut group, block_bits)?;
        groups.extend([group]);
    }
    let bins = columns.last().map_or(0, |feature| feature.bins().end);
    Ok(BinnedMatrix { rows, features: columns, groups, bins, block_bits })
}

/// Fills both orders of a group's codes, block by block.
fn encode_group(
    context: &Context,
    operation: &str,
    (values, width): (&[f32], usize),
    columns: &[Feature],
    group: &mut Group,
    block_bits: u32,
) -> Result<()> {
    let (first_feature, lanes, stride) = (group.first_feature, group.width, 1 << group.stride_bits);
    let coders: Vec<Coder<'_>> = columns.iter().map(|column| Coder::new(&column.cuts)).collect();
    let block = |(i, (by_row, by_column)): (usize, (&mut [u8], &mut [u8]))| -> Result<()> {
        let mut column = [0.0_f32; TOGETHER];
        let mut codes = [0_u8; TOGETHER];
        let first_row = i << block_bits;
        for (part, by_row) in by_row.chunks_mut(TOGETHER * stride).enumerate() {
            context.check(operation)?;
            let rows = by_row.len() / stride;
            let values = &values[(first_row + part * TOGETHER) * width..][..rows * width];
            for (lane, coder) in coders.iter().enumerate() {
                for (to, row) in column.iter_mut().zip(values.chunks_exact(width)) {
                    *to = row[first_feature + lane];
                }
                vectorized(
                    #[inline(always)]
                    || coder.encode(&column, &mut codes),
                );
                let start = (lane << block_bits) + part * TOGETHER;
                by_column[start..start + rows].copy_from_slice(&codes[..rows]);
                by_row.chunks_exact_mut(stride).zip(&codes).for_each(|(row, &code)| row[lane] = code);
            }
        }
        Ok(())
    };
    let (by_row, by_column) = (&mut group.by_row[..], &mut group.by_column[..]);
    let (row_length, column_length) = (stride << block_bits, lanes << block_bits);
    let parallel = by_row.len() >= PARALLEL;
    context.each(parallel, by_row.chunks_mut(row_length).zip(by_column.chunks_mut(column_length)).enumerate(), block)
}
