//! What a launch has in memory of its own: the dispatch packet, the queue's record and the arguments,
//! hidden ones included. Layouts are those of the HSA standard and of LLVM's AMDGPU usage guide.

use super::Launch;
use crate::Fault;
use crate::execute::{PRIVATE_BASE, SHARED_BASE};
use crate::host::Host;
use crate::memory::Allocation;
use crate::object::{Argument, ArgumentKind};

/// Where it is.
pub(super) const PACKET_ADDRESS: u64 = 0x6000_0000_0000;
pub(super) const QUEUE_ADDRESS: u64 = PACKET_ADDRESS + 256;
pub(super) const ARGUMENTS_ADDRESS: u64 = QUEUE_ADDRESS + 256;
/// Bytes of arguments: more are refused.
const ARGUMENTS_LIMIT: u64 = 1 << 20;
/// Where the queue's record has the high halves of the apertures' addresses.
const QUEUE_APERTURES: u64 = 64;

/// It, and what serves the kernel from there.
pub(super) struct Own {
    pub(super) memory: Allocation,
    pub(super) host: Host,
}

/// What the arguments take: those that were given, and what the object says of them.
fn argument_bytes(launch: &Launch<'_>) -> u64 {
    let arguments = &launch.kernel.metadata.arguments;
    let end = arguments.iter().map(|argument| u64::from(argument.offset) + u64::from(argument.bytes)).max();
    let kernarg = u64::from(launch.kernel.descriptor.kernarg_bytes);
    end.unwrap_or(0).max(launch.arguments.len() as u64).max(kernarg)
}

/// Places it.
///
/// # Errors
/// When the arguments are too large, or the machine has no room for them.
pub(super) fn place(launch: &Launch<'_>) -> Result<Own, Fault> {
    let bytes = argument_bytes(launch);
    if bytes > ARGUMENTS_LIMIT {
        let kernel = launch.kernel.metadata.name.clone();
        return Err(Fault::ArgumentsTooLarge { kernel, bytes, limit: ARGUMENTS_LIMIT });
    }
    // Compilers load whole tuples of registers, up to 64 bytes, where only their start is used.
    let (host, end) = Host::new(launch.kernel, ARGUMENTS_ADDRESS + bytes.next_multiple_of(64));
    let bytes = end - PACKET_ADDRESS;
    let purpose = "a launch's arguments and what it prints";
    let memory = Allocation::new(PACKET_ADDRESS, bytes).ok_or(Fault::OutOfMemory { bytes, purpose })?;
    fill(launch, &memory, &host);
    Ok(Own { memory, host })
}

/// Writes what the kernel finds there when it starts.
fn fill(launch: &Launch<'_>, memory: &Allocation, host: &Host) {
    let put = |address: u64, bytes: &[u8]| {
        let is_inside = memory.write(address, bytes);
        debug_assert!(is_inside, "invariant: the memory has room for the arguments, of which this is one");
    };
    put(ARGUMENTS_ADDRESS, launch.arguments);
    for argument in launch.kernel.metadata.arguments.iter().filter(|argument| argument.kind.is_hidden()) {
        let value = hidden_value(launch, host, argument).to_le_bytes();
        put(ARGUMENTS_ADDRESS + u64::from(argument.offset), &value[..(argument.bytes as usize).min(8)]);
    }
    put(PACKET_ADDRESS, &packet(launch));
    put(QUEUE_ADDRESS + QUEUE_APERTURES, &high(SHARED_BASE).to_le_bytes());
    put(QUEUE_ADDRESS + QUEUE_APERTURES + 4, &high(PRIVATE_BASE).to_le_bytes());
}

fn high(address: u64) -> u32 {
    (address >> 32) as u32
}

/// The dispatch packet: sizes of workgroup and grid, scratch, LDS, address of the arguments.
fn packet(launch: &Launch<'_>) -> [u8; 64] {
    let mut packet = [0; 64];
    let mut put = |at: usize, bytes: &[u8]| packet[at..at + bytes.len()].copy_from_slice(bytes);
    put(2, &dimensions(launch).to_le_bytes());
    for (index, (&size, &groups)) in launch.block.iter().zip(&launch.grid).enumerate() {
        put(4 + 2 * index, &(size as u16).to_le_bytes());
        put(12 + 4 * index, &size.wrapping_mul(groups).to_le_bytes());
    }
    put(24, &launch.kernel.descriptor.private_bytes.to_le_bytes());
    put(28, &launch.shared_bytes().to_le_bytes());
    put(40, &ARGUMENTS_ADDRESS.to_le_bytes());
    packet
}

fn dimensions(launch: &Launch<'_>) -> u16 {
    let last = launch.grid.iter().zip(&launch.block).rposition(|(&grid, &block)| grid > 1 || block > 1);
    last.map_or(1, |last| last as u16 + 1)
}

fn hidden_value(launch: &Launch<'_>, host: &Host, argument: &Argument) -> u64 {
    match argument.kind {
        ArgumentKind::HiddenBlockCountX => u64::from(launch.grid[0]),
        ArgumentKind::HiddenBlockCountY => u64::from(launch.grid[1]),
        ArgumentKind::HiddenBlockCountZ => u64::from(launch.grid[2]),
        ArgumentKind::HiddenGroupSizeX => u64::from(launch.block[0]),
        ArgumentKind::HiddenGroupSizeY => u64::from(launch.block[1]),
        ArgumentKind::HiddenGroupSizeZ => u64::from(launch.block[2]),
        ArgumentKind::HiddenGridDims => u64::from(dimensions(launch)),
        ArgumentKind::HiddenDynamicLdsSize => u64::from(launch.dynamic_shared_bytes),
        ArgumentKind::HiddenPrivateBase => u64::from(high(PRIVATE_BASE)),
        ArgumentKind::HiddenSharedBase => u64::from(high(SHARED_BASE)),
        ArgumentKind::HiddenQueuePtr => QUEUE_ADDRESS,
        // Offsets and remainders are 0, since grids are of whole workgroups; there is no device heap, so that what
        // needs one faults at address 0.
        kind => host.address(kind).unwrap_or(0),
    }
}
