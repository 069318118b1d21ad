//! Every row of the operation table, on values that differ from thread to thread and on values that do not.
//!
//! References are plain Rust on one thread's operands. Arithmetic is exact; functions documented as within 2 ulp are
//! compared with `f64`, rounded.

mod build;

use build::{Build, E, Random, bid, op, tid};
use greta_codegen::ir::{ExprKind, Literal, Op, Scalar, Type};
use greta_codegen::ops::{Class, Slot};
use greta_interpreter::Program;

/// Threads of the test's blocks: a full wave and a partial one.
const BLOCK: u32 = 100;

/// What an operation gives for one thread, from its operands' bits.
type Reference = fn(Scalar, [u32; 3]) -> u32;

fn f(bits: u32) -> f32 {
    f32::from_bits(bits)
}

fn number(
    scalar: Scalar,
    [a, b, _]: [u32; 3],
    float: fn(f32, f32) -> f32,
    signed: fn(i32, i32) -> i32,
    unsigned: fn(u32, u32) -> u32,
) -> u32 {
    match scalar {
        Scalar::F32 => float(f(a), f(b)).to_bits(),
        Scalar::I32 => signed(a as i32, b as i32) as u32,
        _ => unsigned(a, b),
    }
}

fn order(scalar: Scalar, [a, b, _]: [u32; 3], holds: fn(Option<std::cmp::Ordering>) -> bool) -> u32 {
    let ordering = match scalar {
        Scalar::F32 => f(a).partial_cmp(&f(b)),
        Scalar::I32 => Some((a as i32).cmp(&(b as i32))),
        _ => Some(a.cmp(&b)),
    };
    u32::from(holds(ordering))
}

fn wide(bits: u32, function: fn(f64) -> f64) -> u32 {
    (function(f64::from(f(bits))) as f32).to_bits()
}

/// The reference of a row that works lane by lane; the last match arm is what a new row runs into.
fn opt_reference(op: Op) -> Option<Reference> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    Some(match op {
        Op::Nontemporal | Op::CopyAsync => |_, [a, _, _]| a,
        Op::Add => |s, v| number(s, v, |a, b| a + b, i32::wrapping_add, u32::wrapping_add),
        Op::Sub => |s, v| number(s, v, |a, b| a - b, i32::wrapping_sub, u32::wrapping_sub),
        Op::Mul => |s, v| number(s, v, |a, b| a * b, i32::wrapping_mul, u32::wrapping_mul),
        Op::Div => |s, v| number(s, v, |a, b| a / b, i32::wrapping_div, u32::wrapping_div),
        Op::Rem => |s, v| number(s, v, |a, b| a % b, i32::wrapping_rem, u32::wrapping_rem),
        Op::Neg => |s, [a, _, _]| if s == Scalar::F32 { (-f(a)).to_bits() } else { 0_u32.wrapping_sub(a) },
        Op::Not => |s, [a, _, _]| if s == Scalar::Bool { 1 - a } else { !a },
        Op::BitAnd => |_, [a, b, _]| a & b,
        Op::BitOr => |_, [a, b, _]| a | b,
        Op::BitXor => |_, [a, b, _]| a ^ b,
        Op::Shl => |_, [a, b, _]| a.wrapping_shl(b),
        Op::Shr => |s, [a, b, _]| {
            if s == Scalar::I32 { (a as i32).wrapping_shr(b) as u32 } else { a.wrapping_shr(b) }
        },
        Op::Eq => |s, v| order(s, v, |o| o == Some(Equal)),
        Op::Ne => |s, v| order(s, v, |o| o != Some(Equal)),
        Op::Lt => |s, v| order(s, v, |o| o == Some(Less)),
        Op::Le => |s, v| order(s, v, |o| matches!(o, Some(Less | Equal))),
        Op::Gt => |s, v| order(s, v, |o| o == Some(Greater)),
        Op::Ge => |s, v| order(s, v, |o| matches!(o, Some(Greater | Equal))),
        Op::Min => |s, v| number(s, v, f32::min, i32::min, u32::min),
        Op::Max => |s, v| number(s, v, f32::max, i32::max, u32::max),
        Op::Abs => |_, [a, _, _]| f(a).abs().to_bits(),
        Op::Fma => |_, [a, b, c]| f(a).mul_add(f(b), f(c)).to_bits(),
        Op::Sqrt => |_, [a, _, _]| f(a).sqrt().to_bits(),
        Op::Rsqrt => |_, [a, _, _]| wide(a, |x| 1.0 / x.sqrt()),
        Op::Exp => |_, [a, _, _]| wide(a, f64::exp),
        Op::Exp2 => |_, [a, _, _]| wide(a, f64::exp2),
        Op::Log => |_, [a, _, _]| wide(a, f64::ln),
        Op::Log2 => |_, [a, _, _]| wide(a, f64::log2),
        Op::Sin => |_, [a, _, _]| wide(a, f64::sin),
        Op::Cos => |_, [a, _, _]| wide(a, f64::cos),
        Op::Tanh => |_, [a, _, _]| wide(a, f64::tanh),
        Op::Floor => |_, [a, _, _]| f(a).floor().to_bits(),
        Op::Ceil => |_, [a, _, _]| f(a).ceil().to_bits(),
        Op::Log10 => |_, [a, _, _]| wide(a, f64::log10),
        Op::Pow => |_, [a, b, _]| (f64::from(f(a)).powf(f64::from(f(b))) as f32).to_bits(),
        Op::Tan => |_, [a, _, _]| wide(a, f64::tan),
        Op::Erf => |_, [a, _, _]| wide(a, integrated_erf),
        Op::Trunc => |_, [a, _, _]| f(a).trunc().to_bits(),
        Op::Round => |_, [a, _, _]| f(a).round().to_bits(),
        Op::Copysign => |_, [a, b, _]| f(a).copysign(f(b)).to_bits(),
        Op::FastExp => |_, [a, _, _]| wide(a, f64::exp),
        Op::FastExp2 => |_, [a, _, _]| wide(a, f64::exp2),
        Op::FastLog2 => |_, [a, _, _]| wide(a, f64::log2),
        Op::FastSin => |_, [a, _, _]| wide(a, f64::sin),
        Op::FastCos => |_, [a, _, _]| wide(a, f64::cos),
        Op::FastSqrt => |_, [a, _, _]| f(a).sqrt().to_bits(),
        Op::FastRsqrt => |_, [a, _, _]| wide(a, |x| 1.0 / x.sqrt()),
        Op::FastRecip => |_, [a, _, _]| (1.0 / f(a)).to_bits(),
        Op::ToBits | Op::FromBits => |_, [a, _, _]| a,
        Op::LeadingZeros => |_, [a, _, _]| a.leading_zeros(),
        Op::CountOnes => |_, [a, _, _]| a.count_ones(),
        Op::ReverseBits => |_, [a, _, _]| a.reverse_bits(),
        Op::MulHi => |s, [a, b, _]| {
            let signed = (i64::from(a as i32) * i64::from(b as i32)) >> 32;
            if s == Scalar::I32 { signed as u32 } else { ((u64::from(a) * u64::from(b)) >> 32) as u32 }
        },
        _ => return None,
    })
}

/// The error function as the integral that defines it, by Simpson's rule; beyond 6 it is 1 in `f32`.
fn integrated_erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let (end, steps) = (x.abs().min(6.0), 2000);
    let density = |step: u32| {
        let t = end * f64::from(step) / f64::from(steps);
        (-t * t).exp()
    };
    let inner: f64 = (1..steps).map(|step| density(step) * if step % 2 == 1 { 4.0 } else { 2.0 }).sum();
    let integral = (density(0) + inner + density(steps)) * end / f64::from(steps) / 3.0;
    (integral * std::f64::consts::FRAC_2_SQRT_PI).copysign(x)
}

/// Units in the last place that a result may be off.
fn ulp_max(op: Op) -> u32 {
    match op {
        Op::Rsqrt | Op::Exp | Op::Exp2 | Op::Log | Op::Log2 | Op::Log10 | Op::Sin | Op::Cos | Op::Tanh => 2,
        Op::FastExp | Op::FastExp2 | Op::FastLog2 | Op::FastSin | Op::FastCos | Op::FastRsqrt => 2,
        Op::Tan | Op::Erf | Op::Pow => 4,
        _ => 0,
    }
}

fn close(scalar: Scalar, given: u32, wanted: u32, ulps: u32) -> bool {
    if given == wanted {
        return true;
    }
    if scalar != Scalar::F32 {
        return false;
    }
    let (a, b) = (f(given), f(wanted));
    // Of two equal numbers with different signs, minimum and maximum may give either.
    (a.is_nan() && b.is_nan()) || (a == 0.0 && b == 0.0) || given.abs_diff(wanted) <= ulps && a.signum() == b.signum()
}

fn scalars(class: Class) -> &'static [Scalar] {
    use Scalar::{Bool, F32, I32, U32};
    match class {
        Class::None => &[],
        Class::Number => &[F32, I32, U32],
        Class::Integer => &[I32, U32],
        Class::Signed => &[F32, I32],
        Class::Float => &[F32],
        Class::Bits => &[Bool, I32, U32],
        Class::Word | Class::Comparable => &[F32, I32, U32],
        Class::WordInteger => &[I32, U32],
        Class::Single => &[F32],
        Class::Boolean => &[Bool],
        Class::Any => &[Bool, F32, I32, U32],
    }
}

/// Operands: special values first, then random ones.
fn inputs(scalar: Scalar, operand: usize, op: Op) -> Vec<u32> {
    let mut random = Random::new(operand as u64 + 7);
    let special: &[u32] = match scalar {
        Scalar::Bool => &[0, 1],
        Scalar::F32 => &[
            0,
            0x8000_0000,
            0x3F80_0000,
            0xBF80_0000,
            0x7F80_0000,
            0xFF80_0000,
            0x7FC0_0000,
            1,
            0x8000_0001,
            0x7F7F_FFFF,
            0x4B00_0001,
            0x3F00_0000,
            0xC248_0000,
        ],
        _ => &[0, 1, 2, 31, 32, 33, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE],
    };
    let value = |index: u32, random: &mut Random| {
        let index = index as usize;
        let period = special.len().pow(operand as u32);
        let value = match scalar {
            _ if index < special.len() * special.len() => special[index / period % special.len()],
            Scalar::Bool => random.next() & 1,
            Scalar::F32 => (random.unit() * 40.0).to_bits(),
            _ => random.next() >> (random.next() & 31),
        };
        let divides = matches!(op, Op::Div | Op::Rem) && operand == 1 && scalar != Scalar::F32;
        if divides { value.max(1) } else { value }
    };
    (0..BLOCK * 3).map(|index| value(index, &mut random)).collect()
}

/// Runs an operation on buffers of operands. `uniform`: each operand is that of the block's first thread.
fn run(op: Op, scalar: Scalar, operands: &mut [Vec<u32>], uniform: [bool; 3], lanes: u8) -> Vec<u32> {
    let row = op.row();
    let mut build = Build::new([BLOCK, 1, 1]);
    let word = if scalar == Scalar::Bool { Type::U32 } else { Type::scalar(scalar) };
    let buffers: Vec<_> = operands.iter().map(|_| build.global("x", word)).collect();
    let result = build.global("y", Type::U32);
    let thread = build.bind(bid() * BLOCK + tid());
    let values: Vec<E> = buffers
        .iter()
        .zip(uniform)
        .map(|(&buffer, uniform)| {
            let index = if uniform { bid() * BLOCK } else { thread.clone() };
            let value = build.load(buffer, [index]);
            let value = if scalar == Scalar::Bool { build::op(Op::Ne, [value, 0_u32.into()]) } else { value };
            if lanes > 1 { build::splat(value, lanes) } else { value }
        })
        .collect();
    let value = match row.operands.len() {
        1 => build::op(op, [values[0].clone()]),
        2 => build::op(op, [values[0].clone(), values[1].clone()]),
        _ => build::op(op, [values[0].clone(), values[1].clone(), values[2].clone()]),
    };
    let value = if lanes > 1 { build.bind(value).lane(u32::from(lanes) - 1) } else { value };
    let bits = match value.0.ty.scalar {
        Scalar::F32 => None,
        _ => Some(value.clone().cast(Type::U32)),
    };
    match bits {
        Some(bits) => build.store(result, [thread], bits),
        None => {
            build.kernel.vars[result.index()].ty = Type::F32;
            build.store(result, [thread], value);
        }
    }
    let mut output = vec![0; (BLOCK * 3) as usize];
    let mut all: Vec<&mut [u32]> = operands.iter_mut().map(Vec::as_mut_slice).collect();
    all.push(&mut output);
    build.run([3, 1, 1], &mut all).expect("the kernel keeps the rules");
    output
}

fn check(op: Op, reference: Reference) {
    let row = op.row();
    let arity = row.operands.len();
    let scalars = match row.operands[0] {
        Slot::Is(ty) => vec![ty.scalar],
        _ => scalars(row.class).to_vec(),
    };
    for scalar in scalars {
        let mut operands: Vec<Vec<u32>> = (0..arity).map(|operand| inputs(scalar, operand, op)).collect();
        let result = match row.result {
            Slot::Is(ty) => ty.scalar,
            _ => scalar,
        };
        for kinds in 0..1_u32 << arity {
            let uniform = [0, 1, 2].map(|operand| kinds >> operand & 1 != 0);
            let scalar_only =
                [Class::Word, Class::Comparable, Class::Boolean, Class::None, Class::WordInteger, Class::Single];
            let wide = !scalar_only.contains(&row.class) && scalar != Scalar::Bool;
            for lanes in if wide { vec![1, 4] } else { vec![1] } {
                let given = run(op, scalar, &mut operands, uniform, lanes);
                for (thread, &given) in given.iter().enumerate() {
                    let mut values = [0; 3];
                    for operand in 0..arity {
                        let from = if uniform[operand] { thread - thread % BLOCK as usize } else { thread };
                        values[operand] = operands[operand][from];
                    }
                    let wanted = reference(scalar, values);
                    assert!(
                        close(result, given, wanted, ulp_max(op)),
                        "{} of {scalar:?} {values:x?} (uniform {uniform:?}, {lanes} lanes): {given:x}, not {wanted:x}",
                        row.name,
                    );
                }
            }
        }
    }
}

#[test]
fn every_row_has_a_case_and_passes_it() {
    for row in Op::rows() {
        match opt_reference(row.op) {
            Some(reference) => check(row.op, reference),
            None => special(row.op),
        }
    }
}

/// Rows that do not work lane by lane. A new one fails here until it has a case.
fn special(op: Op) {
    match op {
        Op::ThreadIdxX => index(op, |t, _| t % 5),
        Op::ThreadIdxY => index(op, |t, _| t / 5 % 7),
        Op::ThreadIdxZ => index(op, |t, _| t / 35),
        Op::BlockIdxX => index(op, |_, b| b % 2),
        Op::BlockIdxY => index(op, |_, b| b / 2 % 3),
        Op::BlockIdxZ => index(op, |_, b| b / 6),
        Op::GridDimX => index(op, |_, _| 2),
        Op::GridDimY => index(op, |_, _| 3),
        Op::GridDimZ => index(op, |_, _| 4),
        Op::LaneId => index(op, |t, _| t % 64),
        Op::WaveId => index(op, |t, _| t / 64),
        Op::Shuffle => shuffle(op, |_, by| by % 64),
        Op::ShuffleXor => shuffle(op, |lane, by| if by < 64 { lane ^ by } else { lane }),
        Op::ShuffleDown => shuffle(op, |lane, by| if by < 64 - lane { lane + by } else { lane }),
        Op::ShuffleUp => shuffle(op, |lane, by| if by <= lane { lane - by } else { lane }),
        Op::F16ToBits | Op::F16FromBits => bits(Op::F16FromBits, Op::F16ToBits, Scalar::U16),
        Op::Bf16ToBits | Op::Bf16FromBits => bits(Op::Bf16FromBits, Op::Bf16ToBits, Scalar::U16),
        Op::F64ToBits | Op::F64FromBits => bits(Op::F64FromBits, Op::F64ToBits, Scalar::U64),
        Op::LoadMatrices => exchange(op),
        Op::Any => vote(op, |lanes| u64::from(lanes.contains(&true))),
        Op::All => vote(op, |lanes| u64::from(!lanes.contains(&false))),
        Op::Ballot => vote(op, |lanes| lanes.iter().rev().fold(0, |bits, holds| bits << 1 | u64::from(*holds))),
        Op::Barrier => barrier(),
        Op::GridBarrier => grid_barrier(),
        Op::Prefetch => prefetch(op),
        Op::SchedBarrier
        | Op::SchedGroupBarrier
        | Op::SetPriority
        | Op::CopyAsyncCommit
        | Op::CopyAsyncWait
        | Op::GridDependencyWait
        | Op::GridDependentsLaunch => hint(op),
        _ => panic!("{} has no case", op.row().name),
    }
}

/// A 5 x 7 x 3 block in a 2 x 3 x 4 grid.
fn index(op: Op, wanted: fn(thread: u32, block: u32) -> u32) {
    let mut build = Build::new([5, 7, 3]);
    let result = build.global("y", Type::U32);
    let block = build::op(Op::BlockIdxX, [])
        + build::op(Op::BlockIdxY, []) * build::op(Op::GridDimX, [])
        + build::op(Op::BlockIdxZ, []) * build::op(Op::GridDimX, []) * build::op(Op::GridDimY, []);
    let thread = tid() + build::op(Op::ThreadIdxY, []) * 5 + build::op(Op::ThreadIdxZ, []) * 35;
    build.store(result, [block * 105 + thread], build::op(op, []));
    let mut output = vec![u32::MAX; 105 * 24];
    build.run([2, 3, 4], &mut [&mut output]).expect("the kernel keeps the rules");
    for (position, &given) in (0..).zip(&output) {
        assert_eq!(given, wanted(position % 105, position / 105), "{} at {position}", op.row().name);
    }
}

/// Bits to a float and back, all of them there: those that a word has, and in a wider type their square's.
fn bits(from: Op, to: Op, scalar: Scalar) {
    let ty = Type::scalar(scalar);
    let mut build = Build::new([64, 1, 1]);
    let [x, low, high] = ["x", "low", "high"].map(|name| build.global(name, Type::U32));
    let word = build.load(x, [tid()]).cast(ty);
    let square = build.bind(word.clone() * word);
    let u64_type = Type::scalar(Scalar::U64);
    let half = E::new(ExprKind::Literal(Literal::U64(32)), u64_type);
    let back = build.bind(build::op(to, [build::op(from, [square])]));
    build.store(low, [tid()], back.clone().cast(Type::U32));
    build.store(high, [tid()], build::op(Op::Shr, [back.cast(u64_type), half]).cast(Type::U32));
    let mut random = Random::new(3);
    let mut values: Vec<u32> = (0..64).map(|_| random.next()).collect();
    let (mut lows, mut highs) = (vec![0; 64], vec![0; 64]);
    build.run([1, 1, 1], &mut [&mut values, &mut lows, &mut highs]).expect("the kernel keeps the rules");
    for (i, value) in values.into_iter().enumerate() {
        let wide = u64::from(value) * u64::from(value);
        let wanted = if scalar == Scalar::U16 { wide & 0xffff } else { wide };
        assert_eq!(u64::from(highs[i]) << 32 | u64::from(lows[i]), wanted, "{} of {value:x}", to.row().name);
    }
}

/// Two whole waves; the lane differs from thread to thread, then does not.
fn shuffle(op: Op, source: fn(lane: u32, by: u32) -> u32) {
    for uniform in [false, true] {
        let mut build = Build::new([128, 1, 1]);
        let [value, by, result] = ["x", "by", "y"].map(|name| build.global(name, Type::U32));
        let lane = build.load(by, [if uniform { bid() } else { tid() }]);
        let value = build::op(op, [build.load(value, [tid()]), lane]);
        build.store(result, [tid()], value);
        let mut random = Random::new(3);
        let mut values: Vec<u32> = (0..128).map(|_| random.next()).collect();
        let mut lanes: Vec<u32> = (0..128_u32).map(|t| if t == 9 { u32::MAX } else { random.next() % 80 }).collect();
        let mut output = vec![0; 128];
        build.run([1, 1, 1], &mut [&mut values, &mut lanes, &mut output]).expect("the kernel keeps the rules");
        for thread in 0..128_u32 {
            let by = lanes[if uniform { 0 } else { thread as usize }];
            let from = thread / 64 * 64 + source(thread % 64, by);
            assert_eq!(output[thread as usize], values[from as usize], "{} in thread {thread}", op.row().name);
        }
    }
}

/// Vectors of four words: lane `4 i + j` gets, as its word q, word j of lane `8 q + i`.
fn exchange(op: Op) {
    let ty = Type::vector(Scalar::U32, 4);
    for wave in [64, 32] {
        let mut build = Build::new([128, 1, 1]);
        let [x, y] = ["x", "y"].map(|name| build.global(name, Type::U32));
        let loaded = build.load_as(x, [tid() * 4], ty);
        build.store(y, [tid() * 4], E::new(ExprKind::Op(op, vec![loaded.0]), ty));
        let mut input: Vec<u32> = (0..512).collect();
        let mut output = vec![u32::MAX; 512];
        let program = Program::new(&build.finish(), wave);
        build::run(&program, [1, 1, 1], &mut [&mut input, &mut output]).expect("the kernel keeps the rules");
        for (at, found) in output.into_iter().enumerate() {
            let (thread, q) = (at / 4, at % 4);
            let (first, i, j) = (thread / 32 * 32, thread % 32 / 4, thread % 4);
            assert_eq!(found as usize, (first + 8 * q + i) * 4 + j);
        }
    }
}

/// Two whole waves and a part of one: the threads of a wave that take part decide, with waves of 64 lanes and of 32.
fn vote(op: Op, wanted: fn(lanes: &[bool]) -> u64) {
    for wave in [64, 32] {
        for period in [1, 7, 48, 64, 100, 150] {
            let mut build = Build::new([150, 1, 1]);
            let result = build.global("y", Type::scalar(Scalar::U64));
            let holds = |thread: u32| thread % period == period - 1;
            let condition = (tid() % period).equals(period - 1);
            build.when(tid().lt(140_u32), |build| {
                let ty = if let Slot::Is(ty) = op.row().result { ty } else { Type::BOOL };
                let value = build.bind(E::new(ExprKind::Op(op, vec![condition.0]), ty));
                build.store(result, [tid()], value.cast(Type::scalar(Scalar::U64)));
            });
            let mut output = vec![9; 300];
            let program = Program::new(&build.finish(), wave);
            build::run(&program, [1, 1, 1], &mut [&mut output]).expect("the kernel keeps the rules");
            for thread in 0..140 {
                let first = thread / wave * wave;
                let lanes: Vec<bool> = (first..(first + wave).min(140)).map(holds).collect();
                let word = 2 * thread as usize;
                let given = u64::from(output[word]) | u64::from(output[word + 1]) << 32;
                assert_eq!(given, wanted(&lanes), "{} in thread {thread}", op.row().name);
            }
        }
    }
}

/// Nothing happens.
fn hint(op: Op) {
    let mut build = Build::new([64, 1, 1]);
    let result = build.global("y", Type::U32);
    let operands = op.row().operands.iter().map(|_| E::from(1_u32).0).collect();
    build.eval(E::new(ExprKind::Op(op, operands), Type::BOOL));
    build.store(result, [tid()], tid());
    let mut output = vec![9; 64];
    build.run([1, 1, 1], &mut [&mut output]).expect("the kernel keeps the rules");
    assert_eq!(output, (0..64).collect::<Vec<u32>>());
}

/// Every second thread names an element; nothing changes.
fn prefetch(op: Op) {
    let mut build = Build::new([100, 1, 1]);
    let data = build.global("data", Type::U32);
    build.when((tid() % 2_u32).equals(1_u32), |build| {
        let element = build.load(data, [tid() / 2_u32]).0;
        build.eval(E::new(ExprKind::Op(op, vec![element]), Type::BOOL));
    });
    let mut values: Vec<u32> = (7..57).collect();
    build.run([1, 1, 1], &mut [&mut values]).expect("the kernel keeps the rules");
    assert_eq!(values, (7..57).collect::<Vec<u32>>());
}

/// Blocks turn the elements of them all round in one buffer.
fn grid_barrier() {
    let mut build = Build::new([50, 1, 1]);
    let [arrivals, data] = ["arrivals", "data"].map(|name| build.global(name, Type::U32));
    let thread = build.bind(bid() * 50_u32 + tid());
    let value = build.bind(build.load(data, [E::from(199_u32) - thread.clone()]));
    build.grid_barrier(arrivals);
    build.store(data, [thread], value);
    let (mut count, mut values) = ([0_u32], (0..200).collect::<Vec<u32>>());
    build.run([4, 1, 1], &mut [&mut count, &mut values]).expect("the kernel keeps the rules");
    assert_eq!((count, values), ([0x8000_0000], (0..200).rev().collect()));
}

/// A block turns its elements round through shared memory.
fn barrier() {
    let mut build = Build::new([200, 1, 1]);
    let data = build.global("data", Type::U32);
    let tile = build.array(true, &[200], Type::U32);
    build.store(tile, [tid()], build.load(data, [tid()]));
    build.barrier();
    build.store(data, [tid()], build.load(tile, [build::E::from(199_u32) - tid()]));
    let mut values: Vec<u32> = (0..200).collect();
    build.run([1, 1, 1], &mut [&mut values]).expect("the kernel keeps the rules");
    assert_eq!(values, (0..200).rev().collect::<Vec<u32>>());
}

#[test]
fn casts_are_those_of_rust() {
    type Cast = (Scalar, Scalar, fn(u32) -> u32);
    let casts: [Cast; 9] = [
        (Scalar::F32, Scalar::I32, |x| f(x) as i32 as u32),
        (Scalar::F32, Scalar::U32, |x| f(x) as u32),
        (Scalar::I32, Scalar::F32, |x| (x as i32 as f32).to_bits()),
        (Scalar::U32, Scalar::F32, |x| (x as f32).to_bits()),
        (Scalar::I32, Scalar::U32, |x| x),
        (Scalar::U32, Scalar::I32, |x| x),
        (Scalar::Bool, Scalar::U32, |x| x),
        (Scalar::Bool, Scalar::I32, |x| x),
        (Scalar::F32, Scalar::F32, |x| x),
    ];
    for (from, to, reference) in casts {
        for uniform in [false, true] {
            let mut build = Build::new([BLOCK, 1, 1]);
            let word = if from == Scalar::Bool { Type::U32 } else { Type::scalar(from) };
            let (x, y) = (build.global("x", word), build.global("y", Type::scalar(to)));
            let thread = build.bind(bid() * BLOCK + tid());
            let index = if uniform { bid() * BLOCK } else { thread.clone() };
            let value = build.load(x, [index]);
            let value = if from == Scalar::Bool { op(Op::Ne, [value, 0_u32.into()]) } else { value };
            build.store(y, [thread], value.cast(Type::scalar(to)));
            let mut values = inputs(from, 0, Op::Add);
            let mut output = vec![0; values.len()];
            build.run([3, 1, 1], &mut [&mut values, &mut output]).expect("the kernel keeps the rules");
            for (thread, &given) in output.iter().enumerate() {
                let from_thread = if uniform { thread - thread % BLOCK as usize } else { thread };
                let wanted = reference(values[from_thread]);
                assert!(close(to, given, wanted, 0), "{from:?} {:x} to {to:?}", values[from_thread]);
            }
        }
    }
}
