//! Asynchronous copies, early starts, non-temporal accesses, hints to the scheduler.

use greta::prelude::*;

// ANCHOR: kernel
/// y[r] = sum_c w[c] * x[r, c], a block to a row; the next part of the row comes while the current is summed
#[kernel(block = 128, require(w.len() == columns), require(columns % 512 == 0))]
pub fn weighted_rows(w: &Global<f32>, x: &Global<f32>, y: &mut Global<f32>, columns: u32) {
    let part = shared::<[[f32; 4 * BLOCK]; 2]>();
    let own = thread_idx().x * 4;
    let row = block_idx().x * columns;
    let mut weights = w.load_vector::<f32x4>(own);
    grid_dependency_wait();
    part[0].copy_vector_async::<f32x4>(own, x, row + own);
    copy_async_commit();
    let mut sum = 0.0;
    for first in (0..columns).step_by(4 * BLOCK) {
        let (next, current) = (first + 4 * BLOCK, first / (4 * BLOCK) % 2);
        if next < columns {
            part[1 - current].copy_vector_async::<f32x4>(own, x, row + next + own);
        }
        copy_async_commit();
        copy_async_wait(1);
        let values = part[current].load_vector::<f32x4>(own);
        #[unroll]
        for k in 0..4 {
            sum += weights[k] * values[k];
        }
        if next < columns {
            weights = w.load_vector::<f32x4>(next + own);
        }
    }
    let total = block_sum(sum);
    if thread_idx().x == 0 {
        y[block_idx().x] = total;
    }
}
// ANCHOR_END: kernel

// ANCHOR: streamed
/// y[i] = s * x[i], read and written once; the caches are left to others
#[kernel(block = 256, require(x.len() == len && y.len() == len && len % 4 == 0))]
pub fn streamed(x: &Global<f32>, y: &mut Global<f32>, s: f32, len: u32) {
    let i = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if i < len {
        setprio(1);
        let four = x.load_vector_nontemporal::<f32x4>(i);
        sched_barrier(0);
        y.store_vector_nontemporal(i, four * f32x4::splat(s));
        setprio(0);
    }
}
// ANCHOR_END: streamed

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_summed_on_every_kind_of_target() {
        for name in ["cpu", "cpu:sm_90"] {
            let device = Device::open(name).unwrap();
            let stream = device.stream().unwrap();
            let w: Vec<f32> = (0..1536).map(|i| (i % 7) as f32 - 3.0).collect();
            let x: Vec<f32> = (0..2 * 1536).map(|i| (i % 11) as f32).collect();
            let (weights, input) = (device.buffer_from(&w).unwrap(), device.buffer_from(&x).unwrap());
            let mut y = device.zeroed(2).unwrap();
            let kernel = device.kernel(weighted_rows::variant()).unwrap();
            let args = weighted_rows::Args { w: &weights, x: &input, y: &mut y, columns: 1536 };
            kernel.launch(&stream, 2, args).unwrap();
            let sum = |row: &[f32]| row.iter().zip(&w).map(|(x, w)| x * w).sum::<f32>();
            assert_eq!(y.read(&stream).unwrap(), [sum(&x[..1536]), sum(&x[1536..])]);
        }
    }

    #[test]
    fn hints_change_no_value() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        let mut y = device.zeroed(4).unwrap();
        let kernel = device.kernel(streamed::variant()).unwrap();
        kernel.launch(&stream, 1, streamed::Args { x: &x, y: &mut y, s: 2.0, len: 4 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [2.0, 4.0, 6.0, 8.0]);
    }
}
