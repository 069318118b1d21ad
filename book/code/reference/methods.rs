//! Methods, associated constants, `&mut self`.

use greta::prelude::*;

// ANCHOR: kernel
/// Mean and sum of squared differences of the values seen so far (Welford).
#[derive(KernelValue)]
struct Moments {
    count: f32,
    mean: f32,
    squares: f32,
}

#[device]
impl Moments {
    const LEAST: f32 = 2.0;

    fn none() -> Self {
        Self { count: 0.0, mean: 0.0, squares: 0.0 }
    }

    fn see(&mut self, value: f32) {
        self.count += 1.0;
        let change = value - self.mean;
        self.mean += change / self.count;
        self.squares += change * (value - self.mean);
    }

    fn variance(&self) -> f32 {
        if self.count < Self::LEAST { 0.0 } else { self.squares / (self.count - 1.0) }
    }
}

/// y[r] = variance of the values of row r, a thread to a row
#[kernel(block = 64, require(x.len() == rows * columns))]
pub fn variances(x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32) {
    let row = block_idx().x * BLOCK + thread_idx().x;
    if row < rows {
        let mut moments = Moments::none();
        for column in 0..columns {
            moments.see(x[row * columns + column]);
        }
        y[row] = moments.variance();
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_variances() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0, 3.0, 5.0, -2.0, -2.0, 7.0]).unwrap();
        let mut y = device.zeroed(2).unwrap();
        let kernel = device.kernel(variances::variant()).unwrap();
        kernel.launch(&stream, 1, variances::Args { x: &x, y: &mut y, rows: 2, columns: 3 }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [4.0, 27.0]);
    }
}
