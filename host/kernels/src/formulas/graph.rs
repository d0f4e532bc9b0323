//! A formula as a graph: equal parts are one node, and parts made of numbers alone are numbers.

use std::collections::HashMap;

use super::operation::Operation;

/// The most nodes, so that the registers of one thread stay within a few megabytes.
pub(super) const MAX_NODES: usize = 1000;

/// The largest whole exponent that becomes multiplications.
const MAX_UNROLLED_POWER: f64 = 8.0;

/// A node's position in its graph; operands come before what uses them.
pub(super) type NodeId = u16;

/// One value of the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// The input of that position.
    Input(u8),
    /// A float64's bits, so that equal numbers, NaN too, are one node.
    Number(u64),
    /// Operands beyond the operation's arity repeat the first.
    Apply(Operation, [NodeId; 3]),
}

/// The graph was to have more than [`MAX_NODES`].
#[derive(Debug)]
pub(super) struct TooLarge;

/// Nodes in an order in which they can be computed.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, NodeId>,
    root: NodeId,
}

impl Graph {
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node that is the formula's value.
    pub(super) fn root(&self) -> NodeId {
        self.root
    }

    /// Ends the graph with the node that is the formula's value; what was needed to find equal nodes is freed.
    pub(super) fn finish(&mut self, root: NodeId) {
        self.root = root;
        self.known = HashMap::new();
        self.nodes.shrink_to_fit();
    }

    /// Bytes that the nodes take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.nodes)
    }

    pub(super) fn number(&mut self, value: f64) -> Result<NodeId, TooLarge> {
        self.node(Node::Number(value.to_bits()))
    }

    pub(super) fn input(&mut self, position: u8) -> Result<NodeId, TooLarge> {
        self.node(Node::Input(position))
    }

    /// The node for an operation; a power with a plain exponent becomes multiplications or a square root.
    pub(super) fn apply(&mut self, operation: Operation, operands: &[NodeId]) -> Result<NodeId, TooLarge> {
        let mut filled = [operands[0]; 3];
        filled[..operands.len()].copy_from_slice(operands);
        if operation == Operation::Power
            && let Some(exponent) = self.value(filled[1])
            && self.value(filled[0]).is_none()
            && let Some(node) = self.plain_power(filled[0], exponent)?
        {
            return Ok(node);
        }
        let numbers = filled.map(|operand| self.value(operand));
        if let [Some(a), Some(b), Some(c)] = numbers {
            return self.number(operation.of_numbers([a, b, c]));
        }
        if matches!(operation, Operation::Add | Operation::Multiply | Operation::Equal | Operation::NotEqual) && filled[0] > filled[1] {
            filled = [filled[1], filled[0], filled[1]];
        }
        self.node(Node::Apply(operation, filled))
    }

    fn plain_power(&mut self, base: NodeId, exponent: f64) -> Result<Option<NodeId>, TooLarge> {
        if exponent < 0.0 {
            let Some(positive) = self.plain_power(base, -exponent)? else { return Ok(None) };
            let one = self.number(1.0)?;
            return self.apply(Operation::Divide, &[one, positive]).map(Some);
        }
        if exponent == 0.5 {
            return self.apply(Operation::Sqrt, &[base]).map(Some);
        }
        if exponent.fract() != 0.0 || exponent > MAX_UNROLLED_POWER {
            return Ok(None);
        }
        self.whole_power(base, exponent as u32).map(Some)
    }

    fn whole_power(&mut self, base: NodeId, exponent: u32) -> Result<NodeId, TooLarge> {
        match exponent {
            0 => self.number(1.0),
            1 => Ok(base),
            _ => {
                let half = self.whole_power(base, exponent / 2)?;
                let square = self.apply(Operation::Multiply, &[half, half])?;
                if exponent.is_multiple_of(2) { Ok(square) } else { self.apply(Operation::Multiply, &[square, base]) }
            }
        }
    }

    /// A node's number, where it is one.
    fn value(&self, id: NodeId) -> Option<f64> {
        match self.nodes[usize::from(id)] {
            Node::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn node(&mut self, node: Node) -> Result<NodeId, TooLarge> {
        if let Some(&id) = self.known.get(&node) {
            return Ok(id);
        }
        if self.nodes.len() == MAX_NODES {
            return Err(TooLarge);
        }
        let id = self.nodes.len() as NodeId;
        self.nodes.push(node);
        self.known.insert(node, id);
        Ok(id)
    }
}
