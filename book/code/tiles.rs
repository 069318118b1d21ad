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

// ANCHOR: padded
/// c = a * b^T of one wave: a, b: [16, k] bf16; c: [16, 16] f32; PADDING = 0 swizzles
#[kernel(tile(PADDING = 8 in [0, 8]), block = WAVE, require(a.len() == 16 * k), require(b.len() == 16 * k))]
pub fn multiply_padded(a: &Global<bf16>, b: &Global<bf16>, c: &mut Global<f32>, k: u32) {
    let mut left = SharedTile::<bf16>::new(16, 64, PADDING);
    let mut right = SharedTile::<bf16>::new(16, 64, PADDING);
    let mut sum = Accumulator::<Bf16_16x16x16>::zero();
    for base in (0..k).step_by(64) {
        left.load_from(a, 16, k, 0, base);
        right.load_from(b, 16, k, 0, base);
        barrier();
        #[unroll]
        for step in (0..64).step_by(16) {
            let part = FragmentB::load_transposed_vector(&right, step, 0);
            sum.mma(FragmentA::load_vector(&left, 0, step), part);
        }
        barrier();
    }
    sum.store(&mut c.rows_mut(16), 0, 0);
}
// ANCHOR_END: padded

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

    #[test]
    fn padded_and_swizzled_tiles_give_the_same() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        // Not a whole number of tiles: what lies past the end counts as 0.
        let k = 100;
        let [a, b] = [3_usize, 5].map(|step| (0..16 * k).map(|i| (i * step % 11) as f32 - 5.0).collect::<Vec<f32>>());
        let [left, right] = [&a, &b].map(|values| {
            let short: Vec<bf16> = values.iter().copied().map(bf16::from_f32).collect();
            device.buffer_from(&short).unwrap()
        });
        for padding in [0, 8] {
            let mut c = device.zeroed(256).unwrap();
            let kernel = device.kernel(multiply_padded::variant().padding(padding)).unwrap();
            let args = multiply_padded::Args { a: &left, b: &right, c: &mut c, k: k as u32 };
            kernel.launch(&stream, 1, args).unwrap();
            for (i, value) in c.read(&stream).unwrap().into_iter().enumerate() {
                let expected: f32 = (0..k).map(|j| a[i / 16 * k + j] * b[i % 16 * k + j]).sum();
                assert_eq!(value, expected);
            }
        }
    }
}
