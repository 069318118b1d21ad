use greta::prelude::*;

#[kernel(block = 64)]
fn scale(x: &mut Global<f32>, n: u32) {
    x[0] = n as f32;
}

fn launch(device: &Device, stream: &Stream, x: &mut Buffer<f32>) -> Result<(), greta::Error> {
    let n = x.len();
    device.kernel(scale::variant())?.launch(stream, 1, scale::Args { x, n })
}

fn main() {}
