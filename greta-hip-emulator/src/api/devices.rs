//! Devices: how many, what they are, which is the thread's, and who reaches whose memory.

use std::ffi::{c_char, c_int, c_uint, c_void};

use hip_sys::hipDeviceProp_tR0600;

use crate::capture;
use crate::device::{self, MEMORY_BYTES, NAME};
use crate::errors::{
    hipErrorInvalidDevice, hipErrorInvalidValue, hipErrorNoDevice, hipErrorPeerAccessAlreadyEnabled,
    hipErrorPeerAccessNotEnabled, hipErrorUnsupportedLimit,
};
use crate::procedure::list;
use crate::runtime::{self, current_device, runtime, set_peer, streams_of};
use crate::status::{Outcome, hip};
use crate::types::hipDevice_t;

use super::{name, put};

/// ROCm 6.4.0, as HIP counts: major · 10^7 + minor · 10^5 + patch.
const VERSION: c_int = 60_400_000;
/// Stack of a thread, in bytes.
const STACK_BYTES: usize = 1024;
/// Heap of device-side `malloc`, in bytes.
const HEAP_BYTES: usize = 4 << 20;

/// Writes text as C wants it: cut to fit, with its NUL.
///
/// # Safety
///
/// `place` is null or valid for `len` bytes.
unsafe fn put_text(place: *mut c_char, len: c_int, text: &str) -> Outcome {
    let room = usize::try_from(len).ok().filter(|&len| len > 0 && !place.is_null()).ok_or(hipErrorInvalidValue)?;
    let count = text.len().min(room - 1);
    // SAFETY: as the caller's contract says.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), place.cast(), count);
        place.add(count).write(0);
    }
    Ok(())
}

fn pci_name(device: usize) -> String {
    format!("0000:{:02x}:00.0", device::pci_bus(device))
}

hip! {
    /// Starts the runtime; `flags` is 0.
    fn hipInit(flags: c_uint) {
        match (flags, runtime().device_count) {
            (0, 0) => Err(hipErrorNoDevice.into()),
            (0, _) => Ok(()),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// The driver's version.
    fn hipDriverGetVersion(version: *mut c_int) {
        put(version, VERSION)
    }

    /// The runtime's version.
    fn hipRuntimeGetVersion(version: *mut c_int) {
        put(version, VERSION)
    }

    /// Number of devices: 1, or as `GRETA_EMULATOR_DEVICES` says.
    fn hipGetDeviceCount(count: *mut c_int) {
        put(count, runtime().device_count as c_int)?;
        if runtime().device_count == 0 { Err(hipErrorNoDevice.into()) } else { Ok(()) }
    }

    /// The thread's device.
    fn hipGetDevice(device: *mut c_int) {
        put(device, current_device() as c_int)
    }

    /// Makes a device the thread's.
    fn hipSetDevice(device: c_int) {
        runtime::set_device(runtime::device(device)?);
        Ok(())
    }

    /// Limits which devices a program uses; every device is a valid one.
    fn hipSetValidDevices(devices: *mut c_int, count: c_int) {
        if count > 0 && devices.is_null() { Err(hipErrorInvalidValue.into()) } else { Ok(()) }
    }

    /// The device of a number.
    fn hipDeviceGet(device: *mut hipDevice_t, ordinal: c_int) {
        put(device, runtime::device(ordinal)? as c_int)
    }

    /// A device's name.
    fn hipDeviceGetName(text: *mut c_char, len: c_int, device: hipDevice_t) {
        runtime::device(device)?;
        put_text(text, len, NAME)
    }

    /// A device's unique number.
    fn hipDeviceGetUuid(uuid: *mut [u8; 16], device: hipDevice_t) {
        put(uuid, device::uuid(runtime::device(device)?))
    }

    /// Properties, in the layout of ROCm 6.
    fn hipGetDevicePropertiesR0600(properties: *mut hipDeviceProp_tR0600, device: c_int) {
        put(properties, device::properties(runtime::device(device)?))
    }

    /// The device most like the properties: the first.
    fn hipChooseDeviceR0600(device: *mut c_int, properties: *const hipDeviceProp_tR0600) {
        if properties.is_null() { Err(hipErrorInvalidValue.into()) } else { put(device, 0) }
    }

    /// An attribute of a device.
    fn hipDeviceGetAttribute(value: *mut c_int, attribute: c_int, device: c_int) {
        let device = runtime::device(device)?;
        put(value, device::opt_attribute(device, attribute).ok_or(hipErrorInvalidValue)?)
    }

    /// The architecture's numbers.
    fn hipDeviceComputeCapability(major: *mut c_int, minor: *mut c_int, device: hipDevice_t) {
        runtime::device(device)?;
        put(major, 9)?;
        put(minor, 4)
    }

    /// A device's memory, in bytes.
    fn hipDeviceTotalMem(bytes: *mut usize, device: hipDevice_t) {
        runtime::device(device)?;
        put(bytes, MEMORY_BYTES as usize)
    }

    /// A device's place on the bus, as text; less room cuts it, which is an error.
    fn hipDeviceGetPCIBusId(text: *mut c_char, len: c_int, device: c_int) {
        let place = pci_name(runtime::device(device)?);
        put_text(text, len, &place)?;
        if len as usize > place.len() { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }

    /// The device at a place on the bus.
    fn hipDeviceGetByPCIBusId(device: *mut c_int, place: *const c_char) {
        let wanted = name(place)?.to_ascii_lowercase();
        let found = (0..runtime().device_count).find(|&device| pci_name(device) == wanted);
        put(device, found.ok_or(hipErrorInvalidValue)? as c_int)
    }

    /// Waits for the device's work; gives the first failure of its streams.
    fn hipDeviceSynchronize() {
        synchronize()
    }

    /// Forgets the failures of the device's streams. Memory and handles stay.
    fn hipDeviceReset() {
        runtime::finish_all();
        streams_of(current_device()).iter().for_each(|stream| stream.reset());
        Ok(())
    }

    /// How the host waits, in the lowest three bits, of no effect; two more say what is so anyhow.
    fn hipSetDeviceFlags(flags: c_uint) {
        let is_one_way = matches!(flags & 7, 0 | 1 | 2 | 4);
        if is_one_way && flags < 32 { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }

    /// How the host waits.
    fn hipGetDeviceFlags(flags: *mut c_uint) {
        put(flags, 0)
    }

    /// Asks for a division between cache and LDS, of which the hardware has none.
    fn hipDeviceSetCacheConfig(_preference: c_uint) {
        Ok(())
    }

    /// The division between cache and LDS: none is preferred.
    fn hipDeviceGetCacheConfig(preference: *mut c_uint) {
        put(preference, 0)
    }

    /// Asks for a width of LDS banks, which the hardware does not change.
    fn hipDeviceSetSharedMemConfig(_width: c_uint) {
        Ok(())
    }

    /// The width of LDS banks: 4 bytes, which is 1.
    fn hipDeviceGetSharedMemConfig(width: *mut c_uint) {
        put(width, 1)
    }

    /// A limit of the device's runtime, in bytes: 0 a thread's stack, 2 the heap.
    fn hipDeviceGetLimit(bytes: *mut usize, limit: c_uint) {
        put(bytes, limit_bytes(limit)?)
    }

    /// Asks for a limit: the emulator has what a kernel needs.
    fn hipDeviceSetLimit(limit: c_uint, _bytes: usize) {
        limit_bytes(limit).map(|_| ())
    }

    /// Whether a device may reach another's memory.
    fn hipDeviceCanAccessPeer(can: *mut c_int, device: c_int, peer: c_int) {
        put(can, c_int::from(runtime::device(device)? != runtime::device(peer)?))
    }

    /// Turns access to another device's memory on. Access works whether or not it is on.
    fn hipDeviceEnablePeerAccess(peer: c_int, flags: c_uint) {
        let (device, peer) = (current_device(), runtime::device(peer)?);
        match (flags, device == peer) {
            (0, false) if set_peer(device, peer, true) => Ok(()),
            (0, false) => Err(hipErrorPeerAccessAlreadyEnabled.into()),
            (0, true) => Err(hipErrorInvalidDevice.into()),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Turns access to another device's memory off.
    fn hipDeviceDisablePeerAccess(peer: c_int) {
        let was_on = set_peer(current_device(), runtime::device(peer)?, false);
        if was_on { Ok(()) } else { Err(hipErrorPeerAccessNotEnabled.into()) }
    }

    /// What a link between two devices can do: 1 access, 2 atomics, 3 arrays; 0 is its rank.
    fn hipDeviceGetP2PAttribute(value: *mut c_int, attribute: c_uint, device: c_int, peer: c_int) {
        if value.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        if runtime::device(device)? == runtime::device(peer)? {
            return Err(hipErrorInvalidDevice.into());
        }
        if attribute > 3 {
            return Err(hipErrorInvalidValue.into());
        }
        put(value, c_int::from(attribute != 3))
    }

    /// The kind of link between two devices, 4 for XGMI, and its length.
    fn hipExtGetLinkTypeAndHopCount(device: c_int, peer: c_int, kind: *mut u32, hops: *mut u32) {
        if runtime::device(device)? == runtime::device(peer)? {
            return Err(hipErrorInvalidValue.into());
        }
        put(kind, 4)?;
        put(hops, 1)
    }
}

fn limit_bytes(limit: c_uint) -> Outcome<usize> {
    match limit {
        0 => Ok(STACK_BYTES),
        1 => Err(hipErrorUnsupportedLimit.into()),
        2 => Ok(HEAP_BYTES),
        _ => Err(hipErrorInvalidValue.into()),
    }
}

/// The name of a call, for profilers.
#[unsafe(no_mangle)]
pub extern "C" fn hipApiName(_id: u32) -> *const c_char {
    c"unknown".as_ptr()
}

list!(hipApiName);

/// Waits for the thread's device.
pub(super) fn synchronize() -> Outcome {
    capture::forbid_unsafe_call()?;
    runtime::finish_all();
    streams_of(current_device()).iter().find_map(|stream| stream.failure()).map_or(Ok(()), Err)
}

/// A host pointer as a handle-sized number.
pub(super) fn address(pointer: *const c_void) -> usize {
    pointer.expose_provenance()
}
