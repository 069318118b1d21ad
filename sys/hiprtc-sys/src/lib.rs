//! Tables of the hiprtc and comgr C APIs, loaded at run time: builds without ROCm.

pub mod comgr;

/// File names that hiprtc has, the likeliest first.
pub const LIBRARY_NAMES: &[&str] = &["libhiprtc.so", "libhiprtc.so.7", "libhiprtc.so.6"];
