//! Launches that are wrong, on every device that this machine has: what is refused, in which words, and that the kernel
//! did not run.

use greta::codegen::contract::{ArgumentValue, LaunchValues};
use greta::codegen::ir::Literal;
use greta::codegen::target::Target;
use greta::prelude::*;
use greta::runtime::launch::{Arguments, BoundArgument, BoundArguments, Variant};
use greta::{Error, Graph};

/// y[r] = sum_c a[r, c], a thread a row.
#[kernel(
    tile(T = 64 in [64, 128]),
    require(a.len() == m * k),
    require(y.len() >= m && k % (m - 1) < 9),
    block = T,
)]
fn row_sums(a: &Global<f32>, y: &mut Global<f32>, m: u32, k: u32) {
    let row = block_idx().x * BLOCK + thread_idx().x;
    if row < m {
        let mut sum = 0.0;
        for column in 0..k {
            sum += a[row * k + column];
        }
        y[row] = sum;
    }
}

/// A kernel of this file as errors name it, with the line and column of its function.
fn at(kernel: &str) -> String {
    let head = format!("fn {kernel}(");
    let line = include_str!("launch.rs").lines().position(|line| line.starts_with(&head)).unwrap() + 1;
    format!("{kernel} at {}:{line}:4", file!())
}

/// The line of the first `require` above that names a launch's arguments.
const CONTRACT_LINE: u32 = 14;

#[kernel(
    require(1 <= count && count.next_multiple_of(4) <= x.len().max(4), gain > 0.5 || -gain > 0.5),
    require(!on || (shift + 3) * 2 == 4 && x.len().div_ceil(8).pow(2) <= 3_000_u32),
    block = 64,
)]
fn operators(x: &mut Global<f32>, count: u32, gain: f32, shift: i32, on: bool) {
    if on && thread_idx().x < count {
        x[thread_idx().x] = gain * shift as f32;
    }
}

#[kernel(block = 64)]
fn much_shared(y: &mut Global<f32>) {
    let mut tile = shared::<[[f32; 256]; 300]>();
    tile[0][thread_idx().x] = 1.0;
    barrier();
    y[thread_idx().x] = tile[0][0];
}

#[kernel(block = 64)]
fn dynamic_shared(y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 1024]>();
    let mut row = shared_dynamic::<f32>();
    tile[thread_idx().x] = 1.0;
    row[thread_idx().x] = 2.0;
    barrier();
    y[thread_idx().x] = tile[63 - thread_idx().x] + row[63 - thread_idx().x];
}

#[kernel(block = (64, 32))]
fn many_threads(y: &mut Global<f32>) {
    y[0] = 1.0;
}

/// How many fours `n` has, by a loop that is skipped where there is none.
#[kernel(block = 64)]
fn fours(y: &mut Global<u32>, n: u32) {
    let mut count = 0;
    if n >= 4 {
        for _ in (0..n - 3).step_by(4) {
            count += 1;
        }
    }
    y[thread_idx().x] = count;
}

/// How many numbers there are from `first` to below `end`, 64 apart.
#[kernel(block = 64)]
fn steps(y: &mut Global<u32>, first: u32, end: u32) {
    let mut count = 0;
    for _ in (first..end).step_by(64) {
        count += 1;
    }
    y[thread_idx().x] = count;
}

/// As `steps`, up to the elements of a matrix.
#[kernel(block = 64)]
fn elements(y: &mut Global<u32>, rows: u32, columns: u32) {
    let mut count = 0;
    for _ in (thread_idx().x..rows * columns).step_by(BLOCK) {
        count += 1;
    }
    y[thread_idx().x] = count;
}

/// How many numbers below `end` fall to each thread of a grid that steps by all of its threads.
#[kernel(block = 64)]
fn strides(y: &mut Global<u32>, end: u32) {
    let first = block_idx().x * BLOCK + thread_idx().x;
    let mut count = 0;
    for _ in (first..end).step_by(grid_dim().x * BLOCK) {
        count += 1;
    }
    y[first] = count;
}

/// Runs a check on every device that opens here, and on `cpu` with the kernels of another target.
fn on_every_device(check: impl Fn(&Device, &Stream)) {
    let open = |name: &str| Device::open(name).ok();
    let devices: Vec<Device> = Device::names().iter().copied().chain(["cpu:sm_90"]).filter_map(open).collect();
    assert!(devices.len() >= 2, "`cpu` always opens, and so does `cpu:sm_90`");
    for device in devices {
        check(&device, &device.stream().unwrap());
    }
}

/// Launches `row_sums` on an `a` of `len` elements and a `y` of 4; gives the message and what `y` holds.
fn launch(device: &Device, stream: &Stream, grid: [u32; 3], len: usize, m: u32, k: u32) -> (String, Vec<f32>) {
    let a = device.buffer_from(&vec![1.0; len]).unwrap();
    let mut y = device.zeroed::<f32>(4).unwrap();
    let kernel = device.kernel(row_sums::variant()).unwrap();
    let launched = kernel.launch(stream, grid, row_sums::Args { a: &a, y: &mut y, m, k });
    let message = launched.err().map_or_else(String::new, |error| error.to_string());
    (message, y.read(stream).unwrap())
}

#[test]
fn a_dynamic_array_has_what_the_other_arrays_leave() {
    on_every_device(|device, stream| {
        let kernel = device.kernel(dynamic_shared::variant()).unwrap();
        let target = device.info().arch.split(':').next().and_then(Target::opt_named).unwrap();
        let limit = target.shared_bytes_max / 4 - 1024;
        let mut y = device.zeroed::<f32>(64).unwrap();
        let error = kernel.launch(stream, 1, dynamic_shared::Args { y: &mut y }).unwrap_err().to_string();
        let dynamic = at("dynamic_shared");
        let none = format!("{dynamic} has a dynamic shared array: launch it `with_shared(elements)`");
        assert_eq!(error, format!("{none}, of 1 to {limit} elements"));
        let error = kernel.with_shared(limit + 1).unwrap_err().to_string();
        let given = limit + 1;
        let much = format!("{dynamic}: a dynamic shared array of {given} elements; beside its other shared arrays");
        assert_eq!(error, format!("{much} it can have {limit}"));
        kernel.with_shared(limit).unwrap().launch(stream, 1, dynamic_shared::Args { y: &mut y }).unwrap();
        assert_eq!(y.read(stream).unwrap(), [3.0; 64]);
        let error = device.kernel(row_sums::variant()).unwrap().with_shared(8).unwrap_err().to_string();
        assert_eq!(error, format!("{} has no dynamic shared array to give 8 elements to", at("row_sums")));
    });
}

#[test]
fn a_wrong_length_breaks_the_contract_it_names() {
    on_every_device(|device, stream| {
        let (message, y) = launch(device, stream, [1, 1, 1], 12, 4, 4);
        let place = format!("{}:{CONTRACT_LINE}:13", file!());
        let expected =
            format!("row_sums: require(a.len() == m * k) at {place} does not hold: a.len() = 12, m = 4, k = 4");
        assert_eq!((message, y), (expected, vec![0.0; 4]));
        assert_eq!(launch(device, stream, [1, 1, 1], 16, 4, 4), (String::new(), vec![4.0; 4]));
    });
}

/// y[i] = i, in one block
#[kernel(tile(T = 16 in [16, 32]), require(BLOCK <= 64), block = (T, 2), require(y.len() <= 2 * BLOCK))]
fn in_one_block(y: &mut Global<u32>) {
    for i in (thread_idx().y * T + thread_idx().x..y.len()).step_by(BLOCK) {
        y[i] = i;
    }
}

#[test]
fn a_contract_may_name_the_size_of_the_block() {
    on_every_device(|device, stream| {
        for (threads, length) in [(16, 65), (32, 129)] {
            let kernel = device.kernel(in_one_block::variant().t(threads)).unwrap();
            let mut y = device.zeroed(length).unwrap();
            let error = kernel.launch(stream, 1, in_one_block::Args { y: &mut y }).unwrap_err().to_string();
            let end = format!("does not hold: y.len() = {length}, T = {threads}");
            assert!(error.contains("require(y.len() <= 2 * BLOCK)") && error.ends_with(&end), "{error}");
            let mut y = device.zeroed(length - 1).unwrap();
            kernel.launch(stream, 1, in_one_block::Args { y: &mut y }).unwrap();
            assert_eq!(y.read(stream).unwrap().last(), Some(&(length as u32 - 2)));
        }
    });
}

#[test]
fn a_contract_is_not_taken_in_by_products_that_wrap_nor_by_divisions_by_zero() {
    on_every_device(|device, stream| {
        let message = launch(device, stream, [1, 1, 1], 0, 1 << 16, 1 << 16).0;
        assert!(message.ends_with("does not hold: a.len() = 0, m = 65536, k = 65536"), "{message}");
        let message = launch(device, stream, [1, 1, 1], 4, 1, 4).0;
        assert!(message.contains("require(y.len() >= m && k % (m - 1) < 9)"), "{message}");
        assert!(message.ends_with("cannot be computed: y.len() = 4, m = 1, k = 4"), "{message}");
        let message = launch(device, stream, [1, 1, 1], 0, 0, 4).0;
        assert!(message.ends_with("cannot be computed: y.len() = 4, m = 0, k = 4"), "{message}");
    });
}

#[test]
fn contracts_know_the_operators_of_rust() {
    let holds = |len, count: u32, gain: f32, shift: i32, on: bool| {
        let scalar = |value: BoundScalar| ArgumentValue::Scalar(value.0);
        let arguments = [
            ArgumentValue::Length(len),
            scalar(count.into()),
            scalar(gain.into()),
            scalar(shift.into()),
            scalar(on.into()),
        ];
        let values = LaunchValues { tiles: &[], arguments: &arguments };
        operators::DEFINITION.contracts.iter().map(|contract| (contract.holds)(&values)).collect::<Vec<_>>()
    };
    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);
    assert_eq!(holds(64, 64, 1.0, -1, true), [YES, YES, YES]);
    assert_eq!(holds(64, 65, 0.5, 0, true), [NO, NO, NO]);
    assert_eq!(holds(0, 0, -1.0, 0, false), [NO, YES, YES]);
    assert_eq!(holds(4000, 1, f32::NAN, -1, true), [YES, NO, NO]);
}

/// A scalar as contracts see it.
struct BoundScalar(Literal);

impl<T: greta::rt::LiteralValue> From<T> for BoundScalar {
    fn from(value: T) -> Self {
        Self(value.to_literal())
    }
}

#[test]
fn graphs_and_unchecked_launches_are_held_to_contracts() {
    on_every_device(|device, stream| {
        let broken = |error: Error| assert!(matches!(error, Error::Contract { computed: true, .. }), "{error}");
        let a = device.zeroed::<f32>(16).unwrap();
        let mut y = device.zeroed::<f32>(4).unwrap();
        let kernel = device.kernel(row_sums::variant()).unwrap();
        let mut graph: Graph = device.graph();
        broken(graph.add(&kernel, 1, row_sums::Args { a: &a, y: &mut y, m: 4, k: 5 }).unwrap_err());
        let node = graph.add(&kernel, 1, row_sums::Args { a: &a, y: &mut y, m: 4, k: 4 }).unwrap();
        let mut exec = graph.instantiate().unwrap();
        broken(exec.update(node, row_sums::Args { a: &a, y: &mut y, m: 5, k: 4 }).unwrap_err());
        // SAFETY: no argument shares memory with another.
        let launched = unsafe { kernel.launch_aliased(stream, 1, row_sums::Args { a: &a, y: &mut y, m: 3, k: 4 }) };
        broken(launched.unwrap_err());
    });
}

#[test]
fn an_end_that_a_loops_steps_may_pass_by_is_refused() {
    on_every_device(|device, stream| {
        let kernel = device.kernel(steps::variant()).unwrap();
        let (mut y, most) = (device.zeroed::<u32>(64).unwrap(), 3_221_225_469);
        kernel.launch(stream, 1, steps::Args { y: &mut y, first: most - 65, end: most }).unwrap();
        assert_eq!(y.read(stream).unwrap(), [2; 64]);
        let wrong = steps::Args { y: &mut y, first: 0, end: most + 1 };
        let error = kernel.launch(stream, 1, wrong).unwrap_err().to_string();
        let line = include_str!("launch.rs").lines().position(|line| line.contains("(first..end)")).unwrap() + 1;
        let place = format!("{}:{line}", file!());
        assert!(error.contains(&place), "{place}: {error}");
        let said = format!("steps: this loop counts to `end` = {}, and its steps reach {most} at most", most + 1);
        assert!(error.contains(&said), "{error}");
        let wrong = steps::Args { y: &mut y, first: 0, end: u32::MAX };
        let error = device.graph().add(&kernel, 1, wrong).unwrap_err().to_string();
        assert!(error.contains("`end` = 4294967295"), "{error}");
    });
}

#[test]
fn an_end_that_the_launch_computes_is_held_against_the_counters_type() {
    let hip = elements::variant().hip().unwrap();
    assert!(hip.contains("i < rows * columns; i += BLOCK) {"), "{hip}");
    on_every_device(|device, stream| {
        let kernel = device.kernel(elements::variant()).unwrap();
        let mut y = device.zeroed::<u32>(64).unwrap();
        // As in the kernel, the product wraps: 2^32 + 65536 becomes 65536.
        for (rows, columns, count) in [(20, 32, 10), (65_537, 65_536, 1024)] {
            kernel.launch(stream, 1, elements::Args { y: &mut y, rows, columns }).unwrap();
            assert_eq!(y.read(stream).unwrap(), [count; 64]);
        }
        let wrong = elements::Args { y: &mut y, rows: 65_535, columns: 65_535 };
        let error = kernel.launch(stream, 1, wrong).unwrap_err().to_string();
        let said = "elements: this loop counts to 4294836225, and its steps reach 3221225469 at most";
        assert!(error.contains(said), "{error}");
    });
}

#[test]
fn a_loop_that_a_branch_skips_limits_no_launch() {
    on_every_device(|device, stream| {
        let kernel = device.kernel(fours::variant()).unwrap();
        let mut y = device.zeroed::<u32>(64).unwrap();
        for n in [0, 2, 3, 4, 7, 8] {
            kernel.launch(stream, 1, fours::Args { y: &mut y, n }).unwrap();
            assert_eq!(y.read(stream).unwrap(), [n / 4; 64], "{n}");
        }
    });
}

#[test]
fn a_grid_that_a_loop_steps_by_is_kept_from_passing_the_counters_end() {
    let hip = strides::variant().hip().unwrap();
    assert!(hip.contains("i < end; i += gridDim.x * BLOCK) {"), "{hip}");
    on_every_device(|device, stream| {
        let kernel = device.kernel(strides::variant()).unwrap();
        let mut y = device.zeroed::<u32>(128).unwrap();
        kernel.launch(stream, 2, strides::Args { y: &mut y, end: 300 }).unwrap();
        let expected: Vec<u32> = (0..128).map(|first| (first..300).step_by(128).count() as u32).collect();
        assert_eq!(y.read(stream).unwrap(), expected);
        let most = u32::MAX / 4 / 64;
        let said = format!("this loop steps by a grid of {} blocks, and can step by {most} at most", most + 1);
        let error = kernel.launch(stream, most + 1, strides::Args { y: &mut y, end: 300 }).unwrap_err().to_string();
        assert!(error.ends_with(&said), "{error}");
        let error = device.graph().add(&kernel, most + 1, strides::Args { y: &mut y, end: 300 }).unwrap_err();
        assert!(error.to_string().ends_with(&said), "{error}");
        let line =
            include_str!("launch.rs").lines().position(|line| line.contains("(first..end).step_by(grid")).unwrap();
        assert!(error.to_string().starts_with(&format!("{}:{}", file!(), line + 1)), "{error}");
    });
}

#[test]
fn a_grid_without_blocks_or_with_too_many_is_refused() {
    on_every_device(|device, stream| {
        for grid in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 65_536, 1], [1, 1, 65_536], [u32::MAX / 64 + 1, 1, 1]] {
            let (message, y) = launch(device, stream, grid, 16, 4, 4);
            let given = format!("{}: a grid of {} x {} x {} blocks", at("row_sums"), grid[0], grid[1], grid[2]);
            assert!(message.starts_with(&given), "{message}");
            assert!(message.ends_with("each must be at least 1 and at most [67108863, 65535, 65535]"), "{message}");
            assert_eq!(y, [0.0; 4]);
        }
    });
}

#[test]
fn a_written_buffer_shares_no_memory_with_another_argument() {
    on_every_device(|device, stream| {
        let x = device.zeroed::<f32>(20).unwrap();
        let (a, mut y) = (x.view(..16).unwrap(), x.view(12..).unwrap());
        let kernel = device.kernel(row_sums::variant()).unwrap();
        let error = kernel.launch(stream, 1, row_sums::Args { a: &a, y: &mut y, m: 4, k: 4 }).unwrap_err();
        let expected = "argument y, which the kernel writes, overlaps argument a in bytes 48..64";
        assert_eq!(error.to_string(), format!("{}: {expected}", at("row_sums")));
    });
}

#[test]
fn buffers_and_streams_of_another_device_are_refused() {
    on_every_device(|device, stream| {
        let other = Device::open("cpu").unwrap();
        let foreign = other.zeroed::<f32>(16).unwrap();
        let mut y = device.zeroed::<f32>(4).unwrap();
        let kernel = device.kernel(row_sums::variant()).unwrap();
        let error = kernel.launch(stream, 1, row_sums::Args { a: &foreign, y: &mut y, m: 4, k: 4 }).unwrap_err();
        let (given, expected) = (&other.info().name, &device.info().name);
        let both = format!("a buffer of another device, {given}; the kernel takes those of its own, {expected}");
        assert_eq!(error.to_string(), format!("{}: argument a is {both}", at("row_sums")));
        let a = device.zeroed::<f32>(16).unwrap();
        let stream = other.stream().unwrap();
        let error = kernel.launch(&stream, 1, row_sums::Args { a: &a, y: &mut y, m: 4, k: 4 }).unwrap_err();
        assert_eq!(error.to_string(), "the stream belongs to another device");
    });
}

#[test]
fn a_variant_that_the_kernel_does_not_have_is_refused() {
    on_every_device(|device, _| {
        let error = device.kernel(row_sums::variant().t(96)).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: T = 96 is not allowed; candidates are [64, 128]", at("row_sums")));
    });
}

#[test]
fn a_kernel_that_the_device_cannot_hold_is_refused_when_it_is_made() {
    on_every_device(|device, _| {
        let target = device.target();
        let message = device.kernel(much_shared::variant()).unwrap_err().to_string();
        let limits = format!("take 307200 B; {} has {} B of shared memory", target.name, target.shared_bytes_max);
        assert!(message.contains(&limits), "{message}");
        let message = device.kernel(many_threads::variant()).unwrap_err().to_string();
        let limits = format!("a block of 2048 threads; {} allows 1 to 1024", target.name);
        assert!(message.contains(&limits), "{message}");
    });
}

/// `row_sums` with arguments that someone bound by hand.
struct ByHand;

struct Bound<'b>(Vec<BoundArgument<'b>>);

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

impl Variant for ByHand {
    type Args<'a> = Bound<'a>;

    fn definition(&self) -> &'static greta::codegen::definition::KernelDefinition {
        &row_sums::DEFINITION
    }

    fn values(&self) -> Vec<u32> {
        vec![64]
    }
}

#[test]
fn arguments_bound_by_hand_are_checked_for_count_and_type() {
    on_every_device(|device, stream| {
        let a = device.zeroed::<f32>(16).unwrap();
        let kernel = device.kernel(ByHand).unwrap();
        let refused = |arguments| kernel.launch(stream, 1, Bound(arguments)).unwrap_err().to_string();
        let sums = at("row_sums");
        assert_eq!(refused(Vec::new()), format!("{sums} takes 4 arguments; 0 given"));
        let m = || BoundArgument::scalar("m", 4_u32);
        let bound = vec![BoundArgument::buffer("a", &a), BoundArgument::buffer("y", &a), m(), m()];
        assert_eq!(refused(bound), format!("{sums}: argument y is &Buffer<f32>; the kernel takes &mut Buffer<f32>"));
        let bound = vec![BoundArgument::buffer("a", &a), BoundArgument::scalar("y", 1.0_f32), m(), m()];
        assert_eq!(refused(bound), format!("{sums}: argument y is f32; the kernel takes &mut Buffer<f32>"));
    });
}
