//! Kernels with a grid barrier over a HIP that writes calls down: by which calls they are launched, and how often it is
//! asked how many blocks fit.

use super::fake;
use super::tests::{calls, open};
use crate::device::Device;
use crate::graph::Mode;
use crate::module::Kernel;
use crate::test_kernels::meet;

/// The kernel, and where its blocks count each other.
fn kernel(device: &Device) -> (Kernel<meet::Meet>, crate::Buffer<u32>) {
    let (kernel, arrivals) = (device.kernel(meet::Meet).unwrap(), device.buffer(1).unwrap());
    fake::take_calls();
    (kernel, arrivals)
}

#[test]
fn it_is_asked_once_how_many_blocks_fit() {
    let (device, stream) = open();
    let (kernel, mut arrivals) = kernel(&device);
    let mut launch = |blocks: [u32; 3]| kernel.launch(&stream, blocks, meet::Args { arrivals: &mut arrivals });
    launch([4, 2, 1]).unwrap();
    launch([912, 1, 1]).unwrap();
    let error = launch([304, 3, 2]).unwrap_err().to_string();
    // Three of each of 304 compute units.
    assert!(error.ends_with("wait for each other at a grid_barrier; the device holds 912 of them at once"), "{error}");
    assert_eq!(kernel.resident_blocks().unwrap(), 912);
    let expected = [
        "hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(f5 64 0)",
        "hipModuleLaunchCooperativeKernel(meet m6 [4, 2, 1] [64, 1, 1] s3)",
        "hipModuleLaunchCooperativeKernel(meet m6 [912, 1, 1] [64, 1, 1] s3)",
    ];
    assert_eq!(fake::take_calls(), expected);
}

#[test]
fn nodes_are_marked_when_they_are_added_and_stay_so() {
    let (device, stream) = open();
    let (kernel, mut arrivals) = kernel(&device);
    let mut graph = device.graph();
    let node = graph.add(&kernel, 9, meet::Args { arrivals: &mut arrivals }).unwrap();
    let mut exec = graph.instantiate_as(Mode::Graph).unwrap();
    exec.launch(&stream).unwrap();
    exec.update(node, meet::Args { arrivals: &mut arrivals }).unwrap();
    let expected = [
        "hipGraphCreate(g7 flags 0)",
        "hipGraphAddKernelNode(n8 g7 after [] meet m6 [9, 1, 1] [64, 1, 1])",
        "hipGraphKernelNodeSetAttribute(n8 2 1)",
        "hipGraphInstantiate(x9 g7)",
        "hipGraphLaunch(x9 s3 runs meet m6)",
        "hipGraphExecKernelNodeSetParams(x9 n8 meet m6 [9, 1, 1] [64, 1, 1])",
    ];
    assert_eq!(calls("hipGraph"), expected);
    exec.launch_eager(&stream).unwrap();
    assert_eq!(fake::take_calls(), ["hipModuleLaunchCooperativeKernel(meet m6 [9, 1, 1] [64, 1, 1] s3)"]);
}

#[test]
fn a_failure_names_the_call_that_was_made() {
    let (device, stream) = open();
    let (kernel, mut arrivals) = kernel(&device);
    for (call, adds) in [
        ("hipModuleOccupancyMaxActiveBlocksPerMultiprocessor", false),
        ("hipModuleLaunchCooperativeKernel", false),
        ("hipGraphKernelNodeSetAttribute", true),
    ] {
        fake::fail(call, 801);
        let args = meet::Args { arrivals: &mut arrivals };
        let result = match adds {
            false => kernel.launch(&stream, 9, args),
            true => {
                let mut graph = device.graph();
                graph.add(&kernel, 9, args).unwrap();
                graph.instantiate_as(Mode::Graph).map(|_| ())
            }
        };
        fake::mend();
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{call} gave hipErrorNotSupported (801: ")), "{error}");
        assert!(error.contains("meet"), "{error}");
    }
}
