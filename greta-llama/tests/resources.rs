//! Every kernel compiled by the real compiler for an MI300X: what it costs, printed as a table.
//!
//! Guarantees: no kernel spills a register or uses scratch memory, in its default variant and in those that the layer
//! uses. Where there is no compiler the test says so; under `CI` it fails.

use greta::codegen::definition::KernelDefinition;
use greta::codegen::target::GFX942;
use greta::codegen::{emit, passes};
use greta::runtime::compile::{CompileRequest, Compiler};
use greta::runtime::launch::Variant;
use greta_llama::KERNELS;
use greta_llama::kernels::attention_decode::attention_decode;
use greta_llama::kernels::attention_prefill::attention_prefill;
use greta_llama::kernels::attention_prefill_bf16::attention_prefill_bf16;
use greta_llama::kernels::gemm_f32::gemm_f32;
use greta_llama::kernels::gemm_f32_blocked::gemm_f32_blocked;

type Choice = (&'static KernelDefinition, Vec<u32>);

fn choice(variant: impl Variant) -> Choice {
    (variant.definition(), variant.values())
}

/// The variants to compile.
fn choices() -> Vec<Choice> {
    let mut choices: Vec<Choice> = KERNELS.iter().map(|&kernel| (kernel, kernel.defaults())).collect();
    choices.extend([32, 64].map(|width| choice(attention_decode::variant().hd(width))));
    choices.extend([32, 64].map(|width| choice(attention_prefill::variant().hd(width))));
    choices.extend([32, 64].map(|width| choice(attention_prefill_bf16::variant().hd(width))));
    choices.extend(KERNELS.iter().flat_map(|&kernel| known(kernel)));
    let blocked = gemm_f32_blocked::variant();
    choices.extend([blocked.bm(32), blocked.bm(16).wm(16).bk(32)].map(choice));
    choices.push(choice(gemm_f32::variant().bm(128).bn(128).wm(64).wn(64)));
    choices
}

/// The variants that are known to be fast here.
fn known(kernel: &'static KernelDefinition) -> impl Iterator<Item = Choice> {
    let here = kernel.known.iter().filter(|known| known.target == GFX942.name);
    here.map(move |known| (kernel, known.values.to_vec()))
}

fn source((kernel, values): &Choice) -> String {
    let traced = (kernel.trace)(values, &GFX942).expect("a kernel that can be traced");
    emit::hip(&passes::lower(traced, &GFX942).expect("a valid kernel")).source
}

#[test]
fn no_kernel_spills() {
    let Some(compiler) = greta_testing::ok_or_skip(Compiler::shared()) else { return };
    let choices = choices();
    let sources: Vec<String> = choices.iter().map(source).collect();
    let requests: Vec<CompileRequest<'_>> = choices
        .iter()
        .zip(&sources)
        .map(|((kernel, _), source)| {
            let (name, target) = (kernel.name, GFX942.name);
            CompileRequest { source, name, target, options: &[], line_map: &[] }
        })
        .collect();
    for ((kernel, values), compiled) in choices.iter().zip(compiler.compile_all(&requests)) {
        let label = format!("{:<18} {:<58}", kernel.name, kernel.describe(values));
        let compiled = compiled.unwrap_or_else(|error| panic!("{label}: {error}"));
        let costs = compiled.resources.kernel(kernel.name).expect("a kernel of that name");
        let waves = costs.occupancy_waves.map_or_else(|| "?".to_owned(), |waves| waves.to_string());
        println!(
            "{label} vgpr {:>3} agpr {:>3} sgpr {:>3} lds {:>5} B, {waves} waves a SIMD",
            costs.vgprs, costs.agprs, costs.sgprs, costs.lds_bytes
        );
        assert_eq!((costs.scratch_bytes, costs.vgpr_spills, costs.sgpr_spills), (0, 0, 0), "{label}");
    }
}
