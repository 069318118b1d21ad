//! Every instruction set that this machine has gives the same bits.

use greta_codegen::ir::{
    Expr, ExprKind, Extent, Kernel, Literal, Location, Op, Place, Scalar, Stmt, StmtKind, Type, Var, VarId, VarKind,
};
use greta_codegen::mfma::F32_16X16X4_F32;
use greta_codegen::ops::Class;

use crate::encode::encode;
use crate::lanewise::Lanewise;
use crate::level::Level;
use crate::{Argument, Memory};

const HERE: Location = Location { file: "kernel.rs", line: 1, column: 1 };
const F32X4: Type = Type::vector(Scalar::F32, 4);

fn e(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, location: HERE }
}

fn u(value: u32) -> Expr {
    Expr::literal(Literal::U32(value), HERE)
}

fn op(op: Op, operands: Vec<Expr>, ty: Type) -> Expr {
    e(ExprKind::Op(op, operands), ty)
}

fn place(base: u32, index: Expr) -> Place {
    Place { base: VarId(base), index: vec![index], lane: None }
}

/// A kernel of two buffers of `f32`, 128 threads.
fn kernel(body: Vec<StmtKind>, lets: &[Type]) -> Kernel {
    let var = |name: &str, kind, ty| Var { name: name.to_owned(), kind, ty, constant: None, location: HERE };
    let mut vars = vec![
        var("x", VarKind::Global { mutable: false, volatile: false }, Type::F32),
        var("y", VarKind::Global { mutable: true, volatile: false }, Type::F32),
    ];
    vars.extend(lets.iter().map(|ty| var("v", VarKind::Let, *ty)));
    Kernel {
        name: "kernel".to_owned(),
        doc: Vec::new(),
        location: HERE,
        manifest_dir: "",
        constants: Vec::new(),
        block: [128, 1, 1].map(|value| Extent { value, expr: u(value) }),
        min_blocks: None,
        params: vec![VarId(0), VarId(1)],
        vars,
        structures: Vec::new(),
        lengths: Vec::new(),
        functions: Vec::new(),
        body: body.into_iter().map(|kind| Stmt { kind, location: HERE }).collect(),
    }
}

/// Inputs of all magnitudes, among them NaN, infinities and subnormals.
fn inputs() -> Vec<f32> {
    let mut state = 0x1234_5678_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let special = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1e-40, -3e-42, f32::MAX, 88.8, -104.0, 0.5];
    let small = (0..256).map(|_| (random() >> 8) as f32 / 8e5 - 10.0).collect::<Vec<f32>>();
    let any = (0..512).map(|_| f32::from_bits(random())).collect::<Vec<f32>>();
    [&special[..], &small, &any].concat().into_iter().cycle().take(2048).collect()
}

fn outputs(kernel: &Kernel) -> Vec<Vec<u32>> {
    let run = |level| {
        let program = encode(kernel, 64, level, crate::Checks::default());
        let (input, mut output) = (inputs(), vec![0_u32; 2048]);
        let (x, y) = (Memory::from_slice(&input), Memory::from_mut_slice(&mut output));
        program.run([1, 1, 1], &[Argument::Buffer(&x), Argument::Buffer(&y)]).expect("the kernel keeps the rules");
        output
    };
    Level::available().into_iter().map(run).collect()
}

/// NaN has many bit patterns; which of them comes out is not specified.
fn same(a: u32, b: u32) -> bool {
    a == b || (f32::from_bits(a).is_nan() && f32::from_bits(b).is_nan())
}

fn assert_equal(kernel: &Kernel, name: &str) {
    let outputs = outputs(kernel);
    assert!(outputs[0].iter().any(|bits| *bits != 0), "{name} computes something");
    for output in &outputs {
        for (position, (&a, &b)) in output.iter().zip(&outputs[0]).enumerate() {
            assert!(same(a, b), "{name} at {position}: {a:x} and {b:x}");
        }
    }
}

#[test]
fn operations_of_the_ir_give_the_same_bits_at_every_level() {
    let tid = || op(Op::ThreadIdxX, vec![], Type::U32);
    for row in Op::rows() {
        let Some((lanewise, _)) = crate::lanewise::opt_row(row.op, Scalar::F32) else { continue };
        let values = (0..lanewise.arity() as u32).map(|operand| {
            let index = op(Op::Add, vec![op(Op::Mul, vec![tid(), u(4)], Type::U32), u(operand * 512)], Type::U32);
            e(ExprKind::Load(place(0, index)), F32X4)
        });
        let values: Vec<Expr> = values.collect();
        if matches!(row.class, Class::Word | Class::Comparable) {
            continue;
        }
        let value = op(row.op, values, F32X4);
        let index = op(Op::Mul, vec![tid(), u(4)], Type::U32);
        assert_equal(&kernel(vec![StmtKind::Assign(place(1, index), value)], &[]), row.name);
    }
}

#[test]
fn gathers_shuffles_and_matrix_instructions_give_the_same_bits_at_every_level() {
    let tid = || op(Op::ThreadIdxX, vec![], Type::U32);
    let scattered = || op(Op::BitXor, vec![tid(), u(37)], Type::U32);
    let var = |id: u32, ty| e(ExprKind::Var(VarId(id)), ty);
    let vector_index = || op(Op::Mul, vec![scattered(), u(4)], Type::U32);
    let body = vec![
        StmtKind::Let(VarId(2), Some(e(ExprKind::Load(place(0, scattered())), Type::F32))),
        StmtKind::Let(VarId(3), Some(op(Op::ShuffleXor, vec![var(2, Type::F32), u(5)], Type::F32))),
        StmtKind::Let(VarId(4), Some(e(ExprKind::Load(place(0, vector_index())), F32X4))),
        StmtKind::Let(
            VarId(5),
            Some(op(Op::Mfma(&F32_16X16X4_F32), vec![var(2, Type::F32), var(3, Type::F32), var(4, F32X4)], F32X4)),
        ),
        StmtKind::If(
            op(Op::Lt, vec![op(Op::Rem, vec![tid(), u(7)], Type::U32), u(5)], Type::BOOL),
            vec![Stmt { kind: StmtKind::Assign(place(1, vector_index()), var(5, F32X4)), location: HERE }],
            vec![Stmt { kind: StmtKind::Assign(place(1, scattered()), var(2, Type::F32)), location: HERE }],
        ),
    ];
    assert_equal(&kernel(body, &[Type::F32, Type::F32, F32X4, F32X4]), "the kernel");
}

#[test]
fn rows_are_total() {
    for row in Lanewise::ALL {
        for a in [0, 1, 0x8000_0000, u32::MAX, 0x7FC0_0000] {
            for b in [0, 1, 31, 32, u32::MAX] {
                row.apply([a, b, 0]);
            }
        }
    }
}
