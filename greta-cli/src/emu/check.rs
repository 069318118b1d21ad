//! A sidecar's checks: each element that must be written against what is expected, every other against what it was.

use serde::Serialize;

use super::element::Format;
use super::sidecar::{Check, Mode};

/// How a check came out.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) buffer: String,
    /// Elements that the kernel must write.
    pub(super) written_count: usize,
    /// Elements that are not as they must be.
    pub(super) wrong_count: usize,
    /// The largest distance of a written element from what is expected; nothing where one is no number.
    pub(super) max_abs_err: Option<f64>,
    /// The first element that is wrong.
    pub(super) first_wrong: Option<Wrong>,
}

/// An element that is not as it must be.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Wrong {
    pub(super) index: usize,
    pub(super) given: f64,
    pub(super) expected: f64,
}

/// What a check compares.
pub(super) struct Data<'a> {
    pub(super) format: Format,
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
    pub(super) expected: &'a [u8],
    /// A byte an element: 1 where the kernel must write.
    pub(super) written: &'a [u8],
}

/// Evaluates a check. All parts have the sizes that belong together.
pub(super) fn evaluate(check: &Check, data: &Data<'_>) -> Outcome {
    let size = data.format.bytes();
    let element = |bytes: &'_ [u8], index: usize| -> Vec<u8> { bytes[index * size..][..size].to_vec() };
    let (mut wrong, mut largest, mut written_count) = (Vec::new(), Some(0.0_f64), 0);
    for (index, &is_written) in data.written.iter().enumerate() {
        let given = element(data.after, index);
        let is_written = is_written != 0;
        let (expected, is_right) = match (is_written, check.mode) {
            (false, _) => (data.format.value(&element(data.before, index)), given == element(data.before, index)),
            (true, Mode::Exact) => {
                (data.format.value(&element(data.expected, index)), given == element(data.expected, index))
            }
            (true, Mode::Close) => {
                let expected = Format::F32.value(&data.expected[index * 4..][..4]);
                let limit = check.atol + check.rtol * expected.abs();
                (expected, (data.format.value(&given) - expected).abs() <= limit)
            }
        };
        let given = data.format.value(&given);
        if is_written {
            written_count += 1;
            let error = (given - expected).abs();
            largest = largest.filter(|_| !error.is_nan()).map(|largest| largest.max(error));
        }
        if !is_right {
            wrong.push(Wrong { index, given, expected });
        }
    }
    let buffer = check.buffer.clone();
    Outcome {
        buffer,
        written_count,
        wrong_count: wrong.len(),
        max_abs_err: largest,
        first_wrong: wrong.first().cloned(),
    }
}
