//! Rows of single kernels, in the variant that is known to be the fastest for the shape, or else the default one.

use greta_llama::case_launch::CaseLaunches;
use greta_runtime::tuning::Shape;

use super::ceilings::{Ceilings, opt_operands};
use super::library::{Library, Operands, Product};
use super::{BenchError, Row, Rows, Section};
use crate::measure::{Clock, Timed};
use crate::tune::{Effort, chain, launches_of, prepare};

const ROUNDS: usize = 25;

/// A kernel and the shape that it is timed on, and the shape that a program which stands in for a GPU takes.
struct Subject {
    name: &'static str,
    kernel: &'static str,
    shape: &'static str,
    quick: &'static str,
}

const fn subject(name: &'static str, kernel: &'static str, shape: &'static str, quick: &'static str) -> Subject {
    Subject { name, kernel, shape, quick }
}

static KERNELS: &[Subject] = &[
    subject("rmsnorm 8192x4096", "rmsnorm", "tokens=8192,hidden=4096", "tokens=3,hidden=64"),
    subject("rmsnorm 40960 elements", "rmsnorm", "tokens=10,hidden=4096", "tokens=2,hidden=64"),
    subject("rope 1 token", "rope", "tokens=1,heads=32,head_dim=128,past=2047", "tokens=1,heads=2,head_dim=8,past=3"),
    subject(
        "kv_update 1 token",
        "kv_update",
        "tokens=1,kv_heads=32,head_dim=128,past=2047",
        "tokens=1,kv_heads=2,head_dim=8,past=3",
    ),
    subject("causal_mask 32x1024x1024", "causal_mask", "heads=32,tokens=1024,keys=1024", "heads=1,tokens=8,keys=8"),
    subject("softmax 32768x1024", "softmax", "rows=32768,columns=1024", "rows=4,columns=64"),
    subject("silu 2048x11008", "silu", "len=22544384", "len=300"),
    subject("silu_mul 11008", "silu_mul", "len=11008", "len=300"),
    subject("add 2048x4096", "add", "len=8388608", "len=300"),
    subject("gemv f32 4096x4096", "gemv", "n=4096,k=4096", "n=16,k=64"),
    subject("gemv_add f32 4096x11008", "gemv_add", "n=4096,k=11008", "n=16,k=64"),
    subject("gemv_add bf16 4096x11008", "gemv_add_bf16", "n=4096,k=11008", "n=16,k=64"),
];

/// Times the kernels that a layer consists of.
///
/// # Errors
///
/// The device's.
pub(super) fn time_all(clock: &Clock, ceilings: &Ceilings, is_quick: bool, rows: &mut Rows) -> Result<(), BenchError> {
    for subject in KERNELS {
        let quick_name = format!("{} {}", subject.kernel, subject.quick);
        let (name, shape) = if is_quick { (quick_name.as_str(), subject.quick) } else { (subject.name, subject.shape) };
        rows.add(name, time(clock, ceilings, Section::Kernels, name, subject.kernel, shape, None))?;
    }
    Ok(())
}

/// The products that are timed: the kernel, its operands, and the sizes on a GPU.
static PRODUCTS: [(&str, Operands, &[usize]); 2] =
    [("gemm_f32", Operands::F32, &[512, 1024, 2048, 4096]), ("gemm_bf16", Operands::Bf16, &[1024, 2048, 4096, 8192])];
/// The size on a program that stands in for a GPU.
const QUICK_SIZES: &[usize] = &[32];

/// Times products of square matrices, on a GPU whose maker's library is there beside the library's.
///
/// # Errors
///
/// The device's.
pub(super) fn time_products(
    clock: &Clock,
    ceilings: &Ceilings,
    opt_library: Option<&Library>,
    is_quick: bool,
    rows: &mut Rows,
) -> Result<(), BenchError> {
    for (kernel, operands, sizes) in PRODUCTS {
        for &size in if is_quick { QUICK_SIZES } else { sizes } {
            let (name, shape) = (format!("gemm {} {size}", operands.name()), format!("m={size},n={size},k={size}"));
            // The library's product of the same size is the ceiling, where there is one: both meet the same clocks, which
            // a GPU lowers as it draws more power.
            let opt_product = opt_library.and_then(|library| library.opt_product(operands, [size; 3]));
            rows.add(&name, time(clock, ceilings, Section::Gemm, &name, kernel, &shape, opt_product.as_ref()))?;
        }
    }
    Ok(())
}

fn time(
    clock: &Clock,
    ceilings: &Ceilings,
    section: Section,
    name: &str,
    kernel: &str,
    shape: &str,
    opt_product: Option<&Product<'_>>,
) -> Result<Row, BenchError> {
    let launches = CaseLaunches::opt_of(kernel).expect("invariant: the table names kernels of the library");
    let shape: Shape = shape.parse().expect("invariant: the table's shapes are well formed");
    let device = clock.stream.device();
    let mut launchable = prepare(launches, device, &shape)?;
    let default = launchable.default_values().to_vec();
    let values = device.tuned_values(launches.kernel, &default, &shape);
    let effort = Effort::of(clock);
    let count = launches_of(clock, &mut launchable, &values, effort)?;
    let graph = chain(clock, &mut launchable, &values, count)?;
    let rounds = if clock.is_simulated() { 1 } else { ROUNDS };
    let timed = Timed::new(&graph, count);
    let (times, opt_best) = match opt_product {
        Some(product) => clock.beside(timed, rounds, || product.opt_time_us())?,
        None => (clock.alone(timed, rounds)?, None),
    };
    let work = launchable.work();
    let opt_operands = opt_operands(clock, launches.kernel, &launchable)?;
    let opt_best_us = opt_best.map(|times| times.median_us).or_else(|| ceilings.opt_time_us(work, opt_operands));
    let row = Row::new(section, name.to_owned(), times, work, opt_best_us);
    Ok(Row { tuned: values != default, ..row })
}

#[cfg(test)]
mod tests {
    use greta_runtime::Device;

    use super::*;

    #[test]
    fn every_shape_is_one_of_its_kernels() {
        for subject in KERNELS {
            let launches = CaseLaunches::opt_of(subject.kernel).unwrap_or_else(|| panic!("{}", subject.kernel));
            for text in [subject.shape, subject.quick] {
                let shape: Shape = text.parse().unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(shape.len(), launches.sizes.len(), "{text}");
                assert!(launches.sizes.iter().all(|name| shape.size(name).is_some()), "{text}");
            }
            let device = Device::open("cpu").expect("cpu is always there");
            let shape = subject.quick.parse().expect("parsed above");
            prepare(launches, &device, &shape).unwrap_or_else(|error| panic!("{}: {error}", subject.name));
        }
    }
}
