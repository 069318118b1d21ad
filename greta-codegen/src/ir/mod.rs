//! The intermediate representation of a kernel: typed, structured, printable.
//!
//! What a program means, stated once; the writers, the verifier and the interpreter follow this text.
//!
//! **Values.** A value has a [`Type`]: a scalar or a short vector of scalars. Integers are two's complement and their
//! `+ - *` wrap at the type's own width, whatever it is. `/` and `%` on integers truncate toward zero; the smallest
//! number divided by -1 wraps, to itself and remainder 0; a zero divisor is an error that the interpreter reports and
//! hardware leaves undefined. Shift counts are taken modulo the width. `f16`, `f32` and `f64` follow IEEE 754, round to
//! nearest even, subnormals kept; nothing is contracted or reassociated: `a * b + c` rounds twice, [`Op::Fma`] once.
//! `bf16` is computed as `f32`, its result rounded to `bf16` after each operation, [`Op::Fma`] too; so are the
//! functions of `f16` other than `+ - * /`, square root and fused multiply-add. Which bits a NaN has is not defined.
//! `fp8` and `bf8` are stored and converted. Casts mean what Rust's `as` means (float to integer saturates, NaN becomes
//! 0); to a short float (`f16`, `bf16`, `fp8`, `bf8`) they round once, to nearest even; what is too large for `fp8` or
//! `bf8` becomes NaN.
//!
//! **Order.** Statements run in order, and an expression's operands before the expression, left to right. `And`, `Or`
//! and `Select` evaluate their later operands only where they are needed; every other operand is always evaluated.
//!
//! **Variables.** A `Let` is evaluated where it stands and never changes. A `Mut` variable is assigned to. Each
//! execution of a declaration starts a fresh variable, so one declared in a loop does not survive an iteration.
//! A variable with an empty name is a temporary of the tracer's: the passes fold it into its user or name it.
//!
//! **Memory.** Global buffers belong to the launch, shared arrays to a block, register arrays to a thread. An access is
//! `base[index]…`, one index for a global buffer, one per dimension otherwise, counted in elements; a load or store of a
//! vector touches as many consecutive elements of the last dimension, and its first element's index is a multiple of
//! the vector's length (16-byte accesses are aligned). Any access outside an object is an error. Shared and register arrays start undefined.
//!
//! **Threads.** A block's threads run in waves of the target's width, in lock step where control flow agrees. A
//! [`Op::Barrier`] is reached by every thread of the block or by none; shared and global writes before it are seen by
//! the block's threads after it. An [`Op::GridBarrier`] is reached by every thread of the grid or by none, does what the
//! other does, and global writes before it are seen by the grid's threads after it. Two threads that access an element
//! with no barrier in between, of the grid if they are of two blocks, race if one of them writes another value than is
//! there: what the others read is undefined. Lock step is no order. Operations across lanes read the lanes that take
//! part in the statement; reading one that does not is an error that the interpreter reports and hardware leaves
//! undefined. An MFMA needs all lanes of the wave. What an atomic operation reads and writes, no other thread changes in
//! between; which thread comes first is open; atomic operations race with plain accesses only.
//!
//! **For.** `for counter in start..end step step`, or `start..=end`: the three are evaluated once, before the loop. The
//! step is positive (an error that the interpreter reports). The counter is start, start + step and so on, as far as the
//! range goes; as in Rust, a step that would leave the counter's type ends the loop.

mod constant;
mod expr;
mod kernel;
mod literal;
mod location;
mod print;
mod structure;
mod types;
mod walk;

pub use expr::{Argument, Expr, ExprKind, Place};
pub use kernel::{
    Block, Constant, ConstantId, Extent, Foreign, ForeignText, Function, FunctionId, Kernel, Message, Stmt, StmtKind,
    Unroll, Var, VarId, VarKind,
};
pub use literal::Literal;
pub use location::Location;
pub use structure::{Field, Leaf, Passed, Shape, StructParam, Structure};
pub use types::{Scalar, Sort, Type};

pub use crate::atomics::Atomic;
pub use crate::ops::Op;
