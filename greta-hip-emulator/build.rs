//! Gives the shared library the name that programs record when they are linked with ROCm 6.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg=-Wl,-soname,libamdhip64.so.6");
}
