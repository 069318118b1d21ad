//! The page: a line for each row of the table.

use greta_codegen::mfma::{MFMAS, Mfma, Role};
use greta_codegen::target::{Family, Target};

use super::diagram::Shape;

const HEAD: &str = "\
# Every matrix instruction

<!-- Made by `cargo xtask diagrams` from `greta-codegen/src/mfma/table.rs`. -->

`D = A × B + C`, computed by the 64 lanes of a wave. *A*, *B* and *C* are what one lane holds of each; the cycles are those \
that one SIMD is busy, where the target has the instruction. A shape's type in Rust begins with what it multiplies; the \
raw intrinsic is the instruction's name without `v_`.

Blocks are independent products. Fragments count them as one matrix: those of A and C lie below each other, those of B \
beside each other.

`cpu` rounds as gfx942 does. Instructions that gfx942 lacks run there only on integers. gfx950 reads the 8-bit floats by \
the OCP formats, which the language does not have; its `f8f6f4` instructions need those and scales, and are left out.

";

/// The page's columns before those of the targets.
const COLUMNS: &str = "| shape | instruction | builtin | blocks | A | B | C | layout |";

pub(super) fn text() -> String {
    let targets: Vec<&Target> = Target::of_family(Family::Amd).collect();
    let names: String = targets.iter().map(|target| format!(" {} |", target.name)).collect();
    let rule = "---|".repeat(COLUMNS.matches('|').count() - 1 + targets.len());
    let mut text = format!("{HEAD}{COLUMNS}{names}\n|{rule}\n");
    for row in MFMAS {
        text.push_str(&line(row, &targets));
    }
    text
}

fn line(row: &Mfma, targets: &[&Target]) -> String {
    let operands = Role::ALL.map(|role| format!("`{}`", row.operand(role))).join(" | ");
    let cycles: String = targets
        .iter()
        .map(|target| row.opt_cycles(target.name).map_or(" – |".to_owned(), |cycles| format!(" {cycles} |")))
        .collect();
    let (shape, instruction) = (Shape::of(row), row.name);
    format!(
        "| `{}` | `v_{instruction}` | `{}` | {} | {operands} | [{}](diagrams/{}) |{cycles}\n",
        row.shape,
        row.builtin,
        row.blocks,
        shape.title(),
        shape.file_name(),
    )
}
