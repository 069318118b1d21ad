//! Random well-typed programs over every type: what a device computes is what the same computes in Rust, bit for bit,
//! but for which NaN a NaN is.
//!
//! `RANDOM_PROGRAMS` says how many run on `cpu`; a thirty-second part of that runs on `emu`, as gfx942 code.

mod make;
mod recipe;
mod twice;
mod values;

use std::cell::RefCell;
use std::collections::BTreeSet;

use greta::codegen::definition::KernelDefinition;
use greta::codegen::diagnostic::Diagnostic;
use greta::codegen::ir::{Expr, ExprKind, Kernel, Literal, Location, Op, Scalar, Type};
use greta::codegen::target::Target;
use greta::prelude::*;
use greta::runtime::launch::{Arguments, BoundArgument, BoundArguments, Variant};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use make::{Program, operations, program};
use recipe::recipes;
use twice::Thread;
use values::{Native, same, with_type};

/// Threads that run a program, in one block.
const THREADS: u32 = 32;

thread_local! {
    /// The program that is traced next: a definition's function has no state of its own.
    static NEXT: RefCell<Option<Kernel>> = const { RefCell::new(None) };
}

fn trace(_: &[u32], _: &'static Target) -> Result<Kernel, Vec<Diagnostic>> {
    Ok(NEXT.take().expect("a program was left to be traced"))
}

/// A program as a kernel of the runtime's.
struct Made(&'static KernelDefinition);

impl Variant for Made {
    type Args<'a> = Bound;

    fn definition(&self) -> &'static KernelDefinition {
        self.0
    }

    fn values(&self) -> Vec<u32> {
        Vec::new()
    }
}

struct Bound(Vec<BoundArgument<'static>>);

impl Arguments for Bound {
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

/// A buffer with these elements as an argument, and what reads it.
type Uploaded = (BoundArgument<'static>, Box<dyn Fn(&Stream) -> Vec<Literal>>);

fn upload(device: &Device, scalar: Scalar, elements: &[Literal], written: bool) -> Uploaded {
    fn typed<T: Native>(device: &Device, elements: Vec<T>, written: bool) -> Uploaded {
        let mut buffer = device.buffer_from(&elements).unwrap();
        let argument = match written {
            true => BoundArgument::buffer_mut("to", &mut buffer),
            false => BoundArgument::buffer("from", &buffer),
        }
        .into_owned();
        let read =
            move |stream: &Stream| buffer.read(stream).unwrap().into_iter().map(|value| value.to_literal()).collect();
        (argument, Box::new(read))
    }
    with_type!(scalar, T => {
        typed(device, elements.iter().map(|&element| T::of(element)).collect(), written)
    })
}

/// What the program's buffers hold after a device has run it.
fn run(device: &Device, program: &Program) -> Vec<Vec<Literal>> {
    let location = Location::caller();
    // The runtime knows kernels by their definitions, which are never freed.
    let definition = Box::leak(Box::new(KernelDefinition {
        name: "random",
        doc: &[],
        location,
        manifest_dir: "",
        parameters: &[],
        requirements: &[],
        known: &[],
        contracts: &[],
        shared: None,
        trace,
    }));
    NEXT.set(Some(program.kernel.clone()));
    let kernel = device.kernel(Made(definition)).unwrap();
    let inputs = program.inputs.iter().map(|elements| upload(device, elements[0].scalar(), elements, false));
    let zeros = |scalar: Scalar, len: usize| vec![Literal::from_bits(scalar, 0); len];
    let outputs = program.outputs.iter().map(|&(scalar, len)| upload(device, scalar, &zeros(scalar, len), true));
    let (arguments, readers): (Vec<_>, Vec<_>) = inputs.chain(outputs).unzip();
    let stream = device.stream().unwrap();
    kernel.launch(&stream, 1, Bound(arguments)).unwrap();
    readers[program.inputs.len()..].iter().map(|read| read(&stream)).collect()
}

/// What Rust computes.
fn expected(program: &Program) -> Vec<Vec<Literal>> {
    let zeros = |&(scalar, len): &(Scalar, usize)| vec![Literal::from_bits(scalar, 0); len];
    let mut outputs: Vec<Vec<Literal>> = program.outputs.iter().map(zeros).collect();
    for index in 0..THREADS {
        let variables = vec![Vec::new(); program.kernel.vars.len()];
        (program.act)(&mut Thread { index, inputs: &program.inputs, outputs: &mut outputs, variables });
    }
    outputs
}

/// The same programs each time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn programs_do_what_rust_does(device: &str, cases: u32) {
    let device = Device::open(device).unwrap();
    let outcome = runner(cases).run(&recipes(), |recipes| {
        let program = program(&recipes, THREADS);
        let (given, wanted) = (run(&device, &program), expected(&program));
        for (given, wanted) in given.iter().zip(&wanted) {
            let different = (0..given.len()).find(|&index| !same(given[index], wanted[index]));
            let described = different.map(|index| (index, given[index], wanted[index]));
            prop_assert!(
                described.is_none(),
                "element, given, in Rust: {described:?} of {:?}\n{}",
                given[0].scalar(),
                program.kernel
            );
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn count() -> u32 {
    std::env::var("RANDOM_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(1024)
}

#[test]
fn random_programs_do_on_cpu_what_rust_does() {
    programs_do_what_rust_does("cpu", count());
}

#[test]
fn random_programs_do_on_emu_what_rust_does() {
    if crate::devices().len() > 1 {
        programs_do_what_rust_does("emu", count() / 32);
    }
}

#[test]
fn random_programs_have_every_operation_and_cast_of_every_type() {
    let mut found = BTreeSet::new();
    let mut runner = runner(0);
    for _ in 0..2 * count() {
        let kernel = program(&recipes().new_tree(&mut runner).unwrap().current(), THREADS).kernel;
        for stmt in &kernel.body {
            stmt.walk(&mut |stmt| {
                stmt.exprs().into_iter().for_each(|expr| expr.walk(&mut |expr| found.extend(opt_described(expr))))
            });
        }
    }
    let missing: Vec<String> = wanted().into_iter().filter(|wanted| !found.contains(wanted)).collect();
    assert!(missing.is_empty(), "{} never made: {missing:?}", missing.len());
}

/// An operation with the type of its operands, or a cast with both types.
fn opt_described(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Op(op, operands) => Some(described(*op, operands.first()?.ty)),
        ExprKind::Cast(operand) => Some(format!("{} as {}", operand.ty, expr.ty)),
        _ => None,
    }
}

fn described(op: Op, ty: Type) -> String {
    format!("{} of {}{}", op.row().name, if ty.is_vector() { "vectors of " } else { "" }, ty.scalar.name())
}

/// Every operation on every type that has it, and every cast.
fn wanted() -> Vec<String> {
    let types = |lanes| Scalar::ALL.iter().map(move |&scalar| Type::vector(scalar, lanes));
    let all = types(1).chain(types(4));
    let operations = all.flat_map(|ty| operations(ty).into_iter().map(move |op| described(op, ty)));
    let casts = types(1).flat_map(|from| types(1).map(move |to| (from.scalar, to.scalar)));
    let exist = casts.filter(|(from, to)| *to != Scalar::Bool && (*from != Scalar::Bool || to.is_integer()));
    operations.chain(exist.map(|(from, to)| format!("{} as {}", from.name(), to.name()))).collect()
}
