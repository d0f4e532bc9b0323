//! Features as bins.

use super::MOST_BINS;
use super::binning;
use super::cuts::Cuts;
use crate::context::{Charge, Context};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::growing::Growing;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Most features of one group: half of a cache line.
pub(super) const GROUP: usize = 32;

/// How features are cut.
#[derive(Clone, Debug)]
pub struct BinOptions {
    /// Most bins of a feature, 2 to 255; missing values have one more.
    pub max_bins: usize,
    /// Columns whose values are categories: whole numbers from 0 to 16,777,215. Other values, and categories beyond the `max_bins` most
    /// frequent, count as missing.
    pub categorical: Vec<usize>,
    /// Rows that quantiles and frequencies are taken from, at least 1: all of them up to this number, else one drawn from each of as many
    /// equal parts.
    pub sample_rows: usize,
    /// For drawing them.
    pub seed: u32,
}

impl Default for BinOptions {
    /// 255 bins, no categories, 200,000 rows: the quantiles of 255 bins are within a tenth of a bin then.
    fn default() -> BinOptions {
        BinOptions { max_bins: MOST_BINS, categorical: Vec::new(), sample_rows: 200_000, seed: 0 }
    }
}

/// A matrix of features, each value as the number of its bin: what trees are grown on. Two bytes a value.
pub struct BinnedMatrix {
    pub(super) rows: usize,
    pub(super) features: Growing<Feature>,
    pub(super) groups: Growing<Group>,
    /// Bins of all features, those of missing values included.
    pub(super) bins: usize,
    /// Rows of one block of columns, as a power of two.
    pub(super) block_bits: u32,
}

/// One column.
pub(super) struct Feature {
    pub(super) cuts: Cuts,
    /// Where its bins begin in a histogram; missing values have the last.
    pub(super) first_bin: usize,
    /// For the cuts.
    pub(super) charge: Option<Charge>,
}

impl Feature {
    /// A column with one bin.
    pub(super) fn uncut() -> Feature {
        Feature { cuts: Cuts::Numeric(Vec::new()), first_bin: 0, charge: None }
    }

    /// Its bins in a histogram, that of missing values included.
    pub(super) fn bins(&self) -> std::ops::Range<usize> {
        self.first_bin..self.first_bin + self.cuts.bin_count() + 1
    }
}

/// Neighbouring columns whose codes lie together, both ways: by row for histograms, by column for dividing a node's rows.
pub(super) struct Group {
    pub(super) first_feature: usize,
    pub(super) width: usize,
    /// Distance between rows, as a power of two, so that a row lies in one cache line.
    pub(super) stride_bits: u32,
    /// rows x stride
    pub(super) by_row: Workspace<u8>,
    /// blocks of rows x width x rows of a block
    pub(super) by_column: Workspace<u8>,
}

impl Group {
    pub(super) fn features(&self) -> std::ops::Range<usize> {
        self.first_feature..self.first_feature + self.width
    }
}

/// The codes of one feature by row.
#[derive(Clone, Copy)]
pub(super) struct Column<'a> {
    /// From the feature's first code on.
    codes: &'a [u8],
    block_bits: u32,
    /// Codes in a block of the group.
    block: usize,
}

impl Column<'_> {
    #[inline(always)]
    pub(super) fn code(self, row: usize) -> u8 {
        let within = row & ((1 << self.block_bits) - 1);
        self.codes[(row >> self.block_bits) * self.block + within]
    }
}

impl BinnedMatrix {
    /// Cuts the columns of `features` (n x d, float32, NaN where a value is missing) into bins.
    ///
    /// Numbers are cut between quantiles, with a bin for each value where there are few; infinities are numbers.
    ///
    /// # Errors
    /// Bad operation without rows or columns, for options out of range or columns that are not there; not supported for other dtypes;
    /// limit exceeded, interrupted.
    pub fn new(context: &Context, features: &Tensor, options: &BinOptions) -> Result<BinnedMatrix> {
        const NAME: &str = "bin-features";
        check(NAME, features, options)?;
        let features = features.to_contiguous(context, NAME)?;
        let columns = binning::cuts(context, NAME, &features, options)?;
        binning::encode(context, NAME, &features, columns)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// Number of bins of each feature, without that of missing values.
    pub fn bin_counts(&self) -> Vec<usize> {
        self.features.iter().map(|feature| feature.cuts.bin_count()).collect()
    }

    /// What divides a feature's bins: for numbers the upper bounds of all bins but the last, for categories the category of each bin.
    ///
    /// # Errors
    /// Bad operation when there is no such feature.
    pub fn cuts_of(&self, feature: usize) -> Result<Vec<f64>> {
        match self.features.get(feature).map(|feature| &feature.cuts) {
            Some(Cuts::Numeric(bounds)) => Ok(bounds.iter().map(|&bound| f64::from(bound)).collect()),
            Some(Cuts::Categories { of_bin, .. }) => Ok(of_bin.iter().map(|&category| f64::from(category)).collect()),
            None => Err(Error::bad(format!("cuts: feature {feature} of {}", self.features.len()))),
        }
    }

    /// The bin of every value: n x d, uint8, 255 where a value is missing.
    ///
    /// # Errors
    /// Limit exceeded.
    pub fn codes(&self, context: &Context) -> Result<Tensor> {
        const NAME: &str = "codes";
        let (rows, width) = (self.rows, self.features.len());
        let tensor = Tensor::zeros_for(context, NAME, &[rows, width], DType::UInt8)?;
        let mut storage = tensor.write(NAME)?;
        let codes = &mut storage.elements::<u8>()[..rows * width];
        for group in self.groups.iter() {
            context.check(NAME)?;
            for (to, from) in codes.chunks_exact_mut(width).zip(group.by_row.chunks_exact(1 << group.stride_bits)) {
                to[group.first_feature..][..group.width].copy_from_slice(&from[..group.width]);
            }
        }
        drop(storage);
        Ok(tensor)
    }

    pub(super) fn column(&self, feature: usize) -> Column<'_> {
        // All groups but the last are as wide as the first.
        let group = &self.groups[feature / self.groups[0].width];
        let lane = feature - group.first_feature;
        Column { codes: &group.by_column[lane << self.block_bits..], block_bits: self.block_bits, block: group.width << self.block_bits }
    }
}

fn check(operation: &str, features: &Tensor, options: &BinOptions) -> Result<()> {
    if features.dtype() != DType::Float32 {
        return Err(Error::not_supported(format!("{operation}: features of {}; cast to float32", features.dtype())));
    }
    let &[rows, columns] = &features.shape()[..] else {
        return Err(Error::bad(format!("{operation}: features of shape {}; rows x columns are wanted", features.shape())));
    };
    if rows == 0 || columns == 0 || u32::try_from(rows).is_err() {
        return Err(Error::bad(format!(
            "{operation}: features of shape {}; at least one row and column, and below 2^32 rows",
            features.shape()
        )));
    }
    if !(2..=MOST_BINS).contains(&options.max_bins) {
        return Err(Error::bad(format!("{operation}: {} bins; 2 to {MOST_BINS} are possible", options.max_bins)));
    }
    if options.sample_rows == 0 {
        return Err(Error::bad(format!("{operation}: a sample of 0 rows; at least 1 is wanted")));
    }
    match options.categorical.iter().find(|&&column| column >= columns) {
        Some(column) => Err(Error::bad(format!("{operation}: categorical column {column} of {columns}, counted from 0"))),
        None => Ok(()),
    }
}
