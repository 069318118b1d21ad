//! The front end: kernel values that record what is done to them.
//!
//! `#[kernel]` and `#[device]` rewrite a Rust function so that it runs on the host with [`Val`] handles in place of
//! numbers; running it records typed IR. rustc has inferred and checked every type by then. Tile abstractions are
//! plain Rust on top of what is here.
//!
//! Every operation is recorded at once, in Rust's order of evaluation, as an unnamed `Let` over leaves; the passes
//! fold those back into expressions. So a handle may be kept, copied and used later without changing what it means.
//!
//! A mistake that only shows while tracing (a length that is no constant, an assignment to something immutable) is
//! recorded as a [`Diagnostic`](crate::diagnostic::Diagnostic), and tracing goes on.

mod arrays;
mod atomics;
mod bind;

mod builtins;
mod by_value;
mod composite;
mod control;
mod extent;
mod fast;
mod fragment;
mod function;
mod given;
mod jumps;
mod kernel;
mod lanes;
mod lend;
mod literal;
mod math;
mod memory;
mod methods;
mod operators;
mod print;
mod results;
mod stored;
mod table;
mod tracer;
mod value;
pub mod vector;
mod wanted;

pub use arrays::{Item, array, listed};
pub use atomics::{AtomicBits, AtomicElement, AtomicSpace};
pub use bind::{
    Assign, Bind, Merge, Read, Undefined, assign, bind, bind_mut, check_variable, read, read_variable, undefined,
    unreachable_value,
};
pub use builtins::{
    Arrivals, Dim3, ballot, barrier, block_dim, block_idx, copy_async_commit, copy_async_wait, grid_barrier,
    grid_dependency_wait, grid_dependents_launch, grid_dim, has_copy_async, has_warpgroup_mma, lane_id, sched_barrier,
    sched_group_barrier, select, setprio, shuffle, shuffle_down, shuffle_up, shuffle_xor, thread_idx, wave_all,
    wave_any, wave_count, wave_id,
};
pub use by_value::ByValue;
pub use composite::{Blank, Constant, Field, HostOf, KernelType, blank, constant, host, never, same, set_field};
pub use control::{Branches, For, If, Loop, Range, ShortCircuit, Sides, While, return_kernel, unroll_times};
pub use fast::*;
pub use fragment::{
    Accumulator, Factors, FragmentA, FragmentB, Matrix, MatrixMut, MatrixMutOf, MatrixOf, MatrixShape, Rows, RowsMut,
    Run, instructions, mma,
};
pub use function::{Call, DeviceArgument, FunctionInfo, Parameter};
pub use given::{Given, GivenCount, GivenNumber, GivenOther, GivenUncounted};
pub use jumps::{LoopValue, break_loop, continue_loop};
pub use kernel::{KernelInfo, KernelTracer, attribute_number, trace_kernel};
pub use lanes::Word;
pub use lend::{GiveBack, Lend, lend};
pub use literal::{FloatLiteral, LiteralValue, literal};
pub use math::*;
pub use memory::{
    Array, Element, Get, GetMut, Global, Memory, Nested, Repeat, Set, Shared, Space, VectorElement, Volatile, get,
    get_receiver, register, repeat, shared, shared_dynamic, spaces,
};
pub use methods::{bf16_from_bits, f16_from_bits, f32_from_bits, f64_from_bits};
pub use operators::{CastFrom, ShiftCount, cast, cast_float, cast_integer, eq, ge, gt, le, lt, ne};
pub use print::{Printable, Printed, assert, assert_compared, print};
pub use results::{DeviceResult, Part, Returned, return_value};
pub use stored::Stored;
pub use table::{NamedGet, NamedTable, Places, Table, constant_length, get_constant, places};
pub use tracer::TraceError;
pub use value::{
    Atom, Bits, Castable, Comparable, Float, Integer, Integral, IntoKernelValue, KernelValue, Number, ScalarValue,
    Signed, Val, Value, Vector, bf8, bf16, f16, fp8,
};
pub use vector::*;
pub use wanted::{Condition, ElementIndex};

/// Block size and wave width by their Rust names, for the attributes' expansion.
pub use tracer::{block_constant, check_constant, wave_constant};
