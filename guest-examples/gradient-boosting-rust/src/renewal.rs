//! Leaf values that the gradients do not give: of losses that grow like the error itself, a leaf's best value is a quantile of its rows'
//! residuals, as in LightGBM and XGBoost.

use crate::algohost::ml::tensors::{Dtype, Tensor, concat, from_bytes, zeros};
use crate::algohost::ml::trees::{Forest, ForestParts, Grower, forest_from, new_forest};
use crate::algohost::ml::types::Error;
use crate::table::Table;
use crate::{float_bytes, floats};

/// Numbers of a node in the tensor `nodes`, and where in them are the feature and the first category.
const NODE: usize = 6;
const FEATURE: usize = 0;
const FIRST_CATEGORY: usize = 4;
/// Numbers of a node in the tensor `values`; the first is a leaf's value.
const VALUES: usize = 3;

/// Ends trees of one output with quantiles as leaf values.
pub(crate) struct Renewal {
    quantile: f64,
    features: Tensor,
    labels: Vec<f32>,
    /// None: all weigh 1.
    weights: Option<Vec<f32>>,
    n_features: u32,
}

impl Renewal {
    pub(crate) fn new(quantile: f64, table: &Table) -> Result<Renewal, Error> {
        let weights = table.rows.weights.as_ref().map(floats).transpose()?;
        let features = table.features.slice(0, 0, table.rows.count)?;
        Ok(Renewal { quantile, features, labels: floats(&table.rows.labels)?, weights, n_features: table.n_features })
    }

    /// Ends the tree that `grower` grows as `finish` does, but for its leaf values: the forest with the tree, and the number of its leaves.
    pub(crate) fn finish(&self, grower: &Grower, forest: &Forest, eta: f64, scores: &Tensor) -> Result<(Forest, u32), Error> {
        let grown = new_forest(self.n_features, 1)?;
        let n_leaves = grower.finish(&grown, 0, 1.0, &zeros(&scores.shape(), Dtype::Float32)?)?;
        let parts = grown.parts()?;
        let before = forest.parts()?;
        let nodes = integers(&parts.nodes)?;
        let mut values = floats(&parts.values)?;
        let leaves: Vec<usize> = (0..nodes.len() / NODE).filter(|node| nodes[node * NODE + FEATURE] < 0).collect();

        // A tree that answers each row with the number of its leaf.
        for (number, leaf) in leaves.iter().enumerate() {
            values[leaf * VALUES] = number as f32;
        }
        let numbered = self.tree(&parts, &values)?.predict(&self.features, 0, 1)?;
        let residuals = self.residuals(&floats(&numbered)?, &floats(scores)?, leaves.len());
        for (leaf, mut residuals) in leaves.iter().zip(residuals) {
            values[leaf * VALUES] = (eta * f64::from(quantile(&mut residuals, self.quantile))) as f32;
        }
        self.tree(&parts, &values)?.add_predictions(&self.features, 0, 1, scores)?;
        let renewed = ForestParts { values: value_tensor(&values)?, ..parts };
        Ok((self.appended(&before, &renewed, nodes)?, n_leaves))
    }

    /// Each leaf's residuals with the weights of their rows.
    fn residuals(&self, leaf_of: &[f32], scores: &[f32], n_leaves: usize) -> Vec<Vec<(f32, f32)>> {
        let mut residuals = vec![Vec::new(); n_leaves];
        for (row, &leaf) in leaf_of.iter().enumerate() {
            let weight = self.weights.as_ref().map_or(1.0, |weights| weights[row]);
            residuals[leaf as usize].push((self.labels[row] - scores[row], weight));
        }
        residuals
    }

    /// The tree of `parts` with other values.
    fn tree(&self, parts: &ForestParts, values: &[f32]) -> Result<Forest, Error> {
        forest_from(self.n_features, 1, &parts.trees, &parts.nodes, &value_tensor(values)?, &parts.categories)
    }

    /// The forest of `before` and then the tree of `parts`, whose nodes are `nodes`, too.
    fn appended(&self, before: &ForestParts, parts: &ForestParts, mut nodes: Vec<i32>) -> Result<Forest, Error> {
        let (n_nodes, n_categories) = (before.nodes.shape()[0] as i32, before.categories.shape()[0] as i32);
        nodes.chunks_exact_mut(NODE).for_each(|node| node[FIRST_CATEGORY] += n_categories);
        let head = integer_tensor(&[n_nodes, 0], 2)?;
        let nodes = integer_tensor(&nodes, NODE)?;
        let joined = |before: &Tensor, after: &Tensor| concat(&[before, after], 0);
        forest_from(
            self.n_features,
            1,
            &joined(&before.trees, &head)?,
            &joined(&before.nodes, &nodes)?,
            &joined(&before.values, &parts.values)?,
            &joined(&before.categories, &parts.categories)?,
        )
    }
}

/// The least value that, with all below it, has this share of the weight; 0 of no weight.
pub(crate) fn quantile(values: &mut [(f32, f32)], share: f64) -> f32 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let total: f64 = values.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let mut below = 0.0;
    let reaches = |(_, weight): &&(f32, f32)| {
        below += f64::from(*weight);
        below > 0.0 && below >= share * total
    };
    values.iter().find(reaches).map_or(0.0, |(value, _)| *value)
}

fn value_tensor(values: &[f32]) -> Result<Tensor, Error> {
    let bytes = float_bytes(values.iter().copied().map(f64::from));
    from_bytes(&[(values.len() / VALUES) as u32, VALUES as u32], Dtype::Float32, &bytes)
}

fn integer_tensor(numbers: &[i32], width: usize) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    from_bytes(&[(numbers.len() / width) as u32, width as u32], Dtype::Int32, &bytes)
}

/// The elements of an int32 tensor.
fn integers(tensor: &Tensor) -> Result<Vec<i32>, Error> {
    let bytes = tensor.read(0, tensor.shape()[0])?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_has_its_share_of_the_weight_at_and_below_it() {
        let of = |values: &[(f32, f32)], share| quantile(&mut values.to_vec(), share);
        let even = [(3.0, 1.0), (1.0, 1.0), (4.0, 1.0), (2.0, 1.0)];
        assert_eq!([0.0, 0.25, 0.3, 0.5, 0.9, 1.0].map(|share| of(&even, share)), [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
        assert_eq!(of(&[(1.0, 1.0), (2.0, 5.0), (3.0, 1.0)], 0.8), 2.0);
        assert_eq!(of(&[(1.0, 0.0), (2.0, 1.0)], 0.0), 2.0);
        assert_eq!(of(&[], 0.5), 0.0);
    }
}
