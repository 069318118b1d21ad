//! Every kernel compiled by the real compiler for an MI300X: what it costs.
//!
//! Guarantees: no kernel spills a register or uses scratch memory. Where there is no compiler the test says so and
//! checks nothing.

use greta::codegen::target::GFX942;
use greta::codegen::{emit, passes};
use greta::runtime::compile::{CompileRequest, Compiler};
use greta_llama::KERNELS;
use greta_llama::kernels::{attention_decode, attention_prefill, gemm_f32, gemv};
use greta::runtime::launch::Variant;

#[test]
fn no_kernel_spills() {
    let compiler = match Compiler::shared() {
        Ok(compiler) => compiler,
        Err(error) => {
            println!("skipped: {error}");
            return;
        }
    };
    let mut variants: Vec<_> = KERNELS.iter().map(|&definition| (definition, definition.defaults())).collect();
    let mut also = |variant: &dyn Fn() -> (&'static greta::codegen::definition::KernelDefinition, Vec<u32>)| variants.push(variant());
    also(&|| (&gemv::gemv::DEFINITION, gemv::gemv::variant().residual(1).values()));
    for (bm, wm, bk) in [(16, 16, 32), (32, 32, 16), (64, 32, 16)] {
        also(&|| (&gemm_f32::gemm_f32::DEFINITION, gemm_f32::gemm_f32::variant().bm(bm).wm(wm).bk(bk).flush(128).values()));
    }
    also(&|| (&gemm_f32::gemm_f32::DEFINITION, gemm_f32::gemm_f32::variant().bm(128).bn(128).wm(64).wn(64).values()));
    for hd in [32, 64] {
        also(&|| (&attention_decode::attention_decode::DEFINITION, attention_decode::attention_decode::variant().hd(hd).values()));
        also(&|| (&attention_prefill::attention_prefill::DEFINITION, attention_prefill::attention_prefill::variant().hd(hd).values()));
    }
    let sources: Vec<_> = variants
        .iter()
        .map(|(definition, values)| {
            let kernel = (definition.trace)(values, &GFX942).expect("a kernel that traces");
            emit::hip(&passes::lower(kernel, &GFX942).expect("a kernel that verifies")).source
        })
        .collect();
    let requests: Vec<_> = variants
        .iter()
        .zip(&sources)
        .map(|((definition, _), source)| CompileRequest {
            source,
            name: definition.name,
            target: GFX942.name,
            options: &[],
            line_map: &[],
        })
        .collect();
    for (((definition, values), code), source) in variants.iter().zip(compiler.compile_all(&requests)).zip(&sources) {
        let code = code.unwrap_or_else(|error| panic!("{error}"));
        let kernel = code.resources.kernel(definition.name).expect("its resources");
        println!(
            "{:<18} {:<58} vgpr {:>3} agpr {:>3} sgpr {:>3} lds {:>5} scratch {} spills {}+{} waves/SIMD {:?}",
            definition.name,
            definition.describe(values),
            kernel.vgprs,
            kernel.agprs,
            kernel.sgprs,
            kernel.lds_bytes,
            kernel.scratch_bytes,
            kernel.vgpr_spills,
            kernel.sgpr_spills,
            kernel.occupancy_waves
        );
        if let Ok(folder) = std::env::var("DUMP") {
            let name = format!("{folder}/{}-{}", definition.name, values.iter().map(u32::to_string).collect::<Vec<_>>().join("-"));
            std::fs::write(format!("{name}.hip"), source).unwrap();
            std::fs::write(format!("{name}.s"), compiler.disassemble(&code.bytes, GFX942.name).unwrap()).unwrap();
        }
        let label = format!("{} {}", definition.name, definition.describe(values));
        assert_eq!((kernel.scratch_bytes, kernel.vgpr_spills, kernel.sgpr_spills), (0, 0, 0), "{label}");
    }
}
