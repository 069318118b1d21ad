//! A snapshot test of a kernel's HIP C++.

// ANCHOR: test
#[cfg(test)]
mod tests {
    use greta::prelude::*;

    use crate::first_kernel::axpy;

    #[test]
    fn the_hip_of_axpy() {
        insta::assert_snapshot!(axpy::variant().hip().unwrap());
    }
}
// ANCHOR_END: test
