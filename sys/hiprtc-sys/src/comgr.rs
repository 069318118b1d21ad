//! A minimal table of AMD's code object manager: what disassembly needs.

/// File names that the code object manager has, the likeliest first.
pub const LIBRARY_NAMES: &[&str] = &["libamd_comgr.so", "libamd_comgr.so.3", "libamd_comgr.so.2"];
