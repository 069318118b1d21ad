//! A minimal table of AMD's code object manager, comgr: disassembly, one instruction at a time,
//! which every version of the library has.

use std::ffi::{c_char, c_int, c_void};

/// File names that the code object manager has, in the order in which they are tried.
pub const LIBRARY_NAMES: &[&str] = &["libamd_comgr.so", "libamd_comgr.so.3", "libamd_comgr.so.2"];

/// Status of every call; 0 is success.
pub type amd_comgr_status_t = c_int;
/// The call succeeded.
pub const AMD_COMGR_STATUS_SUCCESS: amd_comgr_status_t = 0;

/// A disassembler for one target.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct amd_comgr_disassembly_info_t {
    /// The library's own number for it.
    pub handle: u64,
}

/// Copies at most `size` bytes of the program at `from` into `to`, and returns how many.
pub type ReadMemory = unsafe extern "C" fn(from: u64, to: *mut c_char, size: u64, user_data: *mut c_void) -> u64;
/// Takes the text of an instruction.
pub type PrintInstruction = unsafe extern "C" fn(instruction: *const c_char, user_data: *mut c_void);
/// Takes an address that an operand of the instruction resolves to.
pub type PrintAddress = unsafe extern "C" fn(address: u64, user_data: *mut c_void);

crate::table! {
    /// The functions of the code object manager that disassembly needs.
    Comgr, "the code object manager", LIBRARY_NAMES => {
        /// Version of the library's interface.
        fn amd_comgr_get_version(major: *mut usize, minor: *mut usize) -> ();
        /// Makes a disassembler for a target such as `amdgcn-amd-amdhsa--gfx942`.
        fn amd_comgr_create_disassembly_info(
            isa_name: *const c_char,
            read_memory: ReadMemory,
            print_instruction: PrintInstruction,
            print_address: PrintAddress,
            info: *mut amd_comgr_disassembly_info_t,
        ) -> amd_comgr_status_t;
        /// Destroys a disassembler.
        fn amd_comgr_destroy_disassembly_info(info: amd_comgr_disassembly_info_t) -> amd_comgr_status_t;
        /// Disassembles the instruction at an address, and gives its size in bytes.
        fn amd_comgr_disassemble_instruction(info: amd_comgr_disassembly_info_t, address: u64, user_data: *mut c_void, size: *mut u64) -> amd_comgr_status_t;
    }
}
