//! Finds how long each register is needed, so that slots can be used again, and which constants occur.
//!
//! Statements are numbered in the order in which [`super::Encoder`] visits them. A register declared outside of a loop
//! and used in it is needed until the loop ends.

use std::collections::BTreeSet;

use crate::tree::{Loop, Node, Operand, Register, Space, Tree};

/// What the walk finds.
pub(super) struct Liveness {
    /// The number of the statement that uses a register last; 0 if none does.
    pub(super) last_use: Vec<u32>,
    /// The constants that operations read.
    pub(super) constants: BTreeSet<u32>,
}

/// Walks a tree.
pub(super) fn find_liveness(tree: &Tree) -> Liveness {
    let liveness = Liveness { last_use: vec![0; tree.registers.len()], constants: BTreeSet::new() };
    let mut walk = Walk { tree, liveness, position: 0, loops: Vec::new() };
    walk.nodes(&tree.body);
    walk.liveness
}

struct Walk<'a> {
    tree: &'a Tree,
    liveness: Liveness,
    position: u32,
    /// For each loop around the current statement, what it uses of outside.
    loops: Vec<BTreeSet<Register>>,
}

impl Walk<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.position += 1;
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Declare(register) => self.touch(*register),
            Node::Lanewise { row, dst, src } => {
                self.operands(&src[..row.arity()]);
                self.touch(dst.register);
            }
            Node::Wide { row, dst, src, .. } => {
                self.operands(&src[..row.operands().len()]);
                self.touch(dst.register);
            }
            Node::Load { dst, access } => {
                self.access(*access);
                self.touch(dst.register);
            }
            Node::Prefetch { access } | Node::GridBarrier { access } => self.access(*access),
            Node::Store { access, value } => {
                self.access(*access);
                self.operands(&[*value]);
            }
            Node::Atomic { dst, access, operands, .. } => {
                self.access(*access);
                self.operands(operands);
                self.touch(dst.register);
            }
            Node::Shuffle { dst, value, lane, .. } => {
                self.operands(&[*value, *lane]);
                self.touch(dst.register);
            }
            Node::Vote { dst, condition, .. } => {
                self.operands(&[*condition]);
                self.touch(dst.register);
            }
            Node::Mfma { dst, src, .. } => {
                self.operands(src);
                self.touch(dst.register);
            }
            Node::CheckDivisor { divisor: value, .. }
            | Node::Check { value, .. }
            | Node::CheckStep { step: value, .. } => self.operands(&[*value]),
            Node::Print { values, .. } => self.operands(values),
            Node::If { condition, then, otherwise, .. } => {
                self.operands(&[*condition]);
                self.nodes(then);
                self.nodes(otherwise);
            }
            Node::Loop(repeated) => self.repeated(repeated),
            Node::Scope { body, .. } => self.nodes(body),
            Node::Barrier(_)
            | Node::Copies(_)
            | Node::Unsupported { .. }
            | Node::Break { .. }
            | Node::Continue { .. }
            | Node::Return { .. } => {}
        }
    }

    fn repeated(&mut self, repeated: &Loop) {
        self.nodes(&repeated.init);
        self.loops.push(BTreeSet::new());
        self.nodes(&repeated.test);
        self.position += 1;
        self.operands(&[repeated.condition]);
        self.nodes(&repeated.body);
        self.nodes(&repeated.advance);
        self.position += 1;
        for register in self.loops.pop().unwrap_or_default() {
            self.touch(register);
        }
    }

    fn access(&mut self, access: usize) {
        let access = &self.tree.accesses[access];
        for dim in &access.dims {
            self.operands(&[dim.index]);
        }
        if let Space::Register { register, .. } = access.space {
            self.touch(register);
        }
    }

    fn operands(&mut self, operands: &[Operand]) {
        for operand in operands {
            match *operand {
                Operand::Constant(bits) => {
                    self.liveness.constants.insert(bits);
                }
                Operand::Register { register, .. } => self.touch(register),
            }
        }
    }

    fn touch(&mut self, register: Register) {
        self.liveness.last_use[register] = self.position;
        if self.tree.registers[register].loop_depth < self.loops.len()
            && let Some(used) = self.loops.last_mut()
        {
            used.insert(register);
        }
    }
}
