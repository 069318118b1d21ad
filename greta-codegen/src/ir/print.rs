//! Prints a kernel's IR as compact, Rust-like text: what `greta emit --ir` shows.
//!
//! Complete: every statement, operand and type is there. Variables are written `name.number`, so that two of one name
//! are told apart. For reading only; nothing parses it.

use std::fmt::{self, Display, Formatter};

use super::{
    Argument, Block, Expr, ExprKind, Extent, Function, Kernel, Literal, Place, Stmt, StmtKind, Unroll, VarId, VarKind,
};
use crate::ops::Slot;

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let printer = Printer { kernel: self };
        for constant in &self.constants {
            write!(f, "const {}: {} = {}", constant.name, constant.value.ty(), constant.value)?;
            match &constant.definition {
                Some(definition) => writeln!(f, "; // {}", printer.expr(definition))?,
                None => writeln!(f, ";")?,
            }
        }
        for function in &self.functions {
            printer.function(f, function)?;
        }
        let [x, y, z] = self.block.each_ref().map(|extent| printer.expr(&extent.expr));
        write!(f, "kernel {}({}) block [{x}, {y}, {z}]", self.name, printer.params(&self.params))?;
        if let Some(blocks) = &self.min_blocks {
            write!(f, " min_blocks {}", printer.expr(&blocks.expr))?;
        }
        writeln!(f, " {{")?;
        printer.block(f, &self.body, 1)?;
        writeln!(f, "}}")
    }
}

struct Printer<'a> {
    kernel: &'a Kernel,
}

impl Printer<'_> {
    fn function(&self, f: &mut Formatter<'_>, function: &Function) -> fmt::Result {
        let result = function.result.map_or(String::new(), |ty| format!(" -> {ty}"));
        writeln!(f, "fn {}({}){result} {{", function.name, self.params(&function.params))?;
        let foreign = function.foreign.iter().flat_map(|foreign| [foreign.hip, foreign.cuda]);
        for (line, _) in foreign.flatten().flat_map(|text| text.lines().collect::<Vec<_>>()) {
            writeln!(f, "  | {line}")?;
        }
        self.block(f, &function.body, 1)?;
        writeln!(f, "}}")
    }

    fn params(&self, params: &[VarId]) -> String {
        list(params.iter().map(|&param| format!("{}: {}", self.var(param), self.ty(param))))
    }

    fn var(&self, var: VarId) -> String {
        format!("{}.{}", self.kernel.var(var).name, var.0)
    }

    fn ty(&self, id: VarId) -> String {
        let var = self.kernel.var(id);
        match &var.kind {
            VarKind::Global { mutable, volatile } => {
                let (borrow, qualifier) =
                    (if *mutable { "&mut " } else { "&" }, if *volatile { "volatile " } else { "" });
                format!("{borrow}{qualifier}global [{}]", var.ty)
            }
            VarKind::Register(extents) => format!("register {}{}", var.ty, self.extents(extents)),
            VarKind::Shared(extents) => format!("shared {}{}", var.ty, self.extents(extents)),
            VarKind::DynamicShared => format!("shared {}[..]", var.ty),
            VarKind::Scalar => match var.constant {
                Some(value) => format!("{} = {value}", var.ty),
                None => var.ty.to_string(),
            },
            VarKind::Let | VarKind::Mut | VarKind::Counter => var.ty.to_string(),
        }
    }

    fn extents(&self, extents: &[Extent]) -> String {
        extents.iter().map(|extent| format!("[{}]", self.expr(&extent.expr))).collect()
    }

    fn block(&self, f: &mut Formatter<'_>, block: &Block, level: usize) -> fmt::Result {
        block.iter().try_for_each(|stmt| self.stmt(f, stmt, level))
    }

    fn stmt(&self, f: &mut Formatter<'_>, stmt: &Stmt, level: usize) -> fmt::Result {
        let indent = "    ".repeat(level);
        f.write_str(&indent)?;
        match &stmt.kind {
            StmtKind::Let(var, value) => {
                let mutable = if self.kernel.var(*var).kind == VarKind::Mut { "mut " } else { "" };
                write!(f, "let {mutable}{}: {}", self.var(*var), self.ty(*var))?;
                match value {
                    Some(value) => writeln!(f, " = {};", self.expr(value)),
                    None => writeln!(f, ";"),
                }
            }
            StmtKind::Table(var, values) => {
                let values = list(values.iter().map(ToString::to_string));
                writeln!(f, "table {}: {} = [{values}];", self.var(*var), self.ty(*var))
            }
            StmtKind::Declare(var) => writeln!(f, "declare {}: {};", self.var(*var), self.ty(*var)),
            StmtKind::Fill(var, value) => writeln!(f, "fill {} with {};", self.var(*var), self.expr(value)),
            StmtKind::Assign(place, value) => writeln!(f, "{} = {};", self.place(place), self.expr(value)),
            StmtKind::Eval(value) => writeln!(f, "{};", self.expr(value)),
            StmtKind::Print(message) => {
                let values = message.values.iter().map(|value| self.expr(value));
                let name = if message.fails { "fail" } else { "print" };
                writeln!(f, "{name}({:?}, {});", message.text.join("{}"), list(values))
            }
            StmtKind::If(condition, then, otherwise) => {
                writeln!(f, "if {} {{", self.expr(condition))?;
                self.block(f, then, level + 1)?;
                if !otherwise.is_empty() {
                    writeln!(f, "{indent}}} else {{")?;
                    self.block(f, otherwise, level + 1)?;
                }
                writeln!(f, "{indent}}}")
            }
            StmtKind::For { counter, start, end, includes_end, step, unroll, body } => {
                let unroll = match unroll {
                    Unroll::Default => String::new(),
                    Unroll::Full => "#[unroll] ".to_owned(),
                    Unroll::Times(times) => format!("#[unroll({times})] "),
                };
                let [start, end, step] = [start, end, step].map(|bound| self.expr(bound));
                let counter = format!("{}: {}", self.var(*counter), self.ty(*counter));
                let dots = if *includes_end { "..=" } else { ".." };
                writeln!(f, "{unroll}for {counter} in {start}{dots}{end} step {step} {{")?;
                self.block(f, body, level + 1)?;
                writeln!(f, "{indent}}}")
            }
            StmtKind::While(before, condition, body) if before.is_empty() => {
                writeln!(f, "while {} {{", self.expr(condition))?;
                self.block(f, body, level + 1)?;
                writeln!(f, "{indent}}}")
            }
            StmtKind::While(before, condition, body) => {
                writeln!(f, "while {{")?;
                self.block(f, before, level + 1)?;
                writeln!(f, "{indent}    {}", self.expr(condition))?;
                writeln!(f, "{indent}}} {{")?;
                self.block(f, body, level + 1)?;
                writeln!(f, "{indent}}}")
            }
            StmtKind::Loop(body) => {
                writeln!(f, "loop {{")?;
                self.block(f, body, level + 1)?;
                writeln!(f, "{indent}}}")
            }
            StmtKind::Break => writeln!(f, "break;"),
            StmtKind::Continue => writeln!(f, "continue;"),
            StmtKind::Return(None) => writeln!(f, "return;"),
            StmtKind::Return(Some(value)) => writeln!(f, "return {};", self.expr(value)),
        }
    }

    fn place(&self, place: &Place) -> String {
        let index: String = place.exprs().map(|index| format!("[{}]", self.expr(index))).collect();
        format!("{}{index}", self.var(place.base))
    }

    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(value)) => value.to_string(),
            ExprKind::Literal(value) => format!("{value}_{}", value.scalar().name()),
            ExprKind::Constant(constant) => self.kernel.constants[constant.index()].name.clone(),
            ExprKind::Var(var) => self.var(*var),
            ExprKind::Load(place) if expr.ty == self.kernel.var(place.base).ty => self.place(place),
            ExprKind::Load(place) => format!("({} as {})", self.place(place), expr.ty),
            ExprKind::Atomic(atomic, place, operands) => {
                let operands = operands.iter().map(|operand| self.expr(operand));
                format!(
                    "{}({})",
                    atomic.row().name,
                    list([format!("&{}", self.place(place))].into_iter().chain(operands))
                )
            }
            ExprKind::Op(op, operands) => {
                let row = op.row();
                match (row.operands.is_empty(), row.result) {
                    (true, Slot::Is(_)) => row.name.to_owned(),
                    _ => format!("{}({})", row.name, list(operands.iter().map(|operand| self.expr(operand)))),
                }
            }
            ExprKind::And(lhs, rhs) => format!("({} && {})", self.expr(lhs), self.expr(rhs)),
            ExprKind::Or(lhs, rhs) => format!("({} || {})", self.expr(lhs), self.expr(rhs)),
            ExprKind::Select(condition, then, otherwise) => {
                let [condition, then, otherwise] = [condition, then, otherwise].map(|operand| self.expr(operand));
                format!("(if {condition} {{ {then} }} else {{ {otherwise} }})")
            }
            ExprKind::Cast(operand) => format!("({} as {})", self.expr(operand), expr.ty),
            ExprKind::Vector(elements) => {
                format!("{}({})", expr.ty, list(elements.iter().map(|element| self.expr(element))))
            }
            ExprKind::Splat(operand) => format!("{}({}; {})", expr.ty, self.expr(operand), expr.ty.lanes),
            ExprKind::Lane(vector, lane) => format!("{}[{}]", self.expr(vector), self.expr(lane)),
            ExprKind::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| match argument {
                    Argument::Value(value) => self.expr(value),
                    Argument::Object(object) => format!("&{}", self.var(*object)),
                });
                format!("{}({})", self.kernel.function(*function).name, list(arguments))
            }
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::ir::{StmtKind, Type};
    use crate::testing::*;

    #[test]
    fn the_ir_prints_as_text() {
        let mut build = Build::new(64);
        build.kernel.min_blocks = Some(build.extent(u(4)));
        let y = build.global("y", Type::F32, true);
        let tile = build.shared("tile", Type::F32, [u(4), u(8)]);
        let s = build.bind_mut("s", f(0.5));
        build.for_("i", u(0), u(4), u(1), |build, i| {
            build.assign(s, add(build.read(s), build.load(tile, [i.clone(), u(0)])));
            build.if_(and(lt(i.clone(), u(2)), truth(true)), |build| build.push(StmtKind::Continue));
            build.store(y, [i], lane(build.load_as(tile, [u(0), u(4)], F32X4), u(1)));
        });
        build.barrier();
        assert_snapshot!(build.finish().to_string(), @r"
        kernel kernel(y.0: &mut global [f32]) block [64_u32, 1_u32, 1_u32] min_blocks 4_u32 {
            declare tile.1: shared f32[4_u32][8_u32];
            let mut s.2: f32 = 0.5_f32;
            for i.3: u32 in 0_u32..4_u32 step 1_u32 {
                s.2 = add(s.2, tile.1[i.3][0_u32]);
                if (lt(i.3, 2_u32) && true) {
                    continue;
                }
                y.0[i.3] = (tile.1[0_u32][4_u32] as f32x4)[1_u32];
            }
            barrier();
        }
        ");
    }
}
