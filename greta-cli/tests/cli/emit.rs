//! `greta emit`.

use crate::Sandbox;

#[test]
fn the_source_is_all_that_is_written() {
    let run = Sandbox::new().run("emit rmsnorm");
    assert_eq!(run.stderr, "");
    let source = run.ok();
    assert!(source.starts_with("// y[t, c] = x[t, c] * w[c] / sqrt("), "{source}");
    assert!(source.contains("extern \"C\" __global__ void") && source.ends_with("}\n"), "{source}");
}

#[test]
fn every_kernel_is_written_the_same_way_twice() {
    let sandbox = Sandbox::new();
    let kernels = sandbox.run("kernels --json").json();
    for kernel in kernels.as_array().expect("an array") {
        let name = kernel["name"].as_str().expect("a name");
        let arguments = format!("emit {name}");
        let source = sandbox.run(&arguments).ok();
        assert!(source.contains(name), "{source}");
        assert_eq!(source, sandbox.run(&arguments).ok());
    }
}

#[test]
fn tile_parameters_are_constants_of_the_source() {
    let sandbox = Sandbox::new();
    assert!(sandbox.run("emit gemm_f32").ok().contains("constexpr uint32_t BM = 64;"));
    for arguments in ["--tile BM=128,BK=32", "--tile BM=128 --tile BK=32", "--tile=BM=128,BK=32 --target gfx942"] {
        let source = sandbox.run(&format!("emit gemm_f32 {arguments}")).ok();
        for constant in ["BM = 128;", "BN = 64;", "BK = 32;"] {
            assert!(source.contains(&format!("constexpr uint32_t {constant}")), "{constant} {source}");
        }
    }
}

#[test]
fn the_ir_is_written_in_place_of_the_source() {
    let run = Sandbox::new().run("emit rmsnorm --ir");
    assert_eq!(run.stderr, "");
    let ir = run.ok();
    assert!(ir.contains("rmsnorm") && !ir.contains("__global__"), "{ir}");
}
