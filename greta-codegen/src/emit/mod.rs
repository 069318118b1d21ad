//! Writes a verified kernel as C++ that reads as if written by hand.
//!
//! Guarantees: the file compiles as it is with hipcc and hiprtc and means what the IR means, without compiler flags; for
//! NVIDIA with nvcc and NVRTC, where `--fmad=false` is needed for that; the same kernel gives the same bytes; every line knows the Rust code that it came from. Names, doc comments, loops and
//! constants are the author's. Knows nothing of devices, compilers at work or files.

mod accesses;
mod arithmetic;
mod asynchronous;
mod atomics;
mod count;
#[cfg(test)]
mod cuda_tests;
mod dialect;
mod expressions;
mod float8;
mod foreign;
mod grid_barrier;
mod helpers;
mod launch_bounds;
mod line_map;
mod literal;
mod names;
mod print;
mod scalars;
mod shared;
mod specialized;
mod statements;
mod structures;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use dialect::{Dialect, type_name};
use helpers::Helper;
use launch_bounds::block_product;
pub use line_map::LineMap;
use names::Names;
use shared::LaunchShared;
use text::{Doc, Lines};

use crate::bounds::Bounds;
use crate::footprint::{Footprint, Footprints};
use crate::ir::{Argument, Expr, ExprKind, Function, Kernel, Scalar, Stmt, StmtKind, Type, VarId, VarKind};
use crate::target::{Family, Target};
use crate::verify::Verified;

/// A kernel as source text.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted {
    /// The text.
    pub source: String,
    /// Where each of its lines came from.
    pub line_map: LineMap,
    /// Shared memory that the launch must give the kernel, in bytes; 0 where the source declares all that it uses. What
    /// its dynamic shared array takes comes on top.
    pub launch_shared_bytes: u32,
}

/// Writes a kernel as HIP C++, whatever its target.
#[must_use]
pub fn hip(kernel: &Verified) -> Emitted {
    Writer::new(kernel, dialect::of(Family::Amd)).file()
}

/// Writes a kernel in its target's dialect: HIP C++ or CUDA C++.
#[must_use]
pub fn source(kernel: &Verified) -> Emitted {
    Writer::new(kernel, dialect::of(kernel.target().family)).file()
}

/// The state of writing one file.
struct Writer<'a> {
    kernel: &'a Kernel,
    target: &'static Target,
    dialect: &'static Dialect,
    names: Names,
    lines: Lines,
    helpers: BTreeSet<Helper>,
    types: BTreeSet<Type>,
    constants: BTreeSet<usize>,
    /// Arrays that are accessed by vectors, and the bytes of the longest.
    vector_bytes: BTreeMap<VarId, u32>,
    /// Where each shared array lies in the memory that the launch gives, if the source cannot declare it.
    launch_shared: LaunchShared,
    bounds: Bounds<'a>,
    footprints: Footprints<'a>,
}

impl<'a> Writer<'a> {
    fn new(verified: &'a Verified, dialect: &'static Dialect) -> Self {
        let kernel = verified.kernel();
        Self {
            kernel,
            target: verified.target(),
            dialect,
            names: Names::new(kernel),
            lines: Lines::default(),
            helpers: BTreeSet::new(),
            types: BTreeSet::new(),
            constants: used_constants(kernel),
            vector_bytes: vector_accesses(kernel),
            launch_shared: LaunchShared::of(kernel, verified.target()),
            bounds: Bounds::of(kernel, verified.target().wave),
            footprints: Footprints::of(kernel),
        }
    }

    fn uses_type(&mut self, ty: Type) {
        self.types.insert(ty);
    }

    fn uses_helper(&mut self, helper: Helper) {
        self.types.extend(helper.types());
        self.helpers.insert(helper);
    }

    fn file(mut self) -> Emitted {
        let constants = self.section(Self::constants);
        let structures = self.section(Self::structures);
        let functions = self.section(Self::functions);
        let kernel = self.section(Self::kernel);
        let helpers = std::mem::take(&mut self.helpers);

        let mut file = Lines::default();
        for line in &self.kernel.doc {
            file.text(comment(line), Some(self.kernel.location));
        }
        if !self.kernel.doc.is_empty() {
            file.blank();
        }
        let (integers, short_floats) = self.scalars();
        for line in (self.dialect.preamble)(&integers) {
            file.text(line, None);
        }
        if !short_floats.is_empty() {
            file.blank();
        }
        for scalar in short_floats {
            for line in (self.dialect.short_float)(scalar) {
                file.text(line, None);
            }
        }
        let vectors: Vec<Type> = self.types.iter().copied().filter(|ty| ty.is_vector()).collect();
        if !vectors.is_empty() {
            file.blank();
        }
        for ty in vectors {
            for line in (self.dialect.vector_type)(ty) {
                file.text(line, None);
            }
        }
        if !self.launch_shared.offsets.is_empty() {
            file.blank();
            let name = shared::MEMORY;
            file.text(
                format!(
                    "extern __shared__ __align__({}) unsigned char {name}[];",
                    shared::piece_alignment(self.kernel)
                ),
                None,
            );
        }
        if !constants.lines.is_empty() {
            file.blank();
            file.lines.extend(constants.lines);
        }
        file.lines.extend(structures.lines);
        for helper in helpers {
            file.blank();
            for line in helper.lines(self.dialect, self.target) {
                file.text(line, None);
            }
        }
        file.lines.extend(functions.lines);
        file.blank();
        file.lines.extend(kernel.lines);
        let mut source = String::new();
        let mut locations = Vec::new();
        for (line, location) in file.lines {
            source.push_str(&line);
            source.push('\n');
            locations.push(location);
        }
        Emitted { source, line_map: LineMap::new(locations), launch_shared_bytes: self.launch_shared.bytes }
    }

    /// The integer types and the short floats that the file names.
    fn scalars(&self) -> (Vec<Scalar>, Vec<Scalar>) {
        let used = |scalar: &Scalar| self.types.iter().any(|ty| ty.scalar == *scalar);
        let scalars = Scalar::ALL.iter().copied().filter(used);
        let (integers, others): (Vec<Scalar>, Vec<Scalar>) = scalars.partition(|scalar| scalar.is_integer());
        (integers, others.into_iter().filter(|scalar| scalars::is_short_float(*scalar)).collect())
    }

    fn section(&mut self, write: fn(&mut Self)) -> Lines {
        self.lines = Lines::default();
        write(self);
        std::mem::take(&mut self.lines)
    }

    fn constants(&mut self) {
        for index in self.constants.clone() {
            let constant = &self.kernel.constants[index];
            let (location, value) = match &constant.definition {
                Some(definition) => (definition.location, self.typed(definition)),
                None => {
                    let value = Expr::literal(constant.value, self.kernel.location);
                    (self.kernel.location, self.typed(&value))
                }
            };
            let ty = constant.value.ty();
            self.uses_type(ty);
            let head = Doc::text(format!("constexpr {} {} = ", type_name(ty), self.names.constant(index)));
            self.lines.push(&Doc::join([head, value, Doc::text(";")]), Some(location));
        }
    }

    fn functions(&mut self) {
        for (index, function) in self.kernel.functions.iter().enumerate() {
            let footprint = self.footprints.function_at(index).clone();
            self.function_definition(index, function, &footprint);
        }
    }

    fn function_definition(&mut self, index: usize, function: &Function, footprint: &Footprint) {
        let location = Some(function.location);
        self.lines.blank();
        for line in &function.doc {
            self.lines.text(comment(line), location);
        }
        self.names.open();
        let writes = |param: &VarId| footprint.writes.contains(param);
        let waits_or_shares = footprint.memory || footprint.wave || footprint.barrier || function.foreign.is_some();
        let is_pure = !waits_or_shares && !function.params.iter().any(writes);
        let params = function.params.iter().map(|param| self.param(*param, !writes(param), is_pure)).collect();
        let result = function.result.map_or("void".to_owned(), type_name);
        if let Some(ty) = function.result {
            self.uses_type(ty);
        }
        let open = format!("{} {result} {}(", self.dialect.device, self.names.function(index));
        self.lines.push(&Doc::list(open, params, ") {"), location);
        match function.foreign.and_then(|foreign| foreign.opt_text(self.dialect.family)) {
            Some(text) => self.foreign(text, &function.params),
            None => self.block(&function.body),
        }
        self.lines.text("}", location);
        self.names.close();
    }

    /// A parameter of a device function. One whose arguments stay as they are while it runs takes vectors by reference:
    /// so they are read as constants, see [`dialect::has_words`].
    fn param(&mut self, param: VarId, constant: bool, is_pure: bool) -> Doc {
        let var = self.kernel.var(param);
        self.uses_type(var.ty);
        let ty = type_name(var.ty);
        let name = self.names.declare(param, &var.name);
        let qualifier = if constant { "const " } else { "" };
        Doc::text(match &var.kind {
            VarKind::Global { mutable, volatile } => format!("{}{ty}* {name}", qualifiers(*mutable, *volatile)),
            VarKind::Register(extents) | VarKind::Shared(extents) => {
                let extents = self.extents(extents);
                format!("{qualifier}{ty} (&{name}){extents}")
            }
            VarKind::DynamicShared => format!("{qualifier}{ty}* {name}"),
            VarKind::Mut => format!("{qualifier}{ty}& {name}"),
            VarKind::Let | VarKind::Counter | VarKind::Scalar => {
                let by_reference = is_pure && !self.dialect.vector_operators && dialect::has_words(var.ty);
                if by_reference { format!("const {ty}& {name}") } else { format!("{ty} {name}") }
            }
        })
    }

    fn kernel(&mut self) {
        let location = Some(self.kernel.location);
        self.names.open();
        let kernel = self.kernel;
        let mut constants = Vec::new();
        let params = kernel.passed().into_iter().map(|passed| {
            let (ty, name) = match passed.structure {
                Some(structure) => self.struct_param(structure),
                None => self.kernel_param(kernel.params[passed.first]),
            };
            match self.opt_specialized(&passed) {
                Some((qualifier, value)) => {
                    let head = Doc::text(format!("{qualifier}{ty} {name}"));
                    constants.push(statements::assignment(head, "=", value));
                    Doc::text(format!("{ty} /* {name} */"))
                }
                None => Doc::text(format!("{ty} {name}")),
            }
        });
        let params = params.collect();
        let open = format!("{} {} {}(", self.dialect.kernel, self.launch_bounds(), self.kernel.name);
        self.lines.push(&Doc::list(open, params, ") {"), location);
        self.lines.indent();
        for constant in constants {
            self.line(constant, kernel.location);
        }
        self.lines.outdent();
        self.block(&self.kernel.body);
        self.lines.text("}", location);
        self.names.close();
    }

    /// The type and the name of a parameter that is no struct.
    fn kernel_param(&mut self, param: VarId) -> (String, String) {
        let var = self.kernel.var(param);
        self.uses_type(var.ty);
        let ty = type_name(var.ty);
        let name = self.names.declare(param, &var.name);
        let ty = match var.kind {
            VarKind::Global { mutable, volatile } => {
                let is_changed = self.changes_ahead(param) || self.is_exchanged(param);
                let restrict = if is_changed { "" } else { self.dialect.restrict };
                let separator = if restrict.is_empty() { "" } else { " " };
                format!("{}{ty}*{separator}{restrict}", qualifiers(mutable, volatile))
            }
            _ => ty.to_owned(),
        };
        (ty, name)
    }

    /// Whether kernels ahead may still write a buffer when this one begins: reads of it must not be moved to before the
    /// wait for those kernels, as the compiler may move reads of what nobody else writes.
    fn changes_ahead(&self, param: VarId) -> bool {
        let read_early = |reads: BTreeSet<String>| reads.contains(&self.kernel.var(param).name);
        self.target.early_start && self.kernel.early_reads().is_some_and(|reads| !read_early(reads))
    }

    /// Whether other blocks may write a buffer while this one runs, and it then sees that: the compiler must not take what
    /// it has read for what is there.
    fn is_exchanged(&self, param: VarId) -> bool {
        matches!(self.kernel.var(param).kind, VarKind::Global { mutable: true, .. }) && self.kernel.has_grid_barrier()
    }
}

/// Constants that the kernel uses, and those that they are made of.
fn used_constants(kernel: &Kernel) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    let mut note = |expr: &Expr| {
        expr.walk(&mut |expr| {
            if let ExprKind::Constant(constant) = expr.kind {
                used.insert(constant.index());
            }
        });
    };
    let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for stmt in bodies.flatten() {
        stmt.walk(&mut |stmt| stmt.exprs().into_iter().for_each(&mut note));
    }
    let arrays = kernel.vars.iter().filter_map(|var| var.kind.opt_extents()).flatten();
    kernel.block.iter().chain(&kernel.min_blocks).chain(arrays).for_each(|extent| note(&extent.expr));
    // The product of the dimensions has a name of its own where there are several.
    let product = block_product(kernel);
    for (index, constant) in kernel.constants.iter().enumerate() {
        let named = constant.definition.as_ref().is_some_and(|definition| same_product(definition, &product));
        if named && matches!(product.kind, ExprKind::Op(..)) {
            used.insert(index);
        }
    }
    for index in (0..kernel.constants.len()).rev() {
        if let Some(definition) = &kernel.constants[index].definition
            && used.contains(&index)
        {
            definition.walk(&mut |expr| {
                if let ExprKind::Constant(constant) = expr.kind {
                    used.insert(constant.index());
                }
            });
        }
    }
    used
}

/// Whether two products have the same factors, wherever they were written.
fn same_product(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Op(op, left), ExprKind::Op(other, right)) => {
            op == other && left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same_product(a, b))
        }
        (a, b) => a == b,
    }
}

/// Arrays that are accessed by vectors of elements, here or in a function that they are passed to, with the bytes of the
/// longest. A function's parameters are known before it is called, for it stands before its callers.
fn vector_accesses(kernel: &Kernel) -> BTreeMap<VarId, u32> {
    let mut bytes: BTreeMap<VarId, u32> = BTreeMap::new();
    let mut note = |base: VarId, longest: u32| {
        let known = bytes.entry(base).or_default();
        *known = (*known).max(longest);
        *known
    };
    let of_access = |base: VarId, ty: Type| {
        let var = kernel.var(base);
        let by_vector = var.kind.opt_extents().is_some() && ty.is_vector() && !var.ty.is_vector();
        if by_vector { ty.bytes() } else { 0 }
    };
    let mut visit = |stmt: &Stmt| {
        if let StmtKind::Assign(place, value) = &stmt.kind {
            note(place.base, of_access(place.base, value.ty));
        }
        for expr in stmt.exprs() {
            expr.walk(&mut |expr| match &expr.kind {
                ExprKind::Load(place) => {
                    note(place.base, of_access(place.base, expr.ty));
                }
                ExprKind::Call(function, arguments) => {
                    for (&param, argument) in kernel.function(*function).params.iter().zip(arguments) {
                        if let Argument::Object(object) = argument {
                            let longest = note(param, 0);
                            note(*object, longest);
                        }
                    }
                }
                _ => {}
            });
        }
    };
    let bodies = kernel.functions.iter().map(|function| &function.body).chain([&kernel.body]);
    for stmt in bodies.flatten() {
        stmt.walk(&mut visit);
    }
    bytes.retain(|_, longest| *longest > 0);
    bytes
}

fn comment(line: &str) -> String {
    let text = line.strip_prefix(' ').unwrap_or(line).trim_end();
    // A backslash at the end would continue the comment on the next line.
    format!("// {}", text.trim_end_matches('\\')).trim_end().to_owned()
}

/// The qualifiers of what a buffer's pointer points to.
fn qualifiers(mutable: bool, volatile: bool) -> &'static str {
    match (mutable, volatile) {
        (true, false) => "",
        (false, false) => "const ",
        (true, true) => "volatile ",
        (false, true) => "const volatile ",
    }
}
