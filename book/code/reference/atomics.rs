//! Atomic operations.

use greta::prelude::*;

// ANCHOR: kernel
/// counts[b] += how many x have b in their top bits; counted in shared memory first
#[kernel(tile(BINS = 64 in [16, 64, 256]), require(BINS.is_power_of_two()), require(counts.len() == BINS), block = 256)]
pub fn histogram(x: &Global<u32>, counts: &mut Global<u32>, len: u32) {
    let mut local = shared::<[u32; BINS]>();
    for b in (thread_idx().x..BINS).step_by(BLOCK) {
        local[b] = 0;
    }
    barrier();
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        local.atomic_add(x[i] >> (BINS.leading_zeros() + 1), 1);
    }
    barrier();
    for b in (thread_idx().x..BINS).step_by(BLOCK) {
        counts.atomic_add(b, local[b]);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let values: Vec<u32> = (0..1000_u32).map(|i| i.wrapping_mul(2_654_435_761)).collect();
        let x = device.buffer_from(&values).unwrap();
        for (bins, shift) in [(16, 28), (64, 26), (256, 24)] {
            let mut counts = device.zeroed(bins as usize).unwrap();
            let kernel = device.kernel(histogram::variant().bins(bins)).unwrap();
            kernel.launch(&stream, 4, histogram::Args { x: &x, counts: &mut counts, len: 1000 }).unwrap();
            let count = |bin| values.iter().filter(|value| **value >> shift == bin).count() as u32;
            assert_eq!(counts.read(&stream).unwrap(), (0..bins).map(count).collect::<Vec<u32>>());
        }
    }
}
