//! Operations that wait, copy, change memory atomically or are matrix instructions.

use super::*;

#[test]
fn atomic_operations_change_numbers_in_shared_memory_or_buffers() {
    let change = |build: &mut Build, atomic: Atomic, base: VarId, operand: Expr| {
        let ty = operand.ty;
        let place = Place { base, index: vec![tid()], lane: None };
        build.push(StmtKind::Eval(expr(ExprKind::Atomic(atomic, place, vec![operand]), ty)));
    };
    refused(
        |build| {
            let x = build.global("x", Type::U32, false);
            change(build, Atomic::Add, x, u(1));
        },
        "`x` is read-only; take it as `&mut Global` to store to it",
    );
    refused(
        |build| {
            let a = build.register("a", Type::U32, [u(64)]);
            change(build, Atomic::Add, a, u(1));
        },
        "`a` cannot be used here: a `&mut Global` buffer or a shared array is needed",
    );
    refused(
        |build| {
            let x = build.global("x", Type::F32, true);
            change(build, Atomic::Xor, x, f(1.0));
        },
        "atomic_xor on elements of f32; allowed is an integer of 32 or 64 bits",
    );
    refused(
        |build| {
            let x = build.global("x", Type::U32, true);
            change(build, Atomic::CompareExchange, x, u(1));
        },
        "atomic_compare_exchange takes 2 operands, 1 given",
    );
}

pub(in crate::verify) fn dependency_wait() -> StmtKind {
    StmtKind::Eval(op(Op::GridDependencyWait, []))
}

#[test]
fn a_kernel_waits_for_those_ahead_once_and_outermost() {
    refused(
        |build| {
            build.push(dependency_wait());
            build.push(dependency_wait());
        },
        "`grid_dependency_wait()` stands once, in the kernel itself, outside of branches and loops",
    );
    refused(
        |build| {
            let y = build.global("y", Type::U32, true);
            build.store(y, [tid()], tid());
            build.push(dependency_wait());
        },
        "`y` is written before `grid_dependency_wait()`: kernels ahead may still use it",
    );
    refused(
        |build| {
            build.if_(lt(tid(), u(3)), |build| build.push(StmtKind::Return(None)));
            build.push(dependency_wait());
        },
        "a return before `grid_dependency_wait()`: wait first",
    );
}

#[test]
fn a_kernel_lets_the_next_one_start_once_before_it_waits() {
    let launch = || StmtKind::Eval(op(Op::GridDependentsLaunch, []));
    let message = "`grid_dependents_launch()` stands once, in the kernel itself, outside of branches and loops, before \
                   `grid_dependency_wait()`";
    refused(|build| build.push(launch()), message);
    refused(
        |build| {
            build.push(dependency_wait());
            build.push(launch());
        },
        message,
    );
    refused(
        |build| {
            build.if_(lt(tid(), u(3)), |build| build.push(launch()));
            build.push(dependency_wait());
        },
        message,
    );
    refused(
        |build| {
            build.push(launch());
            build.push(launch());
            build.push(dependency_wait());
        },
        message,
    );
}

#[test]
fn what_is_read_before_the_wait_is_known() {
    let mut build = Build::new(64);
    let (w, x) = (build.global("w", Type::F32, false), build.global("x", Type::F32, false));
    let early = build.load(w, [tid()]);
    build.bind("early", early);
    let w2 = build.global("w2", Type::F32, false);
    let ahead = build.load(w2, [tid()]);
    build.push(StmtKind::Eval(op(Op::Prefetch, [ahead])));
    assert_eq!(build.kernel.early_reads(), None);
    build.push(dependency_wait());
    let late = build.load(x, [tid()]);
    build.bind("late", late);
    let kernel = build.finish();
    assert_eq!(kernel.early_reads(), Some(["w".to_owned()].into()));
}

#[test]
fn asynchronous_copies_move_4_8_or_16_bytes() {
    refused(
        |build| {
            let (x, tile) = (build.global("x", Type::BOOL, false), build.shared("tile", Type::BOOL, [u(64)]));
            let value = build.load(x, [tid()]);
            build.store(tile, [tid()], op(Op::CopyAsync, [value]));
        },
        "an asynchronous copy of bool: it moves 4, 8 or 16 bytes, not 1",
    );
}

#[test]
fn prefetches_are_of_buffers() {
    let allowed = "a prefetch names an element of a buffer that is not volatile";
    refused(|build| build.push(StmtKind::Eval(op(Op::Prefetch, [tid()]))), allowed);
    refused(
        |build| {
            let tile = build.shared("tile", Type::F32, [u(64)]);
            let element = build.load(tile, [tid()]);
            build.push(StmtKind::Eval(op(Op::Prefetch, [element])));
        },
        allowed,
    );
}

#[test]
fn hints_have_constants() {
    refused(
        |build| build.push(StmtKind::Eval(op(Op::SetPriority, [tid()]))),
        "the operands of setprio must be known at compile time: use literals, constants and tile parameters",
    );
}

#[test]
fn matrix_instructions_must_exist() {
    let mut build = Build::new(64);
    build.push(StmtKind::Eval(mfma(&F32_16X16X4_F32, f(1.0))));
    assert_eq!(
        messages_for(build.finish(), &SMALL),
        [
            "small has no mfma_f32_16x16x4_f32; it is available on gfx90a, gfx942, gfx950. Fragments of this shape work on every target: \
          write `Accumulator::mma` with `FragmentA` and `FragmentB`"
        ]
    );
}
