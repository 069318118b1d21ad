//! What the device reaches at most: bytes copied and read a second by the plainest kernels, and products by the library
//! of its maker.

use greta::prelude::*;
use greta_codegen::definition::KernelDefinition;
use greta_codegen::ir::Scalar;
use greta_llama::generate::uniform;
use greta_llama::launchable::{Launchable, Work};
use greta_runtime::module::ParameterKind;
use serde::{Deserialize, Serialize};

use super::library::{Library, Operands};
use crate::measure::{Clock, Timed};

/// Bytes of the buffer that is copied or read: so many that what a cache of 50 MB still holds of the last reading is a
/// hundredth of them. A GPU of little memory gives a sixteenth of it.
const GPU_BYTES: u64 = 4 << 30;
/// Bytes of it that are drawn; the others repeat them.
const DRAWN_BYTES: usize = 1 << 26;
/// On a program that stands in for a GPU.
const SIMULATED_BYTES: usize = 1 << 16;
const ROUNDS: usize = 20;
/// Rows and columns of the library's product.
const PRODUCT_SIZE: usize = 4096;
const SEED: u64 = 2;

/// y = x
/// x, y: [len] f32, len a multiple of 4 * UNROLL * 256. Memory-bound: 8 B an element.
#[kernel(tile(UNROLL = 4 in [1, 2, 4, 8]), require(x.len() == y.len(), x.len() % (4 * UNROLL * 256) == 0), block = 256)]
fn copy_all(x: &Global<f32>, y: &mut Global<f32>) {
    let first = block_idx().x * (UNROLL * BLOCK) + thread_idx().x;
    let mut values: [f32x4; UNROLL];
    #[unroll]
    for i in 0..UNROLL {
        values[i] = x.load_vector::<f32x4>((first + i * BLOCK) * 4);
    }
    #[unroll]
    for i in 0..UNROLL {
        y.store_vector((first + i * BLOCK) * 4, values[i]);
    }
}

/// sums[b] = the sum of what block b reads, if it is above every sum that can be: nothing is written.
/// x: [len] f32 in [-1, 1), len a multiple of 4 * UNROLL * 256; sums: [len / (4 * UNROLL * 256)] f32. 4 B an element.
#[kernel(
    tile(UNROLL = 4 in [1, 2, 4, 8]),
    require(x.len() == sums.len() * (4 * UNROLL * 256)),
    block = 256,
)]
fn read_all(x: &Global<f32>, sums: &mut Global<f32>) {
    let first = block_idx().x * (UNROLL * BLOCK) + thread_idx().x;
    let mut values: [f32x4; UNROLL];
    #[unroll]
    for i in 0..UNROLL {
        values[i] = x.load_vector::<f32x4>((first + i * BLOCK) * 4);
    }
    let mut sum = 0.0;
    #[unroll]
    for i in 0..UNROLL {
        sum += values[i][0] + values[i][1] + values[i][2] + values[i][3];
    }
    if sum > 1e6 {
        sums[block_idx().x] = sum;
    }
}

/// A rate that is not exceeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ceiling {
    /// `copy`, `read`, `gemm f32`, `gemm bf16`.
    pub(crate) name: String,
    pub(crate) rate: f64,
    /// `TB/s` or `TFLOP/s`.
    pub(crate) unit: String,
}

/// The rates of a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ceilings {
    pub(crate) all: Vec<Ceiling>,
}

impl Ceilings {
    /// Measures all of them.
    ///
    /// # Errors
    ///
    /// The device's.
    pub(crate) fn measure(clock: &Clock, opt_library: Option<&Library>) -> Result<Self, greta_runtime::Error> {
        let device = clock.stream.device();
        let x = device.buffer_from_vec(values(if clock.is_simulated() {
            None
        } else {
            Some(device.info().memory_bytes)
        }))?;
        let mut all = vec![memory("copy", copy_rate(clock, &x)?), memory("read", read_rate(clock, &x)?)];
        for operands in [Operands::F32, Operands::Bf16] {
            let sizes = [PRODUCT_SIZE; 3];
            let opt_product = opt_library.and_then(|library| library.opt_product(operands, sizes));
            let Some(times) = opt_product.and_then(|product| product.opt_times()) else { continue };
            let operations = 2.0 * sizes.into_iter().product::<usize>() as f64;
            let rate = operations / times.median_us / 1e6;
            all.push(Ceiling { name: format!("gemm {}", operands.name()), rate, unit: "TFLOP/s".to_owned() });
        }
        Ok(Self { all })
    }

    /// Measures them on a GPU; none on a program that stands in for one.
    ///
    /// # Errors
    ///
    /// The device's.
    pub(crate) fn of_gpu(clock: &Clock) -> Result<Self, greta_runtime::Error> {
        if clock.is_simulated() { Ok(Self::default()) } else { Self::measure(clock, opt_library(clock).as_ref()) }
    }

    /// The rate of a name.
    pub(crate) fn opt_rate(&self, name: &str) -> Option<f64> {
        self.all.iter().find(|ceiling| ceiling.name == name).map(|ceiling| ceiling.rate)
    }

    /// The time that some work takes at the ceiling for it: memory that is read, or products of a type.
    pub(crate) fn opt_time_us(&self, work: Work, opt_operands: Option<Operands>) -> Option<f64> {
        match work {
            Work::Bytes(bytes) => Some(bytes / self.opt_rate("read")? / 1e6),
            Work::Operations(operations) => {
                Some(operations / self.opt_rate(&format!("gemm {}", opt_operands?.name()))? / 1e6)
            }
        }
    }
}

/// The library of a GPU that has one.
pub(crate) fn opt_library(clock: &Clock) -> Option<Library> {
    if clock.stream.device().info().kind == "cuda" { Library::opt_open() } else { None }
}

/// The type that a kernel multiplies in, by its first buffer.
///
/// # Errors
///
/// The device's.
pub(crate) fn opt_operands(
    clock: &Clock,
    kernel: &'static KernelDefinition,
    launchable: &Launchable,
) -> Result<Option<Operands>, greta_runtime::Error> {
    let module = clock.stream.device().module(kernel, launchable.default_values())?;
    let first = module.parameters().iter().find_map(|parameter| match parameter.kind {
        ParameterKind::Buffer { element, .. } => Some(element.scalar),
        ParameterKind::Scalar(_) => None,
    });
    Ok(match first {
        Some(Scalar::F32) => Some(Operands::F32),
        Some(Scalar::Bf16 | Scalar::F16) => Some(Operands::Bf16),
        _ => None,
    })
}

/// What is copied or read: of a GPU with so many bytes, or of a program that stands in for one.
fn values(opt_memory_bytes: Option<u64>) -> Vec<f32> {
    let bytes = opt_memory_bytes.map_or(SIMULATED_BYTES, |memory| {
        let most = GPU_BYTES.min(memory / 16).max(DRAWN_BYTES as u64);
        usize::try_from(most).unwrap_or(DRAWN_BYTES).next_power_of_two()
    });
    let drawn = uniform("ceiling", SEED, 1.0, bytes.min(DRAWN_BYTES) / size_of::<f32>());
    drawn.repeat(bytes.div_ceil(DRAWN_BYTES))
}

fn memory(name: &str, rate: f64) -> Ceiling {
    Ceiling { name: name.to_owned(), rate, unit: "TB/s".to_owned() }
}

/// Elements that a block of a variant takes.
fn elements_per_block(unroll: u32) -> usize {
    4 * unroll as usize * 256
}

/// Bytes read and written a second by the fastest variant, in TB/s.
fn copy_rate(clock: &Clock, x: &Buffer<f32>) -> Result<f64, greta_runtime::Error> {
    let device = clock.stream.device();
    let mut y = device.buffer::<f32>(x.len())?;
    let mut graphs = Vec::new();
    for &unroll in copy_all::DEFINITION.parameters[0].candidates {
        let mut graph = device.graph();
        let kernel = device.kernel(copy_all::variant().unroll(unroll))?;
        graph.add(&kernel, blocks(x, unroll), copy_all::Args { x, y: &mut y })?;
        graphs.push(graph.instantiate()?);
    }
    fastest(clock, &graphs, 2 * x.bytes())
}

/// Bytes read a second by the fastest variant, in TB/s.
fn read_rate(clock: &Clock, x: &Buffer<f32>) -> Result<f64, greta_runtime::Error> {
    let device = clock.stream.device();
    let mut graphs = Vec::new();
    for &unroll in read_all::DEFINITION.parameters[0].candidates {
        let mut sums = device.buffer::<f32>(blocks(x, unroll) as usize)?;
        let mut graph = device.graph();
        let kernel = device.kernel(read_all::variant().unroll(unroll))?;
        graph.add(&kernel, blocks(x, unroll), read_all::Args { x, sums: &mut sums })?;
        graphs.push(graph.instantiate()?);
    }
    fastest(clock, &graphs, x.bytes())
}

fn blocks(x: &Buffer<f32>, unroll: u32) -> u32 {
    u32::try_from(x.len() / elements_per_block(unroll)).expect("invariant: the buffer's blocks fit 32 bits")
}

fn fastest(clock: &Clock, graphs: &[GraphExec], bytes: usize) -> Result<f64, greta_runtime::Error> {
    let timed: Vec<Timed<'_>> = graphs.iter().map(|graph| Timed::new(graph, 1)).collect();
    let times = clock.in_turn(&timed, if clock.is_simulated() { 1 } else { ROUNDS })?;
    let least = times.iter().map(|times| times.median_us).fold(f64::INFINITY, f64::min);
    Ok(bytes as f64 / least / 1e6)
}
