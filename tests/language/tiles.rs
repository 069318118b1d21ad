//! Tiles in shared memory, with padding and swizzled.

use crate::{LEN, device, floats};
use greta::prelude::*;

/// A column after the other of the 8 by 16 elements from `row`, `column` on of a matrix.
#[kernel(tile(PADDING = 4 in [0, 4]), block = (32, 2))]
pub fn tile_columns(x: &Global<f32>, y: &mut Global<f32>, rows: u32, columns: u32, row: u32, column: u32) {
    let t = thread_idx().y * 32 + thread_idx().x;
    let i = block_idx().x * BLOCK + t;
    let mut tile = SharedTile::<f32>::new(8, 16, PADDING);
    tile.load_from(x, rows, columns, row, column);
    barrier();
    y[i] = tile.get(i % 8, i / 8);
    barrier();
    tile.set(t % 8, t / 8, y[i] + 1.0);
    barrier();
    y[i] = tile.get(t % 8, t / 8) - 1.0;
}

#[test]
fn a_tile_is_loaded_row_by_row_and_read_column_by_column() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    // A whole tile; one past both edges, by 16 bytes and in rows that those do not divide.
    for (padding, [rows, columns, row, column]) in [0, 4]
        .into_iter()
        .flat_map(|padding| [[8, 16, 0, 0], [8, 16, 3, 8], [9, 14, 2, 4]].map(|shape| (padding, shape)))
    {
        let mut y = device.zeroed(LEN).unwrap();
        let kernel = device.kernel(tile_columns::variant().padding(padding)).unwrap();
        kernel.launch(&stream, 2, tile_columns::Args { x: &x, y: &mut y, rows, columns, row, column }).unwrap();
        for (i, value) in (0..).zip(y.read(&stream).unwrap()) {
            let (r, c) = (row + i % 8, column + i / 8);
            let inside = r < rows && c < columns;
            let element = if inside { input[(r * columns + c) as usize] } else { 0.0 };
            assert_eq!(value, (element + 1.0) - 1.0, "padding {padding}, row {r}, column {c} of {rows} by {columns}");
        }
    }
}

/// y = x * x^T for a 16 by 32 matrix x.
#[kernel(tile(PADDING = 0 in [0, 4]), block = 64)]
pub fn tile_products(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = SharedTile::<f32>::new(16, 32, PADDING);
    tile.load_from(x, 16, 32, 0, 0);
    barrier();
    let rows = x.rows(32);
    let mut products = y.rows_mut(16);
    let mut sum = Accumulator::<F32_16x16x4>::zero();
    for k in (0..32).step_by(4) {
        let a = FragmentA::<F32_16x16x4>::load(&tile, 0, k);
        let b = FragmentB::<F32_16x16x4>::load_transposed(&rows, k, 0);
        sum = mma(a, b, sum);
    }
    if wave_id() == 0 {
        sum.store(&mut products, 0, 0);
    }
}

/// y = x * x^T for a 16 by 32 matrix x, whose fragments are loaded by 8 bytes.
#[kernel(tile(PADDING = 0 in [0, 8]), block = 64)]
pub fn half_tile_products(x: &Global<f16>, y: &mut Global<f32>) {
    let mut tile = SharedTile::<f16>::new(16, 32, PADDING);
    tile.load_from(x, 16, 32, 0, 0);
    barrier();
    let mut sum = Accumulator::<F16_16x16x16>::zero();
    for k in (0..32).step_by(16) {
        let a = FragmentA::<F16_16x16x16>::load_vector(&tile, 0, k);
        let b = FragmentB::<F16_16x16x16>::load_transposed_vector(&tile, k, 0);
        sum = mma(a, b, sum);
    }
    if wave_id() == 0 {
        sum.store(&mut y.rows_mut(16), 0, 0);
    }
}

/// Small integers: every sum of products of two rows of 32 is exact.
fn element(index: u32) -> f32 {
    (index.wrapping_mul(2_654_435_761) >> 28) as f32 - 7.0
}

fn products() -> Vec<f32> {
    let of = |i: u32, j: u32| (0..32).map(|k| element(i * 32 + k) * element(j * 32 + k)).sum();
    (0..256).map(|at| of(at / 16, at % 16)).collect()
}

#[test]
fn fragments_are_loaded_from_a_tile() {
    let device = device();
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&(0..512).map(element).collect::<Vec<f32>>()).unwrap();
    for padding in [0, 4] {
        let mut y = device.zeroed(256).unwrap();
        let kernel = device.kernel(tile_products::variant().padding(padding)).unwrap();
        kernel.launch(&stream, 1, tile_products::Args { x: &x, y: &mut y }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), products(), "padding {padding}");
    }
}

#[test]
fn vectors_of_halves_are_loaded_from_a_tile() {
    let device = device();
    // The instruction is gfx942's: no other target has it.
    if device.info().wave != 64 {
        return;
    }
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&(0..512).map(|i| f16::from_f32(element(i))).collect::<Vec<f16>>()).unwrap();
    for padding in [0, 8] {
        let mut y = device.zeroed(256).unwrap();
        let kernel = device.kernel(half_tile_products::variant().padding(padding)).unwrap();
        kernel.launch(&stream, 1, half_tile_products::Args { x: &x, y: &mut y }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), products(), "padding {padding}");
    }
}

crate::kernels!(tile_columns, tile_products, half_tile_products);
