//! A kernel that checks itself and prints.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = table[x[i]]
#[kernel(block = 64, require(y.len() == x.len()))]
pub fn look_up(x: &Global<u32>, table: &Global<f32>, y: &mut Global<f32>, entries: u32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        let entry = x[i];
        assert!(entry < entries, "x[{i}] is {entry}: the table ends at {entries}");
        if entry == 0 {
            println!("x[{i}] is the first entry");
        }
        y[i] = table[entry];
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_past_the_end_is_reported() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1, 0, 7, 2]).unwrap();
        let table = device.buffer_from(&[0.5, 1.0, 2.0, 4.0]).unwrap();
        let mut y = device.zeroed(4).unwrap();
        let kernel = device.kernel(look_up::variant()).unwrap();
        let args = look_up::Args { x: &x, table: &table, y: &mut y, entries: 4, len: 4 };
        let launched = kernel.launch(&stream, 1, args);
        let error = launched.and_then(|()| stream.synchronize()).unwrap_err();
        insta::assert_snapshot!(error);
    }
}
