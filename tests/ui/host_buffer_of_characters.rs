use greta::prelude::*;

fn main() {
    let device = Device::open("cpu").unwrap();
    let letters = device.buffer_from(&['a', 'b']);
}
