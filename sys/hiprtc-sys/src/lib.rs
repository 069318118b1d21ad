//! sys/hiprtc-sys
