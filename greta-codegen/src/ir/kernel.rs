//! Statements, variables, device functions and the kernel that holds them.

use super::{Expr, Literal, Location, Place, StructParam, Type};
use crate::target::Family;

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// Position in the table that it points into.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index_type!(
    /// A variable or memory object of a kernel: index into [`Kernel::vars`].
    VarId
);
index_type!(
    /// A compile-time constant of a kernel: index into [`Kernel::constants`].
    ConstantId
);
index_type!(
    /// A device function of a kernel: index into [`Kernel::functions`].
    FunctionId
);

/// One kernel, traced for one choice of its tile parameters and one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The Rust function's name.
    pub name: String,
    /// The Rust function's doc comment, a line each.
    pub doc: Vec<String>,
    /// Where the function stands.
    pub location: Location,
    /// `CARGO_MANIFEST_DIR` of the crate that defines it: where to look for the source that locations name. Never emitted.
    pub manifest_dir: &'static str,
    /// Compile-time constants, in order of declaration; a later one may use earlier ones.
    pub constants: Vec<Constant>,
    /// Threads of a block in x, y and z.
    pub block: [Extent; 3],
    /// Blocks that a compute unit is to hold at once at the least, which bounds the registers that the compiler takes.
    pub min_blocks: Option<Extent>,
    /// The kernel's parameters in order: `Scalar` and `Global` variables.
    pub params: Vec<VarId>,
    /// Which of the parameters are a struct's scalars, in order.
    pub structures: Vec<StructParam>,
    /// Buffers whose lengths in elements are the last parameters, in that order: `u32`s that a launch adds by itself.
    pub lengths: Vec<VarId>,
    /// All variables and memory objects, of the kernel and of its device functions.
    pub vars: Vec<Var>,
    /// Device functions; a function calls only functions before it.
    pub functions: Vec<Function>,
    /// What the kernel does.
    pub body: Block,
}

/// A named compile-time constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its name in Rust and in the source that is emitted.
    pub name: String,
    /// Its value in this variant.
    pub value: Literal,
    /// How it is computed from earlier constants; `None` for a tile parameter.
    pub definition: Option<Expr>,
}

/// A size known at compile time, together with the expression that the author wrote for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// The size.
    pub value: u32,
    /// The expression, of literals, constants and compile-time `Let`s only.
    pub expr: Expr,
}

/// A `#[device]` function, traced for one set of argument types.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The Rust function's name.
    pub name: String,
    /// Its doc comment, a line each.
    pub doc: Vec<String>,
    /// Where it stands.
    pub location: Location,
    /// Parameters in order. `Scalar`s are passed by value; `Mut` variables and memory objects by reference.
    pub params: Vec<VarId>,
    /// What it returns, if anything.
    pub result: Option<Type>,
    /// What it does.
    pub body: Block,
    /// Its body in the target's own language, if its author wrote one: then `body` is what other devices run.
    pub foreign: Option<Foreign>,
}

/// A function's body as its author wrote it for targets: `#[device(hip = "…", cuda = "…")]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foreign {
    /// In HIP C++, if there is one.
    pub hip: Option<ForeignText>,
    /// In CUDA C++, if there is one.
    pub cuda: Option<ForeignText>,
    /// Whether there is a body in Rust too.
    pub has_body: bool,
}

/// Statements of C++ that name the function's parameters as Rust does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForeignText {
    /// The statements.
    pub text: &'static str,
    /// Where the text stands.
    pub location: Location,
    /// Whether each line of it is a line of the Rust file.
    pub by_line: bool,
}

impl Foreign {
    /// The text for a target of a family.
    #[must_use]
    pub fn opt_text(&self, family: Family) -> Option<ForeignText> {
        match family {
            Family::Amd => self.hip,
            Family::Nvidia => self.cuda,
        }
    }
}

impl ForeignText {
    /// Its lines, each with its place.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, Location)> {
        let (start, by_line) = (self.location, self.by_line);
        let place = move |number: u32| match number {
            0 => start,
            _ if by_line => Location { line: start.line + number, column: 1, ..start },
            _ => start,
        };
        (0..).zip(self.text.lines()).map(move |(number, line)| (line, place(number)))
    }
}

/// A variable or a memory object.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    /// Its Rust name; empty for a temporary. Not unique.
    pub name: String,
    /// What it is.
    pub kind: VarKind,
    /// The type of its value, or of its elements.
    pub ty: Type,
    /// Its value where that is known at compile time: of a `Let`, or of a `Scalar` that the kernel is specialized for.
    pub constant: Option<Literal>,
    /// Where it was declared.
    pub location: Location,
}

/// What a variable is and where it lives.
#[derive(Clone, Debug, PartialEq)]
pub enum VarKind {
    /// Immutable value of a thread, defined by `StmtKind::Let`.
    Let,
    /// Mutable value of a thread, defined by `StmtKind::Let` and changed by `StmtKind::Assign`.
    Mut,
    /// Counter of a `For`.
    Counter,
    /// Parameter passed by value.
    Scalar,
    /// Parameter: a buffer in global memory.
    Global {
        /// Whether the kernel may write to it.
        mutable: bool,
        /// Whether every access goes to memory itself: none is kept, repeated or served by the scalar cache.
        volatile: bool,
    },
    /// Array in a thread's registers, one extent per dimension; declared by `StmtKind::Declare`.
    Register(Vec<Extent>),
    /// Array in the block's shared memory, one extent per dimension; declared by `StmtKind::Declare`.
    Shared(Vec<Extent>),
    /// Array of one dimension in the block's shared memory whose length the launch gives; declared by
    /// `StmtKind::Declare`, once in a kernel.
    DynamicShared,
}

impl VarKind {
    /// Whether it is a memory object: something with elements.
    #[must_use]
    pub fn is_memory(&self) -> bool {
        self.is_shared() || matches!(self, Self::Global { .. } | Self::Register(_))
    }

    /// Whether it lies in the block's shared memory.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_) | Self::DynamicShared)
    }

    /// The extents, if it is an array.
    #[must_use]
    pub fn opt_extents(&self) -> Option<&[Extent]> {
        match self {
            Self::Register(extents) | Self::Shared(extents) => Some(extents),
            _ => None,
        }
    }
}

impl Kernel {
    /// A variable or object.
    #[must_use]
    pub fn var(&self, id: VarId) -> &Var {
        &self.vars[id.index()]
    }

    /// The kernel as a launch sees it that gives its dynamic shared array so many elements: an array like the others.
    #[must_use]
    pub fn with_shared_length(&self, elements: u32) -> Self {
        let mut kernel = self.clone();
        for var in kernel.vars.iter_mut().filter(|var| var.kind == VarKind::DynamicShared) {
            let expr = Expr::literal(Literal::U32(elements), var.location);
            var.kind = VarKind::Shared(vec![Extent { value: elements, expr }]);
        }
        kernel
    }

    /// The parameters that the author passes by value, a struct as its scalars; without the lengths of buffers.
    pub fn scalars(&self) -> impl Iterator<Item = VarId> {
        let of_author = &self.params[..self.params.len() - self.lengths.len()];
        of_author.iter().copied().filter(|&param| self.var(param).kind == VarKind::Scalar)
    }

    /// A device function.
    #[must_use]
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }
}

/// Statements that run one after another.
pub type Block = Vec<Stmt>;

/// A statement and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it was written.
    pub location: Location,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// Define a `Let` or `Mut` variable; without a value it is undefined until it is assigned to.
    Let(VarId, Option<Expr>),
    /// Declare a register or shared array here.
    Declare(VarId),
    /// Declare a register array of these numbers here, in the order of its elements. Nothing is stored to it.
    Table(VarId, Vec<Literal>),
    /// Fill a whole register array with one value (`[value; n]`).
    Fill(VarId, Expr),
    /// Store a value.
    Assign(Place, Expr),
    /// Evaluate for the effect.
    Eval(Expr),
    /// Say something to whoever debugs the kernel.
    Print(Message),
    /// Run one of two blocks.
    If(Expr, Block, Block),
    /// Count; see the module's documentation.
    For {
        /// The counter, a `Counter` variable.
        counter: VarId,
        /// First value.
        start: Expr,
        /// The loop ends before this value, or with it.
        end: Expr,
        /// Whether the end is a value of the counter's.
        includes_end: bool,
        /// Step, at least 1.
        step: Expr,
        /// Whether the compiler is told to unroll.
        unroll: Unroll,
        /// What is repeated.
        body: Block,
    },
    /// Repeat while a condition holds. The block is run before each test; its variables are visible in the condition.
    While(Block, Expr, Block),
    /// Repeat until `Break` or `Return`.
    Loop(Block),
    /// Leave the innermost loop.
    Break,
    /// Go on with the innermost loop's next iteration (in a `While` to its test).
    Continue,
    /// Leave the kernel or the device function.
    Return(Option<Expr>),
}

/// A text with values in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The text before, between and after the values: one piece more than there are values.
    pub text: Vec<String>,
    /// Scalars.
    pub values: Vec<Expr>,
    /// Whether it says why the kernel fails: the launch ends with it.
    pub fails: bool,
}

/// What the author asked about unrolling a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unroll {
    /// Nothing: the compiler decides.
    Default,
    /// `#[unroll]`: fully.
    Full,
    /// `#[unroll(n)]`: n times.
    Times(u32),
}
