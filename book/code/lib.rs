//! The code that the book shows, compiled and run by its tests, and the book's build.
//!
//! A chapter includes these files by their anchors, and the HIP C++ that each kernel becomes from `src/hip/`, which a
//! test keeps current: `UPDATE=1 cargo test -p greta-book --test hip` writes it anew.

pub mod devices;
pub mod first_kernel;
pub mod graphs;
pub mod mistakes;
pub mod reference;
pub mod snapshots;
pub mod tiles;
pub mod tuning;

use std::path::Path;

use greta::rt::KernelDefinition;
use mdbook_driver::MDBook;

/// Every kernel of which the book shows the HIP C++.
pub const KERNELS: &[&KernelDefinition] = &[
    &first_kernel::axpy::DEFINITION,
    &mistakes::look_up::DEFINITION,
    &reference::atomics::histogram::DEFINITION,
    &reference::ballots::keep_positive::DEFINITION,
    &reference::control::digits::DEFINITION,
    &reference::copies::streamed::DEFINITION,
    &reference::copies::weighted_rows::DEFINITION,
    &reference::dynamic::accelerations::DEFINITION,
    &reference::foreign::reciprocals::DEFINITION,
    &reference::functions::activated::DEFINITION,
    &reference::generics::ease::DEFINITION,
    &reference::grid::shares::DEFINITION,
    &reference::items::polynomial::DEFINITION,
    &reference::labels::first_pair::DEFINITION,
    &reference::lengths::differences::DEFINITION,
    &reference::loops::row_sums::DEFINITION,
    &reference::mathematics::silu_twice::DEFINITION,
    &reference::memory::transpose::DEFINITION,
    &reference::methods::variances::DEFINITION,
    &reference::number_types::widen::DEFINITION,
    &reference::parameters::clamped::DEFINITION,
    &reference::scans::keep_above::DEFINITION,
    &reference::structs::rotate::DEFINITION,
    &reference::tables::blur::DEFINITION,
    &reference::threads::softmax_row::DEFINITION,
    &reference::values::quantize::DEFINITION,
    &reference::vectors::add_vectors::DEFINITION,
    &reference::vectors::normalized::DEFINITION,
    &tiles::multiply_tile::DEFINITION,
    &tiles::multiply_padded::DEFINITION,
    &tiles::multiply_xf32::DEFINITION,
    &tuning::scale_rows::DEFINITION,
];

/// Builds the book as HTML into a folder.
///
/// # Errors
///
/// What mdBook finds wrong: a chapter that is missing, a folder that cannot be written.
pub fn build(folder: &Path) -> mdbook_driver::errors::Result<()> {
    let mut book = MDBook::load(env!("CARGO_MANIFEST_DIR"))?;
    book.config.build.build_dir = folder.to_path_buf();
    book.build()
}
