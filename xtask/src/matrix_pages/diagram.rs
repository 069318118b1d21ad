//! Diagrams: A, B and C as matrices, each element with the lane that holds it.
//!
//! A lane's consecutive elements that lie side by side are drawn as one cell, with the lane's number; its tooltip names
//! the elements. B stands above C and A beside it, as the product is computed.

use std::fmt::Write;

use greta_codegen::mfma::{MFMAS, Mfma, Role, WAVE};

/// Side of an element, in pixels.
const ELEMENT: u32 = 16;
/// Space between the matrices and around them, with room for a title.
const MARGIN: u32 = 28;
/// Fills of the lanes' quarters, for even and odd lanes in turn.
const FILLS: [&str; 8] = ["#cfe3f5", "#b4d2ee", "#d8efd3", "#bfe2b7", "#fbe5c8", "#f6d3a3", "#ead9f2", "#dac0e8"];

/// Rows that lie alike: the first of them stands for all.
pub(super) struct Shape(&'static Mfma);

/// One diagram for each way to lie.
pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for row in MFMAS {
        let shape = Shape::of(row);
        if shapes.iter().all(|other| other.0 != shape.0) {
            shapes.push(shape);
        }
    }
    shapes
}

/// Elements of a lane that lie side by side.
struct Cell {
    lane: u32,
    registers: std::ops::Range<u32>,
    row: u32,
    column: u32,
    rows: u32,
    columns: u32,
}

impl Shape {
    /// The shape of a row.
    pub(super) fn of(row: &Mfma) -> Self {
        let alike = |other: &&&Mfma| {
            let sizes = |row: &Mfma| (row.m, row.n, row.k, row.blocks, row.formats[Role::C as usize].bits());
            sizes(other) == sizes(row)
        };
        Self(MFMAS.iter().find(alike).expect("invariant: a row lies as itself"))
    }

    /// Its sizes, and what tells it from others of the same sizes.
    pub(super) fn title(&self) -> String {
        let Mfma { m, n, k, blocks, .. } = self.0;
        let blocks = if *blocks > 1 { format!(", {blocks} blocks") } else { String::new() };
        let wide = if self.0.formats[Role::C as usize].bits() == 64 { ", f64" } else { "" };
        format!("{m}×{n}×{k}{blocks}{wide}")
    }

    /// `16x16x4.svg`, `4x4x4-4-blocks-f64.svg`.
    pub(super) fn file_name(&self) -> String {
        format!("{}.svg", self.title().replace('×', "x").replace(", ", "-").replace(' ', "-"))
    }

    /// The drawing.
    pub(super) fn svg(&self) -> String {
        let (a, b, c) = (self.0.size(Role::A), self.0.size(Role::B), self.0.size(Role::C));
        let left = MARGIN;
        let middle = left + a.1 * ELEMENT + MARGIN;
        let top = MARGIN;
        let lower = top + b.0 * ELEMENT + MARGIN;
        let width = middle + b.1.max(c.1) * ELEMENT + MARGIN;
        let height = lower + c.0 * ELEMENT + MARGIN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\" text-anchor=\"middle\">\n\
             <title>Which lane holds which element: {}</title>\n\
             <style>{}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            self.title(),
            style(),
        );
        svg.push_str(&self.matrix(Role::A, left, lower));
        svg.push_str(&self.matrix(Role::B, middle, top));
        svg.push_str(&self.matrix(Role::C, middle, lower));
        svg.push_str("</svg>\n");
        svg
    }

    fn matrix(&self, role: Role, x: u32, y: u32) -> String {
        let (rows, columns) = self.0.size(role);
        let name = ["A", "B", "C, D"][role as usize];
        let mut group = format!(
            "<g transform=\"translate({x} {y})\">\n<text x=\"{}\" y=\"-8\" style=\"font-size:13px\">{name}: {rows} × {columns}\
             </text>\n",
            columns * ELEMENT / 2
        );
        for cell in self.cells(role) {
            cell.draw(&mut group);
        }
        group.push_str("</g>\n");
        group
    }

    fn cells(&self, role: Role) -> Vec<Cell> {
        let held = u32::from(self.0.operand(role).lanes);
        let mut cells: Vec<Cell> = Vec::new();
        for lane in 0..WAVE {
            for register in 0..held {
                let (row, column) = self.0.coord(role, lane, register);
                let grown = register > 0 && cells.last_mut().is_some_and(|cell| cell.takes(row, column));
                if !grown {
                    let registers = register..register + 1;
                    cells.push(Cell { lane, registers, row, column, rows: 1, columns: 1 });
                }
            }
        }
        cells
    }
}

impl Cell {
    /// Grows by the lane's next element if that follows in the same row or column.
    fn takes(&mut self, row: u32, column: u32) -> bool {
        let right = self.rows == 1 && (row, column) == (self.row, self.column + self.columns);
        let below = self.columns == 1 && (row, column) == (self.row + self.rows, self.column);
        if right {
            self.columns += 1;
        } else if below {
            self.rows += 1;
        }
        self.registers.end += u32::from(right || below);
        right || below
    }

    fn draw(&self, svg: &mut String) {
        let [x, y, width, height] = [self.column, self.row, self.columns, self.rows].map(|size| size * ELEMENT);
        let elements = match (self.registers.start, self.registers.end - 1) {
            (first, last) if first == last => format!("element {first}"),
            (first, last) => format!("elements {first} to {last}"),
        };
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>lane {lane}, \
             {elements}</title></rect><text x=\"{}\" y=\"{}\">{lane}</text>",
            class(self.lane),
            x + width / 2,
            y + height / 2 + 3,
            lane = self.lane,
        );
    }
}

/// The class of a lane's cells: its quarter of the wave, and whether it is odd.
fn class(lane: u32) -> String {
    let quarter = ['a', 'b', 'c', 'd'][(lane / 16) as usize % 4];
    format!("{quarter}{}", lane % 2)
}

fn style() -> String {
    let fills: String = FILLS
        .iter()
        .enumerate()
        .map(|(at, fill)| format!(".{}{{fill:{fill}}}", class(at as u32 / 2 * 16 + at as u32 % 2)))
        .collect();
    format!("text{{font-size:9px}}rect{{stroke:#fff}}{fills}")
}
