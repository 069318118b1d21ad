//! `if`, `match`, `while`, `loop`, labels.

use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = how often x[i] can be halved or decremented until it is 1, or the limit
#[kernel(block = 64)]
pub fn digits(x: &Global<u32>, y: &mut Global<u32>, limit: u32, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i >= len {
        return;
    }
    let mut value = x[i];
    let mut steps = 0;
    while value > 1 && steps < limit {
        value = match value % 4 {
            0 => value / 4,
            2 => value / 2,
            _ => value - 1,
        };
        steps += 1;
    }
    y[i] = if steps < limit { steps } else { limit };
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1, 16, 7, u32::MAX]).unwrap();
        let mut y = device.zeroed(4).unwrap();
        let kernel = device.kernel(digits::variant()).unwrap();
        kernel.launch(&stream, 1, digits::Args { x: &x, y: &mut y, limit: 20, len: 4 }).unwrap();
        // 7, 6, 3, 2, 1
        assert_eq!(y.read(&stream).unwrap()[..3], [0, 2, 4]);
        assert_eq!(y.read(&stream).unwrap()[3], 20);
    }
}
