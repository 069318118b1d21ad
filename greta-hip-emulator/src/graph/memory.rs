//! Memory of graphs: taken when its node is added, so that others can name it, and kept as long as a node knows it.

use std::sync::Arc;

use crate::memory::Kind;
use crate::runtime::runtime;
use crate::status::Outcome;

/// A block that belongs to nodes. The program may free it before; then the nodes no longer do.
#[derive(Debug)]
pub(crate) struct GraphBlock {
    pub(crate) address: u64,
    pub(crate) bytes: usize,
    pub(crate) device: usize,
}

impl GraphBlock {
    pub(crate) fn take(device: usize, bytes: usize) -> Outcome<Arc<Self>> {
        let address = runtime().blocks.allocate(device, bytes, runtime().graph_pool(device))?;
        Ok(Arc::new(Self { address, bytes, device }))
    }
}

impl Drop for GraphBlock {
    fn drop(&mut self) {
        // Addresses are given out once, so that this is no other block; the program may have freed it.
        let _ = runtime().blocks.free(self.address, &[Kind::Device]);
    }
}
