//! Kernels that rustc accepts and greta refuses when it makes them: what it says, and where.

use greta::codegen::definition::KernelDefinition;
use greta::prelude::*;

#[device]
fn forever(value: f32) -> f32 {
    forever(value) + 1.0
}

#[kernel(block = 64)]
fn recursive(y: &mut Global<f32>) {
    y[0] = forever(1.0);
}

#[kernel(block = 64)]
fn length_at_run_time(y: &mut Global<f32>, n: u32) {
    let values = [0.0; n];
    y[0] = values[0];
}

#[kernel(block = 64)]
fn too_much_shared(y: &mut Global<f32>) {
    let mut tile = shared::<[[f32; 128]; 129]>();
    tile[0][thread_idx().x] = 1.0;
    barrier();
    y[thread_idx().x] = tile[0][0];
}

#[kernel(block = 64)]
fn two_dynamic_arrays(y: &mut Global<f32>) {
    let mut first = shared_dynamic::<f32>();
    let mut second = shared_dynamic::<u32>();
    first[thread_idx().x] = 1.0;
    second[thread_idx().x] = 1;
    barrier();
    y[thread_idx().x] = first[0] + second[0] as f32;
}

#[kernel(block = 64)]
fn length_of_a_dynamic_array(y: &mut Global<f32>) {
    let mut row = shared_dynamic::<f32>();
    row[thread_idx().x] = 1.0;
    barrier();
    y[thread_idx().x] = row[row.len() - 1];
}

#[kernel(tile(T = 512 in [512, 2048]), block = T)]
fn too_many_threads(y: &mut Global<f32>) {
    y[0] = 1.0;
}

#[kernel(tile(T = 64 in [64, 4_294_967_295]), block = T * T / T)]
fn product_of_tiles(y: &mut Global<f32>) {
    y[0] = 1.0;
}

#[kernel(tile(T = 128 in [64, 128]), block = T - 100)]
fn difference_of_tiles(y: &mut Global<f32>) {
    y[0] = 1.0;
}

#[kernel(tile(T = 64 in [64, 65_536]), block = 64)]
fn shared_product_of_tiles(y: &mut Global<f32>) {
    let cells = T * T + 16;
    let mut tile = shared::<[f32; cells]>();
    tile[thread_idx().x] = 1.0;
    barrier();
    y[thread_idx().x] = tile[0];
}

#[kernel(tile(MIN = 2 in [0, 2, 9]), block = 256, min_blocks = MIN)]
fn resident_blocks(y: &mut Global<f32>) {
    y[0] = 1.0;
}

#[kernel(block = 256, min_blocks = thread_idx().x)]
fn resident_blocks_of_a_thread(y: &mut Global<f32>) {
    y[0] = 1.0;
}

/// The line of the barrier below.
const BARRIER_LINE: u32 = 88;

#[kernel(block = 64)]
fn barrier_in_a_branch(y: &mut Global<f32>) {
    if thread_idx().x < 32 {
        barrier();
    }
    y[0] = 1.0;
}

#[kernel(block = 64)]
fn swapped_while_tracing(x: &Global<f32>, y: &mut Global<f32>) {
    let mut a = x[0];
    let mut b = x[1];
    if a > b {
        core::mem::swap(&mut a, &mut b);
    }
    y[0] = a;
}

#[device]
fn bump(value: &mut f32) {
    *value += 1.0;
}

#[kernel(block = 64)]
fn changes_no_variable(y: &mut Global<f32>) {
    bump(&mut (y[0] * 2.0));
}

#[kernel(block = 64)]
fn literal_past_f16(y: &mut Global<f16>) {
    y[0] = y[1] + 65_520.0;
}

/// Asserts that making the kernel fails with all of `parts`, the last of which is the line that is shown.
fn refused(definition: &'static KernelDefinition, values: &[u32], parts: &[&str]) {
    let device = Device::open("cpu").unwrap();
    let error = device.prepare(&[(definition, values.to_vec())]).unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
}

#[test]
fn what_is_refused_is_drawn_against_the_source() {
    let device = Device::open("cpu").unwrap();
    let error = device.kernel(barrier_in_a_branch::variant()).unwrap_err().to_string();
    let (line, file) = (BARRIER_LINE, file!());
    let expected = format!(
        "\
kernel barrier_in_a_branch is not valid for gfx942

a barrier that not every thread of the block is sure to reach: the condition at {file}:{}:5 depends on the thread's \
position; move the barrier out of it
  --> {file}:{line}:9
   |
{} |     if thread_idx().x < 32 {{
   |     -- may differ between threads
{line} |         barrier();
   |         ^^^^^^^",
        line - 1,
        line - 1,
    );
    assert_eq!(error, expected);
    let hip = barrier_in_a_branch::variant().hip().unwrap_err().to_string();
    assert_eq!(hip, expected);
}

#[test]
fn recursion_is_refused_at_the_call() {
    refused(&recursive::DEFINITION, &[], &["forever calls itself", "forever(value) + 1.0"]);
}

#[test]
fn what_a_function_changes_is_a_variable() {
    let message = "a value that is no variable is passed by `&mut`: bind it with `let mut` first, and pass that";
    refused(&changes_no_variable::DEFINITION, &[], &[message, "bump(&mut (y[0] * 2.0));"]);
}

#[test]
fn a_kernel_has_one_dynamic_array_of_unknown_length() {
    let two = "`second` is a second dynamic shared array beside `first`; a kernel has one: use parts of it";
    refused(&two_dynamic_arrays::DEFINITION, &[], &[two, "shared_dynamic::<u32>()"]);
    let length =
        "the length of a dynamic shared array is not known when the kernel is compiled: pass it as an argument";
    refused(&length_of_a_dynamic_array::DEFINITION, &[], &[length, "row[row.len() - 1]"]);
}

#[test]
fn a_length_must_be_known_at_compile_time() {
    refused(&length_at_run_time::DEFINITION, &[], &["known at compile time", "let values = [0.0; n];"]);
}

#[test]
fn a_literal_past_its_type_is_refused() {
    let message = "the literal 65520 is out of range for `f16`";
    refused(&literal_past_f16::DEFINITION, &[], &[message, "y[0] = y[1] + 65_520.0;"]);
}

#[test]
fn shared_memory_is_held_against_the_target() {
    refused(
        &too_much_shared::DEFINITION,
        &[],
        &["66048 B", "65536 B", "gfx942", "let mut tile = shared::<[[f32; 128]; 129]>();"],
    );
}

#[test]
fn a_blocks_threads_are_held_against_the_target() {
    refused(&too_many_threads::DEFINITION, &[2048], &["2048 threads", "1 to 1024", "fn too_many_threads("]);
    refused(&too_many_threads::DEFINITION, &[100], &["too_many_threads at ", "T = 100 is not allowed", "[512, 2048]"]);
    refused(&too_many_threads::DEFINITION, &[], &["1 tile parameters, given 0"]);
}

#[test]
fn resident_blocks_are_held_against_the_target() {
    let kernel = "fn resident_blocks(";
    let allowed = "gfx942 holds 1 to 8 blocks of 256 threads with 0 B of shared memory";
    for given in [0, 9] {
        refused(&resident_blocks::DEFINITION, &[given], &[&format!("`min_blocks` of {given}; "), allowed, kernel]);
    }
    assert!(Device::open("cpu").unwrap().kernel(resident_blocks::variant()).is_ok());
    let constant = "`min_blocks` must be known at compile time: use literals, tile parameters, `BLOCK` and `WAVE`";
    refused(&resident_blocks_of_a_thread::DEFINITION, &[], &[constant, "fn resident_blocks_of_a_thread("]);
}

#[test]
fn sizes_are_computed_without_wrapping() {
    let sizes = "sizes are numbers from 1 to 4294967295";
    let product = "a size that comes to 18446744065119617025";
    refused(&product_of_tiles::DEFINITION, &[u32::MAX], &[product, sizes, "fn product_of_tiles("]);
    refused(&difference_of_tiles::DEFINITION, &[64], &["a size that comes to -36", "fn difference_of_tiles("]);
    let shared = "let mut tile = shared::<[f32; cells]>();";
    refused(&shared_product_of_tiles::DEFINITION, &[65_536], &["a size that comes to 4294967296", shared]);
}

#[test]
fn a_variable_that_plain_rust_replaced_is_refused_where_it_is_used() {
    refused(&swapped_while_tracing::DEFINITION, &[], &["`a` was given another variable's handle", "y[0] = a;"]);
}

/// D = A B + C of one wave, by the raw instruction.
#[kernel(tile(T = 64 in [64, 128], U = 64 in [64, 128]), require(T >= U), block = T)]
fn raw_matrix(x: &Global<f32>, y: &mut Global<f32>) {
    let i = thread_idx().x + U - U;
    let sum = mfma_f32_16x16x4_f32(x[i], x[i], f32x4::splat(0.0));
    y[i] = sum[0];
}

#[test]
fn an_instruction_that_the_target_lacks_is_refused_with_what_to_write() {
    let device = Device::open("cpu:sm_90").unwrap();
    let error = device.kernel(raw_matrix::variant()).unwrap_err().to_string();
    for part in ["sm_90 has no mfma_f32_16x16x4_f32", "gfx942", "FragmentA", "let sum = mfma_f32_16x16x4_f32("] {
        assert!(error.contains(part), "{part:?} is missing in:\n{error}");
    }
}

#[test]
fn a_variant_that_breaks_a_requirement_is_refused() {
    let error = Device::open("cpu").unwrap().kernel(raw_matrix::variant().u(128)).unwrap_err().to_string();
    let place = raw_matrix::DEFINITION.location;
    assert_eq!(error, format!("raw_matrix at {place}: T = 64, U = 128 violates require(T >= U)"));
}

#[kernel(block = 64)]
fn met_by_some_blocks(n: u32, arrivals: &mut Global<u32>) {
    if block_idx().x < n {
        grid_barrier(arrivals);
    }
}

#[kernel(block = 64)]
fn met_after_some_blocks_left(x: &Global<u32>, n: u32, arrivals: &mut Global<u32>) {
    if x[block_idx().x] > n {
        return;
    }
    grid_barrier(arrivals);
}

#[kernel(block = 64)]
fn met_as_often_as_shared_memory_says(n: u32, arrivals: &mut Global<u32>) {
    let mut steps = shared::<[u32; 1]>();
    steps[0] = n;
    barrier();
    for _ in 0..steps[0] {
        grid_barrier(arrivals);
    }
}

#[kernel(block = 64)]
fn met_by_what_the_grid_agrees_about(x: &Global<u32>, n: u32, arrivals: &mut Global<u32>) {
    let mut sweep = 0;
    while sweep < x[n] && thread_idx().x < BLOCK {
        if grid_dim().x > 1 {
            grid_barrier(arrivals);
        }
        sweep += 1;
    }
}

#[test]
fn grid_barriers_stand_where_the_whole_grid_comes() {
    let message = "a grid barrier that not every thread of the grid is sure to reach: the condition at";
    let cases: [(&KernelDefinition, &str); 3] = [
        (&met_by_some_blocks::DEFINITION, "if block_idx().x < n {"),
        (&met_after_some_blocks_left::DEFINITION, "if x[block_idx().x] > n {"),
        (&met_as_often_as_shared_memory_says::DEFINITION, "for _ in 0..steps[0] {"),
    ];
    for (definition, cause) in cases {
        let drawn = ["may differ between threads of the grid", "grid_barrier(arrivals);", cause];
        refused(definition, &[], &[&[message], &drawn[..]].concat());
    }
    Device::open("cpu").unwrap().kernel(met_by_what_the_grid_agrees_about::variant()).unwrap();
}

#[kernel(block = 64)]
fn reads_arrivals(y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    grid_barrier(arrivals);
    y[thread_idx().x] = arrivals[0];
}

#[test]
fn what_counts_arrivals_is_used_for_nothing_else() {
    let message =
        "`arrivals` counts who arrives at a grid barrier, and is used for nothing else: take another buffer here";
    refused(&reads_arrivals::DEFINITION, &[], &[message, "y[thread_idx().x] = arrivals[0];"]);
}
