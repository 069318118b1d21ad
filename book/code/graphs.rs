//! Launches assembled into a graph.

use greta::prelude::*;

use crate::first_kernel::axpy;

// ANCHOR: graph
/// y = a x + a x + y, as a graph of two nodes; the second waits for the first, since both write y.
pub fn twice(device: &Device, a: f32, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<GraphExec, greta::Error> {
    let len = x.len() as u32;
    let kernel = device.kernel(axpy::variant())?;
    let mut graph = device.graph();
    graph.add(&kernel, len.div_ceil(256), axpy::Args { a, x, y, len })?;
    graph.add(&kernel, len.div_ceil(256), axpy::Args { a, x, y, len })?;
    graph.instantiate()
}
// ANCHOR_END: graph

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_runs_both() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[1.0; 300]).unwrap();
        let mut y = device.buffer_from(&[0.5; 300]).unwrap();
        let graph = twice(&device, 2.0, &x, &mut y).unwrap();
        graph.launch(&stream).unwrap();
        graph.launch(&stream).unwrap();
        assert_eq!(y.read(&stream).unwrap(), [8.5; 300]);
    }
}
