//! sys/hip-sys
