//! Launches that are wrong never reach HIP: each is refused before any call.

use super::fake;
use super::tests::{buffer, open};
use crate::launch::BoundArgument;
use crate::test_kernels::{Bound, ByHand, bump, scale};

#[test]
fn a_broken_contract_reaches_no_driver() {
    let (device, stream) = open();
    let kernel = device.kernel(scale::Checked).unwrap();
    let (x, mut y, mut short) = (buffer(&device, 8), buffer(&device, 8), buffer(&device, 7));
    let error = kernel.launch(&stream, 1, scale::Args { factor: 1.0, x: &x, y: &mut short, len: 7 }).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("scale: require(len <= y.len() && x.len() == y.len()) at "), "{message}");
    assert!(message.ends_with("does not hold: len = 7, y.len() = 7, x.len() = 8"), "{message}");
    let mut graph = device.graph();
    graph.add(&kernel, 1, scale::Args { factor: 1.0, x: &x, y: &mut short, len: 7 }).unwrap_err();
    let node = graph.add(&kernel, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 8 }).unwrap();
    let mut exec = graph.instantiate().unwrap();
    fake::take_calls();
    exec.update(node, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 9 }).unwrap_err();
    // SAFETY: no argument shares memory with another.
    unsafe { kernel.launch_aliased(&stream, 1, scale::Args { factor: 1.0, x: &x, y: &mut y, len: 9 }) }.unwrap_err();
    assert_eq!(fake::take_calls(), [""; 0]);
}

#[test]
fn other_misuse_reaches_no_driver() {
    let (device, stream) = open();
    let (other, other_stream) = open();
    let (x, mut y, foreign) = (buffer(&device, 8), buffer(&device, 8), buffer(&other, 8));
    let (low, mut high) = (x.view(..5).unwrap(), x.view(4..).unwrap());
    let kernel = device.kernel(scale::variant()).unwrap();
    let by_hand = device.kernel(ByHand(&bump::DEFINITION)).unwrap();
    let place = scale::DEFINITION.location;
    let scale = format!("scale at {place}");
    fake::take_calls();

    let mut refused = |grid: [u32; 3]| {
        let args = scale::Args { factor: 1.0, x: &x, y: &mut y, len: 8 };
        kernel.launch(&stream, grid, args).unwrap_err().to_string()
    };
    let limits = "each must be at least 1 and at most [67108863, 65535, 65535]";
    for grid in [[0, 1, 1], [1, 65_536, 1], [1, 1, 65_536], [67_108_864, 1, 1]] {
        let [x, y, z] = grid;
        assert_eq!(refused(grid), format!("{scale}: a grid of {x} x {y} x {z} blocks; {limits}"));
    }
    let aliased = kernel.launch(&stream, 1, scale::Args { factor: 1.0, x: &low, y: &mut high, len: 4 });
    let expected = "argument y, which the kernel writes, overlaps argument x in bytes 16..20";
    assert_eq!(aliased.unwrap_err().to_string(), format!("{scale}: {expected}"));
    let launched = kernel.launch(&stream, 1, scale::Args { factor: 1.0, x: &foreign, y: &mut y, len: 4 });
    let (given, expected) = (&other.info().name, &device.info().name);
    let both = format!("a buffer of another device, {given}; the kernel takes those of its own, {expected}");
    assert_eq!(launched.unwrap_err().to_string(), format!("{scale}: argument x is {both}"));
    let launched = kernel.launch(&other_stream, 1, scale::Args { factor: 1.0, x: &low, y: &mut y, len: 4 });
    assert_eq!(launched.unwrap_err().to_string(), "the stream belongs to another device");
    let launched = by_hand.launch(&stream, 1, Bound(vec![BoundArgument::scalar("by", 1_u32)]));
    assert_eq!(launched.unwrap_err().to_string(), format!("bump at {place} takes 2 arguments; 1 given"));
    let error = device.kernel(scale::Tile(100)).unwrap_err();
    assert_eq!(error.to_string(), format!("{scale}: TILE = 100 is not allowed; candidates are [32, 64, 128]"));

    assert_eq!(fake::take_calls(), [""; 0]);
}
