//! A graph as DOT text, for `dot -Tsvg`.
//!
//! Guarantees: the same graph gives the same text; labels are escaped. Deliberately does not know drivers.

use std::fmt::Write;

use super::Node;
use super::order::Order;

/// The text. Nodes by number, each with label, kernel, grid and block; edges with the reason to wait.
pub(super) fn write(nodes: &[Node], order: &Order) -> String {
    let mut text = String::from(
        "digraph greta {\n    node [shape=box, fontname=monospace];\n    edge [fontname=monospace, fontsize=10];\n",
    );
    for (number, node) in nodes.iter().enumerate() {
        let kernel = if node.label == node.module.name() { String::new() } else { format!("\n{}", node.module.name()) };
        let values = node.module.values();
        let values = if values.is_empty() { String::new() } else { format!("\n{values}") };
        let (grid, block) = (extent(node.shape.grid), extent(node.module.block()));
        let label = escape(&format!("{number}: {}{kernel}{values}\ngrid {grid}, block {block}", node.label));
        writeln!(text, "    n{number} [label=\"{label}\"];").expect("invariant: writing to a string succeeds");
    }
    for after in 0..nodes.len() {
        for wait in order.waits(after) {
            let label = escape(format!("{} {}", wait.reason, wait.argument).trim_end());
            writeln!(text, "    n{} -> n{after} [label=\"{label}\"];", wait.before)
                .expect("invariant: writing to a string succeeds");
        }
    }
    text.push_str("}\n");
    text
}

/// `4 x 2`: as many of the three as matter.
fn extent([x, y, z]: [u32; 3]) -> String {
    match (y, z) {
        (1, 1) => x.to_string(),
        (_, 1) => format!("{x} x {y}"),
        _ => format!("{x} x {y} x {z}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
