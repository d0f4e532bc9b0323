//! A forest from its tensors, which may hold anything.

use super::MOST_CATEGORIES;
use super::forest::{Forest, ForestParts, LOOK, NewNode, Test};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

const NAME: &str = "forest-from";

impl Forest {
    /// The forest that [`Forest::to_tensors`] gave these `parts` for.
    ///
    /// # Errors
    /// Bad operation when they do not describe trees over `features` features with `outputs` scores, naming the tree; limit exceeded,
    /// interrupted.
    pub fn from_tensors(context: &Context, features: usize, outputs: usize, parts: &ForestParts) -> Result<Forest> {
        let mut forest = Forest::without_trees(NAME, features, outputs)?;
        let trees = rows_of(context, "trees", &parts.trees, DType::Int32, 2)?;
        let nodes = rows_of(context, "nodes", &parts.nodes, DType::Int32, 6)?;
        let values = rows_of(context, "values", &parts.values, DType::Float32, 3)?;
        let categories = rows_of(context, "categories", &parts.categories, DType::Int32, 1)?;
        let storage = [trees.read(NAME)?, nodes.read(NAME)?, values.read(NAME)?, categories.read(NAME)?];
        let trees = elements::<i32>(&trees, &storage[0]).as_chunks::<2>().0;
        let nodes = elements::<i32>(&nodes, &storage[1]).as_chunks::<6>().0;
        let values = elements::<f32>(&values, &storage[2]).as_chunks::<3>().0;
        let categories = elements::<i32>(&categories, &storage[3]);
        if nodes.len() != values.len() {
            return Err(Error::bad(format!("{NAME}: {} nodes, but values for {}", nodes.len(), values.len())));
        }
        if trees.is_empty() && !nodes.is_empty() {
            return Err(Error::bad(format!("{NAME}: {} nodes, but no tree", nodes.len())));
        }
        forest.reserve(context, NAME, [trees.len(), nodes.len(), count_sets(context, nodes)?, categories.len()])?;
        // Nodes name parts of one list, which they may share.
        forest.add_categories(categories);
        let run_ends = run_ends(context, categories)?;
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
            let tree = Tree { number: i, size: end - first, features, categories, run_ends: &run_ends };
            forest.begin_tree(output);
            for (place, (node, value)) in nodes[first..end].iter().zip(&values[first..end]).enumerate() {
                if (first + place) % LOOK == 0 {
                    context.check(NAME)?;
                }
                forest.add_node(&tree.node(place, *node, *value)?);
            }
        }
        Ok(forest)
    }
}

/// The tensor, checked and without gaps.
fn rows_of(context: &Context, what: &str, tensor: &Tensor, dtype: DType, width: usize) -> Result<Tensor> {
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
    tensor.to_contiguous(context, NAME)
}

fn elements<'a, T: Element>(tensor: &Tensor, storage: &'a Read<'_>) -> &'a [T] {
    &storage.elements::<T>()[tensor.offset()..][..tensor.element_count()]
}

/// How many nodes name categories, at most.
fn count_sets(context: &Context, nodes: &[[i32; 6]]) -> Result<usize> {
    let mut sets = 0;
    for nodes in nodes.chunks(LOOK) {
        context.check(NAME)?;
        sets += nodes.iter().filter(|node| node[5] > 0).count();
    }
    Ok(sets)
}

/// For each category, where those that ascend from it end: any number of nodes is then checked at no cost.
fn run_ends(context: &Context, categories: &[i32]) -> Result<Workspace<u32>> {
    let mut ends = Workspace::<u32>::new(context, NAME, categories.len())?;
    for i in (0..categories.len()).rev() {
        if i % LOOK == 0 {
            context.check(NAME)?;
        }
        let goes_on = categories.get(i + 1).is_some_and(|&next| categories[i] < next);
        ends[i] = if goes_on { ends[i + 1] } else { i as u32 + 1 };
    }
    Ok(ends)
}

/// A tree that is being read.
struct Tree<'a> {
    number: usize,
    size: usize,
    features: usize,
    categories: &'a [i32],
    run_ends: &'a [u32],
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
        let range = usize::try_from(start).ok().zip(usize::try_from(count).ok()).map(|(start, count)| start..start + count);
        let range = range.filter(|range| range.end <= self.categories.len());
        let range = range.ok_or_else(|| wrong(format!("has categories {start} to {start} + {count} of {}", self.categories.len())))?;
        let named = &self.categories[range.clone()];
        if let (Some(&first), Some(&last)) = (named.first(), named.last()) {
            let ascend = self.run_ends[range.start] as usize >= range.end;
            if !ascend || first < 0 || last as f32 >= MOST_CATEGORIES {
                return Err(wrong("has categories that do not ascend from 0".to_owned()));
            }
        }
        let categories = [range.start as u32, range.len() as u32];
        let test = Test { feature, left, right, missing_left: missing_left != 0, categories };
        Ok(NewNode { test: Some(test), value, gain, cover })
    }
}
