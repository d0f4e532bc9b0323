//! A forest from its tensors, which may hold anything.

use super::MOST_CATEGORIES;
use super::forest::{Forest, ForestParts, NewNode, Test};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

const NAME: &str = "forest-from";

impl Forest {
    /// The forest that [`Forest::to_tensors`] gave these `parts` for.
    ///
    /// # Errors
    /// Bad operation when they do not describe trees over `features` features with `outputs` scores, naming the tree; limit exceeded.
    pub fn from_tensors(context: &Context, features: usize, outputs: usize, parts: &ForestParts) -> Result<Forest> {
        let mut forest = Forest::new(features, outputs)?;
        let bytes = [&parts.trees, &parts.nodes, &parts.values, &parts.categories].map(|part| part.element_count() * part.dtype().size());
        // The copies below.
        let _charge = context.budget().charge(NAME, bytes.iter().sum())?;
        let trees = elements::<i32>(context, "trees", &parts.trees, DType::Int32, 2)?;
        let nodes = elements::<i32>(context, "nodes", &parts.nodes, DType::Int32, 6)?;
        let values = elements::<f32>(context, "values", &parts.values, DType::Float32, 3)?;
        let categories = elements::<i32>(context, "categories", &parts.categories, DType::Int32, 1)?;
        let (trees, nodes, values) = (trees.as_chunks::<2>().0, nodes.as_chunks::<6>().0, values.as_chunks::<3>().0);
        if nodes.len() != values.len() {
            return Err(Error::bad(format!("{NAME}: {} nodes, but values for {}", nodes.len(), values.len())));
        }
        for (i, &[first, output]) in trees.iter().enumerate() {
            let end = trees.get(i + 1).map_or(nodes.len() as i64, |next| i64::from(next[0]));
            let range =
                usize::try_from(first).ok().zip(usize::try_from(end).ok()).filter(|&(first, end)| first < end && end <= nodes.len());
            let range = range.filter(|&(first, _)| i > 0 || first == 0);
            let Some((first, end)) = range else {
                return Err(Error::bad(format!("{NAME}: tree {i} has nodes {first} to {end} of {}", nodes.len())));
            };
            let Some(output) = usize::try_from(output).ok().filter(|&output| output < outputs) else {
                return Err(Error::bad(format!("{NAME}: tree {i} adds to output {output} of {outputs}")));
            };
            let tree = Tree { number: i, size: end - first, features, categories: &categories };
            let rows = nodes[first..end].iter().zip(&values[first..end]).enumerate();
            let read: Result<Vec<NewNode>> = rows.map(|(place, (node, value))| tree.node(place, *node, *value)).collect();
            forest.push(context, NAME, output, read?.into_iter())?;
        }
        if trees.is_empty() && !nodes.is_empty() {
            return Err(Error::bad(format!("{NAME}: {} nodes, but no tree", nodes.len())));
        }
        Ok(forest)
    }
}

fn elements<T: Element>(context: &Context, what: &str, tensor: &Tensor, dtype: DType, width: usize) -> Result<Vec<T>> {
    let fits = match tensor.shape()[..] {
        [_] => width == 1,
        [_, found] => found == width,
        _ => false,
    };
    if tensor.dtype() != dtype || !fits {
        let wanted = if width == 1 { "[C]".to_owned() } else { format!("rows x {width}") };
        return Err(Error::bad(format!(
            "{NAME}: {what} of {} and shape {}; {dtype} and {wanted} are wanted",
            tensor.dtype(),
            tensor.shape()
        )));
    }
    let tensor = tensor.to_contiguous(context, NAME)?;
    Ok(tensor.read(NAME)?.elements::<T>()[tensor.offset()..][..tensor.element_count()].to_vec())
}

/// A tree that is being read.
struct Tree<'a> {
    number: usize,
    size: usize,
    features: usize,
    categories: &'a [i32],
}

impl Tree<'_> {
    fn node(&self, place: usize, node: [i32; 6], [value, gain, cover]: [f32; 3]) -> Result<NewNode> {
        let [feature, left, right, missing_left, start, count] = node;
        if feature == -1 {
            return Ok(NewNode { test: None, value, gain, cover });
        }
        let wrong = |what: String| Error::bad(format!("{NAME}: node {place} of tree {} {what}", self.number));
        let below = |number: i32, limit: usize| usize::try_from(number).ok().filter(|&number| number < limit);
        let feature = below(feature, self.features).ok_or_else(|| wrong(format!("asks for feature {feature} of {}", self.features)))?;
        let child = |child: i32| {
            let found = below(child, self.size).filter(|&child| child > place);
            found.ok_or_else(|| wrong(format!("has child {child}; one after it, below {}, is wanted", self.size)))
        };
        let (left, right) = (child(left)?, child(right)?);
        let categories = usize::try_from(start).ok().zip(usize::try_from(count).ok());
        let categories = categories.and_then(|(start, count)| self.categories.get(start..start.checked_add(count)?));
        let categories =
            categories.ok_or_else(|| wrong(format!("has categories {start} to {start} + {count} of {}", self.categories.len())))?;
        let sorted = categories.is_sorted_by(|a, b| a < b);
        if !sorted || categories.iter().any(|&category| category < 0 || category as f32 >= MOST_CATEGORIES) {
            return Err(wrong("has categories that do not ascend from 0".to_owned()));
        }
        let test = Test { feature, left, right, missing_left: missing_left != 0, categories: categories.to_vec() };
        Ok(NewNode { test: Some(test), value, gain, cover })
    }
}
