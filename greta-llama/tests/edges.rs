//! Sizes at which a kernel has nothing to read.

mod device;

use greta_llama::kernels::gemm_f32::gemm_f32;
use greta_llama::kernels::gemm_f32_blocked::gemm_f32_blocked;
use greta_llama::kernels::norm_gate_up::norm_gate_up;

#[test]
fn a_product_of_no_columns_is_zero() {
    let device = device::open();
    let stream = device.stream().expect("a stream");
    let (a, b) = (device.buffer_from::<f32>(&[]).expect("a"), device.buffer_from::<f32>(&[]).expect("b"));
    let (m, n, k) = (3, 5, 0);
    let mut c = device.buffer_from(&[7.0_f32; 15]).expect("c");
    let kernel = device.kernel(gemm_f32::variant()).expect("a kernel");
    kernel.launch(&stream, (1, 1), gemm_f32::Args { a: &a, b: &b, c: &mut c, m, n, k }).expect("a launch");
    assert_eq!(c.read(&stream).expect("c"), [0.0; 15]);

    let mut c = device.buffer_from(&[7.0_f32; 15]).expect("c");
    let kernel = device.kernel(gemm_f32_blocked::variant()).expect("a kernel");
    kernel.launch(&stream, (1, 1), gemm_f32_blocked::Args { a: &a, b: &b, c: &mut c, m, n, k }).expect("a launch");
    assert_eq!(c.read(&stream).expect("c"), [0.0; 15]);
}

#[test]
fn products_of_no_rows_or_columns_are_refused() {
    for device in device::open_all() {
        let stream = device.stream().expect("a stream");
        let none = device.buffer_from::<f32>(&[]).expect("none");
        let x = device.buffer_from(&[1.0_f32; 8]).expect("x");
        let kernel = device.kernel(norm_gate_up::variant()).expect("a kernel");
        for (x, hidden, missing) in [(&x, 8, "intermediate > 0"), (&none, 0, "hidden > 0")] {
            let mut y = device.buffer_from::<f32>(&[]).expect("y");
            let args = norm_gate_up::Args { x, norm: x, gate_up: &none, y: &mut y, hidden, intermediate: 0, eps: 1e-5 };
            let error = kernel.launch(&stream, 1, args).expect_err("no rows");
            assert!(error.to_string().contains(missing), "{error}");
        }
    }
}
