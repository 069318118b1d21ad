//! A matrix product of one tile by matrix fragments.

use greta::prelude::*;

// ANCHOR: kernel
/// c = a * b^T of one wave: a, b: [16, k] f32; c: [16, 16] f32; k is a multiple of 16
#[kernel(block = WAVE)]
pub fn multiply_tile(a: &Global<f32>, b: &Global<f32>, c: &mut Global<f32>, k: u32) {
    // Rows of a above rows of b, with four words of padding a row.
    let tile = shared::<[[f32; 20]; 32]>();
    let mut sum = Accumulator::<F32_16x16x4>::zero();
    for base in (0..k).step_by(16) {
        for slot in (thread_idx().x..128).step_by(WAVE) {
            let (row, column) = (slot / 4, slot % 4 * 4);
            let from = row % 16 * k + base + column;
            let part = if row < 16 { a.load_vector::<f32x4>(from) } else { b.load_vector::<f32x4>(from) };
            tile[row].store_vector(column, part);
        }
        barrier();
        #[unroll]
        for step in (0..16).step_by(4) {
            let left = FragmentA::load(&tile, 0, step);
            let right = FragmentB::load_transposed(&tile, step, 16);
            sum = mma(left, right, sum);
        }
        barrier();
    }
    #[unroll]
    for r in 0..sum.len() {
        c[sum.row(r) * 16 + sum.column(r)] = sum[r];
    }
}
// ANCHOR_END: kernel

// ANCHOR: buffers
/// c = a * b^T of one wave, its factors cut to xf32: a, b: [16, k] f32; c: [16, 16] f32; k is a multiple of 8
#[kernel(block = WAVE, require(a.len() == 16 * k), require(b.len() == 16 * k), require(k % 8 == 0))]
pub fn multiply_xf32(a: &Global<f32>, b: &Global<f32>, c: &mut Global<f32>, k: u32) {
    let mut sum = Accumulator::<Xf32_16x16x8>::zero();
    for step in (0..k).step_by(8) {
        let left = FragmentA::load_vector(&a.rows(k), 0, step);
        let right = FragmentB::load_transposed_vector(&b.rows(k), step, 0);
        sum.mma(left, right);
    }
    sum.store(&mut c.rows_mut(16), 0, 0);
}
// ANCHOR_END: buffers

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_multiplies() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let k = 32;
        let [a, b] = [3_usize, 5].map(|step| (0..16 * k).map(|i| (i * step % 11) as f32 - 5.0).collect::<Vec<f32>>());
        let (left, right) = (device.buffer_from(&a).unwrap(), device.buffer_from(&b).unwrap());
        let mut c = device.zeroed(256).unwrap();
        let kernel = device.kernel(multiply_tile::variant()).unwrap();
        let args = multiply_tile::Args { a: &left, b: &right, c: &mut c, k: k as u32 };
        kernel.launch(&stream, 1, args).unwrap();
        for (i, value) in c.read(&stream).unwrap().into_iter().enumerate() {
            let expected: f32 = (0..k).map(|j| a[i / 16 * k + j] * b[i % 16 * k + j]).sum();
            assert_eq!(value, expected);
        }
    }

    #[test]
    fn it_multiplies_xf32() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let k = 16;
        let [a, b] = [3_usize, 5].map(|step| (0..16 * k).map(|i| (i * step % 11) as f32 - 5.0).collect::<Vec<f32>>());
        let (left, right) = (device.buffer_from(&a).unwrap(), device.buffer_from(&b).unwrap());
        let mut c = device.zeroed(256).unwrap();
        let kernel = device.kernel(multiply_xf32::variant()).unwrap();
        kernel.launch(&stream, 1, multiply_xf32::Args { a: &left, b: &right, c: &mut c, k: k as u32 }).unwrap();
        for (i, value) in c.read(&stream).unwrap().into_iter().enumerate() {
            let expected: f32 = (0..k).map(|j| a[i / 16 * k + j] * b[i % 16 * k + j]).sum();
            assert_eq!(value, expected);
        }
    }
}
