//! Draws weights and inputs from a tensor's name and a seed, bit for bit as `goldens/README.md` defines them.
//!
//! Element `i` is a hash of `(name, seed, i)`, so tensors and their parts are drawn in any order, on all cores.
//! Speed: 202 million values in a tenth of a second or two on four cores.

use rayon::prelude::*;

/// Values that a thread draws between two reports of progress.
const VALUES_PER_REPORT: usize = 1 << 18;

/// Told of progress: how many values were drawn since the last call. Called from several threads at once.
pub type Progress<'a> = &'a (dyn Fn(usize) + Sync);

/// Where a tensor's values come from: its generator's state before the first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of the tensor `FILE_STEM.NAME`.
    #[must_use]
    pub fn new(tensor: &str, seed: u64) -> Self {
        Self { state: fnv1a64(tensor.as_bytes()) ^ seed }
    }

    /// Element `index` before scaling: uniform in [-1, 1), a multiple of 2^-23, exact in `f32`.
    #[must_use]
    pub fn unit(self, index: u64) -> f32 {
        let mut z = self.state.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let top = (z ^ (z >> 31)) >> 40;
        (top as i32 - (1 << 23)) as f32 * (1.0 / 8_388_608.0)
    }

    /// Fills `out` with `value(unit)` of elements 0, 1, …, on all cores.
    pub fn fill(self, out: &mut [f32], progress: Progress<'_>, value: impl Fn(f32) -> f32 + Sync) {
        out.par_chunks_mut(VALUES_PER_REPORT).enumerate().for_each(|(chunk, values)| {
            let first = (chunk * VALUES_PER_REPORT) as u64;
            for (offset, slot) in values.iter_mut().enumerate() {
                *slot = value(self.unit(first + offset as u64));
            }
            progress(values.len());
        });
    }
}

/// `t(scale)`: uniform in [-scale, scale).
#[must_use]
pub fn uniform(tensor: &str, seed: u64, scale: f32, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    Stream::new(tensor, seed).fill(&mut out, &|_| {}, |unit| unit * scale);
    out
}

/// Scale of a matrix with `columns` columns: it keeps the variance of its input at unit scale.
#[must_use]
pub fn matrix_scale(columns: usize) -> f32 {
    (3.0 / columns as f64).sqrt() as f32
}

/// A norm's weight from the generator's unit value: 1 and a quarter's spread.
#[must_use]
pub fn norm_weight(unit: f32) -> f32 {
    1.0 + unit * 0.25
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a64_gives_the_published_values() {
        assert_eq!(fnv1a64(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn splitmix64_gives_the_published_first_value() {
        // The first output from state 0 is 0xE220A8397B1DCDAF; its top 24 bits are 0xE220A8.
        let stream = Stream { state: 0 };
        assert_eq!(stream.unit(0), (f64::from(0x00E2_20A8) / f64::from(1 << 23) - 1.0) as f32);
    }

    #[test]
    fn a_tensor_is_the_same_however_it_is_split_among_threads() {
        let len = VALUES_PER_REPORT + 3;
        let all = uniform("split.x", 7, 0.5, len);
        let stream = Stream::new("split.x", 7);
        for index in [0, 1, VALUES_PER_REPORT - 1, VALUES_PER_REPORT, len - 1] {
            assert_eq!(all[index], stream.unit(index as u64) * 0.5);
        }
        let (low, high) = all.iter().fold((0.0_f32, 0.0_f32), |(low, high), &v| (low.min(v), high.max(v)));
        assert!(low >= -0.5 && high < 0.5 && low < -0.499 && high > 0.499, "{low} {high}");
    }

    #[test]
    fn progress_adds_up_to_the_length() {
        let done = std::sync::atomic::AtomicUsize::new(0);
        let mut out = vec![0.0; 3 * VALUES_PER_REPORT + 5];
        let count = |values| {
            done.fetch_add(values, std::sync::atomic::Ordering::Relaxed);
        };
        Stream::new("progress", 1).fill(&mut out, &count, |unit| unit);
        assert_eq!(done.into_inner(), out.len());
    }
}
