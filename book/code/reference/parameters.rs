//! Structs that a launch passes by value, generic and nested; what a launch must satisfy.

use greta::prelude::*;

// ANCHOR: kernel
#[derive(KernelValue, Clone, Copy)]
struct Affine<T> {
    scale: T,
    shift: T,
}

#[derive(KernelValue, Clone, Copy)]
struct Clamped(Affine<f32>, [f32; 2]);

/// y[i] = scale * x[i] + shift, held between two ends
#[kernel(block = 256, require(x.len() == rows * columns), require(y.len() == x.len()))]
pub(crate) fn clamped(map: Clamped, x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < rows * columns {
        let Clamped(affine, ends) = map;
        y[i] = (x[i] * affine.scale + affine.shift).clamp(ends[0], ends[1]);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    // ANCHOR: launch
    #[test]
    fn a_launch_of_the_wrong_size_is_refused() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let mut y = device.zeroed(6).unwrap();
        let kernel = device.kernel(clamped::variant()).unwrap();
        let map = Clamped(Affine { scale: 2.0, shift: -1.0 }, [2.0, 8.0]);
        kernel.launch(&stream, 1, clamped::Args { map, x: &x, y: &mut y, rows: 2, columns: 3 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [2.0, 3.0, 5.0, 7.0, 8.0, 8.0]);

        let error = kernel.launch(&stream, 1, clamped::Args { map, x: &x, y: &mut y, rows: 2, columns: 4 });
        insta::assert_snapshot!(error.unwrap_err().to_string());
    }
    // ANCHOR_END: launch
}
