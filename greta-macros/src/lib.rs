//! `#[kernel]` and `#[device]`: turn a Rust function into one that records what it would do.
//!
//! Only syntax is rewritten here; types, names and generics are left to rustc, which checks the rewritten function.
//! What kernels do not have is refused at its own span, with what to write instead. Knows nothing of types or targets:
//! the expansion speaks to `greta::rt`.

mod attribute;
mod body;
mod choose;
mod closures;
mod constants;
mod control;
mod device;
mod foreign;
mod kernel;
mod lend;
mod literal;
mod loops;
mod memory;
mod methods;
mod pattern;
mod places;
mod print;
mod ranges;
mod refuse;
mod require;
mod span;
mod statement;
mod structure;
mod text;
mod types;

use proc_macro::TokenStream;

/// Makes a GPU kernel of a function.
///
/// ```text
/// #[kernel(
///     tile(BM = 64 in [32, 64, 128]),     // tile parameters: default and candidates
///     require(BM % 32 == 0),              // what they must satisfy
///     require(a.len() == m * k),          // what the arguments of a launch must satisfy
///     known = KNOWN,                      // optional: variants that were fast, a `&[Known]`
///     block = BM * 4,                     // threads of a block: one number, or a tuple of up to three
///     min_blocks = 1024 / BLOCK,          // optional: blocks that a compute unit is to hold at the least. The compiler
///                                         // takes the registers that this leaves: with 1, more than without
/// )]
/// ```
///
/// Parameters are `&Global<T>`, `&mut Global<T>` and scalars. In its place stands a module of the same name with
/// `Args`, `Variant`, `variant()`, `variants()` and `DEFINITION`.
#[proc_macro_attribute]
pub fn kernel(attribute: TokenStream, item: TokenStream) -> TokenStream {
    kernel::expand(attribute.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a function callable from kernels; it comes out as a `__device__` function of its own name.
///
/// It takes kernel values, tuples and structs of them, `&` and `&mut` of buffers, shared and register arrays, and `&mut`
/// of kernel values; it returns kernel values or nothing. It may be generic over types, traits and constants. A function
/// that takes a closure (`impl Fn(f32) -> f32`) becomes part of its caller instead.
///
/// On a trait or an `impl`, every function in it is one, and so is a method of a struct of kernel values: `self`, `&self`
/// and `&mut self` are passed as other parameters are.
///
/// A function may be written in the target's own language. What stands in Rust then is what `cpu` runs; without it, the
/// function ends in `;` and `cpu` refuses its kernels. AMD's GPUs refuse them without `hip`, NVIDIA's without `cuda`.
///
/// ```text
/// #[device(hip = "return __builtin_amdgcn_rcpf(value);", cuda = "return __frcp_rn(value);")]
/// fn reciprocal(value: f32) -> f32 {
///     1.0 / value
/// }
/// ```
#[proc_macro_attribute]
pub fn device(attribute: TokenStream, item: TokenStream) -> TokenStream {
    device::expand(attribute.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a struct of kernel values usable in kernels: in `let`, in assignments, as a parameter and as a result of device
/// functions. Each field is a variable of its own there.
#[proc_macro_derive(KernelValue)]
pub fn kernel_value(item: TokenStream) -> TokenStream {
    structure::expand(item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
