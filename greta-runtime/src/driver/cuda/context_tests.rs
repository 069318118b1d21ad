//! Launches from threads that are not in the device's context, on a machine with a GPU of NVIDIA's.

use cudarc::driver::sys::{self, CUcontext, CUresult};

use crate::device::Device;
use crate::graph::Mode;
use crate::test_kernels::scale;

/// Launches a kernel and a graph from fresh threads, each in a context of its own or in none.
fn launch_from_a_thread(other_context: bool) {
    let Ok(device) = Device::open("cuda") else {
        eprintln!("skipped: no GPU of NVIDIA's");
        return;
    };
    let stream = device.stream().unwrap();
    let kernel = device.kernel(scale::variant()).unwrap();
    let x = device.buffer_from(&[1.0_f32, 2.0, 3.0]).unwrap();
    let (mut y, mut z) = (device.zeroed(3).unwrap(), device.zeroed(3).unwrap());
    let mut graph = device.graph();
    graph.add(&kernel, 1, scale::Args { factor: 2.0, x: &x, y: &mut z, len: 3 }).unwrap();
    let graph = graph.instantiate_as(Mode::Graph).unwrap();
    for is_graph in [false, true] {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let opt_context = other_context.then(Context::new);
                if is_graph {
                    graph.launch(&stream).unwrap();
                } else {
                    kernel.launch(&stream, 1, scale::Args { factor: 3.0, x: &x, y: &mut y, len: 3 }).unwrap();
                }
                drop(opt_context);
            });
        });
    }
    stream.synchronize().unwrap();
    assert_eq!(y.download().unwrap(), [3.0, 6.0, 9.0]);
    assert_eq!(z.download().unwrap(), [2.0, 4.0, 6.0]);
}

#[test]
fn a_thread_without_a_context_launches() {
    launch_from_a_thread(false);
}

#[test]
fn a_thread_in_another_context_launches() {
    launch_from_a_thread(true);
}

/// A context that is not the device's, and is the thread's when it is made.
struct Context(CUcontext);

impl Context {
    fn new() -> Self {
        let mut context = std::ptr::null_mut();
        // SAFETY: `context` is written during the call only, and the first GPU is there: a device of it is open.
        let status = unsafe { sys::cuCtxCreate_v4(&raw mut context, std::ptr::null_mut(), 0, 0) };
        assert_eq!(status, CUresult::CUDA_SUCCESS);
        Self(context)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context was made once, and nothing was made in it.
        let status = unsafe { sys::cuCtxDestroy_v2(self.0) };
        assert_eq!(status, CUresult::CUDA_SUCCESS);
    }
}
