//! Tracing a whole kernel: its tile parameters, block size and parameters, then its body.

use super::extent::opt_extent;
use super::memory::{Global, Memory, Volatile};
use super::tracer::{self, Length, TraceError, Tracer};
use super::value::{Atom, IntoKernelValue, Val, Value};
use crate::diagnostic::Diagnostic;
use crate::ir::{Block, Expr, ExprKind, Extent, Kernel, Literal, Location, Op, Type, VarKind};
use crate::target::Target;

/// What `#[kernel]` knows of a kernel before it is traced.
#[derive(Debug)]
pub struct KernelInfo {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// Where it stands.
    pub location: Location,
    /// `CARGO_MANIFEST_DIR` of its crate.
    pub manifest_dir: &'static str,
}

/// Traces a kernel for a target.
///
/// # Errors
///
/// What is wrong with the kernel and only shows while it is traced.
pub fn trace_kernel(
    info: &KernelInfo,
    target: &'static Target,
    body: impl FnOnce(&mut KernelTracer),
) -> Result<Kernel, Vec<Diagnostic>> {
    let one = Extent { value: 1, expr: Expr::literal(Literal::U32(1), info.location) };
    let kernel = Kernel {
        name: info.name.to_owned(),
        doc: info.doc.iter().map(|&line| line.to_owned()).collect(),
        location: info.location,
        manifest_dir: info.manifest_dir,
        constants: Vec::new(),
        block: [one.clone(), one.clone(), one],
        min_blocks: None,
        params: Vec::new(),
        vars: Vec::new(),
        structures: Vec::new(),
        lengths: Vec::new(),
        functions: Vec::new(),
        body: Block::new(),
    };
    let location = info.location;
    let mut done = tracer::run(Tracer::new(kernel, target), || body(&mut KernelTracer { location }));
    if done.errors.is_empty() {
        done.kernel.body = done.close_block();
        for Length { buffer, value } in done.lengths {
            done.kernel.lengths.push(buffer);
            done.kernel.params.push(value);
        }
        Ok(done.kernel)
    } else {
        Err(done.errors)
    }
}

/// Declares what a kernel has outside of its body.
pub struct KernelTracer {
    location: Location,
}

impl KernelTracer {
    /// A tile parameter.
    #[must_use]
    pub fn tile(&mut self, name: &'static str, value: u32) -> Val<u32> {
        Val::from_atom(Atom::Constant(tracer::with(|tracer| tracer.constant(name, value, None))))
    }

    /// The block's size in x, y and z, of literals and tile parameters. Makes the constant `BLOCK`, and `BLOCK_X` and
    /// so on if there is more than one dimension.
    pub fn block<const N: usize>(&mut self, sizes: [Val<u32>; N]) {
        const NAMES: [&str; 3] = ["BLOCK_X", "BLOCK_Y", "BLOCK_Z"];
        let location = self.location;
        let mut constants = Vec::new();
        for (dimension, size) in sizes.into_iter().enumerate() {
            let Some(Extent { value, expr }) = opt_extent(size, location) else {
                tracer::with(|tracer| tracer.error(TraceError::BlockNotConstant, location));
                return;
            };
            tracer::with(|tracer| {
                let name = if N == 1 { "BLOCK" } else { NAMES[dimension] };
                let id = tracer.constant(name, value, Some(expr));
                let expr = Atom::Constant(id).expr(Type::U32, location);
                tracer.kernel.block[dimension] = Extent { value, expr: expr.clone() };
                constants.push((id, value, expr));
            });
        }
        // A block that is too large is refused as such.
        let total = constants.iter().fold(1_u32, |total, (_, value, _)| total.saturating_mul(*value));
        let product = |a: Expr, b: Expr| Expr { kind: ExprKind::Op(Op::Mul, vec![a, b]), ty: Type::U32, location };
        tracer::with(|tracer| {
            tracer.block_constant = Some(match constants.as_slice() {
                [(id, _, _)] => *id,
                _ => {
                    let definition = constants.into_iter().map(|(_, _, expr)| expr).reduce(product);
                    tracer.constant("BLOCK", total, definition)
                }
            });
            // What computed the sizes is spelled in the constants; the body starts empty.
            tracer.blocks = vec![Block::new()];
        });
    }

    /// How many blocks a compute unit is to hold at the least, of literals, tile parameters, `BLOCK` and `WAVE`; after the
    /// block's size. Makes the constant `MIN_BLOCKS`.
    pub fn min_blocks(&mut self, count: Val<u32>) {
        let location = self.location;
        let extent = opt_extent(count, location);
        tracer::with(|tracer| {
            let Some(Extent { value, expr }) = extent else {
                return tracer.error(TraceError::MinBlocksNotConstant, location);
            };
            let id = tracer.constant("MIN_BLOCKS", value, Some(expr));
            tracer.kernel.min_blocks = Some(Extent { value, expr: Atom::Constant(id).expr(Type::U32, location) });
            tracer.blocks = vec![Block::new()];
        });
    }

    /// A buffer parameter.
    #[must_use]
    pub fn global<T: Value>(&mut self, name: &'static str, mutable: bool, location: Location) -> Global<T> {
        buffer(name, VarKind::Global { mutable, volatile: false }, location)
    }

    /// A buffer parameter whose every access goes to memory.
    #[must_use]
    pub fn volatile<T: Value>(&mut self, name: &'static str, mutable: bool, location: Location) -> Volatile<T> {
        buffer(name, VarKind::Global { mutable, volatile: true }, location)
    }

    /// A parameter passed by value.
    #[must_use]
    pub fn scalar<T: Value>(&mut self, name: &'static str, location: Location) -> Val<T> {
        tracer::with(|tracer| {
            let id = tracer.var(name, VarKind::Scalar, T::ty(), location);
            tracer.kernel.params.push(id);
            Val::from_atom(Atom::Var(id))
        })
    }
}

fn buffer<T: Value, S>(name: &'static str, kind: VarKind, location: Location) -> Memory<T, S> {
    tracer::with(|tracer| {
        let id = tracer.var(name, kind, T::ty(), location);
        tracer.kernel.params.push(id);
        Memory::whole(id)
    })
}

/// A number as the attribute takes it: kernel constants or Rust ones.
#[must_use]
pub fn attribute_number<V: IntoKernelValue<u32>>(number: V) -> Val<u32> {
    number.into_val()
}
