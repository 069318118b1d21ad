//! Finds which registers have one value for all threads, and which stretches of control flow threads may leave or
//! enter without each other.
//!
//! Starts from the hope that everything is uniform and takes back what is not, until nothing changes. A register is
//! uniform if everything written to it is, and if no thread can miss a write that another one sees: writes under
//! divergent control flow count only if the register is declared under it too.

use crate::tree::{Node, Operand, Origin, ROOT, Region, Register, Special, Target, Tree};

/// Sets `RegisterInfo::uniform` and `RegionInfo::divergent`.
pub(crate) fn find_uniformity(tree: &mut Tree) {
    for register in &mut tree.registers {
        register.uniform = match register.origin {
            Origin::Array => false,
            Origin::Special(special) => matches!(special, Special::BlockIdx(_) | Special::GridDim(_)),
            _ => true,
        };
    }
    let body = std::mem::take(&mut tree.body);
    let mut pass = Pass { tree, changed: true };
    while pass.changed {
        pass.changed = false;
        pass.nodes(&body, ROOT);
    }
    tree.body = body;
}

struct Pass<'a> {
    tree: &'a mut Tree,
    changed: bool,
}

impl Pass<'_> {
    fn nodes(&mut self, nodes: &[Node], region: Region) {
        for node in nodes {
            self.node(node, region);
        }
    }

    fn node(&mut self, node: &Node, region: Region) {
        match node {
            Node::Lanewise { row, dst, src } => {
                let uniform = self.all_uniform(&src[..row.arity()]);
                self.write(*dst, uniform, region);
            }
            Node::Wide { row, dst, src, .. } => {
                let uniform = self.all_uniform(&src[..row.operands().len()]);
                self.write(*dst, uniform, region);
            }
            Node::Load { dst, access } => {
                let indices: Vec<Operand> = self.tree.accesses[*access].dims.iter().map(|dim| dim.index).collect();
                let object = match self.tree.accesses[*access].space {
                    crate::tree::Space::Register { register, .. } => self.tree.registers[register].uniform,
                    _ => true,
                };
                let uniform = object && self.all_uniform(&indices);
                self.write(*dst, uniform, region);
            }
            Node::Store { access, .. } => {
                if let crate::tree::Space::Register { register, .. } = self.tree.accesses[*access].space {
                    self.vary(register);
                }
            }
            Node::Shuffle { dst, value, .. } => {
                let uniform = self.tree.is_uniform(*value);
                self.write(*dst, uniform, region);
            }
            // Each thread changes the element by itself, also where all name the same one.
            Node::Atomic { dst, .. } => self.vary(dst.register),
            // Waves decide each for itself.
            Node::Vote { dst, .. } | Node::Mfma { dst, .. } => self.vary(dst.register),
            Node::If { region: inner, condition, then, otherwise } => {
                if !self.tree.is_uniform(*condition) {
                    self.diverge(*inner);
                }
                self.nodes(then, *inner);
                self.nodes(otherwise, *inner);
            }
            Node::Loop(repeated) => {
                let inner = repeated.region;
                self.nodes(&repeated.init, inner);
                self.nodes(&repeated.test, inner);
                if !self.tree.is_uniform(repeated.condition) {
                    self.diverge(inner);
                }
                self.nodes(&repeated.body, inner);
                self.nodes(&repeated.advance, inner);
            }
            Node::Scope { region: inner, body } => self.nodes(body, *inner),
            Node::Break { at, target } | Node::Continue { at, target } | Node::Return { at, target } => {
                // Threads that leave the kernel never come back: nothing that they miss is read.
                if *target != ROOT && self.tree.diverges(*at, *target) {
                    self.diverge(*target);
                }
            }
            Node::Declare(_)
            | Node::Prefetch { .. }
            | Node::GridBarrier { .. }
            | Node::Barrier(_)
            | Node::Copies(_)
            | Node::Print { .. }
            | Node::CheckDivisor { .. }
            | Node::Check { .. }
            | Node::CheckStep { .. }
            | Node::Unsupported { .. } => {}
        }
    }

    fn all_uniform(&self, operands: &[Operand]) -> bool {
        operands.iter().all(|operand| self.tree.is_uniform(*operand))
    }

    fn write(&mut self, dst: Target, uniform: bool, region: Region) {
        let declared = self.tree.registers[dst.register].region;
        if !uniform || self.tree.diverges(region, declared) {
            self.vary(dst.register);
        }
    }

    fn vary(&mut self, register: Register) {
        self.changed |= std::mem::replace(&mut self.tree.registers[register].uniform, false);
    }

    fn diverge(&mut self, region: Region) {
        self.changed |= !std::mem::replace(&mut self.tree.regions[region].divergent, true);
    }
}
