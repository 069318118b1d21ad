//! Writes statements: declarations, assignments, control flow.
//!
//! Loops keep their shape. Relies on the verifier: what a loop's end reads does not change in the loop.

use super::Writer;
use super::dialect::type_name;
use super::text::Doc;
use crate::ir::{Block, Expr, ExprKind, Extent, Literal, Location, Place, Stmt, StmtKind, Type, Var, VarId, VarKind};
use crate::ops::Spelling;

impl Writer<'_> {
    /// Writes statements in a scope of their own, one level in.
    pub(super) fn block(&mut self, block: &Block) {
        self.names.open();
        self.lines.indent();
        self.statements(block);
        self.lines.outdent();
        self.names.close();
    }

    fn statements(&mut self, block: &Block) {
        let mut rest = block.iter().peekable();
        while let Some(stmt) = rest.next() {
            match &stmt.kind {
                StmtKind::Declare(array) => {
                    let fill = match rest.peek().map(|next| &next.kind) {
                        Some(StmtKind::Fill(filled, value)) if filled == array && is_zero(value) => rest.next(),
                        _ => None,
                    };
                    self.declare(*array, fill.is_some(), stmt.location);
                }
                _ => self.stmt(stmt),
            }
        }
    }

    pub(super) fn line(&mut self, doc: Doc, location: Location) {
        self.lines.push(&Doc::join([doc, Doc::text(";")]), Some(location));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let location = stmt.location;
        match &stmt.kind {
            StmtKind::Let(var, value) => self.let_stmt(*var, value.as_ref(), location),
            StmtKind::Declare(array) => self.declare(*array, false, location),
            StmtKind::Table(array, values) => self.table(*array, values, location),
            StmtKind::Fill(array, value) => self.fill(*array, value, location),
            StmtKind::Assign(place, value) => self.assign(place, value, location),
            StmtKind::Eval(value) => self.eval(value, location),
            StmtKind::Print(message) => self.print(message, location),
            StmtKind::If(condition, then, otherwise) => self.if_stmt(condition, then, otherwise, location),
            StmtKind::For { .. } => self.for_stmt(stmt),
            StmtKind::While(before, condition, body) => self.while_stmt(before, condition, body, location),
            StmtKind::Loop(body) => {
                self.lines.text("while (true) {", Some(location));
                self.block(body);
                self.lines.text("}", Some(location));
            }
            StmtKind::Break => self.line(Doc::text("break"), location),
            StmtKind::Continue => self.line(Doc::text("continue"), location),
            StmtKind::Return(None) => self.line(Doc::text("return"), location),
            StmtKind::Return(Some(value)) => {
                let value = self.typed(value);
                self.line(Doc::join([Doc::text("return "), value]), location);
            }
        }
    }

    fn eval(&mut self, value: &Expr, location: Location) {
        if let ExprKind::Op(op, _) = &value.kind
            && (self.dialect.spelling)(&op.row()) == Spelling::Omitted
        {
            return;
        }
        // What is evaluated only because it may be an error is none in C++.
        if self.footprints.expr(value).has_effect() {
            let value = self.typed(value);
            self.line(value, location);
        }
    }

    fn let_stmt(&mut self, var: VarId, value: Option<&Expr>, location: Location) {
        let declared = self.kernel.var(var);
        self.uses_type(declared.ty);
        // The value is written first: it may use a variable of the same name.
        let value = value.map(|value| match &value.kind {
            ExprKind::Splat(scalar) if is_zero(scalar) => Doc::text("{}"),
            _ => self.typed(value),
        });
        let qualifier = match declared.kind {
            VarKind::Let => constant_qualifier(declared),
            _ => "",
        };
        let name = self.names.declare(var, &declared.name);
        let head = Doc::text(format!("{qualifier}{} {name}", type_name(declared.ty)));
        match value {
            Some(value) => self.line(assignment(head, "=", value), location),
            None => self.line(head, location),
        }
    }

    fn declare(&mut self, array: VarId, zeroed: bool, location: Location) {
        let var = self.kernel.var(array);
        self.uses_type(var.ty);
        if let Some(&offset) = self.launch_shared.offsets.get(&array) {
            let (name, ty) = (self.names.declare(array, &var.name), type_name(var.ty));
            let memory = format!("(&{}[{offset}])", super::shared::MEMORY);
            let text = match var.kind.opt_extents() {
                Some(extents) => {
                    let extents = self.extents(extents);
                    format!("{ty} (&{name}){extents} = *reinterpret_cast<{ty} (*){extents}>{memory}")
                }
                None => format!("{ty}* const {name} = reinterpret_cast<{ty}*>{memory}"),
            };
            self.line(Doc::text(text), location);
            return;
        }
        let shared =
            if matches!(var.kind, VarKind::Shared(_)) { format!("{} ", self.dialect.shared) } else { String::new() };
        let align = self.vector_bytes.get(&array).map_or(String::new(), |bytes| format!("alignas({bytes}) "));
        let extents = self.extents(var.kind.opt_extents().unwrap_or_default());
        let name = self.names.declare(array, &var.name);
        let zero = if zeroed { " = {}" } else { "" };
        self.line(Doc::text(format!("{shared}{align}{} {name}{extents}{zero}", type_name(var.ty))), location);
    }

    /// An array of constants, braces for each dimension.
    fn table(&mut self, array: VarId, values: &[Literal], location: Location) {
        let var = self.kernel.var(array);
        self.uses_type(var.ty);
        let extents = var.kind.opt_extents().unwrap_or_default();
        let mut items: Vec<Doc> = values.iter().map(|&value| self.typed(&Expr::literal(value, var.location))).collect();
        for extent in extents.iter().skip(1).rev() {
            let row = extent.value.max(1) as usize;
            items = items.chunks(row).map(|items| Doc::list("{", items.to_vec(), "}")).collect();
        }
        let extents = self.extents(extents);
        let name = self.names.declare(array, &var.name);
        let head = format!("static constexpr {} {name}{extents} = {{", type_name(var.ty));
        self.line(Doc::list(head, items, "}"), location);
    }

    /// `[BM][BK + 1]`.
    pub(super) fn extents(&mut self, extents: &[Extent]) -> String {
        extents.iter().map(|extent| format!("[{}]", self.typed(&extent.expr).flat())).collect()
    }

    /// Loops over all elements of an array.
    fn fill(&mut self, array: VarId, value: &Expr, location: Location) {
        self.uses_type(Type::U32);
        let value = self.typed(value);
        let extents: Vec<Extent> = self.kernel.var(array).kind.opt_extents().unwrap_or_default().to_vec();
        let mut element = self.names.var(array).to_owned();
        for extent in &extents {
            self.names.open();
            let counter = self.names.declare_counter();
            let limit = self.typed(&extent.expr).flat();
            self.lines.text("#pragma unroll", Some(location));
            let head = format!("for (uint32_t {counter} = 0; {counter} < {limit}; ++{counter}) {{");
            self.lines.text(head, Some(location));
            self.lines.indent();
            element.push_str(&format!("[{counter}]"));
        }
        self.line(assignment(Doc::text(element), "=", value), location);
        for _ in &extents {
            self.lines.outdent();
            self.lines.text("}", Some(location));
            self.names.close();
        }
    }

    fn assign(&mut self, place: &Place, value: &Expr, location: Location) {
        let opt_store = self
            .opt_nontemporal_store(place, value)
            .or_else(|| self.opt_copy_async(place, value))
            .or_else(|| self.opt_volatile_store(place, value));
        if let Some(store) = opt_store {
            return self.line(store, location);
        }
        let compound = self.opt_compound(place, value);
        let target = self.place(place, value.ty);
        let (sign, value) = match compound {
            Some((sign, rest)) => (format!("{sign}="), rest),
            None => ("=".to_owned(), self.typed(value)),
        };
        self.line(assignment(target, &sign, value), location);
    }

    fn if_stmt(&mut self, condition: &Expr, then: &Block, otherwise: &Block, location: Location) {
        if then.is_empty() && !otherwise.is_empty() {
            let condition = self.negated(condition);
            self.head("if", condition, location);
            self.block(otherwise);
            self.lines.text("}", Some(location));
            return;
        }
        let text = self.typed(condition);
        self.head("if", text, location);
        self.block(then);
        let mut otherwise = otherwise;
        // An `else` that is nothing but an `if` continues the chain.
        while let [Stmt { kind: StmtKind::If(condition, then, last), location }] = otherwise.as_slice()
            && !then.is_empty()
        {
            let text = self.typed(condition);
            self.head("} else if", text, *location);
            self.block(then);
            otherwise = last;
        }
        if !otherwise.is_empty() {
            self.lines.text("} else {", Some(location));
            self.block(otherwise);
        }
        self.lines.text("}", Some(location));
    }

    /// `keyword (condition) {`.
    fn head(&mut self, keyword: &str, condition: Doc, location: Location) {
        let doc = Doc::list(format!("{keyword} ("), vec![condition], ") {");
        self.lines.push(&doc, Some(location));
    }

    fn while_stmt(&mut self, before: &Block, condition: &Expr, body: &Block, location: Location) {
        if before.is_empty() {
            let condition = self.typed(condition);
            self.head("while", condition, location);
            self.block(body);
            self.lines.text("}", Some(location));
            return;
        }
        // `continue` goes on with what is computed before the test.
        self.lines.text("while (true) {", Some(location));
        self.names.open();
        self.lines.indent();
        self.statements(before);
        let condition = self.negated(condition);
        self.head("if", condition, location);
        self.lines.indent();
        self.line(Doc::text("break"), location);
        self.lines.outdent();
        self.lines.text("}", Some(location));
        self.statements(body);
        self.lines.outdent();
        self.names.close();
        self.lines.text("}", Some(location));
    }
}

/// `place = value`, broken after the sign if it must be.
pub(super) fn assignment(place: Doc, sign: &str, value: Doc) -> Doc {
    // A value that breaks by itself does so before the line breaks after the sign.
    Doc::join([place, Doc::text(format!(" {sign} ")), value])
}

/// What stands before the type of a constant. Sizes are made of integers; what spells a NaN or an infinity is no
/// constant in every dialect.
pub(super) fn constant_qualifier(var: &Var) -> &'static str {
    if var.constant.is_some() && !var.ty.scalar.is_float() { "constexpr " } else { "const " }
}

/// Whether a value's bytes are all zero.
fn is_zero(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Literal(value) => value.bits() == 0,
        ExprKind::Splat(scalar) => is_zero(scalar),
        _ => false,
    }
}
