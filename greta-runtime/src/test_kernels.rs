//! Kernels for this crate's tests, written against the tracer as `#[kernel]` writes them.
//!
//! Deliberately does not use the macros: they belong to a crate that depends on this one.

#![allow(dead_code, unreachable_pub, reason = "no test uses all of them, and two crates use this file")]

use greta_codegen::contract::{Contract, Named};
use greta_codegen::definition::{KernelDefinition, Requirement, TileParameter};
use greta_codegen::diagnostic::Diagnostic;
use greta_codegen::ir::{Kernel, Literal, Location};
use greta_codegen::target::Target;
use greta_codegen::trace::{
    Global, If, IntoKernelValue as _, KernelInfo, KernelTracer, LiteralValue as _, Set as _, Sides, Val,
    attribute_number, block_idx, get, grid_barrier, lt, thread_idx, trace_kernel,
};
use greta_runtime::Buffer;
use greta_runtime::launch::{Arguments, BoundArgument, BoundArguments, Variant};

type Traced = Result<Kernel, Vec<Diagnostic>>;

const HERE: Location = Location { file: file!(), line: 1, column: 1 };

fn info(name: &'static str) -> KernelInfo {
    KernelInfo { name, doc: &[], location: HERE, manifest_dir: env!("CARGO_MANIFEST_DIR") }
}

const fn definition(
    name: &'static str,
    parameters: &'static [TileParameter],
    requirements: &'static [Requirement],
    trace: fn(&[u32], &'static Target) -> Traced,
) -> KernelDefinition {
    let manifest_dir = env!("CARGO_MANIFEST_DIR");
    KernelDefinition {
        name,
        doc: &[],
        location: HERE,
        manifest_dir,
        parameters,
        requirements,
        known: &[],
        contracts: &[],
        shared: None,
        trace,
    }
}

/// Runs `body` with the number of each thread that is below `len`.
fn for_each(tile: Val<u32>, len: Val<u32>, body: impl FnOnce(Val<u32>)) {
    let i = block_idx().x * tile + thread_idx().x;
    let mut branch = If::begin(lt::<u32, _, _>(i, len));
    let then = branch.then().then(|| body(i));
    let otherwise = branch.otherwise().then_some(());
    branch.finish(Sides { then, otherwise })
}

/// The only variant of the module's kernel, which has no tile parameters.
macro_rules! variant {
    ($name:ident) => {
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Variant for $name {
            type Args<'a> = Args<'a>;

            fn definition(&self) -> &'static KernelDefinition {
                &DEFINITION
            }

            fn values(&self) -> Vec<u32> {
                Vec::new()
            }
        }
    };
}

/// `y[i] = factor * x[i]` for `i < len`, in blocks of `tile` threads.
pub mod scale {
    use super::*;

    pub static DEFINITION: KernelDefinition = definition(
        "scale",
        &[TileParameter { name: "TILE", default: 64, candidates: &[32, 64, 128] }],
        &[Requirement { text: "TILE >= 64", holds: |values| values[0] >= 64 }],
        trace,
    );

    pub struct Args<'a> {
        pub factor: f32,
        pub x: &'a Buffer<f32>,
        pub y: &'a mut Buffer<f32>,
        pub len: u32,
    }

    impl Arguments for Args<'_> {
        fn bind<'a>(self, list: &mut BoundArguments<'a>)
        where
            Self: 'a,
        {
            list.extend([
                BoundArgument::scalar("factor", self.factor),
                BoundArgument::buffer("x", self.x),
                BoundArgument::buffer_mut("y", self.y),
                BoundArgument::scalar("len", self.len),
            ]);
        }

        fn scalars(&self) -> Vec<Literal> {
            vec![self.factor.to_literal(), self.len.to_literal()]
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Tile(pub u32);

    impl Variant for Tile {
        type Args<'a> = Args<'a>;

        fn definition(&self) -> &'static KernelDefinition {
            &DEFINITION
        }

        fn values(&self) -> Vec<u32> {
            vec![self.0]
        }
    }

    pub fn variant() -> Tile {
        Tile(64)
    }

    /// The same with `require(len <= y.len() && x.len() == y.len())`.
    #[derive(Clone, Copy, Debug)]
    pub struct Checked;

    impl Variant for Checked {
        type Args<'a> = Args<'a>;

        fn definition(&self) -> &'static KernelDefinition {
            static CHECKED: KernelDefinition = KernelDefinition {
                contracts: &[Contract {
                    text: "len <= y.len() && x.len() == y.len()",
                    location: HERE,
                    names: &[Named::Parameter("len", 3), Named::Parameter("y", 2), Named::Parameter("x", 1)],
                    holds: |values| {
                        let len = values.scalar::<u32>(3)?;
                        Some(len <= values.length(2)? && values.length(1)? == values.length(2)?)
                    },
                }],
                ..definition("scale", &[TileParameter { name: "TILE", default: 64, candidates: &[64] }], &[], trace)
            };
            &CHECKED
        }

        fn values(&self) -> Vec<u32> {
            vec![64]
        }
    }

    fn trace(values: &[u32], target: &'static Target) -> Traced {
        trace_kernel(&info("scale"), target, |kernel: &mut KernelTracer| {
            let tile = kernel.tile("TILE", values[0]);
            kernel.block([attribute_number(tile)]);
            let factor: Val<f32> = kernel.scalar("factor", HERE);
            let x: Global<f32> = kernel.global("x", false, HERE);
            let mut y: Global<f32> = kernel.global("y", true, HERE);
            let len = kernel.scalar("len", HERE);
            for_each(tile, len, |i| y.set_element(i, factor * get(&x, i), Location::caller()));
        })
    }
}

/// `z[i] = x[i] + y[i]` for `i < len`, in blocks of 64 threads.
pub mod add {
    use super::*;

    pub static DEFINITION: KernelDefinition = definition("add", &[], &[], trace);

    pub struct Args<'a> {
        pub x: &'a Buffer<f32>,
        pub y: &'a Buffer<f32>,
        pub z: &'a mut Buffer<f32>,
        pub len: u32,
    }

    impl Arguments for Args<'_> {
        fn bind<'a>(self, list: &mut BoundArguments<'a>)
        where
            Self: 'a,
        {
            list.extend([
                BoundArgument::buffer("x", self.x),
                BoundArgument::buffer("y", self.y),
                BoundArgument::buffer_mut("z", self.z),
                BoundArgument::scalar("len", self.len),
            ]);
        }

        fn scalars(&self) -> Vec<Literal> {
            vec![self.len.to_literal()]
        }
    }

    variant!(Add);

    fn trace(_: &[u32], target: &'static Target) -> Traced {
        trace_kernel(&info("add"), target, |kernel: &mut KernelTracer| {
            let block: Val<u32> = 64_u32.into_val();
            kernel.block([attribute_number(block)]);
            let x: Global<f32> = kernel.global("x", false, HERE);
            let y: Global<f32> = kernel.global("y", false, HERE);
            let mut z: Global<f32> = kernel.global("z", true, HERE);
            let len = kernel.scalar("len", HERE);
            for_each(block, len, |i| z.set_element(i, get(&x, i) + get(&y, i), Location::caller()));
        })
    }
}

/// `x[i] = x[i] + by`, for one block of `x.len()` threads at most 64.
pub mod bump {
    use super::*;

    pub static DEFINITION: KernelDefinition = definition("bump", &[], &[], trace);

    pub struct Args<'a> {
        pub x: &'a mut Buffer<u32>,
        pub by: u32,
    }

    impl Arguments for Args<'_> {
        fn bind<'a>(self, list: &mut BoundArguments<'a>)
        where
            Self: 'a,
        {
            list.extend([BoundArgument::buffer_mut("x", self.x), BoundArgument::scalar("by", self.by)]);
        }

        fn scalars(&self) -> Vec<Literal> {
            vec![self.by.to_literal()]
        }
    }

    variant!(Bump);

    fn trace(_: &[u32], target: &'static Target) -> Traced {
        trace_kernel(&info("bump"), target, |kernel: &mut KernelTracer| {
            kernel.block([attribute_number(1_u32)]);
            let mut x: Global<u32> = kernel.global("x", true, HERE);
            let by: Val<u32> = kernel.scalar("by", HERE);
            let i = block_idx().x;
            x.set_element(i, get(&x, i) + by, Location::caller());
        })
    }
}

/// Blocks of 64 threads that wait for each other.
pub mod meet {
    use super::*;

    pub static DEFINITION: KernelDefinition = definition("meet", &[], &[], trace);

    pub struct Args<'a> {
        pub arrivals: &'a mut Buffer<u32>,
    }

    impl Arguments for Args<'_> {
        fn bind<'a>(self, list: &mut BoundArguments<'a>)
        where
            Self: 'a,
        {
            list.extend([BoundArgument::buffer_mut("arrivals", self.arrivals)]);
        }

        fn scalars(&self) -> Vec<Literal> {
            Vec::new()
        }
    }

    variant!(Meet);

    fn trace(_: &[u32], target: &'static Target) -> Traced {
        trace_kernel(&info("meet"), target, |kernel: &mut KernelTracer| {
            kernel.block([attribute_number(64_u32)]);
            let mut arrivals: Global<u32> = kernel.global("arrivals", true, HERE);
            grid_barrier(&mut arrivals);
        })
    }
}

/// Another kernel's variant with arguments that were bound by hand.
#[derive(Clone, Copy, Debug)]
pub struct ByHand(pub &'static KernelDefinition);

impl Variant for ByHand {
    type Args<'a> = Bound<'a>;

    fn definition(&self) -> &'static KernelDefinition {
        self.0
    }

    fn values(&self) -> Vec<u32> {
        self.0.defaults()
    }
}

/// Arguments bound by hand.
pub struct Bound<'b>(pub Vec<BoundArgument<'b>>);

impl Arguments for Bound<'_> {
    fn bind<'a>(self, list: &mut BoundArguments<'a>)
    where
        Self: 'a,
    {
        list.extend(self.0);
    }

    fn scalars(&self) -> Vec<Literal> {
        self.0.iter().filter_map(BoundArgument::opt_scalar).collect()
    }
}
