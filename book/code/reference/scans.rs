//! Votes, scans and reductions.

use greta::prelude::*;

// ANCHOR: kernel
/// kept[..total] = the values of x above the limit, in blocks in any order; total counts from 0
#[kernel(block = 256, require(total.len() == 1))]
pub fn keep_above(x: &Global<f32>, kept: &mut Global<f32>, total: &mut Global<u32>, limit: f32, len: u32) {
    let mut first = shared::<[u32; 1]>();
    let i = block_idx().x * BLOCK + thread_idx().x;
    let value = if i < len { x[i] } else { f32::NEG_INFINITY };
    let keep = value > limit;
    if !block_any(keep) {
        return;
    }
    let place = block_scan_exclusive(keep as u32);
    let count = block_sum(keep as u32);
    if thread_idx().x == 0 {
        first[0] = total.atomic_add(0, count);
    }
    barrier();
    if keep {
        kept[first[0] + place] = value;
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_is_above() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let values: Vec<f32> = (0..1000).map(|i| (i * 37 % 101) as f32).collect();
        let x = device.buffer_from(&values).unwrap();
        let (mut kept, mut total) = (device.zeroed(1000).unwrap(), device.zeroed(1).unwrap());
        let kernel = device.kernel(keep_above::variant()).unwrap();
        let args = keep_above::Args { x: &x, kept: &mut kept, total: &mut total, limit: 60.5, len: 1000 };
        kernel.launch(&stream, 4, args).unwrap();
        let mut wanted: Vec<f32> = values.into_iter().filter(|value| *value > 60.5).collect();
        let mut given = kept.read(&stream).unwrap()[..total.read(&stream).unwrap()[0] as usize].to_vec();
        wanted.sort_by(f32::total_cmp);
        given.sort_by(f32::total_cmp);
        assert_eq!(given, wanted);
    }
}
