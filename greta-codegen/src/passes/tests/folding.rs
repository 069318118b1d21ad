//! Single hazards, each the smallest kernel that shows it, as the C++ that comes out.

use insta::assert_snapshot;

use crate::emit;
use crate::ir::{Argument, Expr, FunctionId, Kernel, Op, StmtKind, Type, VarId, VarKind};
use crate::passes::lower;
use crate::target::GFX942;
use crate::testing::*;

/// The body of a kernel after all passes.
fn lowered(kernel: Kernel) -> String {
    let verified = lower(kernel, &GFX942).expect("a valid kernel");
    let source = emit::hip(&verified).source;
    let kernel = &source[source.find("extern").expect("a kernel")..];
    let body = &kernel[kernel.find(") {\n").expect("a body") + 4..];
    body.strip_suffix("}\n").expect("its end").to_owned()
}

/// A kernel with buffers `x` and `y`, a number `n` and a mutable `m`.
struct Start {
    x: VarId,
    y: VarId,
    n: Expr,
    m: VarId,
}

fn body(fill: impl FnOnce(&mut Build, &Start)) -> String {
    let mut build = Build::new(64);
    let x = build.global("x", Type::U32, false);
    let y = build.global("y", Type::U32, true);
    let n = build.scalar("n", Type::U32);
    let m = build.bind_mut("m", n.clone());
    fill(&mut build, &Start { x, y, n, m });
    lowered(build.finish())
}

/// `fn bump(sum: &mut u32) -> u32`, which adds to what it is given.
fn bump(build: &mut Build) -> FunctionId {
    let sum = build.var("sum", VarKind::Mut, Type::U32);
    build.function("bump", Some(Type::U32), &[sum], |build| {
        build.assign(sum, add(build.read(sum), u(1)));
        build.push(StmtKind::Return(Some(build.read(sum))));
    })
}

#[test]
fn an_expression_comes_back_together() {
    let text = body(|build, start| {
        let index = build.temp(tid());
        let doubled = build.temp(mul(index, u(2)));
        let value = build.temp(build.load(start.x, [doubled]));
        let sum = build.temp(add(value, start.n.clone()));
        let v = build.bind("v", sum);
        build.store(start.y, [u(0)], v);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t v = x[threadIdx.x * 2] + n;
    y[0] = v;
    ");
}

#[test]
fn a_load_stays_before_a_store_to_its_buffer_and_moves_past_another_one() {
    let text = body(|build, start| {
        let stays = build.temp(build.load(start.y, [u(1)]));
        let moves = build.temp(build.load(start.x, [u(1)]));
        build.store(start.y, [u(1)], u(7));
        let sum = build.temp(add(stays, moves));
        build.store(start.y, [u(2)], sum);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t y_value = y[1];
    y[1] = 7;
    y[2] = y_value + x[1];
    ");
}

#[test]
fn a_variable_read_before_an_assignment_keeps_its_old_value() {
    let text = body(|build, start| {
        let before = build.temp(build.read(start.m));
        build.assign(start.m, u(3));
        let after = build.temp(build.read(start.m));
        let sum = build.temp(add(before, after));
        build.store(start.y, [u(0)], sum);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t m_before = m;
    m = 3;
    y[0] = m_before + m;
    ");
}

#[test]
fn a_call_that_writes_is_kept_apart_from_what_it_writes() {
    let text = body(|build, start| {
        let bump = bump(build);
        let before = build.temp(build.read(start.m));
        let first = build.temp(build.call(bump, vec![Argument::Object(start.m)]));
        let second = build.temp(build.call(bump, vec![Argument::Object(start.m)]));
        let sum = build.temp(add(before, first));
        let sum = build.temp(add(sum, second));
        build.store(start.y, [u(0)], sum);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t m_before = m;
    const uint32_t bump_result = bump(m);
    y[0] = m_before + bump_result + bump(m);
    ");
}

#[test]
fn loads_stay_on_their_side_of_a_barrier_and_arithmetic_does_not() {
    let text = body(|build, start| {
        let tile = build.shared("tile", Type::U32, [u(64)]);
        build.store(tile, [tid()], u(1));
        let load = build.temp(build.load(tile, [tid()]));
        let sum = build.temp(add(start.n.clone(), u(5)));
        build.barrier();
        let total = build.temp(add(load, sum));
        build.store(start.y, [tid()], total);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    __shared__ uint32_t tile[64];
    tile[threadIdx.x] = 1;
    const uint32_t tile_value = tile[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = tile_value + (n + 5);
    ");
}

#[test]
fn loads_stay_on_their_side_of_a_grid_barrier() {
    let text = body(|build, start| {
        let arrivals = build.global("arrivals", Type::U32, true);
        let load = build.temp(build.load(start.y, [u(7)]));
        build.grid_barrier(arrivals);
        let again = build.temp(build.load(start.y, [u(7)]));
        let difference = build.temp(op(Op::Sub, [again, load]));
        build.store(start.y, [tid()], difference);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t y_value = y[7];
    grid_barrier(arrivals);
    y[threadIdx.x] = y[7] - y_value;
    ");
}

#[test]
fn a_shuffle_does_not_move_into_or_past_control_flow() {
    let text = body(|build, start| {
        let inside = build.temp(op(Op::ShuffleXor, [start.n.clone(), u(1)]));
        let past = build.temp(op(Op::ShuffleXor, [start.n.clone(), u(2)]));
        build.if_(lt(tid(), u(5)), |build| build.store(start.y, [u(0)], inside));
        build.store(start.y, [u(1)], past);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t n_shuffled = __shfl_xor(n, 1);
    const uint32_t n_shuffled_1 = __shfl_xor(n, 2);
    if (threadIdx.x < 5) {
        y[0] = n_shuffled;
    }
    y[1] = n_shuffled_1;
    ");
}

#[test]
fn what_a_loop_would_compute_again_stays_outside() {
    let text = body(|build, start| {
        let product = build.temp(mul(start.n.clone(), start.n.clone()));
        build.for_("i", u(0), start.n.clone(), u(1), |build, i| build.store(start.y, [i], product));
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t t0 = n * n;
    for (uint32_t i = 0; i < n; ++i) {
        y[i] = t0;
    }
    ");
}

#[test]
fn a_bound_is_inline_unless_the_loop_changes_it_or_it_is_a_load() {
    let text = body(|build, start| {
        let inline = build.temp(add(start.n.clone(), u(1)));
        build.for_("i", u(0), inline, u(1), |build, i| build.store(start.y, [i], u(0)));
        let inline = build.temp(build.read(start.m));
        build.for_("j", u(0), inline, u(1), |build, i| build.store(start.y, [i], u(0)));
        let end = build.temp(build.read(start.m));
        build.for_("k", u(0), end, u(1), |build, i| build.assign(start.m, i));
        let end = build.temp(build.load(start.x, [u(0)]));
        build.for_("l", u(0), end, u(1), |build, i| build.store(start.y, [i], u(0)));
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    for (uint32_t i = 0; i < n + 1; ++i) {
        y[i] = 0;
    }
    for (uint32_t j = 0; j < m; ++j) {
        y[j] = 0;
    }
    const uint32_t k_end = m;
    for (uint32_t k = 0; k < k_end; ++k) {
        m = k;
    }
    const uint32_t l_end = x[0];
    for (uint32_t l = 0; l < l_end; ++l) {
        y[l] = 0;
    }
    ");
}

/// The tracer's form of `lhs && rhs` (`or`: `lhs || rhs`).
fn short_circuit(build: &mut Build, or: bool, lhs: Expr, rhs: impl FnOnce(&mut Build) -> Expr) -> Expr {
    let lhs = build.temp(lhs);
    let result = build.bind_mut("", lhs);
    let mut undecided = build.read(result);
    if or {
        undecided = build.temp(op(Op::Not, [undecided]));
    }
    build.if_(undecided, |build| {
        let rhs = rhs(build);
        let rhs = build.temp(rhs);
        build.assign(result, rhs);
    });
    build.temp(build.read(result))
}

#[test]
fn logical_operators_come_back() {
    let text = body(|build, start| {
        let n = start.n.clone();
        let guarded = short_circuit(build, false, lt(tid(), n.clone()), |build| {
            let value = build.temp(build.load(start.x, [tid()]));
            lt(value, u(4))
        });
        let either = short_circuit(build, true, guarded, |_| lt(n, u(9)));
        build.if_(either, |build| build.store(start.y, [u(0)], u(1)));
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    if ((threadIdx.x < n && x[threadIdx.x] < 4) || n < 9) {
        y[0] = 1;
    }
    ");
}

#[test]
fn a_logical_operator_with_a_let_or_an_effect_inside_stays_a_branch() {
    let text = body(|build, start| {
        let bump = bump(build);
        let named = short_circuit(build, false, lt(tid(), start.n.clone()), |build| {
            let v = build.bind("v", build.load(start.x, [tid()]));
            lt(v.clone(), mul(v.clone(), v))
        });
        build.if_(named, |build| build.store(start.y, [u(0)], u(1)));
        let effect = short_circuit(build, true, lt(tid(), start.n.clone()), |build| {
            let value = build.temp(build.call(bump, vec![Argument::Object(start.m)]));
            lt(value, u(3))
        });
        build.if_(effect, |build| build.store(start.y, [u(0)], build.read(start.m)));
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    bool condition = threadIdx.x < n;
    if (condition) {
        const uint32_t v = x[threadIdx.x];
        condition = v < v * v;
    }
    if (condition) {
        y[0] = 1;
    }
    bool condition_1 = threadIdx.x < n;
    if (!condition_1) {
        condition_1 = bump(m) < 3;
    }
    if (condition_1) {
        y[0] = m;
    }
    ");
}

#[test]
fn a_while_gets_its_condition_back() {
    let text = body(|build, start| {
        build.while_(
            |build| {
                let m = build.temp(build.read(start.m));
                short_circuit(build, false, lt(m, start.n.clone()), |build| {
                    let m = build.temp(build.read(start.m));
                    let value = build.temp(build.load(start.x, [m]));
                    lt(value, u(3))
                })
            },
            |build| {
                let m = build.temp(build.read(start.m));
                let next = build.temp(add(m, u(1)));
                build.assign(start.m, next);
            },
        );
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    while (m < n && x[m] < 3) {
        m += 1;
    }
    ");
}

/// The tracer's form of `if condition { then } else { otherwise }` as a value.
fn choice(
    build: &mut Build,
    condition: Expr,
    then: impl FnOnce(&mut Build) -> Expr,
    otherwise: impl FnOnce(&mut Build) -> Expr,
) -> Expr {
    let condition = build.temp(condition);
    let result = build.declare_mut("", Type::U32);
    build.if_else(
        condition,
        |build| {
            let value = then(build);
            build.assign(result, value);
        },
        |build| {
            let value = otherwise(build);
            build.assign(result, value);
        },
    );
    build.temp(build.read(result))
}

#[test]
fn a_choice_becomes_a_conditional_operator_or_the_variable_that_it_is_for() {
    let text = body(|build, start| {
        let n = start.n.clone();
        let short = choice(build, lt(tid(), n.clone()), |build| build.temp(build.load(start.x, [tid()])), |_| u(0));
        let short = build.bind("short", short);
        let long = choice(
            build,
            lt(tid(), n.clone()),
            |build| {
                let a = build.bind("a", build.load(start.x, [tid()]));
                mul(a.clone(), a)
            },
            |build| choice(build, lt(short.clone(), n.clone()), |build| build.bind("b", u(1)), |_| n.clone()),
        );
        let long = build.bind("long_one", long);
        let last = choice(build, lt(long.clone(), u(3)), |build| build.bind("c", short.clone()), |_| long.clone());
        build.assign(start.m, last);
        build.store(start.y, [short], long);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    const uint32_t short_1 = threadIdx.x < n ? x[threadIdx.x] : 0u;
    uint32_t long_one;
    if (threadIdx.x < n) {
        const uint32_t a = x[threadIdx.x];
        long_one = a * a;
    } else if (short_1 < n) {
        constexpr uint32_t b = 1;
        long_one = b;
    } else {
        long_one = n;
    }
    if (long_one < 3) {
        const uint32_t c = short_1;
        m = c;
    } else {
        m = long_one;
    }
    y[short_1] = long_one;
    ");
}

#[test]
fn an_assignment_that_computes_evaluates_its_place_once() {
    let text = body(|build, start| {
        let index = build.temp(add(tid(), start.n.clone()));
        let old = build.temp(build.load(start.y, [index.clone()]));
        let new = build.temp(mul(old, u(3)));
        build.store(start.y, [index], new);
        let m = build.temp(build.read(start.m));
        let next = build.temp(add(m, u(2)));
        build.assign(start.m, next);
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    y[threadIdx.x + n] *= 3;
    m += 2;
    ");
}

#[test]
fn what_is_unused_goes_and_what_is_named_stays() {
    let text = body(|build, start| {
        let bump = bump(build);
        build.temp(build.load(start.x, [u(0)]));
        build.temp(build.call(bump, vec![Argument::Object(start.m)]));
        build.bind("named", add(start.n.clone(), u(1)));
        choice(build, lt(tid(), u(1)), |_| u(1), |_| u(2));
        build.for_("i", u(0), start.n.clone(), u(1), |build, i| {
            build.if_(lt(i, u(3)), |build| {
                build.push(StmtKind::Break);
                build.store(start.y, [u(0)], u(1));
            });
        });
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    bump(m);
    const uint32_t named = n + 1;
    for (uint32_t i = 0; i < n; ++i) {
        if (i < 3) {
            break;
        }
    }
    ");
}

#[test]
fn a_choice_that_is_known_is_not_repeated_where_what_it_names_changes() {
    let text = body(|build, start| {
        let chosen = build.temp(select(truth(true), u(3), build.read(start.m)));
        build.for_("i", u(0), chosen, u(1), |build, i| build.assign(start.m, i));
        build.store(start.y, [u(0)], build.read(start.m));
    });
    assert_snapshot!(text, @r"
    uint32_t m = n;
    constexpr uint32_t i_end = true ? 3u : m;
    for (uint32_t i = 0; i < i_end; ++i) {
        m = i;
    }
    y[0] = m;
    ");
}

#[test]
fn compile_time_values_are_written_as_the_author_did() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    let bm = build.constant("BM", 64, None);
    let half = build.temp(op(Op::Div, [bm.clone(), u(2)]));
    let tile = build.shared("tile", Type::U32, [half.clone()]);
    build.for_("i", u(0), half.clone(), u(1), |build, i| build.store(tile, [i], half));
    build.store(y, [u(0)], bm);
    assert_snapshot!(lowered(build.finish()), @r"
    __shared__ uint32_t tile[BM / 2];
    for (uint32_t i = 0; i < BM / 2; ++i) {
        tile[i] = BM / 2;
    }
    y[0] = BM;
    ");
}

#[test]
fn an_unrelated_edit_does_not_rename_temporaries() {
    let kernel = |edited: bool| {
        body(|build, start| {
            if edited {
                let before = build.temp(build.read(start.m));
                build.assign(start.m, u(1));
                build.store(start.y, [u(3)], before);
            }
            let value = build.temp(build.load(start.y, [u(1)]));
            build.store(start.y, [u(1)], u(7));
            build.store(start.y, [u(2)], value);
        })
    };
    let (before, after) = (kernel(false), kernel(true));
    assert!(before.lines().all(|line| after.contains(line)), "{before}\n{after}");
}
