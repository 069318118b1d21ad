//! What is known of control flow in front of a barrier or matrix instruction.

use super::collectives;
use crate::ir::{Argument, Kernel, Op, StmtKind, Type, VarKind};
use crate::mfma::F32_16X16X4_F32;
use crate::target::GFX942;
use crate::testing::*;

/// Whether the kernel's barrier is reached by some threads of the block only, and by some lanes of a wave only.
fn divergence(kernel: &Kernel) -> (bool, bool) {
    let found = collectives(kernel, &GFX942);
    let barriers = || found.iter().filter(|collective| collective.op == Op::Barrier);
    assert!(barriers().next().is_some(), "the barrier is found");
    (
        barriers().any(|barrier| barrier.control.block.is_some()),
        barriers().any(|barrier| barrier.control.lane.is_some()),
    )
}

/// The divergence of a barrier under a condition, in a block of 256 threads.
fn under(condition: impl FnOnce(&mut Build) -> crate::ir::Expr) -> (bool, bool) {
    let mut build = Build::new(256);
    let condition = condition(&mut build);
    build.if_(condition, Build::barrier);
    divergence(&build.finish())
}

const UNIFORM: (bool, bool) = (false, false);
const WAVE: (bool, bool) = (true, false);
const DIVERGENT: (bool, bool) = (true, true);

/// Whether a grid barrier under a condition is reached by some threads of the grid only, in blocks of 256 threads.
fn parts_the_grid(condition: impl FnOnce(&mut Build) -> crate::ir::Expr) -> bool {
    let mut build = Build::new(256);
    let arrivals = build.global("arrivals", Type::U32, true);
    let condition = condition(&mut build);
    build.if_(condition, |build| build.grid_barrier(arrivals));
    let found = collectives(&build.finish(), &GFX942);
    let barrier = found.iter().find(|collective| collective.op == Op::GridBarrier).expect("the barrier is found");
    barrier.control.grid.is_some()
}

#[test]
fn the_grid_agrees_about_the_launch_s_numbers_its_size_and_what_all_threads_read() {
    assert!(!parts_the_grid(|_| lt(tid(), u(256))));
    assert!(!parts_the_grid(|_| lt(op(Op::GridDimX, []), u(7))));
    assert!(!parts_the_grid(|build| {
        let n = build.scalar("n", Type::U32);
        let steps = build.global("steps", Type::U32, false);
        let element = build.load(steps, [n]);
        lt(element, u(3))
    }));
}

#[test]
fn the_grid_may_disagree_about_positions_shared_memory_and_what_changes_meanwhile() {
    assert!(parts_the_grid(|_| lt(tid(), u(3))));
    assert!(parts_the_grid(|_| lt(op(Op::BlockIdxX, []), u(3))));
    assert!(parts_the_grid(|_| lt(cast(op(Op::Ballot, [truth(true)]), Type::U32), u(1 << 20))));
    // The quotient of a wave's position in the grid is the same for the wave, and leaves the block's part out.
    assert!(parts_the_grid(|_| {
        let position = add(mul(op(Op::BlockIdxX, []), u(256)), tid());
        lt(op(Op::Div, [position, u(256)]), u(3))
    }));
    assert!(parts_the_grid(|build| {
        let flag = build.var("flag", VarKind::Global { mutable: false, volatile: true }, Type::U32);
        let element = build.load(flag, [u(0)]);
        lt(element, u(3))
    }));
    assert!(parts_the_grid(|build| {
        let tile = build.shared("tile", Type::U32, [u(4)]);
        let element = build.load(tile, [u(0)]);
        lt(element, u(3))
    }));
    assert!(parts_the_grid(|build| {
        let x = build.global("x", Type::U32, false);
        let element = build.load(x, [op(Op::BlockIdxX, [])]);
        lt(element, u(3))
    }));
}

#[test]
fn a_block_s_position_parts_no_block() {
    assert_eq!(under(|_| lt(op(Op::BlockIdxX, []), u(3))), UNIFORM);
    assert_eq!(
        under(|build| {
            let x = build.global("x", Type::U32, false);
            let element = build.load(x, [op(Op::BlockIdxY, [])]);
            lt(element, u(3))
        }),
        UNIFORM
    );
}

#[test]
fn conditions_on_positions_are_evaluated_for_every_thread() {
    assert_eq!(under(|_| lt(tid(), u(256))), UNIFORM);
    assert_eq!(under(|_| lt(tid(), u(64))), WAVE);
    assert_eq!(under(|_| lt(tid(), u(65))), DIVERGENT);
    assert_eq!(under(|_| op(Op::Eq, [op(Op::WaveId, []), u(0)])), WAVE);
    assert_eq!(under(|_| op(Op::Eq, [op(Op::LaneId, []), u(0)])), DIVERGENT);
    assert_eq!(under(|_| op(Op::Eq, [op(Op::ThreadIdxY, []), u(0)])), UNIFORM);
}

#[test]
fn a_position_beside_a_parameter_diverges_unless_it_is_the_same_in_the_wave() {
    assert_eq!(
        under(|build| {
            let n = build.scalar("n", Type::U32);
            lt(tid(), n)
        }),
        DIVERGENT
    );
    assert_eq!(
        under(|build| {
            let n = build.scalar("n", Type::U32);
            let wave = build.bind("wave", op(Op::Div, [tid(), u(64)]));
            lt(wave, n)
        }),
        WAVE
    );
    assert_eq!(
        under(|build| {
            let n = build.scalar("n", Type::U32);
            lt(op(Op::BlockIdxX, []), n)
        }),
        UNIFORM
    );
}

/// How many threads come before those of the block, and the thread: a position in the grid.
fn global() -> crate::ir::Expr {
    add(mul(op(Op::BlockIdxX, []), u(256)), tid())
}

#[test]
fn a_wave_s_number_in_the_grid_is_the_same_in_the_wave() {
    let row_below = |quotient: fn(crate::ir::Expr) -> crate::ir::Expr| {
        under(|build| {
            let n = build.scalar("n", Type::U32);
            let id = build.bind("id", global());
            let row = build.bind("row", quotient(id));
            lt(add(row, u(1)), n)
        })
    };
    assert_eq!(row_below(|id| op(Op::Div, [id, u(64)])), WAVE);
    assert_eq!(row_below(|id| op(Op::Shr, [id, u(6)])), WAVE);
    assert_eq!(row_below(|id| op(Op::Div, [add(u(128), op(Op::Shl, [id, u(1)])), u(128)])), WAVE);
    assert_eq!(row_below(|id| op(Op::Div, [id, u(256)])), UNIFORM);
    assert_eq!(row_below(|id| op(Op::Div, [id, u(512)])), DIVERGENT, "256 carry over");
    assert_eq!(row_below(|id| op(Op::Div, [id, u(32)])), DIVERGENT, "half a wave");
    assert_eq!(row_below(|id| op(Op::Div, [id, u(96)])), DIVERGENT, "no power of two");
    assert_eq!(row_below(|id| op(Op::Div, [add(id, u(1)), u(64)])), DIVERGENT, "the last lane is the next wave's");
    assert_eq!(row_below(|id| op(Op::Rem, [id, u(64)])), DIVERGENT);
}

#[test]
fn a_number_beside_a_parameter_may_carry_over() {
    let of = |scale: u32| {
        under(|build| {
            let (n, first) = (build.scalar("n", Type::U32), build.scalar("first", Type::U32));
            let id = build.bind("id", add(mul(first, u(scale)), tid()));
            lt(op(Op::Div, [id, u(64)]), n)
        })
    };
    assert_eq!(of(64), WAVE);
    assert_eq!(of(192), WAVE);
    assert_eq!(of(32), DIVERGENT);
    assert_eq!(of(1), DIVERGENT);
}

#[test]
fn what_is_loaded_at_the_same_place_is_the_same_and_elsewhere_unknown() {
    let load = |build: &mut Build, index| {
        let x = build.global("x", Type::U32, false);
        lt(build.load(x, [index]), u(3))
    };
    assert_eq!(under(|build| load(build, u(0))), UNIFORM);
    assert_eq!(under(|build| load(build, tid())), UNIFORM, "unknown is not provably divergent");
}

#[test]
fn data_that_lanes_read_at_different_places_is_told_apart() {
    let is_data = |index: fn(&mut Build) -> crate::ir::Expr| {
        let mut build = Build::new(256);
        let x = build.global("x", Type::U32, false);
        let index = index(&mut build);
        let condition = lt(build.load(x, [index]), u(3));
        build.if_(condition, Build::barrier);
        collectives(&build.finish(), &GFX942)[0].control.data.is_some()
    };
    assert!(is_data(|_| tid()));
    assert!(!is_data(|_| u(0)));
    assert!(!is_data(|_| op(Op::Div, [tid(), u(64)])), "the same in a wave");
    assert!(!is_data(|_| op(Op::ShuffleXor, [tid(), u(1)])), "it may be a reduction");
}

#[test]
fn a_shuffle_of_what_differs_may_be_a_reduction() {
    assert_eq!(under(|_| lt(op(Op::ShuffleXor, [tid(), u(1)]), u(3))), UNIFORM);
}

#[test]
fn a_variable_assigned_under_divergence_diverges_until_it_is_assigned_again() {
    let kernel = |again: bool| {
        let mut build = Build::new(256);
        let flag = build.bind_mut("flag", u(0));
        build.if_(lt(tid(), u(3)), |build| build.assign(flag, u(1)));
        if again {
            build.assign(flag, u(2));
        }
        build.if_(lt(build.read(flag), u(1)), Build::barrier);
        build.finish()
    };
    assert_eq!(divergence(&kernel(false)), DIVERGENT);
    assert_eq!(divergence(&kernel(true)), UNIFORM);
}

#[test]
fn what_follows_a_divergent_return_is_divergent() {
    let kernel = |condition| {
        let mut build = Build::new(256);
        build.if_(condition, |build| build.push(StmtKind::Return(None)));
        build.barrier();
        build.finish()
    };
    assert_eq!(divergence(&kernel(lt(tid(), u(3)))), DIVERGENT);
    assert_eq!(divergence(&kernel(lt(op(Op::BlockIdxX, []), u(3)))), UNIFORM);
}

#[test]
fn a_loop_diverges_if_its_trip_count_does() {
    let kernel = |end: u32| {
        let mut build = Build::new(256);
        build.for_("i", tid(), u(end), u(256), |build, _| build.barrier());
        build.finish()
    };
    assert_eq!(divergence(&kernel(1024)), UNIFORM);
    assert_eq!(divergence(&kernel(1000)), DIVERGENT);
    assert_eq!(divergence(&kernel(1024 + 64)), WAVE);
}

#[test]
fn a_break_diverges_the_rest_of_the_loop_a_continue_only_the_rest_of_the_iteration() {
    let kernel = |jump: StmtKind, first: bool| {
        let mut build = Build::new(256);
        build.for_("i", u(0), u(8), u(1), |build, _| {
            if first {
                build.barrier();
            }
            build.if_(lt(tid(), u(3)), |build| build.push(jump));
            if !first {
                build.barrier();
            }
        });
        build.finish()
    };
    assert_eq!(divergence(&kernel(StmtKind::Break, true)), DIVERGENT);
    assert_eq!(divergence(&kernel(StmtKind::Break, false)), DIVERGENT);
    assert_eq!(divergence(&kernel(StmtKind::Continue, true)), UNIFORM);
    assert_eq!(divergence(&kernel(StmtKind::Continue, false)), DIVERGENT);
}

#[test]
fn threads_meet_again_after_a_loop_that_some_leave_early() {
    let mut build = Build::new(256);
    build.for_("i", u(0), u(8), u(1), |build, _| {
        build.if_(lt(tid(), u(3)), |build| build.push(StmtKind::Break));
    });
    build.barrier();
    assert_eq!(divergence(&build.finish()), UNIFORM);
}

#[test]
fn a_while_over_a_thread_s_own_count_diverges() {
    let mut build = Build::new(256);
    let count = build.bind_mut("count", u(0));
    build.while_(
        |build| lt(build.read(count), u(10)),
        |build| {
            build.barrier();
            build.assign(count, add(build.read(count), tid()));
        },
    );
    assert_eq!(divergence(&build.finish()), DIVERGENT);
}

#[test]
fn a_block_result_from_shared_memory_is_uniform() {
    let mut build = Build::new(256);
    let value = build.var("value", VarKind::Scalar, Type::U32);
    let block_sum = build.function("block_sum", Some(Type::U32), &[value], |build| {
        let shared = build.shared("partial", Type::U32, [u(256)]);
        build.store(shared, [tid()], build.read(value));
        build.barrier();
        let sum = build.bind_mut("sum", u(0));
        build.for_("i", u(0), u(256), u(1), |build, i| {
            build.assign(sum, add(build.read(sum), build.load(shared, [i])));
        });
        build.push(StmtKind::Return(Some(build.read(sum))));
    });
    let sum = build.bind("sum", build.call(block_sum, vec![Argument::Value(tid())]));
    build.if_(lt(sum, u(100)), Build::barrier);
    assert_eq!(divergence(&build.finish()), UNIFORM);
}

#[test]
fn a_device_function_is_judged_where_it_is_called() {
    let kernel = |argument| {
        let mut build = Build::new(256);
        let value = build.var("value", VarKind::Scalar, Type::U32);
        let waits = build.function("waits", None, &[value], |build| {
            let value = build.read(value);
            build.if_(lt(value, u(3)), Build::barrier);
        });
        build.push(StmtKind::Eval(build.call(waits, vec![Argument::Value(argument)])));
        build.finish()
    };
    assert_eq!(divergence(&kernel(tid())), DIVERGENT);
    assert_eq!(divergence(&kernel(op(Op::BlockIdxX, []))), UNIFORM);
}

#[test]
fn what_a_device_function_changes_differs_where_some_threads_returned_before() {
    let changed_after_return = |build: &mut Build, position: Op| {
        let changed = build.register("changed", Type::U32, [u(1)]);
        build.store(changed, [u(0)], u(0));
        let param = build.var("param", build.kernel.var(changed).kind.clone(), Type::U32);
        let change = build.function("change", None, &[param], |build| {
            build.if_(lt(op(position, []), u(1)), |build| build.push(StmtKind::Return(None)));
            build.store(param, [u(0)], u(1));
        });
        build.push(StmtKind::Eval(build.call(change, vec![Argument::Object(changed)])));
        lt(build.load(changed, [u(0)]), u(1))
    };
    assert_eq!(under(|build| changed_after_return(build, Op::ThreadIdxX)), DIVERGENT);
    assert_eq!(under(|build| changed_after_return(build, Op::BlockIdxX)), UNIFORM);
    assert!(parts_the_grid(|build| changed_after_return(build, Op::BlockIdxX)));
    assert!(!parts_the_grid(|build| changed_after_return(build, Op::GridDimX)));
}

#[test]
fn a_matrix_instruction_may_stand_under_a_condition_of_its_wave() {
    let mut build = Build::new(256);
    let sum = build.bind_mut("sum", splat(f(0.0), 4));
    build.if_(op(Op::Eq, [op(Op::Div, [tid(), u(64)]), u(1)]), |build| {
        let product = op(Op::Mfma(&F32_16X16X4_F32), [f(1.0), f(1.0), build.read(sum)]);
        build.assign(sum, expr(product.kind, F32X4));
    });
    let found = collectives(&build.finish(), &GFX942);
    assert!(found[0].control.block.is_some() && found[0].control.lane.is_none());
}

#[test]
fn a_shuffle_from_a_lane_that_is_known_not_to_be_there_is_found() {
    let absent = |threads: u32, fill: &dyn Fn(&mut Build)| {
        let mut build = Build::new(threads);
        fill(&mut build);
        collectives(&build.finish(), &GFX942).iter().find_map(|collective| collective.absent)
    };
    let shuffle = |build: &mut Build, kind: Op, by: u32| {
        build.bind("v", op(kind, [tid(), u(by)]));
    };
    assert_eq!(absent(64, &|build| shuffle(build, Op::ShuffleXor, 32)), None);
    assert_eq!(absent(100, &|build| shuffle(build, Op::ShuffleDown, 2)), Some([34, 36]), "past the block's end");
    assert_eq!(absent(100, &|build| shuffle(build, Op::ShuffleUp, 2)), None);
    let behind_a_branch = |by| move |build: &mut Build| build.if_(lt(tid(), u(32)), |b| shuffle(b, Op::ShuffleXor, by));
    assert_eq!(absent(128, &behind_a_branch(16)), None);
    assert_eq!(absent(128, &behind_a_branch(32)), Some([0, 32]));
    let after_a_return = |build: &mut Build| {
        build.if_(lt(tid(), u(3)), |build| build.push(StmtKind::Return(None)));
        shuffle(build, Op::ShuffleXor, 4);
    };
    assert_eq!(absent(64, &after_a_return), Some([4, 0]));
    let where_data_decides = |build: &mut Build| {
        let x = build.global("x", Type::U32, false);
        let condition = lt(build.load(x, [tid()]), u(3));
        build.if_(condition, |build| shuffle(build, Op::ShuffleXor, 1));
        // Everybody is here again.
        shuffle(build, Op::ShuffleXor, 1);
    };
    assert_eq!(absent(64, &where_data_decides), None);
}
