//! `greta compile`: compiles variants of a kernel and shows what each costs, or its instructions.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use greta_runtime::compile::{CodeObject, CompileRequest, Compiler};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;
use crate::lower::lower;
use crate::resource_table::{self, Outcome};
use crate::selection::Selection;
use crate::{output, report};

const EXAMPLES: &str = "\
Columns:
  VGPR, AGPR   vector and accumulation registers a lane; SGPR: scalar registers a wave
  LDS          shared memory a block; SCRATCH: memory a lane that stands in for registers
  SPILLS       registers that did not fit, vector + scalar; anything but 0 costs time
  OCCUPANCY    waves that one SIMD unit can hold at a time
  CODE         bytes of instructions
  COMPILED     how long it took, or `cached`

Examples:
  greta compile rmsnorm
  greta compile gemm_f32 --tile BM=128,BK=32
  greta compile gemm_f32 --all-variants --tile BM=128 --json > variants.json
  greta compile gemm_f32 --isa | grep v_mfma
  greta compile softmax --save softmax.co";

/// Compile a kernel and show what it costs: registers, shared memory, spills, occupancy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Compile every variant, or every one that has the tile parameters given
    #[arg(long)]
    all_variants: bool,
    /// Write the instructions in place of the table
    #[arg(long, conflicts_with_all = ["all_variants", "json"])]
    isa: bool,
    /// Write the code object, an ELF file that HIP loads, to FILE
    #[arg(long, value_name = "FILE", conflicts_with = "all_variants")]
    save: Option<PathBuf>,
    /// Write JSON: an array of variants
    #[arg(long)]
    json: bool,
}

/// What compiling one variant gave.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The object.
    pub(crate) object: CodeObject,
    /// How long it took, to lower the kernel too.
    pub(crate) time: Duration,
}

/// # Errors
///
/// A wrong choice of variant, a kernel that is wrong, no compiler, or a file that cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.all_variants {
        return compile_variants(arguments);
    }
    let selection = &arguments.selection;
    let values = selection.values()?;
    let compiler = Compiler::shared()?;
    let compiled = compile(&compiler, selection, &values)?;
    report::show_messages(&compiled.object.diagnostics);
    if let Some(path) = &arguments.save {
        let file = |source| Error::File { path: path.clone(), source };
        std::fs::write(path, &compiled.object.bytes).map_err(file)?;
        output::note(&format!("{} bytes written to {}", compiled.object.bytes.len(), path.display()));
    }
    if arguments.isa {
        return output::print(&compiler.disassemble(&compiled.object.bytes, selection.target.name)?);
    }
    resource_table::print(selection, &[Outcome { values, result: Ok(compiled) }], arguments.json)
}

/// Compiles all variants, reports those that fail, and shows the table of all.
fn compile_variants(arguments: &Arguments) -> Result<(), Error> {
    let selection = &arguments.selection;
    let variants = selection.variants()?;
    let compiler = Compiler::shared()?;
    let outcomes = compile_each(&compiler, selection, variants);
    resource_table::print(selection, &outcomes, arguments.json)?;
    let failures: Vec<&Error> = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()).collect();
    for error in &failures {
        report::show(error);
    }
    match failures.len() {
        0 => Ok(()),
        failed_count => Err(Error::Variants { failed_count, count: outcomes.len() }),
    }
}

/// Compiles variants, as many at a time as there are workers. Outcomes are in order.
fn compile_each(compiler: &Arc<Compiler>, selection: &Selection, variants: Vec<Vec<u32>>) -> Vec<Outcome> {
    let style = ProgressStyle::with_template("{spinner} compiling {bar:32} {pos}/{len} variants, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(variants.len() as u64).with_style(style);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, values)) = take(&next, &variants) {
            done.push((index, compile(compiler, selection, values)));
            bar.inc(1);
        }
        done
    };
    let threads = compiler.pool().limit().min(variants.len());
    let mut results = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect::<Vec<_>>()
    });
    bar.finish_and_clear();
    results.sort_by_key(|(index, _)| *index);
    variants.into_iter().zip(results).map(|(values, (_, result))| Outcome { values, result }).collect()
}

fn take<'a>(next: &AtomicUsize, variants: &'a [Vec<u32>]) -> Option<(usize, &'a [u32])> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    variants.get(index).map(|values| (index, values.as_slice()))
}

fn compile(compiler: &Compiler, selection: &Selection, values: &[u32]) -> Result<Compiled, Error> {
    let start = Instant::now();
    let lowered = lower(selection.kernel(), values, selection.target)?;
    let name = format!("{}.hip", selection.kernel().name);
    let line_map = lowered.line_map();
    let request = CompileRequest {
        source: lowered.source(),
        name: &name,
        target: selection.target.name,
        options: &[],
        line_map: &line_map,
    };
    let object = compiler.compile(&request)?;
    Ok(Compiled { object, time: start.elapsed() })
}
