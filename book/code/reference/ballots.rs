//! Votes as masks.

use greta::prelude::*;

// ANCHOR: kernel
/// kept[..total] = the values of x above 0, those of a wave together; total counts from 0
#[kernel(block = 256)]
pub fn keep_positive(x: &Global<i32>, kept: &mut Global<i32>, total: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let value = if i < x.len() { x[i] } else { 0 };
    let keep = value > 0;
    let kept_by = ballot(keep);
    let before = kept_by & ((1 << lane_id()) - 1);
    let mut first = 0;
    if lane_id() == 0 {
        first = total.atomic_add(0, kept_by.count_ones());
    }
    first = wave_broadcast(first, 0);
    if keep {
        kept[first + before.count_ones()] = value;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_positive_is_kept() {
        for name in ["cpu", "cpu:sm_90"] {
            let device = Device::open(name).unwrap();
            let stream = device.stream().unwrap();
            let values: Vec<i32> = (0..1000).map(|i| i * 37 % 101 - 50).collect();
            let x = device.buffer_from(&values).unwrap();
            let (mut kept, mut total) = (device.zeroed(values.len()).unwrap(), device.zeroed(1).unwrap());
            let args = keep_positive::Args { x: &x, kept: &mut kept, total: &mut total };
            device.kernel(keep_positive::variant()).unwrap().launch(&stream, 4, args).unwrap();
            let mut expected: Vec<i32> = values.into_iter().filter(|value| *value > 0).collect();
            let mut kept = kept.read(&stream).unwrap()[..total.read(&stream).unwrap()[0] as usize].to_vec();
            expected.sort_unstable();
            kept.sort_unstable();
            assert_eq!(kept, expected);
        }
    }
}
