//! Control flow under divergence, against the same function written in Rust for one thread.

mod build;

use build::{Build, E, and, bid, object, op, or, select, tid, value};
use greta_codegen::ir::{Op, Type, VarId, VarKind};

/// The input of a thread: small numbers, all kinds of.
fn input(thread: u32) -> u32 {
    thread.wrapping_mul(2_654_435_761) >> 27
}

/// Runs `body` on blocks of several sizes, with a buffer of one element a thread, and compares with `expected`.
fn check(body: impl Fn(&mut Build, VarId, E), expected: impl Fn(u32, u32) -> u32) {
    for block in [1, 7, 64, 100, 256] {
        let mut build = Build::new([block, 1, 1]);
        let data = build.global("data", Type::U32);
        let thread = build.bind(bid() * block + tid());
        body(&mut build, data, thread);
        let mut buffer: Vec<u32> = (0..block * 3).map(input).collect();
        build.run([3, 1, 1], &mut [&mut buffer]).expect("the kernel keeps the rules");
        for thread in 0..block * 3 {
            let wanted = expected(thread, input(thread));
            assert_eq!(buffer[thread as usize], wanted, "thread {thread} of blocks of {block}");
        }
    }
}

#[test]
fn nested_branches_change_only_the_threads_that_take_them() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            let y = b.mutable(1_u32);
            b.when_else(
                x.clone().lt(16_u32),
                |b| {
                    b.set(y, b.read(y) + 10_u32);
                    b.when_else(
                        (x.clone() % 3_u32).equals(0_u32),
                        |b| b.set(y, b.read(y) * 2_u32),
                        |b| b.when(x.clone().lt(5_u32), |b| b.set(y, x.clone() + 1000_u32)),
                    );
                    b.set(y, b.read(y) + 1_u32);
                },
                |b| b.set(y, x.clone()),
            );
            b.store(data, [thread], b.read(y));
        },
        |_, x| {
            if x >= 16 {
                x
            } else if x % 3 == 0 {
                23
            } else if x < 5 {
                x + 1001
            } else {
                12
            }
        },
    );
}

#[test]
fn while_loops_run_as_often_as_each_thread_needs() {
    check(
        |b, data, thread| {
            let n = b.mutable(b.load(data, [thread.clone()]) + 1_u32);
            let steps = b.mutable(0_u32);
            let more = op(Op::Ne, [b.read(n), 1_u32.into()]);
            b.repeat_while(more, |b| {
                let odd = (b.read(n) % 2_u32).equals(1_u32);
                b.when_else(odd, |b| b.set(n, b.read(n) * 3_u32 + 1_u32), |b| b.set(n, b.read(n) / 2_u32));
                b.set(steps, b.read(steps) + 1_u32);
            });
            b.store(data, [thread], b.read(steps));
        },
        |_, x| {
            let (mut n, mut steps) = (x + 1, 0);
            while n != 1 {
                n = if n % 2 == 1 { n * 3 + 1 } else { n / 2 };
                steps += 1;
            }
            steps
        },
    );
}

#[test]
fn for_loops_with_bounds_of_their_own_break_and_continue() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            let sum = b.mutable(0_u32);
            let end = b.bind(x.clone() * 2_u32);
            b.count([x.clone() % 4_u32, end, x.clone() % 3_u32 + 1_u32], |b, i| {
                b.when((i.clone() % 5_u32).equals(2_u32), Build::again);
                b.when(b.read(sum).lt(200_u32), |b| b.set(sum, b.read(sum) + i.clone()));
                b.when(i.clone().equals(x.clone() + 3_u32), |b| {
                    b.set(sum, b.read(sum) + 1000_u32);
                    b.leave();
                });
                b.set(sum, b.read(sum) + 1_u32);
            });
            b.store(data, [thread], b.read(sum));
        },
        |_, x| {
            let mut sum = 0;
            for i in (x % 4..x * 2).step_by((x % 3 + 1) as usize) {
                if i % 5 == 2 {
                    continue;
                }
                if sum < 200 {
                    sum += i;
                }
                if i == x + 3 {
                    sum += 1000;
                    break;
                }
                sum += 1;
            }
            sum
        },
    );
}

#[test]
fn signed_loops_count_from_below_zero() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]).cast(Type::I32));
            let sum = b.mutable(0_i32);
            b.count([E::from(0_i32) - x.clone(), x.clone(), 2_i32.into()], |b, i| {
                b.set(sum, b.read(sum) * 3_i32 + i);
            });
            b.store(data, [thread], b.read(sum).cast(Type::U32));
        },
        |_, x| {
            let x = x as i32;
            (-x..x).step_by(2).fold(0_i32, |sum, i| sum.wrapping_mul(3).wrapping_add(i)) as u32
        },
    );
}

#[test]
fn breaks_leave_only_the_innermost_loop() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            let count = b.mutable(0_u32);
            let i = b.mutable(0_u32);
            b.forever(|b| {
                let inner = b.mutable(0_u32);
                b.forever(|b| {
                    b.set(inner, b.read(inner) + 1_u32);
                    b.set(count, b.read(count) + 1_u32);
                    let done = x.clone().lt(b.read(inner));
                    b.when(done, Build::leave);
                    let skip = (b.read(inner) + b.read(i)).equals(4_u32);
                    b.when(skip, Build::leave);
                });
                b.set(i, b.read(i) + 1_u32);
                let last = b.read(i).equals(x.clone() % 5_u32 + 1_u32);
                b.when(last, Build::leave);
            });
            b.store(data, [thread], b.read(count) * 100_u32 + b.read(i));
        },
        |_, x| {
            let (mut count, mut i) = (0, 0);
            loop {
                let mut inner = 0;
                loop {
                    inner += 1;
                    count += 1;
                    if x < inner || inner + i == 4 {
                        break;
                    }
                }
                i += 1;
                if i == x % 5 + 1 {
                    break;
                }
            }
            count * 100 + i
        },
    );
}

#[test]
fn uniform_loops_keep_variables_that_all_threads_share() {
    let mut build = Build::new([100, 1, 1]);
    let data = build.global("data", Type::U32);
    let total = build.mutable(bid());
    build.count([0_u32.into(), 10_u32.into(), 3_u32.into()], |b, i| {
        b.when((i.clone() % 2_u32).equals(1_u32), Build::again);
        b.set(total, b.read(total) * 7_u32 + i.clone());
        b.when(b.read(total).lt(3_u32), Build::leave);
    });
    build.store(data, [bid() * 100_u32 + tid()], build.read(total));
    let mut buffer = vec![0; 300];
    build.run([3, 1, 1], &mut [&mut buffer]).expect("the kernel keeps the rules");
    for (thread, given) in buffer.into_iter().enumerate() {
        let mut total = thread as u32 / 100;
        for i in [0, 6] {
            total = total * 7 + i;
            if total < 3 {
                break;
            }
        }
        assert_eq!(given, total, "thread {thread}");
    }
}

#[test]
fn threads_return_early_from_inside_loops() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            b.when(x.clone().lt(3_u32), |b| b.ret(None));
            b.count([0_u32.into(), 40_u32.into(), 1_u32.into()], |b, i| {
                let stop = i.clone().equals(x.clone());
                b.when(stop, |b| {
                    b.store(data, [thread.clone()], x.clone() + 500_u32);
                    b.when((x.clone() % 2_u32).equals(0_u32), |b| b.ret(None));
                    b.leave();
                });
            });
            b.store(data, [thread.clone()], b.load(data, [thread.clone()]) + 7_u32);
        },
        |_, x| match x {
            0..3 => x,
            _ if x % 2 == 0 => x + 500,
            _ => x + 507,
        },
    );
}

#[test]
fn lazy_operands_are_evaluated_only_where_they_are_needed() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            // Beyond the buffer for most threads, or a division by zero.
            let far = b.load(data, [x.clone() * 1_000_000_u32]);
            let near = and(x.clone().equals(0_u32), op(Op::Ge, [far.clone(), 0_u32.into()]));
            let quotient = E::from(100_u32) / x.clone();
            let either = or(x.clone().equals(0_u32), E::from(9_u32).lt(quotient.clone()));
            let chosen = select(x.clone().equals(0_u32), 77_u32.into(), quotient);
            let sum = near.cast(Type::U32) + either.cast(Type::U32) * 10_u32 + chosen * 100_u32;
            b.store(data, [thread], sum);
        },
        |_, x| {
            let quotient = 100_u32.checked_div(x);
            u32::from(x == 0) + u32::from(quotient.is_none_or(|q| q > 9)) * 10 + quotient.unwrap_or(77) * 100
        },
    );
}

#[test]
fn functions_take_values_and_references_and_return_early() {
    check(
        |b, data, thread| {
            // fn function(x: u32, m: &mut u32, buffer: &mut [u32]) -> u32
            let x = b.var("x", VarKind::Scalar, Type::U32);
            let m = b.var("m", VarKind::Mut, Type::U32);
            let buffer = b.var("buffer", VarKind::Global { mutable: true, volatile: false }, Type::U32);
            let at = b.var("at", VarKind::Scalar, Type::U32);
            let function = b.function(vec![x, m, buffer, at], Some(Type::U32), |b| {
                b.set(m, b.read(m) + 1_u32);
                b.when(b.read(x).lt(8_u32), |b| {
                    b.set(m, b.read(m) + 10_u32);
                    b.ret(Some(b.read(x) * 2_u32));
                });
                b.count([0_u32.into(), b.read(x), 1_u32.into()], |b, i| {
                    let stop = i.clone().equals(11_u32);
                    b.when(stop, |b| b.ret(Some(i.clone() + 300_u32)));
                    b.set(m, b.read(m) + 2_u32);
                });
                b.store(buffer, [b.read(at)], b.load(buffer, [b.read(at)]) + 5_u32);
                b.ret(Some(b.read(m)));
            });
            let x = b.bind(b.load(data, [thread.clone()]));
            let m = b.mutable(100_u32);
            let once = b.call(function, vec![value(x.clone()), object(m), object(data), value(thread.clone())]);
            let once = b.bind(once);
            // Operands are evaluated from left to right: the first `m` is read before the call changes it.
            let call = b.call(function, vec![value(x % 16_u32), object(m), object(data), value(thread.clone())]);
            let sum = b.bind(b.read(m) * 1000_u32 + call);
            let left = b.load(data, [thread.clone()]);
            b.store(data, [thread], sum + once * 7_u32 + b.read(m) * 3_u32 + left);
        },
        |_, x| {
            fn function(x: u32, m: &mut u32, element: &mut u32) -> u32 {
                *m += 1;
                if x < 8 {
                    *m += 10;
                    return x * 2;
                }
                for i in 0..x {
                    if i == 11 {
                        return i + 300;
                    }
                    *m += 2;
                }
                *element += 5;
                *m
            }
            let (mut m, mut element) = (100, x);
            let once = function(x, &mut m, &mut element);
            let first = m;
            let sum = first * 1000 + function(x % 16, &mut m, &mut element);
            sum + once * 7 + m * 3 + element
        },
    );
}

#[test]
fn variables_declared_in_loops_do_not_disturb_those_that_live_on() {
    check(
        |b, data, thread| {
            let x = b.bind(b.load(data, [thread.clone()]));
            let kept = b.bind(x.clone() * 3_u32);
            let last = b.mutable(0_u32);
            b.count([0_u32.into(), 5_u32.into(), 1_u32.into()], |b, i| {
                let before = b.bind(b.read(last));
                let t = b.bind(x.clone() + i.clone());
                let u = b.bind(t.clone() * t.clone());
                b.when(u.clone().lt(100_u32), |b| b.set(last, u.clone() + before.clone()));
            });
            b.store(data, [thread], b.read(last) + kept);
        },
        |_, x| {
            let mut last = 0;
            for i in 0..5 {
                let u = (x + i) * (x + i);
                if u < 100 {
                    last += u;
                }
            }
            last + 3 * x
        },
    );
}

#[test]
fn swapped_variables_are_read_before_they_are_written() {
    check(
        |b, data, thread| {
            let x = b.mutable(b.load(data, [thread.clone()]));
            let y = b.mutable(thread.clone());
            b.count([0_u32.into(), 3_u32.into(), 1_u32.into()], |b, _| {
                let t = b.bind(b.read(x));
                b.set(x, b.read(y));
                b.set(y, t + 1_u32);
            });
            b.store(data, [thread], b.read(x) * 10_000_u32 + b.read(y));
        },
        |thread, x| {
            let (mut a, mut b) = (x, thread);
            for _ in 0..3 {
                (a, b) = (b, a + 1);
            }
            a * 10_000 + b
        },
    );
}
