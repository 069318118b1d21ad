//! Real compilations for gfx942 by the real compiler.

mod support;

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileError, CompileRequest, Compiler, Severity, SourceLocation};
use support::{MFMA, compiler, request, toolchain};

#[test]
fn a_kernel_with_an_mfma_loop_compiles_to_a_code_object_with_its_resources() {
    let Some(compiler) = compiler() else { return };
    let object = compiler.compile(&request(MFMA)).unwrap();
    assert_eq!(&object.bytes[..4], b"\x7fELF");
    assert!(!object.from_cache);
    assert_eq!(object.diagnostics, []);
    let kernel = object.resources.kernel("mfma_loop").unwrap();
    assert!(kernel.vgprs > 0 && kernel.sgprs > 0 && kernel.agprs >= 4, "{kernel:?}");
    assert_eq!((kernel.vgpr_spills, kernel.sgpr_spills, kernel.scratch_bytes), (0, 0, 0));
    assert_eq!((kernel.kernarg_bytes, kernel.max_block_threads, kernel.wave_lanes), (28, 64, 64));
    assert_eq!(kernel.occupancy_waves, Some(8));
}

#[test]
fn the_listing_has_the_mfma_and_keeps_products_and_sums_apart() {
    let Some(compiler) = compiler() else { return };
    let object = compiler.compile(&request(MFMA)).unwrap();
    let listing = compiler.disassemble(&object.bytes, "gfx942").unwrap();
    assert!(listing.starts_with("mfma_loop:\n"), "{listing}");
    assert!(listing.contains("v_mfma_f32_16x16x4_f32"), "{listing}");
    assert!(listing.contains(".L0:") && listing.contains("s_endpgm"), "{listing}");
    let fused = ["v_fma_f32", "v_pk_fma_f32", "v_fmac_f32", "v_mac_f32", "v_mad_f32"];
    let is_fused = |listing: &str| fused.iter().any(|instruction| listing.contains(instruction));
    assert!(!is_fused(&listing), "fused behind the author's back: {listing}");
    let options = ["-ffp-contract=fast".to_owned()];
    let object = compiler.compile(&CompileRequest { options: &options, ..request(MFMA) }).unwrap();
    let listing = compiler.disassemble(&object.bytes, "gfx942").unwrap();
    assert!(is_fused(&listing), "an option of the request wins: {listing}");
}

#[test]
fn division_and_square_root_are_correctly_rounded_and_subnormals_kept() {
    let Some(compiler) = compiler() else { return };
    let source = "extern \"C\" __global__ void f(float* x) { *x = x[1] / x[2] + __builtin_sqrtf(x[3]); }";
    let object = compiler.compile(&request(source)).unwrap();
    let listing = compiler.disassemble(&object.bytes, "gfx942").unwrap();
    // The division sequence of the ISA manual, and a square root that is refined.
    for instruction in ["v_div_scale_f32", "v_div_fmas_f32", "v_div_fixup_f32", "v_sqrt_f32", "v_fma_f32"] {
        assert!(listing.contains(instruction), "{instruction}: {listing}");
    }
}

#[test]
fn an_object_of_several_kernels_has_the_resources_of_each() {
    let Some(compiler) = compiler() else { return };
    let source = "extern \"C\" __global__ void plain(float* x) { x[threadIdx.x] = 1.0f; }\n\
        extern \"C\" __global__ __launch_bounds__(128) void shared(float* x) {\n\
        __shared__ float s[96]; s[threadIdx.x % 96] = x[threadIdx.x]; __syncthreads();\n\
        x[threadIdx.x] = s[(threadIdx.x + 1) % 96]; }\n";
    let object = compiler.compile(&request(source)).unwrap();
    let names: Vec<_> = object.resources.kernels.iter().map(|kernel| kernel.name.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(object.resources.kernel("plain").unwrap().lds_bytes, 0);
    let shared = object.resources.kernel("shared").unwrap();
    assert_eq!((shared.lds_bytes, shared.max_block_threads), (384, 128));
    assert!(shared.occupancy_waves.is_some());
    let listing = compiler.disassemble(&object.bytes, "gfx942").unwrap();
    assert!(listing.contains("plain:\n") && listing.contains("shared:\n"), "{listing}");
}

#[test]
fn spills_are_counted() {
    let Some(compiler) = compiler() else { return };
    let source = "extern \"C\" __global__ __launch_bounds__(1024) void spill(float* x) {\n\
        float v[256];\n#pragma unroll\nfor (int i = 0; i < 256; ++i) v[i] = x[i * 1024 + threadIdx.x];\n\
        __syncthreads();\n#pragma unroll\nfor (int i = 0; i < 256; ++i) x[i * 1024 + threadIdx.x] = v[255 - i] * v[(i * 7) % 256]; }";
    let object = compiler.compile(&request(source)).unwrap();
    let kernel = object.resources.kernel("spill").unwrap();
    assert!(kernel.vgpr_spills > 0 && kernel.scratch_bytes > 0, "{kernel:?}");
}

#[test]
fn a_syntax_error_is_told_at_its_rust_line() {
    let Some(compiler) = compiler() else { return };
    let source = "extern \"C\" __global__ void k(float* y) {\n    float v = undeclared + 1.0f;\n    y[0] = v;\n}\n";
    let rust = SourceLocation { file: "src/kernels/k.rs".into(), line: 41, column: 13, manifest_dir: "" };
    let line_map = [None, Some(rust.clone())];
    let request = CompileRequest { name: "snapshots/k.hip", line_map: &line_map, ..request(source) };
    let error = compiler.compile(&request).unwrap_err();
    let text = error.to_string();
    let CompileError::Rejected { diagnostics, log, .. } = error else { panic!("{text}") };
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert_eq!(diagnostics[0].severity, Severity::Error);
    assert_eq!(diagnostics[0].place, Some((2, 15)));
    assert_eq!(diagnostics[0].rust, Some(rust));
    assert!(diagnostics[0].snippet.contains("float v = undeclared"), "{diagnostics:?}");
    assert!(text.contains("src/kernels/k.rs:41:13"), "{text}");
    assert!(log.starts_with("snapshots/k.hip:2:15: error:"), "no folder of the compiler's own: {log}");
}

#[test]
fn a_warning_does_not_stop_a_compilation_and_is_kept() {
    let Some(compiler) = compiler() else { return };
    let source = "extern \"C\" __global__ void k(float* y) {\n    int n = 1.5;\n    y[0] = n;\n}\n";
    let object = compiler.compile(&request(source)).unwrap();
    assert_eq!(object.diagnostics.len(), 1, "{:?}", object.diagnostics);
    assert_eq!(object.diagnostics[0].severity, Severity::Warning);
}

#[test]
fn an_unknown_target_or_option_and_a_zero_byte_are_errors() {
    let Some(compiler) = compiler() else { return };
    let unknown_option = ["-fno-such-option".to_owned()];
    for request in [
        CompileRequest { target: "gfx1", ..request(MFMA) },
        CompileRequest { options: &unknown_option, ..request(MFMA) },
        request("extern \"C\" __global__ void k() {}\0"),
    ] {
        let error = compiler.compile(&request).unwrap_err();
        assert!(!matches!(error, CompileError::Worker { .. }), "{error}");
    }
    let error = compiler.disassemble(b"no code object", "gfx942").unwrap_err();
    assert!(matches!(error, CompileError::Compiler { .. }), "{error}");
}

#[test]
fn compiling_twice_gives_equal_bytes_whatever_the_name() {
    let Some(compiler) = compiler() else { return };
    let first = compiler.compile(&request(MFMA)).unwrap();
    let second = compiler.compile(&CompileRequest { name: "../other name", ..request(MFMA) }).unwrap();
    assert!(first.bytes == second.bytes);
}

#[test]
fn a_damaged_cache_entry_is_compiled_again() {
    let Some(toolchain) = toolchain() else { return };
    let folder = tempfile::tempdir().unwrap();
    let compiler = Compiler::new(toolchain, Cache::new(folder.path(), 1 << 30));
    let first = compiler.compile(&request(MFMA)).unwrap();
    let path = compiler.cache().ls().unwrap().remove(0).path;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let second = compiler.compile(&request(MFMA)).unwrap();
    assert!(!second.from_cache);
    assert!(first.bytes == second.bytes);
    assert!(compiler.compile(&request(MFMA)).unwrap().from_cache);
}

#[test]
fn a_cache_that_cannot_be_used_fails_no_compilation() {
    let Some(toolchain) = toolchain() else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    let compiler = Compiler::new(toolchain, Cache::new(file.path(), 1 << 30));
    for _ in 0..2 {
        assert!(!compiler.compile(&request(MFMA)).unwrap().from_cache);
    }
}
