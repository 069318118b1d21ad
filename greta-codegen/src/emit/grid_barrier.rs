//! The function by which all threads of a launch wait for each other: one text, with what the dialects spell otherwise.
//!
//! On gfx942 a fence of agent scope writes the second cache back (`buffer_wbl2 sc1`) or invalidates it and the first one
//! (`buffer_inv sc1`): each of the chiplets has its own. It waits for the writes of its own wave only, and
//! `__syncthreads()` for none, so every wave waits for its writes before the block meets. Where its wave has no writes under
//! way, hiprtc leaves out the wait for what is written back, so that stands here too. The scalar cache needs no care: what
//! the atomic addition may change, as far as the compiler knows, it loads by vector instructions, and buffers that the
//! kernel writes are not `__restrict__`. One wave invalidates for its block, whose waves share the first cache, as they do in
//! LLVM's memory model where they acquire from each other. On NVIDIA a fence orders also what other threads wrote before
//! `__syncthreads()`.

use super::dialect::Dialect;
use crate::target::Family;

/// What a dialect says for the steps of the barrier.
struct Steps {
    /// In every thread, so that the release finds what its wave has written.
    settle: &'static [&'static str],
    /// So that the grid sees what the block has written.
    release: &'static [&'static str],
    /// Adds a block's share; gives what was there before.
    add: &'static str,
    /// What is there now.
    load: &'static str,
    /// Between two looks.
    pause: Option<&'static str>,
    /// So that the block sees what the grid has written.
    acquire: &'static str,
}

const HIP: Steps = Steps {
    settle: &[
        "// The release below waits for the writes of one wave only.",
        "__builtin_amdgcn_fence(__ATOMIC_RELEASE, \"workgroup\");",
        "__builtin_amdgcn_s_waitcnt(0);",
    ],
    release: &["__builtin_amdgcn_fence(__ATOMIC_RELEASE, \"agent\");", "__builtin_amdgcn_s_waitcnt(0);"],
    add: "__hip_atomic_fetch_add(arrivals, share, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)",
    load: "__hip_atomic_load(arrivals, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)",
    pause: Some("__builtin_amdgcn_s_sleep(1);"),
    acquire: "__builtin_amdgcn_fence(__ATOMIC_ACQUIRE, \"agent\");",
};

const CUDA: Steps = Steps {
    settle: &[],
    release: &["asm volatile(\"fence.acq_rel.gpu;\" ::: \"memory\");"],
    add: "atomicAdd(arrivals, share)",
    load: "*static_cast<volatile uint32_t*>(arrivals)",
    pause: None,
    acquire: "asm volatile(\"fence.acq_rel.gpu;\" ::: \"memory\");",
};

/// The function's text.
pub(super) fn lines(dialect: &Dialect) -> Vec<String> {
    let Steps { settle, release, add, load, pause, acquire } = match dialect.family {
        Family::Amd => HIP,
        Family::Nvidia => CUDA,
    };
    let indented = |lines: &[&str], by: usize| -> Vec<String> {
        lines.iter().map(|line| format!("{:1$}{line}", "", 4 * by)).collect()
    };
    let mut lines = vec![
        "// Waits for all threads of the launch, and sees what they have written. Once every block has added its share, the".to_owned(),
        "// highest bit is another, and the others are zero again.".to_owned(),
        format!("{} void grid_barrier(uint32_t* arrivals) {{", dialect.device),
    ];
    lines.extend(indented(settle, 1));
    lines.extend(indented(&["__syncthreads();", "if (threadIdx.x + threadIdx.y + threadIdx.z == 0) {"], 1));
    let share = [
        "const uint32_t others = gridDim.x * gridDim.y * gridDim.z - 1;",
        "const uint32_t share = blockIdx.x + blockIdx.y + blockIdx.z == 0 ? 0x80000000u - others : 1;",
    ];
    lines.extend(indented(&share, 2));
    lines.extend(indented(release, 2));
    lines.extend(indented(&[&format!("const uint32_t before = {add};")], 2));
    let wait = format!("while ((({load} ^ before) >> 31) == 0) {{");
    lines.extend(match pause {
        Some(pause) => indented(&[&wait, &format!("    {pause}"), "}"], 2),
        None => indented(&[&format!("{wait}}}")], 2),
    });
    lines.extend(indented(&[acquire], 2));
    lines.extend(indented(&["}", "__syncthreads();"], 1));
    lines.push("}".to_owned());
    lines
}
