//! The rows of a request while they are read, dense or sparse.

use algohost_kernels::{Charge, Context, DType, Tensor};
use anyhow::Result;
use serde::de::Error;

use super::super::fault::{allocation, plural};
use super::super::sparse::in_order;
use super::RowForm;
use algohost_failure::Failure;

/// The rows read so far; those of the row that is being read are at the end of `values`.
pub(super) struct Table<'c> {
    context: &'c Context,
    form: RowForm,
    pub(super) values: Vec<f32>,
    pub(super) rows: usize,
    columns: usize,
    /// For what is not written in sparse rows.
    charges: Vec<Charge>,
    /// What is wrong, in our words rather than the parser's.
    pub(super) fault: Option<String>,
}

impl<'c> Table<'c> {
    pub(super) fn new(context: &'c Context, form: RowForm, bytes: usize) -> Table<'c> {
        let values = Vec::with_capacity(bytes / 8);
        Table { context, form, values, rows: 0, columns: 0, charges: Vec::new(), fault: None }
    }

    pub(super) fn into_tensor(self, without_rows: &str, forms: &str) -> Result<Tensor> {
        let (rows, columns) = (self.rows, self.columns);
        if rows == 0 {
            return Err(Failure::user(format!("request: {without_rows}")).help(forms).into());
        }
        let bytes = bytemuck::cast_slice(&self.values);
        drop(self.charges);
        let tensor = Tensor::from_bytes(self.context, &[rows, columns], DType::Float32, bytes);
        tensor.map_err(|error| allocation("request", rows, columns, error))
    }

    /// Column, from 1, of the cell that comes next.
    pub(super) fn column(&self) -> usize {
        self.values.len() - self.rows * self.columns + 1
    }

    pub(super) fn end_row<E: Error>(&mut self) -> Result<(), E> {
        let found = self.column() - 1;
        if self.rows == 0 {
            self.columns = found;
        }
        if found == 0 {
            return self.refuse(format!("row {} has no columns", self.rows + 1));
        }
        if found != self.columns {
            return self.refuse(format!("row {}: {}, the rows before have {}", self.rows + 1, plural(found, "column"), self.columns));
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn refuse<T, E: Error>(&mut self, what: String) -> Result<T, E> {
        self.fault = Some(what);
        Err(E::custom(""))
    }
}

/// A row's `keys` and `shape`, as far as they are given.
#[derive(Default)]
pub(super) struct Sparse {
    pub(super) keys: Option<Vec<u64>>,
    pub(super) shape: Option<Vec<u64>>,
}

impl Table<'_> {
    /// A list of whole numbers, or what is wrong with it in our words.
    pub(super) fn numbers<E: Error>(&mut self, name: &str, read: Result<Vec<u64>, E>) -> Result<Vec<u64>, E> {
        read.or_else(|error| {
            // Where it is no JSON at all, the parser says it better.
            let text = error.to_string();
            if !text.starts_with("invalid type") && !text.starts_with("invalid value") {
                return Err(error);
            }
            self.refuse(format!("row {}: {name} is no list of whole numbers", self.rows + 1))
        })
    }

    /// Ends a row whose values were read, and may belong to keys.
    pub(super) fn end_features<E: Error>(&mut self, sparse: &Sparse) -> Result<(), E> {
        let row = self.rows + 1;
        let found = self.column() - 1;
        let width = sparse.shape.as_ref().map(|shape| shape.iter().fold(1_u64, |product, &length| product.saturating_mul(length)));
        let Some(keys) = &sparse.keys else {
            return match width {
                Some(width) if width != found as u64 => {
                    self.refuse(format!("row {row}: {} without keys, of which the shape says {width}", plural(found, "value")))
                }
                _ => self.end_row(),
            };
        };
        if keys.len() != found {
            return self.refuse(format!("row {row}: {} keys of {}", keys.len(), plural(found, "value")));
        }
        let Some(width) = width.or(self.form.columns.map(|columns| columns as u64)) else {
            return self.refuse(format!("row {row}: keys without a shape, so that it is not known how wide the row is"));
        };
        if self.rows > 0 && width != self.columns as u64 {
            return self.refuse(format!("row {row}: {width} columns, the rows before have {}", self.columns));
        }
        let width = usize::try_from(width).unwrap_or(usize::MAX);
        match self.context.budget().charge("read", width.saturating_mul(size_of::<f32>())) {
            Ok(charge) => self.charges.push(charge),
            Err(_) => return self.refuse(format!("row {row}: no memory for {width} columns")),
        }
        let start = self.rows * self.columns;
        let key = |key: &u64| usize::try_from(*key).unwrap_or(usize::MAX);
        let mut elements: Vec<(usize, f32)> = keys.iter().map(key).zip(self.values.drain(start..)).collect();
        if let Err(what) = in_order(&mut elements, width) {
            return self.refuse(format!("row {row}: {what}"));
        }
        self.values.resize(start + width, 0.0);
        elements.into_iter().for_each(|(column, value)| self.values[start + column] = value);
        self.end_row()
    }
}
