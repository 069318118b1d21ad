//! The matrix-core GEMM at sizes and tile parameters of your choice, checked element by element.
//!
//! `cargo run --release --example gemm -- --m 512 --n 512 --k 512 --bm 128 --bn 128 --wm 64 --wn 64`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use greta::prelude::*;
use greta_llama::generate::uniform;
use greta_llama::kernels::gemm_f32::gemm_f32;
use greta_llama::reference::gemm_fma_chain;

/// The longest side: kernels count elements in 32 bits, and 65535² is the largest square that fits.
const SIDE_MAX: i64 = 65_535;

/// C = A Bᵀ in f32 on the matrix cores, compared with the chain of fused multiply-adds that they compute.
#[derive(Parser)]
struct Options {
    /// Device: hip, cuda, emu, cpu, or cpu:TARGET such as cpu:sm_90; the best one present by default.
    #[arg(long)]
    device: Option<String>,
    /// Rows of A and C.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=SIDE_MAX))]
    m: u32,
    /// Rows of B, columns of C.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=SIDE_MAX))]
    n: u32,
    /// Columns of A and B.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=SIDE_MAX))]
    k: u32,
    /// Rows of C that a block computes.
    #[arg(long, default_value_t = 64)]
    bm: u32,
    /// Columns of C that a block computes.
    #[arg(long, default_value_t = 64)]
    bn: u32,
    /// Columns of A and B in shared memory at a time.
    #[arg(long, default_value_t = 16)]
    bk: u32,
    /// Rows of C that a wave computes.
    #[arg(long, default_value_t = 32)]
    wm: u32,
    /// Columns of C that a wave computes.
    #[arg(long, default_value_t = 32)]
    wn: u32,
    /// Launches that are timed.
    #[arg(long, default_value_t = 5)]
    repeats: u32,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(exact) => ExitCode::from(u8::from(!exact)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs, checks and times; gives whether every element is exact.
fn run(options: &Options) -> Result<bool, greta::Error> {
    let &Options { m, n, k, bm, bn, .. } = options;
    let device = match &options.device {
        Some(name) => Device::open(name)?,
        None => Device::open_default()?,
    };
    let stream = device.stream()?;
    let kernel = device.kernel(gemm_f32::variant().bm(bm).bn(bn).bk(options.bk).wm(options.wm).wn(options.wn))?;
    let (a, b) = (uniform("a", 0, 1.0, (m * k) as usize), uniform("b", 0, 1.0, (n * k) as usize));
    let (a_buffer, b_buffer) = (device.buffer_from(&a)?, device.buffer_from(&b)?);
    let mut c_buffer = device.zeroed::<f32>((m * n) as usize)?;

    let mut best = Duration::MAX;
    for _ in 0..options.repeats.max(1) {
        let start = Instant::now();
        let args = gemm_f32::Args { a: &a_buffer, b: &b_buffer, c: &mut c_buffer, m, n, k };
        kernel.launch(&stream, [n.div_ceil(bn), m.div_ceil(bm), 1], args)?;
        stream.synchronize()?;
        best = best.min(start.elapsed());
    }

    let expected = gemm_fma_chain(&a, &b, k as usize, 0);
    let result = c_buffer.read(&stream)?;
    let max_abs_err = result.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let exact = result.iter().zip(&expected).all(|(a, b)| a == b);
    let flops = 2.0 * f64::from(m) * f64::from(n) * f64::from(k);
    println!("device       {}", device.info().name);
    println!("gemm_f32     {m} x {n} x {k}, tile {bm} x {bn} x {}", options.bk);
    println!("best time    {:.3} ms, {:.4} TFLOP/s", best.as_secs_f64() * 1e3, flops / best.as_secs_f64() / 1e12);
    println!("max_abs_err  {max_abs_err:e} against the k-ordered chain of fused multiply-adds");
    Ok(exact)
}
