//! Removes copies of variables that are read before the variable changes.
//!
//! Input: a tree in which reading a `Mut` variable into a value copies it. Output: the same tree, with the value's uses
//! reading the variable itself wherever nothing writes to it between the copy and the last use.

use std::collections::HashMap;

use crate::lanewise::Lanewise;
use crate::tree::{Node, Operand, Origin, Register, Space, Touch, Tree};

/// Statements that a copy is followed for.
const REACH: usize = 256;

/// Rewrites a tree.
pub(crate) fn propagate_copies(tree: &mut Tree) {
    let mut counts = vec![Counts::default(); tree.registers.len()];
    for node in &tree.body {
        node.touches(&tree.accesses, &mut |touch| match touch {
            Touch::Read(register) => counts[register].reads += 1,
            Touch::Write(register) => counts[register].writes += 1,
        });
    }
    let mut body = std::mem::take(&mut tree.body);
    let mut sources = HashMap::new();
    remove(tree, &counts, &mut body, &mut sources);
    rewrite(&mut body, &sources);
    for access in &mut tree.accesses {
        access.dims.iter_mut().for_each(|dim| replace(&mut dim.index, &sources));
        if let Space::Register { register, first } = &mut access.space
            && let Some((source, offset)) = sources.get(register)
        {
            (*register, *first) = (*source, *first + offset);
        }
    }
    tree.body = body;
}

#[derive(Clone, Default)]
struct Counts {
    reads: u32,
    writes: u32,
}

/// For each value that need not be copied, the register and the component that it is a copy of.
type Sources = HashMap<Register, (Register, u32)>;

fn remove(tree: &Tree, counts: &[Counts], nodes: &mut Vec<Node>, sources: &mut Sources) {
    let mut position = 0;
    while position < nodes.len() {
        if let Some((copy, source, first)) = opt_copy(tree, counts, &nodes[position])
            && outlives(tree, &nodes[position + 1..], copy, source, counts[copy].reads)
        {
            sources.insert(copy, (source, first));
            nodes.remove(position);
            continue;
        }
        for inner in nodes[position].inner_mut() {
            remove(tree, counts, inner, sources);
        }
        position += 1;
    }
}

/// The copy, the variable and the component, if the statement copies a variable to a value that nothing else writes.
fn opt_copy(tree: &Tree, counts: &[Counts], node: &Node) -> Option<(Register, Register, u32)> {
    let Node::Lanewise { row: Lanewise::Move, dst, src } = node else { return None };
    let Operand::Register { register, first, step } = src[0] else { return None };
    let is_value = matches!(tree.registers[dst.register].origin, Origin::Value | Origin::Temporary);
    let is_variable = matches!(tree.registers[register].origin, Origin::Variable | Origin::Array);
    let whole = dst.first == 0 && dst.count == tree.registers[dst.register].count && (step == 1 || dst.count == 1);
    (is_value && is_variable && whole && counts[dst.register].writes == 1).then_some((dst.register, register, first))
}

/// Whether all `reads` of the copy come before the first write to its source.
fn outlives(tree: &Tree, nodes: &[Node], copy: Register, source: Register, reads: u32) -> bool {
    let (mut seen, mut written) = (0, false);
    for node in nodes.iter().take(REACH) {
        let before = seen;
        let mut writes = false;
        node.touches(&tree.accesses, &mut |touch| {
            seen += u32::from(touch == Touch::Read(copy));
            writes |= touch == Touch::Write(source);
        });
        // A statement reads before it writes, but those inside of one may be in any order.
        if seen > before && (written || writes && !node.inner().is_empty()) {
            return false;
        }
        if seen == reads {
            return true;
        }
        written |= writes;
    }
    false
}

fn rewrite(nodes: &mut [Node], sources: &Sources) {
    for node in nodes {
        node.operands_mut().into_iter().for_each(|operand| replace(operand, sources));
        node.inner_mut().into_iter().for_each(|inner| rewrite(inner, sources));
    }
}

fn replace(operand: &mut Operand, sources: &Sources) {
    if let Operand::Register { register, first, .. } = operand
        && let Some((source, offset)) = sources.get(register)
    {
        *register = *source;
        *first += offset;
    }
}
