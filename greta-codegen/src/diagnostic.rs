//! What is wrong with a kernel, as data: the tracer's and the verifier's findings. Text lives in `Display` only.

mod allowed;
mod drawn;

pub use allowed::Allowed;

use crate::ir::{Location, Type};
use crate::ops::Class;

/// One thing that is wrong with the author's kernel, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{location}: {kind}")]
pub struct Diagnostic {
    /// Where in the Rust source.
    pub location: Location,
    /// What is wrong.
    pub kind: DiagnosticKind,
}

/// What can be wrong with a kernel. Each is the kernel author's to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// Found while the kernel was traced.
    #[error(transparent)]
    Trace(#[from] crate::trace::TraceError),

    // The kernel against its target.
    /// The shared arrays do not fit: use smaller tiles.
    #[error("the kernel's shared arrays take {given} B; {target} has {limit} B of shared memory a block")]
    SharedMemory {
        /// Bytes that the kernel declares.
        given: u64,
        /// Bytes that the target has.
        limit: u32,
        /// The target.
        target: &'static str,
    },
    /// A kernel has one piece of memory from its launch: keep the second array in a part of the first, or give it a length.
    #[error("{name} is a second dynamic shared array beside {first}; a kernel has one: use parts of it")]
    DynamicShared {
        /// The second array.
        name: String,
        /// The first.
        first: String,
    },
    /// The block is empty or larger than the target allows.
    #[error("a block of {given} threads; {target} allows 1 to {limit}")]
    BlockSize {
        /// Threads that the kernel asks for.
        given: u64,
        /// Threads that the target allows.
        limit: u32,
        /// The target.
        target: &'static str,
    },
    /// A compute unit never holds so many blocks: ask for fewer, or make them smaller.
    #[error(
        "`min_blocks` of {given}; a compute unit of {target} holds 1 to {limit} blocks of {threads} threads with {shared_bytes} B of shared memory"
    )]
    MinBlocks {
        /// Blocks that the kernel asks for.
        given: u32,
        /// Blocks that a compute unit holds.
        limit: u32,
        /// Threads of a block.
        threads: u32,
        /// Bytes of the block's shared arrays, but for one whose length the launch gives.
        shared_bytes: u32,
        /// The target.
        target: &'static str,
    },
    /// The target lacks the matrix instruction: use one that it has, or `f32` fragments, which work on every target.
    #[error(
        "{target} has no {instruction}; it is available on {}. {}",
        .available.join(", "),
        other_instructions(instead, *fragments)
    )]
    MatrixInstruction {
        /// The instruction.
        instruction: &'static str,
        /// The target.
        target: &'static str,
        /// The targets that have it.
        available: Vec<&'static str>,
        /// The target's instructions for operands of the same types.
        instead: Vec<&'static str>,
        /// Whether fragments of its shape do without it.
        fragments: bool,
    },

    /// A function that is written in the language of other targets.
    #[error("{function} has no statements for {target}: `hip = \"…\"` and `cuda = \"…\"` of `#[device]` give it some")]
    ForeignText {
        /// The function.
        function: String,
        /// The target.
        target: &'static str,
    },

    // Declarations and names.
    /// The kernel's name means something else in C++: choose another.
    #[error("a kernel cannot be called {name}: C++ or HIP has something of that name")]
    KernelName {
        /// The name.
        name: String,
    },
    /// A parameter of a kernel is neither a number nor a buffer, nor a struct of the numbers that its fields say.
    #[error("the kernel's parameter {name} is neither a number, a buffer nor a struct of numbers")]
    Parameter {
        /// The parameter.
        name: String,
    },
    /// A size is not known at compile time, or is not what its expression says.
    #[error("the size {given} is not what its expression gives: {}", .computed.map_or("not known at compile time".to_owned(), |value| value.to_string()))]
    Extent {
        /// The size.
        given: u32,
        /// What the expression gives.
        computed: Option<u32>,
    },
    /// An array has no elements.
    #[error("the array {name} has a dimension of 0 elements; at least 1 is needed")]
    EmptyArray {
        /// The array.
        name: String,
    },
    /// A constant's value is not what its definition gives.
    #[error("the constant {name} is {given}, but its definition does not give that value")]
    Constant {
        /// The constant.
        name: String,
        /// Its value.
        given: String,
    },
    /// A value is used before its declaration or after its block.
    #[error("{name} is used where it is not declared; declare it before, in this block or one around it")]
    Undeclared {
        /// The variable or object.
        name: String,
    },
    /// A value is declared twice.
    #[error("{name} is declared more than once")]
    Redeclared {
        /// The variable or object.
        name: String,
    },
    /// A `let` without a value is never assigned to.
    #[error("{name} is declared without a value and cannot be given one later; write `let mut`")]
    MissingValue {
        /// The variable.
        name: String,
    },
    /// The wrong sort of thing is declared, counted with or filled.
    #[error("{name} cannot be used here: {wanted} is needed")]
    WrongObject {
        /// The variable or object.
        name: String,
        /// What is needed.
        wanted: &'static str,
    },

    // Types.
    /// An operation has too few or too many operands.
    #[error("{operation} takes {limit} operands, {given} given")]
    OperandCount {
        /// The operation.
        operation: &'static str,
        /// Operands given.
        given: usize,
        /// Operands taken.
        limit: usize,
    },
    /// An operand has a type that the operation does not take.
    #[error("operand {operand} of {operation} is {given}; allowed is {allowed}")]
    OperandType {
        /// The operation.
        operation: &'static str,
        /// Which operand, from 1.
        operand: usize,
        /// Its type.
        given: Type,
        /// What it may be.
        allowed: Allowed,
    },
    /// An asynchronous copy of a size that hardware has none for.
    #[error("an asynchronous copy of {given}: it moves 4, 8 or 16 bytes, not {}", given.bytes())]
    CopyAsyncSize {
        /// What is copied.
        given: Type,
    },
    /// A prefetch of what is no element of a buffer.
    #[error("a prefetch names an element of a buffer that is not volatile")]
    PrefetchPlace,
    /// A value that is not printed.
    #[error("a value of {given} is not printed: print scalars of 32 bits and `bool`")]
    Printed {
        /// Its type.
        given: Type,
    },
    /// An operand of a hint to the compiler is not known when the kernel is compiled.
    #[error("the operands of {operation} must be known at compile time: use literals, constants and tile parameters")]
    HintNotConstant {
        /// The hint.
        operation: &'static str,
    },
    /// An atomic operation on elements that hardware has none for.
    #[error("{operation} on elements of {given}; allowed is {} of 32 or 64 bits", Allowed::Class(*class))]
    AtomicElement {
        /// The operation.
        operation: &'static str,
        /// The elements' type.
        given: Type,
        /// What they may be.
        class: Class,
    },
    /// A value has another type than what it is computed from says.
    #[error("the result of {operation} is used as {given}; it is {allowed}")]
    ResultType {
        /// The operation.
        operation: &'static str,
        /// The type that it is used as.
        given: Type,
        /// Its type.
        allowed: Type,
    },
    /// A value of one type is put where another is needed.
    #[error("{place} is {allowed}, but the value is {given}")]
    ValueType {
        /// Where the value is put.
        place: String,
        /// The value's type.
        given: Type,
        /// The type that is needed.
        allowed: Type,
    },
    /// Something without a value is used as one.
    #[error("{operation} gives no value, but one is used")]
    NoValue {
        /// The operation or function.
        operation: String,
    },
    /// A cast that Rust's `as` does not have.
    #[error("{given} cannot be cast to {wanted}")]
    Cast {
        /// The operand's type.
        given: Type,
        /// The type asked for.
        wanted: Type,
    },
    /// A vector of a length that does not exist.
    #[error("a vector of {given} elements; there are vectors of 2, 4, 8, 16 and 32")]
    VectorLength {
        /// Elements.
        given: usize,
    },
    /// A lane outside a vector.
    #[error("lane {given} of a vector of {limit}")]
    LaneBounds {
        /// The lane.
        given: u32,
        /// Lanes of the vector.
        limit: u32,
    },
    /// A lane of something that is no vector.
    #[error("{given} has no lanes; only vectors do")]
    LaneOfScalar {
        /// The value's type.
        given: Type,
    },

    // Memory.
    /// An index into something that has no elements, or a buffer or array used as a number.
    #[error("{name} is not a buffer or array and cannot be indexed")]
    NotIndexable {
        /// The variable.
        name: String,
    },
    /// A whole buffer or array is used as a value.
    #[error("{name} is a buffer or array; use an element of it")]
    NotAValue {
        /// The object.
        name: String,
    },
    /// A store to a value that does not change.
    #[error("{name} cannot be assigned to; declare it with `let mut`")]
    NotAssignable {
        /// The variable.
        name: String,
    },
    /// A store to a buffer that is only read.
    #[error("{name} is read-only; take it as `&mut Global` to store to it")]
    ReadOnly {
        /// The buffer.
        name: String,
    },
    /// Too few or too many indices.
    #[error("{name} takes {limit} indices, {given} given")]
    IndexCount {
        /// The object.
        name: String,
        /// Indices given.
        given: usize,
        /// Its dimensions.
        limit: usize,
    },
    /// An index that is not `u32`.
    #[error("an index of {name} is {given}; indices are u32")]
    IndexType {
        /// The object.
        name: String,
        /// The index's type.
        given: Type,
    },
    /// A known index outside an array.
    #[error("index {given} is outside {name}: dimension {dimension} has {limit} elements")]
    IndexBounds {
        /// The array.
        name: String,
        /// The dimension, from 0.
        dimension: usize,
        /// The index.
        given: u64,
        /// Elements of the dimension.
        limit: u32,
    },
    /// A vector access whose place is not aligned to the vector.
    #[error("a vector of {lanes} elements of {name} starts at a multiple of {lanes}; {given} is none")]
    VectorAlignment {
        /// The object.
        name: String,
        /// The index, or the length of the object's rows.
        given: u32,
        /// Elements of the vector.
        lanes: u32,
    },

    // Arrivals at barriers of the grid.
    /// A grid barrier that counts in something other than a buffer's first element.
    #[error("a grid barrier counts arrivals in a whole `&mut Global<u32>`, a parameter")]
    ArrivalsPlace,
    /// A buffer that counts arrivals and is used for something else too: take another.
    #[error("{name} counts who arrives at a grid barrier, and is used for nothing else: take another buffer here")]
    ArrivalsUsed {
        /// The buffer.
        name: String,
    },

    // Dependencies between kernels.
    /// A wait for the kernels ahead that not every thread passes exactly once.
    #[error("`grid_dependency_wait()` stands once, in the kernel itself, outside of branches and loops")]
    DependencyWait,
    /// What lets the next kernel start is not passed by every thread exactly once before the wait.
    #[error(
        "`grid_dependents_launch()` stands once, in the kernel itself, outside of branches and loops, before `grid_dependency_wait()`"
    )]
    DependentsLaunch,
    /// A return that leaves the kernel before it has waited for those ahead.
    #[error("a return before `grid_dependency_wait()`: wait first")]
    ReturnBeforeWait,
    /// A store to a buffer that kernels ahead may still use.
    #[error("{name} is written before `grid_dependency_wait()`: kernels ahead may still use it")]
    WrittenBeforeWait {
        /// The buffer.
        name: String,
    },

    // Control flow.
    /// `break` or `continue` outside a loop.
    #[error("`{statement}` outside a loop")]
    OutsideLoop {
        /// The statement.
        statement: &'static str,
    },
    /// The step of a loop is zero or negative.
    #[error("the loop's step is {given}; at least 1 is needed")]
    Step {
        /// The step.
        given: i128,
    },
    /// A division by a known zero.
    #[error("{operation} by zero")]
    ZeroDivisor {
        /// The operation.
        operation: &'static str,
    },
    /// A device function with a result can end without one.
    #[error("{function} returns {wanted}, but can end without returning a value")]
    MissingReturn {
        /// The function.
        function: String,
        /// The result's type.
        wanted: Type,
    },
    /// A value is returned where none is wanted, or none where one is.
    #[error("{function} returns {}, but {} is returned here", .wanted.map_or("nothing".to_owned(), |ty| ty.to_string()), .given.map_or("nothing".to_owned(), |ty| ty.to_string()))]
    ReturnValue {
        /// The function or kernel.
        function: String,
        /// The type of the value returned.
        given: Option<Type>,
        /// The result's type.
        wanted: Option<Type>,
    },
    /// A barrier that some threads of the block may reach and others not: move it out of the condition.
    #[error(
        "a barrier that not every thread of the block is sure to reach: the condition at {cause} depends on the thread's \
         position; move the barrier out of it"
    )]
    DivergentBarrier {
        /// The condition, loop or early exit that threads disagree about.
        cause: Location,
    },
    /// A barrier of the grid that some of its threads may reach and others not: move it out of the condition.
    #[error(
        "a grid barrier that not every thread of the grid is sure to reach: the condition at {cause} depends on more than \
         the launch's numbers, the size of the grid and elements that all threads read alike; move the barrier out of it"
    )]
    DivergentGridBarrier {
        /// The condition, loop or early exit that threads may disagree about.
        cause: Location,
    },
    /// A matrix instruction, or on NVIDIA an operation across lanes, that some lanes of a wave may reach and others not:
    /// move it out of the condition.
    #[error("{operation} needs every lane of the wave, but lanes may disagree about the condition at {cause}")]
    DivergentMatrix {
        /// The operation.
        operation: &'static str,
        /// The condition, loop or early exit that lanes disagree about.
        cause: Location,
    },
    /// A shuffle that reads a lane which is behind a branch, has returned, or is no thread of the block.
    #[error("{operation} in lane {lane} reads lane {from}, which does not take part")]
    InactiveLane {
        /// The operation.
        operation: &'static str,
        /// The lane that reads.
        lane: u32,
        /// The lane that it reads.
        from: u32,
    },
    /// Operands of one expression of which one changes what another reads.
    #[error("one expression both changes and uses {name}; give each a `let` of its own")]
    OperandOrder {
        /// The variable or object.
        name: String,
    },
    /// The end or step of a loop, or the value that fills an array, reads what the loop or the filling changes.
    #[error("{name} changes while its value is needed again; give the value a `let` of its own before")]
    LoopBound {
        /// The variable or object.
        name: String,
    },

    // Calls.
    /// A device function that calls itself, directly or through others.
    #[error("{function} calls itself, directly or through others; kernels have no recursion")]
    Recursion {
        /// The function.
        function: String,
    },
    /// Too few or too many arguments.
    #[error("{function} takes {limit} arguments, {given} given")]
    ArgumentCount {
        /// The function.
        function: String,
        /// Arguments given.
        given: usize,
        /// Parameters of the function.
        limit: usize,
    },
    /// An argument that does not fit its parameter.
    #[error("argument {argument} of {function} does not fit its parameter: {wanted} is needed")]
    ArgumentKind {
        /// The function.
        function: String,
        /// Which argument, from 1.
        argument: usize,
        /// What is needed.
        wanted: String,
    },
    /// One object passed twice to a function that writes it.
    #[error("{name} is passed to {function} twice, and {function} writes it")]
    AliasedArgument {
        /// The function.
        function: String,
        /// The object.
        name: String,
    },
}

/// What to write instead of a matrix instruction that the target lacks.
fn other_instructions(instead: &[&str], fragments: bool) -> String {
    if !instead.is_empty() {
        return format!("For operands of these types it has {}", instead.join(", "));
    }
    let shape = if fragments { "of this shape" } else { "`F32_16x16x4`" };
    format!("Fragments {shape} work on every target: write `Accumulator::mma` with `FragmentA` and `FragmentB`")
}
