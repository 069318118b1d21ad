//! Kernels compiled by the real compilers: what they cost, printed as a table.
//!
//! Guarantees: for an MI300X no kernel spills a register or uses scratch memory, in its default variant and in those that
//! the layer uses. For an H100 two blocks of the layer's kernels that hold weights in registers fit on a multiprocessor.
//! Where there is no compiler the tests say so; under `CI` that for an MI300X fails.

use greta::codegen::definition::KernelDefinition;
use greta::codegen::ir::Literal;
use greta::codegen::lower::lower_specialized;
use greta::codegen::target::{GFX942, SM_80, SM_90};
use greta::codegen::{emit, passes};
use greta::runtime::compile::{self, CompileRequest, Compiler};
use greta::runtime::launch::Variant;
use greta_llama::kernels::attention_decode::attention_decode;
use greta_llama::kernels::attention_prefill::attention_prefill;
use greta_llama::kernels::attention_prefill_bf16::attention_prefill_bf16;
use greta_llama::kernels::gemm_f32::gemm_f32;
use greta_llama::kernels::gemm_f32_blocked::gemm_f32_blocked;
use greta_llama::{Config, KERNELS};
use greta_testing::{CubinCosts, MULTIPROCESSOR_REGISTERS};

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

/// The layer's variants of the kernels that hold weights in registers: rows or pairs of a wave, loads under way, waves.
const HELD_IN_REGISTERS: [u32; 3] = [1, 8, 8];

/// Those kernels, and their scalars in a layer of Llama-2-7B.
fn held_in_registers() -> impl Iterator<Item = (&'static KernelDefinition, Vec<Literal>)> {
    use greta_llama::kernels::norm_gate_up::{norm_gate_up, norm_gate_up_bf16, norm_gate_up_f16};
    use greta_llama::kernels::norm_qkv::{norm_qkv, norm_qkv_bf16, norm_qkv_f16};
    let config = Config::llama2_7b();
    let rope = [config.rope.pair_stride(), config.rope.pair_distance(config.head_dim)];
    let heads = [config.hidden, config.heads, config.kv_heads, config.head_dim, 4096];
    let size = |size| Literal::U32(u32::try_from(size).expect("a small size"));
    let scalars = |sizes: &[usize]| {
        let sizes = sizes.iter().copied().map(size);
        sizes.chain([Literal::f32(config.eps as f32)]).collect::<Vec<_>>()
    };
    let qkv = scalars(&[heads.as_slice(), &rope].concat());
    let gate_up = scalars(&[config.hidden, config.intermediate]);
    let qkv_kernels = [&norm_qkv::DEFINITION, &norm_qkv_bf16::DEFINITION, &norm_qkv_f16::DEFINITION];
    let gate_up_kernels = [&norm_gate_up::DEFINITION, &norm_gate_up_bf16::DEFINITION, &norm_gate_up_f16::DEFINITION];
    let qkv = qkv_kernels.map(|kernel| (kernel, qkv.clone()));
    qkv.into_iter().chain(gate_up_kernels.map(|kernel| (kernel, gate_up.clone())))
}

#[test]
fn kernels_that_hold_weights_leave_a_multiprocessor_room_for_two_blocks() {
    let values = &HELD_IN_REGISTERS;
    for (kernel, scalars) in held_in_registers() {
        for scalars in [&[], scalars.as_slice()] {
            let label = format!("{:<18} {}, {} scalars given", kernel.name, kernel.describe(values), scalars.len());
            let lowered = lower_specialized(kernel, values, scalars, &SM_90).expect("a valid kernel");
            let cubin = match compile::cuda(&lowered) {
                Err(greta::Error::NoCuda(reason)) => return eprintln!("skipped: {reason}"),
                compiled => compiled.unwrap_or_else(|error| panic!("{label}: {error}")),
            };
            let CubinCosts { registers, stack_bytes } = CubinCosts::read(&cubin);
            println!("{label}: {registers} registers");
            let threads: u32 = lowered.kernel().block.iter().map(|extent| extent.value).product();
            assert!(2 * threads * registers <= MULTIPROCESSOR_REGISTERS, "{label}: {registers} registers");
            assert_eq!(stack_bytes, 0, "{label}");
        }
    }
}

#[test]
fn products_by_groups_of_waves_are_taken_where_hopper_has_them_and_keep_their_sums_in_registers() {
    use greta_llama::kernels::gemm_narrow::{gemm_bf16, gemm_bf16_add};
    for kernel in [&gemm_bf16::DEFINITION, &gemm_bf16_add::DEFINITION] {
        let largest = kernel.known.iter().rfind(|known| known.target == SM_90.name).expect("known on Hopper").values;
        // A block of half a group multiplies by itself, as blocks on other targets do.
        let half = [&[32], &largest[1..]].concat();
        for (target, values, in_groups) in
            [(&SM_90, largest.to_vec(), true), (&SM_90, half.clone(), false), (&SM_80, half, false)]
        {
            let label = format!("{} {} on {}", kernel.name, kernel.describe(&values), target.name);
            let lowered = lower_specialized(kernel, &values, &[], target).unwrap_or_else(|error| panic!("{error}"));
            let source = emit::source(&lowered).source;
            assert_eq!(source.contains("wgmma.mma_async"), in_groups, "{label}");
            if !in_groups {
                continue;
            }
            // Swizzled rows begin at multiples of 1024 bytes.
            for text in
                ["__align__(1024) unsigned char shared_memory[]", "(*)[STAGES][BM + BN][BK]>(&shared_memory[0]);"]
            {
                assert!(source.contains(text), "{label}: {text:?} is missing");
            }
            match compile::cuda(&lowered) {
                Err(greta::Error::NoCuda(reason)) => eprintln!("skipped: {reason}"),
                compiled => assert_eq!(CubinCosts::read(&compiled.unwrap()).stack_bytes, 0, "{label}"),
            }
        }
    }
}
