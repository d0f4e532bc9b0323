//! Which leaf is split next.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The order of splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Level by level.
    DepthWise,
    /// Largest gain first.
    LossGuide,
}

/// How far a tree grows; 0 sets no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) policy: Policy,
    pub(crate) max_depth: u32,
    pub(crate) max_leaves: u32,
}

impl Limits {
    /// Whether leaves at this depth of a tree with so many leaves may be split.
    pub(crate) fn allow(&self, depth: u32, n_leaves: u32) -> bool {
        (self.max_depth == 0 || depth < self.max_depth) && (self.max_leaves == 0 || n_leaves < self.max_leaves)
    }
}

/// A leaf that can be split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) node: u32,
    pub(crate) depth: u32,
    pub(crate) gain: f64,
}

/// Leaves that can be split, the next one first.
pub(crate) struct Queue {
    policy: Policy,
    heap: BinaryHeap<Entry>,
}

struct Entry {
    candidate: Candidate,
    policy: Policy,
}

impl Entry {
    /// The greater, the sooner; the older node first among equals.
    fn order(&self, other: &Entry) -> Ordering {
        let (a, b) = (&self.candidate, &other.candidate);
        let first = match self.policy {
            Policy::DepthWise => b.depth.cmp(&a.depth),
            Policy::LossGuide => a.gain.total_cmp(&b.gain),
        };
        first.then(b.node.cmp(&a.node))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.order(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.order(other)
    }
}

impl Queue {
    pub(crate) fn new(policy: Policy) -> Queue {
        Queue { policy, heap: BinaryHeap::new() }
    }

    /// Takes a leaf in, unless splitting it gains nothing.
    pub(crate) fn offer(&mut self, candidate: Candidate) {
        if candidate.gain > 0.0 {
            self.heap.push(Entry { candidate, policy: self.policy });
        }
    }

    pub(crate) fn next(&mut self) -> Option<Candidate> {
        self.heap.pop().map(|entry| entry.candidate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(policy: Policy) -> Vec<u32> {
        let mut queue = Queue::new(policy);
        for (node, depth, gain) in [(3, 2, 5.0), (1, 1, 1.0), (2, 1, 2.0), (4, 2, 5.0), (5, 0, 0.0)] {
            queue.offer(Candidate { node, depth, gain });
        }
        std::iter::from_fn(|| queue.next()).map(|candidate| candidate.node).collect()
    }

    #[test]
    fn depthwise_splits_level_by_level_and_lossguide_by_gain() {
        assert_eq!(order(Policy::DepthWise), [1, 2, 3, 4]);
        assert_eq!(order(Policy::LossGuide), [3, 4, 2, 1]);
    }

    #[test]
    fn limits_of_zero_are_none() {
        let limits = |max_depth, max_leaves| Limits { policy: Policy::DepthWise, max_depth, max_leaves };
        assert!(limits(0, 0).allow(100, 100));
        assert!(limits(3, 0).allow(2, 100) && !limits(3, 0).allow(3, 4));
        assert!(limits(0, 8).allow(9, 7) && !limits(0, 8).allow(1, 8));
    }
}
