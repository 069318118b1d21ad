//! Tile parameters and the choice among variants.

use std::time::Duration;

use greta::prelude::*;

// ANCHOR: kernel
/// x[r, c] = s[r] * x[r, c], ROWS rows a block
#[kernel(
    tile(ROWS = 4 in [1, 2, 4, 8], WAVES = 4 in [1, 2, 4, 8]),
    require(ROWS * WAVES <= 32),
    block = WAVES * WAVE,
)]
pub fn scale_rows(x: &mut Global<f32>, s: &Global<f32>, rows: u32, columns: u32) {
    #[unroll]
    for r in 0..ROWS {
        let row = block_idx().x * ROWS + r;
        if row < rows {
            for c in (thread_idx().x..columns).step_by(BLOCK) {
                x[row * columns + c] *= s[row];
            }
        }
    }
}
// ANCHOR_END: kernel

// ANCHOR: search
/// Launches of a variant that are timed; the fastest counts, for what else the machine does only ever adds.
const LAUNCHES: usize = 5;

/// The fastest variant for a matrix of this size on this device, and its time.
pub fn fastest(device: &Device, rows: u32, columns: u32) -> Result<(Vec<u32>, Duration), greta::Error> {
    let stream = device.stream()?;
    let mut x = device.zeroed::<f32>((rows * columns) as usize)?;
    let s = device.zeroed::<f32>(rows as usize)?;
    let all: Vec<_> =
        scale_rows::variants().iter().map(|variant| (&scale_rows::DEFINITION, variant.values())).collect();
    device.prepare(&all)?;
    let (start, end) = (device.event()?, device.event()?);
    let mut best = (Vec::new(), Duration::MAX);
    for variant in scale_rows::variants() {
        let values = variant.values();
        let kernel = device.kernel(variant)?;
        for _ in 0..LAUNCHES {
            stream.record(&start)?;
            kernel.launch(&stream, rows.div_ceil(values[0]), scale_rows::Args { x: &mut x, s: &s, rows, columns })?;
            stream.record(&end)?;
            let time = end.elapsed_since(&start)?;
            if time < best.1 {
                best = (values.clone(), time);
            }
        }
    }
    Ok(best)
}
// ANCHOR_END: search

// ANCHOR: specialized
/// Scales rows again and again, always as many: with a kernel that is compiled for these sizes.
pub fn scale_often(
    stream: &Stream,
    x: &mut Buffer<f32>,
    s: &Buffer<f32>,
    rows: u32,
    columns: u32,
    times: usize,
) -> Result<(), greta::Error> {
    let args = scale_rows::Args { x, s, rows, columns };
    let kernel = stream.device().specialized(scale_rows::variant(), &args)?;
    for _ in 0..times {
        kernel.launch(stream, rows.div_ceil(4), scale_rows::Args { x, s, rows, columns })?;
    }
    Ok(())
}
// ANCHOR_END: specialized

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specialized_kernel_scales_as_often_as_it_is_told() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let mut x = device.buffer_from(&[1.0; 6]).unwrap();
        let s = device.buffer_from(&[2.0, -1.0]).unwrap();
        scale_often(&stream, &mut x, &s, 2, 3, 3).unwrap();
        assert_eq!(x.read(&stream).unwrap(), [8.0, 8.0, 8.0, -1.0, -1.0, -1.0]);
    }

    #[test]
    fn it_finds_an_admitted_variant() {
        let (values, time) = fastest(&Device::open("cpu").unwrap(), 64, 64).unwrap();
        assert!(values[0] * values[1] <= 32 && time < Duration::MAX);
        assert_eq!(scale_rows::variants().len(), 15);
    }
}
