//! A graph as instructions over registers, for given kinds of inputs.
//!
//! What depends on numbers and one-element tensors alone is computed once a call, not for each element.

use super::graph::{Graph, Node, NodeId};
use super::operation::Operation;
use super::real::Real;

/// A register: a block of elements.
pub(super) type Slot = u16;

/// One operation on blocks. The result never is one of the operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) operation: Operation,
    pub(super) to: Slot,
    pub(super) from: [Slot; 3],
}

/// Registers come in this order: one per number, one per input that varies, then results.
#[derive(Debug)]
pub(super) struct Plan {
    /// The inputs that are the same for each element, a bit each.
    pub(super) uniform_inputs: u32,
    /// Nodes that are the same for each element, operands first.
    uniform_nodes: Vec<NodeId>,
    /// The uniform nodes that fill registers 0, 1, ….
    spread: Vec<NodeId>,
    /// The inputs that fill the registers after these.
    pub(super) varying: Vec<u8>,
    /// The last one's result is the formula's; its register is not used.
    pub(super) code: Vec<Instruction>,
    /// How many registers there are.
    pub(super) registers: usize,
}

/// A value that is the same for each element.
#[derive(Clone, Copy)]
pub(super) enum Uniform<T> {
    /// Made of numbers alone: stays float64 for as long as it is.
    Number(f64),
    Element(T),
}

impl<T: Real> Uniform<T> {
    pub(super) fn element(self) -> T {
        match self {
            Uniform::Number(value) => T::from_f64(value),
            Uniform::Element(value) => value,
        }
    }
}

impl Plan {
    /// The plan for inputs of which those in `uniform_inputs`, a bit each, are the same for each element.
    pub(super) fn new(graph: &Graph, uniform_inputs: u32) -> Plan {
        let nodes = graph.nodes();
        let used = used_nodes(graph);
        let mut uniform = vec![true; nodes.len()];
        let mut plan =
            Plan { uniform_inputs, uniform_nodes: Vec::new(), spread: Vec::new(), varying: Vec::new(), code: Vec::new(), registers: 0 };
        for (id, node) in nodes.iter().enumerate().filter(|&(id, _)| used[id]) {
            uniform[id] = match *node {
                Node::Input(input) => uniform_inputs >> input & 1 == 1,
                Node::Number(_) => true,
                Node::Apply(_, from) => from.iter().all(|&operand| uniform[usize::from(operand)]),
            };
            match *node {
                _ if uniform[id] => plan.uniform_nodes.push(id as NodeId),
                Node::Input(input) => plan.varying.push(input),
                _ => {}
            }
        }
        plan.allocate(graph, &used, &uniform);
        plan
    }

    /// Bytes of any plan of this graph, at most.
    pub(super) fn most_bytes(graph: &Graph) -> usize {
        // Each list may have room for twice as many as it has: of instructions, of uniform nodes, of those that are spread, of inputs.
        let of_node = 2 * (size_of::<Instruction>() + 2 * size_of::<NodeId>() + size_of::<u8>());
        size_of::<Plan>() + (graph.nodes().len() + 1) * of_node
    }

    fn allocate(&mut self, graph: &Graph, used: &[bool], uniform: &[bool]) {
        let (nodes, root) = (graph.nodes(), usize::from(graph.root()));
        let varying_applies = |id: &usize| used[*id] && !uniform[*id] && matches!(nodes[*id], Node::Apply(..));
        let mut last_use = vec![0; nodes.len()];
        let mut spread = vec![false; nodes.len()];
        spread[root] = uniform[root];
        for id in (0..nodes.len()).filter(varying_applies) {
            let Node::Apply(_, from) = nodes[id] else { continue };
            for operand in from.map(usize::from) {
                last_use[operand] = id;
                spread[operand] = uniform[operand];
            }
        }
        let mut slots: Vec<Slot> = vec![0; nodes.len()];
        self.spread = (0..nodes.len()).filter(|&id| spread[id]).map(|id| id as NodeId).collect();
        for (slot, &id) in self.spread.iter().enumerate() {
            slots[usize::from(id)] = slot as Slot;
        }
        let results = self.spread.len() + self.varying.len();
        for (id, node) in nodes.iter().enumerate().filter(|&(id, _)| used[id] && !uniform[id]) {
            if let Node::Input(input) = *node {
                let place = self.varying.iter().position(|&varying| varying == input).unwrap_or(0);
                slots[id] = (self.spread.len() + place) as Slot;
            }
        }
        let mut free: Vec<Slot> = Vec::new();
        self.registers = results;
        for id in (0..nodes.len()).filter(varying_applies) {
            let Node::Apply(operation, from) = nodes[id] else { continue };
            slots[id] = free.pop().unwrap_or_else(|| {
                self.registers += 1;
                (self.registers - 1) as Slot
            });
            let instruction = Instruction { operation, to: slots[id], from: from.map(|operand| slots[usize::from(operand)]) };
            self.code.push(instruction);
            for (place, operand) in from.map(usize::from).into_iter().enumerate() {
                let repeated = from[..place].iter().any(|&other| usize::from(other) == operand);
                if last_use[operand] == id && usize::from(slots[operand]) >= results && !repeated {
                    free.push(slots[operand]);
                }
            }
        }
        if !varying_applies(&root) {
            self.code.push(Instruction { operation: Operation::Copy, to: self.registers as Slot, from: [slots[root]; 3] });
            self.registers += 1;
        }
    }

    /// The values of registers 0, 1, …; `input` gives the inputs that are uniform.
    pub(super) fn uniforms<T: Real>(&self, graph: &Graph, input: impl Fn(usize) -> Uniform<T>) -> Vec<T> {
        let mut values = vec![Uniform::Number(0.0); graph.nodes().len()];
        for &id in &self.uniform_nodes {
            values[usize::from(id)] = match graph.nodes()[usize::from(id)] {
                Node::Input(position) => input(usize::from(position)),
                Node::Number(bits) => Uniform::Number(f64::from_bits(bits)),
                Node::Apply(operation, from) => match from.map(|operand| values[usize::from(operand)]) {
                    [Uniform::Number(a), Uniform::Number(b), Uniform::Number(c)] => Uniform::Number(operation.of_numbers([a, b, c])),
                    operands => Uniform::Element(operation.of_numbers(operands.map(Uniform::element))),
                },
            };
        }
        self.spread.iter().map(|&id| values[usize::from(id)].element()).collect()
    }
}

/// Which nodes the root needs.
fn used_nodes(graph: &Graph) -> Vec<bool> {
    let mut used = vec![false; graph.nodes().len()];
    used[usize::from(graph.root())] = true;
    for id in (0..used.len()).rev() {
        if let (true, Node::Apply(_, from)) = (used[id], graph.nodes()[id]) {
            from.iter().for_each(|&operand| used[usize::from(operand)] = true);
        }
    }
    used
}
