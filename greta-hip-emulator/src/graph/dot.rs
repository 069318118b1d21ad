//! A graph as DOT text.

use std::fmt::Write;

use super::Contents;

pub(super) fn write(contents: &Contents) -> String {
    let number = |handle: usize| contents.nodes.keys().position(|&node| node == handle).unwrap_or_default();
    let mut text = String::from("digraph graph_0 {\n    node [shape=box]\n");
    for (&handle, node) in &contents.nodes {
        let label = node.work.label().replace('"', "'");
        // Writing to a string does not fail.
        let _ = writeln!(text, "    n{} [label=\"{label}\"]", number(handle));
    }
    for &(from, to) in &contents.edges {
        let _ = writeln!(text, "    n{} -> n{}", number(from), number(to));
    }
    text.push_str("}\n");
    text
}
