//! One broken kernel for each kind of diagnostic, with the message that its author reads.

pub(super) mod operations;

use super::verify;
use crate::ir::{
    Argument, Atomic, Expr, ExprKind, Extent, FunctionId, Kernel, Literal, Op, Place, StmtKind, Type, VarId, VarKind,
};
use crate::mfma::{F32_16X16X4_F32, Mfma};
use crate::target::{GFX942, Target};
use crate::testing::*;

/// The messages about a kernel, without their locations.
fn messages_for(kernel: Kernel, target: &'static Target) -> Vec<String> {
    match verify(kernel, target) {
        Ok(_) => Vec::new(),
        Err(found) => found.into_iter().map(|finding| finding.kind.to_string()).collect(),
    }
}

fn messages(build: impl FnOnce(&mut Build)) -> Vec<String> {
    let mut kernel = Build::new(64);
    build(&mut kernel);
    messages_for(kernel.finish(), &GFX942)
}

#[track_caller]
pub(super) fn refused(build: impl FnOnce(&mut Build), message: &str) {
    assert_eq!(messages(build), [message]);
}

fn mfma(row: &'static Mfma, a: Expr) -> Expr {
    expr(op(Op::Mfma(row), [a, f(1.0), splat(f(0.0), 4)]).kind, F32X4)
}

/// A target with nothing on it but a wave and little room.
static SMALL: Target = Target { name: "small", shared_bytes_max: 1000, block_threads_max: 128, ..GFX942_ROW };
const GFX942_ROW: Target = Target {
    name: "gfx942",
    family: crate::target::Family::Amd,
    wave: 64,
    shared_bytes_max: 65_536,
    static_shared_bytes_max: 65_536,
    block_threads_max: 1024,
    compute_unit: crate::target::cdna(304, 65_536, 512),
    fp8_instructions: true,
    copy_async: false,
    early_start: false,
    warpgroup_mma: false,
};

#[test]
fn a_valid_kernel_passes() {
    assert_eq!(
        messages(|build| {
            build.bind("x", u(1));
        }),
        [""; 0]
    );
}

#[test]
fn shared_memory_is_limited() {
    let mut build = Build::new(64);
    build.shared("tile", Type::F32, [u(16), u(17)]);
    let found = verify(build.finish(), &SMALL).expect_err("too much");
    assert_eq!(
        found[0].to_string(),
        "kernel.rs:1:1: the kernel's shared arrays take 1088 B; small has 1000 B of shared memory a block"
    );
}

#[test]
fn block_size_is_limited() {
    assert_eq!(messages_for(Build::new(129).finish(), &SMALL), ["a block of 129 threads; small allows 1 to 128"]);
    let mut build = Build::new(64);
    build.kernel.block[1] = Extent { value: 0, expr: u(0) };
    assert_eq!(messages_for(build.finish(), &SMALL), ["a block of 0 threads; small allows 1 to 128"]);
}

#[test]
fn resident_blocks_fit_in_a_compute_unit() {
    let wanted = |blocks, shared_length| {
        move |build: &mut Build| {
            build.kernel.block[0] = Extent { value: 256, expr: u(256) };
            build.kernel.min_blocks = Some(build.extent(u(blocks)));
            build.shared("tile", Type::F32, [u(shared_length)]);
        }
    };
    for fits in [wanted(1, 128), wanted(8, 128), wanted(2, 8192)] {
        assert_eq!(messages(fits), [""; 0]);
    }
    let by_threads = "a compute unit of gfx942 holds 1 to 8 blocks of 256 threads with 512 B of shared memory";
    refused(wanted(0, 128), &format!("`min_blocks` of 0; {by_threads}"));
    refused(wanted(9, 128), &format!("`min_blocks` of 9; {by_threads}"));
    let by_shared = "a compute unit of gfx942 holds 1 to 2 blocks of 256 threads with 32768 B of shared memory";
    refused(wanted(3, 8192), &format!("`min_blocks` of 3; {by_shared}"));
    refused(
        |build| build.kernel.min_blocks = Some(Extent { value: 2, expr: u(3) }),
        "the size 2 is not what its expression gives: 3",
    );
}

#[test]
fn names_must_be_free() {
    refused(
        |build| build.kernel.name = "exp".to_owned(),
        "a kernel cannot be called `exp`: C++ or HIP has something of that name",
    );
}

#[test]
fn parameters_are_numbers_or_buffers() {
    refused(
        |build| {
            let id = build.var("s", VarKind::Mut, Type::U32);
            build.kernel.params.push(id);
        },
        "the kernel's parameter `s` is neither a number, a buffer nor a struct of numbers",
    );
}

#[test]
fn sizes_are_known() {
    refused(
        |build| build.kernel.block[0] = Extent { value: 64, expr: u(32) },
        "the size 64 is not what its expression gives: 32",
    );
    refused(
        |build| {
            let n = build.scalar("n", Type::U32);
            let id = build.var("a", VarKind::Register(vec![Extent { value: 4, expr: n }]), Type::F32);
            build.push(StmtKind::Declare(id));
        },
        "the size 4 is not what its expression gives: not known at compile time",
    );
    refused(
        |build| {
            build.register("a", Type::F32, [u(0)]);
        },
        "the array `a` has a dimension of 0 elements; at least 1 is needed",
    );
}

#[test]
fn constants_are_what_they_say() {
    refused(
        |build| {
            build.constant("N", 5, Some(add(u(2), u(2))));
        },
        "the constant N is 5, but its definition does not give that value",
    );
    refused(
        |build| {
            let id = build.var("n", VarKind::Let, Type::U32);
            build.kernel.vars[id.index()].constant = Some(Literal::U32(5));
            build.push(StmtKind::Let(id, Some(u(4))));
        },
        "the constant `n` is 5, but its definition does not give that value",
    );
}

#[test]
fn variables_are_declared_once_and_before_use() {
    let undeclared = "`x` is used where it is not declared; declare it before, in this block or one around it";
    refused(
        |build| {
            let y = build.global("y", Type::U32, true);
            let x = build.var("x", VarKind::Let, Type::U32);
            build.store(y, [u(0)], build.read(x));
        },
        undeclared,
    );
    refused(
        |build| {
            let y = build.global("y", Type::U32, true);
            let mut x = u(0);
            build.if_(truth(true), |build| x = build.bind("x", op(Op::BlockIdxX, [])));
            build.store(y, [u(0)], x);
        },
        undeclared,
    );
    refused(
        |build| {
            let x = build.bind("x", u(1)).opt_var().expect("a variable");
            build.push(StmtKind::Let(x, Some(u(1))));
        },
        "`x` is declared more than once",
    );
    refused(
        |build| {
            let x = build.var("x", VarKind::Let, Type::U32);
            build.push(StmtKind::Let(x, None));
        },
        "`x` is declared without a value and cannot be given one later; write `let mut`",
    );
}

#[test]
fn the_condition_of_a_while_sees_the_block_before_it_and_the_body_does_not() {
    let kernel = |in_body: bool| {
        messages(|build| {
            let y = build.global("y", Type::U32, true);
            let value = build.var("value", VarKind::Let, Type::U32);
            build.while_(
                |build| {
                    build.push(StmtKind::Let(value, Some(build.load(y, [u(0)]))));
                    lt(build.read(value), u(3))
                },
                |build| {
                    if in_body {
                        build.store(y, [u(0)], build.read(value));
                    }
                },
            );
        })
    };
    assert_eq!(kernel(false), [""; 0]);
    assert_eq!(
        kernel(true),
        ["`value` is used where it is not declared; declare it before, in this block or one around it"]
    );
}

#[test]
fn objects_are_used_for_what_they_are() {
    refused(
        |build| {
            let x = build.bind_mut("x", u(1));
            build.push(StmtKind::Fill(x, u(1)));
        },
        "`x` cannot be used here: a register array is needed",
    );
    refused(
        |build| {
            let x = build.global("x", Type::U32, false);
            let id = build.bind_mut("y", u(0));
            build.assign(id, build.read(x));
        },
        "`x` is a buffer or array; use an element of it",
    );
    refused(
        |build| {
            let n = build.scalar("n", Type::U32).opt_var().expect("a variable");
            let value = build.load(n, [u(0)]);
            build.bind("v", value);
        },
        "`n` is not a buffer or array and cannot be indexed",
    );
}

#[test]
fn operands_obey_the_operation_s_row() {
    let value = |value: Expr| {
        move |build: &mut Build| {
            build.bind("v", value);
        }
    };
    refused(value(expr(ExprKind::Op(Op::Add, vec![u(1)]), Type::U32)), "add takes 2 operands, 1 given");
    refused(value(add(u(1), f(1.0))), "operand 2 of add is f32; allowed is u32");
    refused(value(op(Op::Rem, [f(1.0), f(1.0)])), "operand 1 of rem is f32; allowed is an integer");
    refused(value(op(Op::Sqrt, [u(1)])), "operand 1 of sqrt is u32; allowed is a float");
    refused(value(op(Op::Neg, [u(1)])), "operand 1 of neg is u32; allowed is a signed integer or a float");
    refused(value(op(Op::Not, [f(1.0)])), "operand 1 of not is f32; allowed is an integer or a bool");
    refused(
        value(lt(splat(f(1.0), 4), splat(f(1.0), 4))),
        "operand 1 of lt is f32x4; allowed is an integer, a float or a bool",
    );
    refused(value(mfma(&F32_16X16X4_F32, u(1))), "operand 1 of mfma_f32_16x16x4_f32 is u32; allowed is f32");
    refused(value(expr(lt(tid(), u(2)).kind, Type::U32)), "the result of lt is used as u32; it is bool");
    refused(value(cast(f(1.0), Type::BOOL)), "f32 cannot be cast to bool");
    refused(value(splat(u(1), 3)), "a vector of 3 elements; there are vectors of 2, 4, 8, 16 and 32");
    refused(value(lane(splat(u(1), 4), u(4))), "lane 4 of a vector of 4");
    refused(value(lane(u(1), u(0))), "u32 has no lanes; only vectors do");
    refused(value(op(Op::Div, [u(1), u(0)])), "division by zero");
    refused(value(expr(op(Op::Barrier, []).kind, Type::BOOL)), "barrier gives no value, but one is used");
}

#[test]
fn values_fit_where_they_are_put() {
    refused(
        |build| {
            let x = build.bind_mut("x", u(1));
            build.assign(x, f(1.0));
        },
        "`x` is u32, but the value is f32",
    );
    refused(|build| build.if_(u(1), |_| {}), "the condition of `if` is bool, but the value is u32");
    refused(|build| build.for_("i", u(0), i(3), u(1), |_, _| {}), "the end of the range is u32, but the value is i32");
}

#[test]
fn only_what_changes_is_stored_to() {
    refused(
        |build| {
            let x = build.global("x", Type::U32, false);
            build.store(x, [u(0)], u(1));
        },
        "`x` is read-only; take it as `&mut Global` to store to it",
    );
    refused(
        |build| {
            let n = build.scalar("n", Type::U32).opt_var().expect("a variable");
            build.assign(n, u(1));
        },
        "`n` cannot be assigned to; declare it with `let mut`",
    );
}

#[test]
fn indices_are_as_many_as_dimensions_of_u32_and_inside() {
    let tile = |index: fn() -> Vec<Expr>, ty: Type| {
        move |build: &mut Build| {
            let base = build.shared("tile", Type::F32, [u(4), u(6)]);
            let place = Place { base, index: index(), lane: None };
            build.bind("v", expr(ExprKind::Load(place), ty));
        }
    };
    refused(tile(|| vec![u(0)], Type::F32), "`tile` takes 2 indices, 1 given");
    refused(tile(|| vec![u(0), i(1)], Type::F32), "an index of `tile` is i32; indices are u32");
    refused(tile(|| vec![u(4), u(0)], Type::F32), "index 4 is outside `tile`: dimension 0 has 4 elements");
    refused(tile(|| vec![u(0), u(0)], F32X4), "a vector of 4 elements of `tile` starts at a multiple of 4; 6 is none");
    refused(
        |build| {
            let x = build.global("x", Type::F32, false);
            build.bind("v", build.load_as(x, [u(6)], F32X4));
        },
        "a vector of 4 elements of `x` starts at a multiple of 4; 6 is none",
    );
}

#[test]
fn jumps_are_in_loops_and_steps_are_positive() {
    refused(|build| build.push(StmtKind::Break), "`break` outside a loop");
    refused(|build| build.push(StmtKind::Continue), "`continue` outside a loop");
    refused(|build| build.for_("i", i(0), i(3), i(-1), |_, _| {}), "the loop's step is -1; at least 1 is needed");
}

#[test]
fn functions_return_what_they_say() {
    refused(
        |build| {
            build.function("f", Some(Type::U32), &[], |build| {
                build.if_(lt(op(Op::BlockIdxX, []), u(1)), |build| build.push(StmtKind::Return(Some(u(1)))));
            });
        },
        "`f` returns u32, but can end without returning a value",
    );
    refused(|build| build.push(StmtKind::Return(Some(u(1)))), "`kernel` returns nothing, but u32 is returned here");
}

#[test]
fn calls_fit_the_function() {
    let call = |arguments: fn(&mut Build) -> Vec<Argument>| {
        move |build: &mut Build| {
            let out = build.var("out", VarKind::Global { mutable: true, volatile: false }, Type::U32);
            let other = build.var("other", VarKind::Global { mutable: false, volatile: false }, Type::U32);
            let f = build.function("f", None, &[out, other], |build| {
                build.store(out, [u(0)], build.load(other, [u(0)]));
            });
            let arguments = arguments(build);
            build.push(StmtKind::Eval(build.call(f, arguments)));
        }
    };
    refused(call(|_| Vec::new()), "`f` takes 2 arguments, 0 given");
    refused(
        call(|build| vec![global(build, "a", true), Argument::Value(u(1))]),
        "argument 2 of `f` does not fit its parameter: a buffer of u32 is needed",
    );
    refused(
        call(|build| vec![global(build, "a", false), global(build, "b", false)]),
        "argument 1 of `f` does not fit its parameter: a buffer of u32 that may be written is needed",
    );
    refused(
        call(|build| {
            let a = global(build, "a", true);
            vec![a.clone(), a]
        }),
        "`a` is passed to `f` twice, and `f` writes it",
    );
    refused(
        |build| {
            let call = expr(ExprKind::Call(FunctionId(0), Vec::new()), Type::U32);
            build.function("f", Some(Type::U32), &[], |build| build.push(StmtKind::Return(Some(call))));
        },
        "`f` calls itself, directly or through others; kernels have no recursion",
    );
}

fn global(build: &mut Build, name: &str, mutable: bool) -> Argument {
    Argument::Object(build.global(name, Type::U32, mutable))
}

#[test]
fn the_order_of_operands_does_not_matter() {
    refused(
        |build| {
            let sum = build.var("sum", VarKind::Mut, Type::U32);
            let f = build.function("f", Some(Type::U32), &[sum], |build| {
                build.assign(sum, u(1));
                build.push(StmtKind::Return(Some(u(2))));
            });
            let x = build.bind_mut("x", u(1));
            let call = build.call(f, vec![Argument::Object(x)]);
            build.bind("v", add(build.read(x), call));
        },
        "one expression both changes and uses `x`; give each a `let` of its own",
    );
    refused(
        |build| {
            let n = build.bind_mut("n", u(9));
            build.for_("i", u(0), build.read(n), u(1), |build, i| build.assign(n, i));
        },
        "`n` changes while its value is needed again; give the value a `let` of its own before",
    );
}

#[test]
fn threads_meet_at_barriers_and_matrix_instructions() {
    refused(
        |build| build.if_(lt(tid(), u(3)), Build::barrier),
        "a barrier that not every thread of the block is sure to reach: the condition at kernel.rs:3:1 depends on the thread's position; move the barrier out of it",
    );
    refused(
        |build| {
            let product = mfma(&F32_16X16X4_F32, f(1.0));
            build.if_(lt(tid(), u(3)), |build| build.push(StmtKind::Eval(product)));
        },
        "mfma_f32_16x16x4_f32 needs every lane of the wave, but lanes may disagree about the condition at kernel.rs:3:1",
    );
}

#[test]
fn findings_stand_at_their_statement() {
    let mut build = Build::new(64);
    build.bind("x", u(1));
    build.push(StmtKind::Break);
    let found = verify(build.finish(), &GFX942).expect_err("no loop");
    assert_eq!(found[0].location, at(3));
}
