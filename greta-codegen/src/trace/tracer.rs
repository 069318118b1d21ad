//! The recording state of the kernel that is being traced on this thread.
//!
//! Knows nothing of Rust types: those live in the handles.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::function::{FunctionKey, Instance};
use super::jumps::LoopFrame;
use super::value::{Atom, Val};
use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::ir::{
    Block, Constant, ConstantId, Expr, ExprKind, Extent, Kernel, Literal, Location, Place, Scalar, Stmt, StmtKind,
    Type, Var, VarId, VarKind,
};
use crate::target::Target;

/// What only shows while a kernel is traced. The kernel author's to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TraceError {
    /// A length must be made of literals, tile parameters and `let`s of them.
    #[error("an array's length must be known at compile time: use literals, tile parameters and lets made of them")]
    LengthNotConstant,
    /// Arrays have at least one element.
    #[error("an array of length 0")]
    LengthZero,
    /// The launch gives a dynamic array its length, which the kernel has to be told.
    #[error("the length of a dynamic shared array is not known when the kernel is compiled: pass it as an argument")]
    DynamicLength,
    /// What a device function changes is a variable of its caller.
    #[error("a value that is no variable is passed by `&mut`: bind it with `let mut` first, and pass that")]
    NotVariable,
    /// The variable was not declared with `let mut`.
    #[error("assignment to a value that is not mutable: declare it with `let mut`")]
    NotMutable,
    /// Only arrays in registers are copied.
    #[error("an array in shared memory is not copied: borrow it with `&` or `&mut`")]
    ArrayCopied,
    /// The lengths of arrays are part of their types in Rust.
    #[error("an array is assigned one of other lengths")]
    ArrayLengths,
    /// A vector has a lane for each of the elements that it is made of.
    #[error("a vector of {lanes} lanes is made of an array of {given}")]
    Lanes {
        /// The vector's lanes.
        lanes: usize,
        /// The array's elements.
        given: u32,
    },
    /// Sizes are computed exactly, where values wrap.
    #[error("a size that comes to {given}: sizes are numbers from 1 to {}", u32::MAX)]
    SizeOverflow {
        /// What the size, or a part of it, comes to.
        given: i128,
    },
    /// Only whole arrays go to a device function by reference.
    #[error("part of an array passed to a device function: pass the whole array and the index")]
    PartOfArray,
    /// The number in `#[unroll(n)]` must be made of literals, constants and tile parameters.
    #[error("how often a loop is unrolled must be known at compile time: use literals, constants and tile parameters")]
    UnrollNotConstant,
    /// Plain Rust such as `mem::swap` runs while the kernel is traced, not when it runs.
    #[error(
        "`{name}` was given another variable's handle by plain Rust, which a kernel's control flow does not see: use `=`, \
         or a #[device] function"
    )]
    Replaced {
        /// The variable.
        name: &'static str,
    },
    /// GPUs have no stack to recurse on.
    #[error("{function} calls itself: a device function cannot be recursive, use a loop")]
    Recursive {
        /// The function.
        function: &'static str,
    },
    /// The block size must be made of literals and tile parameters.
    #[error("the block size must be known at compile time: use literals and tile parameters")]
    BlockNotConstant,
    /// The least number of resident blocks must be made of literals, tile parameters, `BLOCK` and `WAVE`.
    #[error("`min_blocks` must be known at compile time: use literals, tile parameters, `BLOCK` and `WAVE`")]
    MinBlocksNotConstant,
    /// The author's constant would be taken for the kernel's, or the other way round.
    #[error(
        "`{name}` is {number} in this kernel, and a constant of that name beside it is another number: give the constant \
         another name"
    )]
    ConstantShadowed {
        /// The name.
        name: &'static str,
        /// The kernel's number.
        number: u32,
    },
    /// Statements of C++ give one value back.
    #[error("{function} is written in the language of targets and returns one value or none: take others by `&mut`")]
    ForeignResult {
        /// The function.
        function: &'static str,
    },
    /// Rust refuses such literals of its own types.
    #[error("the literal {given} is out of range for `{}`", ty.name())]
    LiteralOutOfRange {
        /// The literal.
        given: f64,
        /// The type that it would have.
        ty: Scalar,
    },
    /// Kernels count in `u32`.
    #[error("the constant {given} is no `u32`, in which kernels count")]
    CountOutOfRange {
        /// The constant.
        given: usize,
    },
    /// A loop's step is a positive number.
    #[error("a step of {given}: a loop's step is at least 1")]
    Step {
        /// The step.
        given: i128,
    },
}

/// How many elements a buffer has: a parameter that the author did not write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    /// The buffer, a parameter.
    pub(crate) buffer: VarId,
    /// The number.
    pub(crate) value: VarId,
}

/// The state of a trace.
pub(crate) struct Tracer {
    pub(crate) kernel: Kernel,
    pub(crate) target: &'static Target,
    pub(crate) errors: Vec<Diagnostic>,
    /// Blocks that are being recorded, innermost last.
    pub(crate) blocks: Vec<Block>,
    /// Loops around what is being recorded, innermost last.
    pub(crate) loops: Vec<LoopFrame>,
    /// Where the results of the function that is being recorded go, if it gives several values.
    pub(crate) results: Vec<VarId>,
    /// Tables of the function that is being recorded, and their numbers.
    pub(crate) tables: Vec<(VarId, Vec<Literal>)>,
    /// The lengths that the function or kernel that is being recorded asks for.
    pub(crate) lengths: Vec<Length>,
    pub(crate) functions: HashMap<FunctionKey, Instance>,
    /// Functions whose bodies are being traced, innermost last.
    pub(crate) calls: Vec<FunctionKey>,
    /// Compile-time `Let`s, spelled with literals and constants only.
    definitions: HashMap<VarId, Expr>,
    /// Where the elements stand that methods are called on.
    pub(super) receivers: HashMap<VarId, Place>,
    /// Variables that the call which is being made takes in place of such elements.
    pub(super) lent: Vec<(VarId, Place)>,
    pub(crate) block_constant: Option<ConstantId>,
    wave_constant: Option<ConstantId>,
}

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
    /// The target of the trace, to be asked also while the trace itself is borrowed.
    static TARGET: Cell<Option<&'static Target>> = const { Cell::new(None) };
}

/// What the kernel of this thread is traced for, if one is.
pub(crate) fn opt_target() -> Option<&'static Target> {
    TARGET.get()
}

/// Runs `f` on the trace of this thread.
///
/// # Panics
///
/// Outside of a kernel: handles exist only while one is traced.
#[track_caller]
pub(crate) fn with<R>(f: impl FnOnce(&mut Tracer) -> R) -> R {
    TRACER.with_borrow_mut(|tracer| {
        f(tracer.as_mut().expect("kernel values exist only inside a #[kernel] or #[device] function"))
    })
}

/// Runs `body` with a new trace and gives the trace back.
pub(crate) fn run(tracer: Tracer, body: impl FnOnce()) -> Tracer {
    /// Restores the outer trace, also when the body unwinds.
    struct Restore(Option<Tracer>, Option<&'static Target>);
    impl Drop for Restore {
        fn drop(&mut self) {
            TRACER.set(self.0.take());
            TARGET.set(self.1);
        }
    }
    let target = TARGET.replace(Some(tracer.target));
    let restore = Restore(TRACER.replace(Some(tracer)), target);
    body();
    let done = TRACER.take().expect("invariant: the trace outlives its body");
    drop(restore);
    done
}

impl Tracer {
    pub(crate) fn new(kernel: Kernel, target: &'static Target) -> Self {
        Self {
            kernel,
            target,
            errors: Vec::new(),
            blocks: vec![Vec::new()],
            loops: Vec::new(),
            results: Vec::new(),
            tables: Vec::new(),
            lengths: Vec::new(),
            functions: HashMap::new(),
            calls: Vec::new(),
            definitions: HashMap::new(),
            receivers: HashMap::new(),
            lent: Vec::new(),
            block_constant: None,
            wave_constant: None,
        }
    }

    pub(crate) fn error(&mut self, error: TraceError, location: Location) {
        self.errors.push(Diagnostic { location, kind: DiagnosticKind::Trace(error) });
    }

    pub(crate) fn var(&mut self, name: &str, kind: VarKind, ty: Type, location: Location) -> VarId {
        let id = VarId(u32::try_from(self.kernel.vars.len()).expect("invariant: fewer than 2^32 variables"));
        self.kernel.vars.push(Var { name: name.to_owned(), kind, ty, constant: None, location });
        id
    }

    pub(crate) fn push(&mut self, kind: StmtKind, location: Location) {
        self.blocks.last_mut().expect("invariant: a block is open").push(Stmt { kind, location });
    }

    /// Notes where the element that was just loaded stands, for a method that changes it.
    pub(crate) fn note_receiver(&mut self) {
        let last = self.blocks.last().and_then(|block| block.last());
        let Some(StmtKind::Let(id, Some(element))) = last.map(|last| &last.kind) else { return };
        let place = match &element.kind {
            ExprKind::Load(place) => place.clone(),
            ExprKind::Lane(vector, lane) => match vector.kind {
                ExprKind::Var(base) if self.kernel.var(base).kind == VarKind::Mut => {
                    Place { base, index: Vec::new(), lane: Some(lane.clone()) }
                }
                _ => return,
            },
            _ => return,
        };
        self.receivers.insert(*id, place);
    }

    /// The length of a buffer, which becomes a parameter of what is being recorded.
    pub(crate) fn buffer_length(&mut self, buffer: VarId, location: Location) -> VarId {
        if let Some(length) = self.lengths.iter().find(|length| length.buffer == buffer) {
            return length.value;
        }
        let name = format!("{}_len", self.kernel.var(buffer).name);
        let value = self.var(&name, VarKind::Scalar, Type::U32, location);
        self.lengths.push(Length { buffer, value });
        value
    }

    pub(crate) fn open_block(&mut self) {
        self.blocks.push(Vec::new());
    }

    pub(crate) fn close_block(&mut self) -> Block {
        self.blocks.pop().expect("invariant: a block is open")
    }

    /// Records an expression as an unnamed `Let`.
    pub(crate) fn record(&mut self, expr: Expr) -> Atom {
        let (ty, location) = (expr.ty, expr.location);
        let constant = self.fold(&expr);
        let id = self.var("", VarKind::Let, ty, location);
        self.kernel.vars[id.index()].constant = constant;
        if constant.is_some() {
            let definition = self.expand(&expr);
            self.definitions.insert(id, definition);
        }
        self.push(StmtKind::Let(id, Some(expr)), location);
        Atom::Var(id)
    }

    /// A size as a leaf: a literal or constant as it is, else a `Let` of the expression that computes it.
    pub(crate) fn record_constant(&mut self, size: &Extent, location: Location) -> Atom {
        match size.expr.kind {
            ExprKind::Literal(literal) => return Atom::Literal(literal),
            ExprKind::Constant(id) => return Atom::Constant(id),
            _ => {}
        }
        let id = self.var("", VarKind::Let, Type::U32, location);
        self.kernel.vars[id.index()].constant = Some(Literal::U32(size.value));
        self.definitions.insert(id, size.expr.clone());
        self.push(StmtKind::Let(id, Some(size.expr.clone())), location);
        Atom::Var(id)
    }

    /// The value of a leaf where it is known at compile time.
    pub(crate) fn opt_constant(&self, atom: Atom) -> Option<Literal> {
        match atom {
            Atom::Literal(literal) => Some(literal),
            Atom::Constant(id) => Some(self.kernel.constants[id.index()].value),
            Atom::Var(id) => self.kernel.vars[id.index()].constant,
        }
    }

    /// Gives `id` the definition that `atom` has, both being known at compile time.
    pub(crate) fn copy_definition(&mut self, atom: Atom, id: VarId) {
        let location = self.kernel.vars[id.index()].location;
        let definition = self.constant_expr(atom, location);
        self.definitions.insert(id, definition);
    }

    /// A compile-time value spelled with literals and constants only; a literal 1 for one that is not known.
    pub(crate) fn constant_expr(&self, atom: Atom, location: Location) -> Expr {
        match atom {
            Atom::Literal(literal) => Expr::literal(literal, location),
            Atom::Constant(_) => atom.expr(Type::U32, location),
            Atom::Var(id) => {
                self.definitions.get(&id).cloned().unwrap_or_else(|| Expr::literal(Literal::U32(1), location))
            }
        }
    }

    /// Replaces compile-time variables by their definitions.
    fn expand(&self, expr: &Expr) -> Expr {
        let kind = match &expr.kind {
            ExprKind::Var(id) => return self.definitions.get(id).unwrap_or(expr).clone(),
            ExprKind::Op(op, operands) => {
                ExprKind::Op(*op, operands.iter().map(|operand| self.expand(operand)).collect())
            }
            ExprKind::Cast(operand) => ExprKind::Cast(Box::new(self.expand(operand))),
            other => other.clone(),
        };
        Expr { kind, ty: expr.ty, location: expr.location }
    }

    fn fold(&self, expr: &Expr) -> Option<Literal> {
        let leaf = |operand: &Expr| match operand.kind {
            ExprKind::Literal(literal) => Some(literal),
            ExprKind::Constant(id) => self.opt_constant(Atom::Constant(id)),
            ExprKind::Var(id) => self.opt_constant(Atom::Var(id)),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Op(op, operands) if !operands.is_empty() => {
                let values: Option<Vec<Literal>> = operands.iter().map(leaf).collect();
                op.fold(&values?)
            }
            ExprKind::Cast(operand) => leaf(operand)?.opt_cast(expr.ty.scalar),
            _ => None,
        }
    }

    pub(crate) fn constant(&mut self, name: &str, value: u32, definition: Option<Expr>) -> ConstantId {
        let id = ConstantId(u32::try_from(self.kernel.constants.len()).expect("invariant: few constants"));
        self.kernel.constants.push(Constant { name: name.to_owned(), value: Literal::U32(value), definition });
        id
    }
}

/// The block's number of threads, as the constant `BLOCK`.
#[must_use]
pub fn block_constant() -> Val<u32> {
    with(|tracer| {
        let id = tracer.block_constant.expect("invariant: the block size is set before the body is traced");
        Val::from_atom(Atom::Constant(id))
    })
}

/// Reports a constant of the author's that has the name of a kernel's and another value; `is_same` compares them.
#[track_caller]
pub fn check_constant(name: &'static str, constant: Val<u32>, is_same: impl FnOnce(u32) -> bool) {
    let location = Location::caller();
    let Some(number) = constant.opt_known() else { return };
    if !is_same(number) {
        with(|tracer| tracer.error(TraceError::ConstantShadowed { name, number }, location));
    }
}

/// The width of the target's waves, as the constant `WAVE`.
#[must_use]
pub fn wave_constant() -> Val<u32> {
    with(|tracer| {
        let wave = tracer.target.wave;
        let id = match tracer.wave_constant {
            Some(id) => id,
            None => tracer.constant("WAVE", wave, None),
        };
        tracer.wave_constant = Some(id);
        Val::from_atom(Atom::Constant(id))
    })
}
