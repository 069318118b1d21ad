//! A struct of kernel values that moves between the lanes of a wave: the K largest values of each row, with their places.
//!
//! Each lane keeps the best of its part of the row in registers, sorted; then the wave takes the best lane's first K times.

use greta::prelude::*;

/// How many are taken of a row.
const K: usize = 4;

/// A value and where it stands.
#[derive(KernelValue)]
struct Candidate {
    value: f32,
    column: u32,
}

#[device]
impl Candidate {
    /// What every value comes before.
    fn none() -> Self {
        Self { value: f32::NEG_INFINITY, column: u32::MAX }
    }

    /// Whether it comes before another one: by value, of equal values by place.
    fn is_before(self, other: Self) -> bool {
        self.value > other.value || (self.value == other.value && self.column < other.column)
    }

    /// That of all lanes which comes before the others.
    fn first_of_wave(self) -> Self {
        let mut first = self;
        let mut mask = WAVE / 2;
        while mask > 0 {
            let other = Self { value: shuffle_xor(first.value, mask), column: shuffle_xor(first.column, mask) };
            first = if other.is_before(first) { other } else { first };
            mask /= 2;
        }
        first
    }
}

/// values[row, j], places[row, j] = the j-th largest of x[row] and its column, for j below K
/// x: [rows, columns] f32, without NaN; columns is at least K. A wave a row; memory-bound: 4 B an element.
#[kernel(block = 256, require(x.len() == rows * columns))]
pub fn top_k(x: &Global<f32>, values: &mut Global<f32>, places: &mut Global<u32>, rows: u32, columns: u32) {
    let row = (block_idx().x * BLOCK + thread_idx().x) / WAVE;
    if row >= rows {
        return;
    }
    let mut best = [f32::NEG_INFINITY; K];
    let mut at = [u32::MAX; K];
    for column in (lane_id()..columns).step_by(WAVE) {
        // The value takes its place in the list, and what it displaces the next one.
        let mut moved = Candidate { value: x[row * columns + column], column };
        #[unroll]
        for k in 0..K {
            let kept = Candidate { value: best[k], column: at[k] };
            if moved.is_before(kept) {
                best[k] = moved.value;
                at[k] = moved.column;
                moved = kept;
            }
        }
    }
    let mut taken = 0;
    for j in 0..K {
        let own = if taken < K { Candidate { value: best[taken], column: at[taken] } } else { Candidate::none() };
        let first = own.first_of_wave();
        // No two lanes have the same column.
        taken += (own.column == first.column) as u32;
        if lane_id() == 0 {
            values[row * K + j] = first.value;
            places[row * K + j] = first.column;
        }
    }
}

/// The K largest values of a row and their columns.
fn largest(row: &[f32]) -> Vec<(f32, u32)> {
    let mut all: Vec<(f32, u32)> = row.iter().copied().zip(0..).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all.truncate(K);
    all
}

fn main() -> Result<(), greta::Error> {
    let device = Device::open_default()?;
    let stream = device.stream()?;
    let (rows, columns) = (6_u32, 1000_u32);
    // Of 509 different numbers: a row has some of them twice.
    let x: Vec<f32> = (0..rows * columns).map(|i| (i.wrapping_mul(2_654_435_761) % 509) as f32 / 4.0 - 50.0).collect();
    let buffer = device.buffer_from(&x)?;
    let results = rows as usize * K;
    let (mut values, mut places) = (device.zeroed(results)?, device.zeroed(results)?);
    let kernel = device.kernel(top_k::variant())?;
    let blocks = (rows * device.target().wave).div_ceil(256);
    let args = top_k::Args { x: &buffer, values: &mut values, places: &mut places, rows, columns };
    kernel.launch(&stream, blocks, args)?;
    let (values, places) = (values.read(&stream)?, places.read(&stream)?);
    let found: Vec<(f32, u32)> = values.into_iter().zip(places).collect();
    for (row, found) in x.chunks(columns as usize).zip(found.chunks(K)) {
        assert_eq!(found, largest(row), "the {K} largest of a row");
        println!("{found:?}");
    }
    Ok(())
}
