//! The cases of [`crate::cases`] as launches: each kernel with the arguments and the grid that a row of its table, or a
//! shape of the caller's, asks for.
//!
//! Guarantees: every kernel of [`crate::KERNELS`] is here, and every shape that is accepted can be drawn. Deliberately
//! does not look at what a launch leaves: that is [`Launchable`]'s.

mod attention;
mod products;
mod rows;

use greta::codegen::definition::KernelDefinition;
use greta::runtime::buffer::Element;
use greta::runtime::tuning::Shape;
use greta::{Buffer, Device, Error};

use crate::cases::{
    attention as attention_cases, causal_mask, elementwise, gemm, gemv, kv_update, norm_gate_up, norm_qkv, rmsnorm,
    rope, softmax,
};
use crate::comparison::Tolerance;
use crate::config::Rope;
use crate::kernels;
use crate::launchable::{Expected, Launchable, Outcome};
use crate::reference::AttentionShape;

/// A kernel, the cases that it can be launched on, and the sizes that make a case of the caller's.
#[derive(Debug)]
pub struct CaseLaunches {
    /// The kernel.
    pub kernel: &'static KernelDefinition,
    /// The sizes that a shape of the kernel has, by name.
    pub sizes: &'static [&'static str],
    cases: fn() -> Vec<String>,
    case: fn(&Bench<'_>, usize) -> Option<Result<Launchable, Error>>,
    shape: fn(&Bench<'_>, &[usize]) -> Result<Launchable, PrepareError>,
}

/// Why a case was not launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The kernel has no such case. The caller's to mend.
    #[error("case {given}: the kernel has cases 1 to {count}")]
    NoCase {
        /// The number given.
        given: usize,
        /// How many cases there are.
        count: usize,
    },
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] Error),
}

/// Why a kernel was not prepared for a shape.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A shape of other sizes than the kernel's. The caller's to mend.
    #[error("{kernel} has the sizes {}; given {given}", .expected.join(", "))]
    Sizes {
        /// The kernel.
        kernel: &'static str,
        /// What was given.
        given: Shape,
        /// What it has.
        expected: &'static [&'static str],
    },
    /// Sizes that do not go together. The caller's to mend.
    #[error("{kernel}: {requirement}")]
    Requirement {
        /// The kernel.
        kernel: &'static str,
        /// What must hold.
        requirement: &'static str,
    },
    /// An argument with more elements than kernels can count. The caller's to mend.
    #[error("{kernel} with {given} needs an argument of more than {} elements", u32::MAX)]
    TooLarge {
        /// The kernel.
        kernel: &'static str,
        /// What was given.
        given: Shape,
    },
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] Error),
}

impl CaseLaunches {
    /// The launches of a kernel.
    #[must_use]
    pub fn opt_of(kernel: &str) -> Option<&'static Self> {
        LAUNCHES.iter().find(|launches| launches.kernel.name == kernel)
    }

    /// The sizes of each case, in the table's order.
    #[must_use]
    pub fn cases(&self) -> Vec<String> {
        (self.cases)()
    }

    /// Launches a case in its default variant, 1 for the first, and waits for it.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NoCase`], and the device's.
    pub fn launch(&self, device: &Device, case: usize) -> Result<(), LaunchError> {
        let mut launchable = self.prepare_case(device, case)?;
        let stream = device.stream()?;
        let values = launchable.default_values().to_vec();
        launchable.launch(&stream, &values)?;
        Ok(stream.synchronize()?)
    }

    /// The kernel with the arguments of a case, 1 for the first.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NoCase`], and the device's.
    pub fn prepare_case(&self, device: &Device, case: usize) -> Result<Launchable, LaunchError> {
        let no_case = || LaunchError::NoCase { given: case, count: self.cases().len() };
        let index = case.checked_sub(1).ok_or_else(no_case)?;
        Ok((self.case)(&Bench::new(device, 1), index).ok_or_else(no_case)??)
    }

    /// The kernel with arguments of a shape, drawn once and put into device memory `sets` times.
    ///
    /// # Errors
    ///
    /// [`PrepareError`].
    ///
    /// # Panics
    ///
    /// No sets.
    pub fn prepare(&self, device: &Device, shape: &Shape, sets: usize) -> Result<Launchable, PrepareError> {
        assert!(sets > 0, "a launch has a set of arguments");
        let kernel = self.kernel.name;
        let expected = self.sizes;
        let sizes: Option<Vec<usize>> = expected.iter().map(|name| shape.size(name)).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == shape.len());
        let sizes = sizes.ok_or_else(|| PrepareError::Sizes { kernel, given: shape.clone(), expected })?;
        if expected.iter().zip(&sizes).any(|(name, size)| *size == 0 && *name != "past") {
            return Err(PrepareError::Requirement { kernel, requirement: "every size but past is at least 1" });
        }
        let launchable = (self.shape)(&Bench::new(device, sets), &sizes).map_err(|error| match error {
            PrepareError::TooLarge { kernel, .. } => PrepareError::TooLarge { kernel, given: shape.clone() },
            error => error,
        })?;
        let opt_known = self.kernel.opt_known(device.target(), |name| shape.size(name));
        Ok(match opt_known {
            Some(known) => launchable.beginning_with(known),
            None => launchable,
        })
    }
}

/// Rows of a table of launches: the kernel, the module of its file and its name there; an iterator over its cases; the
/// names of the sizes of a shape with what they must satisfy and the elements of its largest arguments; the case that they
/// make; and the function that prepares it.
macro_rules! launches {
    ($(
        $kernel:ident in $module:ident: $cases:expr,
        ($($size:ident),*) $(where $condition:expr, $text:literal)?, [$($($factor:ident)*),*] => $case:expr,
        $prepare:path;
    )*) => {
        &[$(CaseLaunches {
            kernel: &kernels::$module::$kernel::DEFINITION,
            sizes: &[$(stringify!($size)),*],
            cases: || $cases.map(ToString::to_string).collect(),
            case: |bench, index| $cases.nth(index).map(|case| $prepare(bench, case)),
            shape: |bench, sizes| {
                let &[$($size),*] = sizes else { unreachable!("invariant: a size for each name") };
                let kernel = stringify!($kernel);
                $(if !$condition {
                    return Err(PrepareError::Requirement { kernel, requirement: $text });
                })?
                if ![$(&[$($factor),*] as &[usize]),*].iter().all(|factors| is_countable(factors)) {
                    return Err(PrepareError::TooLarge { kernel, given: Shape::default() });
                }
                Ok($prepare(bench, &$case)?)
            },
        }),*]
    };
}

/// Whether a product of sizes is one that kernels can count to.
fn is_countable(factors: &[usize]) -> bool {
    let product = factors.iter().try_fold(1_usize, |product, &factor| product.checked_mul(factor));
    product.is_some_and(|product| u32::try_from(product).is_ok())
}

static LAUNCHES: &[CaseLaunches] = launches! {
    add in add: elementwise::CASES.iter(), (len), [len] => elementwise::Case { len, scale: 1.0 }, rows::add;
    advance_position in advance_position: [41].iter(), (past), [past] => past, rows::advance_position;
    attention_combine in attention_combine: decode_cases(),
        (heads, head_dim), [heads head_dim] => decode_case(heads, heads, head_dim, 0), attention::attention_combine;
    attention_output in attention_output: decode_cases(),
        (heads, head_dim), [heads head_dim] => decode_case(heads, heads, head_dim, 0), attention::attention_output;
    attention_output_bf16 in attention_output: decode_cases(),
        (heads, head_dim), [heads head_dim] => decode_case(heads, heads, head_dim, 0), attention::attention_output_bf16;
    attention_output_f16 in attention_output: decode_cases(),
        (heads, head_dim), [heads head_dim] => decode_case(heads, heads, head_dim, 0), attention::attention_output_f16;
    attention_decode in attention_decode: decode_cases(),
        (heads, kv_heads, head_dim, past) where heads.is_multiple_of(kv_heads), "heads is a multiple of kv_heads",
        [heads head_dim, past kv_heads head_dim] => decode_case(heads, kv_heads, head_dim, past),
        attention::attention_decode;
    attention_prefill in attention_prefill: attention_cases::CASES.iter(),
        (tokens, heads, kv_heads, head_dim, past)
        where heads.is_multiple_of(kv_heads), "heads is a multiple of kv_heads",
        [tokens heads head_dim, past kv_heads head_dim, tokens kv_heads head_dim]
        => prefill_case(tokens, heads, kv_heads, head_dim, past), attention::attention_prefill;
    attention_prefill_bf16 in attention_prefill_bf16: attention_cases::CASES.iter(),
        (tokens, heads, kv_heads, head_dim, past)
        where heads.is_multiple_of(kv_heads), "heads is a multiple of kv_heads",
        [tokens heads head_dim, past kv_heads head_dim, tokens kv_heads head_dim]
        => prefill_case(tokens, heads, kv_heads, head_dim, past), attention::attention_prefill_bf16;
    causal_mask in causal_mask: causal_mask::CASES.iter(),
        (heads, tokens, keys) where tokens <= keys, "tokens is at most keys", [heads tokens keys]
        => causal_mask::Case { heads, tokens, keys, past: keys - tokens }, rows::causal_mask;
    gemm_bf16 in gemm_narrow: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_bf16;
    gemm_bf16_add in gemm_narrow: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_bf16_add;
    gemm_f16 in gemm_narrow: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_f16;
    gemm_f32 in gemm_f32: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_f32;
    gemm_f32_blocked in gemm_f32_blocked: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_f32_blocked;
    gemm_f32_blocked_bf16 in gemm_f32_blocked: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_f32_blocked_bf16;
    gemm_f32_blocked_f16 in gemm_f32_blocked: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_f32_blocked_f16;
    gemm_fp8 in gemm_narrow: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_fp8;
    gemm_i8 in gemm_narrow: gemm::CASES.iter(),
        (m, n, k), [m n, m k, n k] => gemm::Case { m, n, k }, products::gemm_i8;
    gemv in gemv: gemv::CASES.iter(), (n, k), [n k] => gemv::Case { n, k }, products::gemv;
    gemv_add in gemv_add: gemv::CASES.iter(), (n, k), [n k] => gemv::Case { n, k }, products::gemv_add;
    gemv_add_bf16 in gemv_add: gemv::CASES.iter(), (n, k), [n k] => gemv::Case { n, k }, products::gemv_add_bf16;
    gemv_add_f16 in gemv_add: gemv::CASES.iter(), (n, k), [n k] => gemv::Case { n, k }, products::gemv_add_f16;
    kv_update in kv_update: kv_update::CASES.iter(),
        (tokens, kv_heads, head_dim, past), [tokens kv_heads head_dim, past kv_heads head_dim]
        => kv_update_case(tokens, kv_heads, head_dim, past), rows::kv_update;
    norm_gate_up in norm_gate_up: norm_gate_up::CASES.iter(), (hidden, intermediate)
        where hidden.is_multiple_of(LOAD), "hidden is a multiple of 8",
        [hidden intermediate] => norm_gate_up::Case { hidden, intermediate, eps: EPS }, products::norm_gate_up;
    norm_gate_up_bf16 in norm_gate_up: loadable_gates(), (hidden, intermediate)
        where hidden.is_multiple_of(LOAD), "hidden is a multiple of 8",
        [hidden intermediate] => norm_gate_up::Case { hidden, intermediate, eps: EPS }, products::norm_gate_up_bf16;
    norm_gate_up_f16 in norm_gate_up: loadable_gates(), (hidden, intermediate)
        where hidden.is_multiple_of(LOAD), "hidden is a multiple of 8",
        [hidden intermediate] => norm_gate_up::Case { hidden, intermediate, eps: EPS }, products::norm_gate_up_f16;
    norm_qkv in norm_qkv: norm_qkv::CASES.iter(), (hidden, heads, kv_heads, head_dim, past)
        where fits_qkv(hidden, head_dim), "hidden is a multiple of 8 and head_dim of 2",
        [hidden heads head_dim, hidden kv_heads head_dim, past kv_heads head_dim]
        => qkv_case(hidden, heads, kv_heads, head_dim, past), products::norm_qkv;
    norm_qkv_bf16 in norm_qkv: loadable_qkv(), (hidden, heads, kv_heads, head_dim, past)
        where fits_qkv(hidden, head_dim), "hidden is a multiple of 8 and head_dim of 2",
        [hidden heads head_dim, hidden kv_heads head_dim, past kv_heads head_dim]
        => qkv_case(hidden, heads, kv_heads, head_dim, past), products::norm_qkv_bf16;
    norm_qkv_f16 in norm_qkv: loadable_qkv(), (hidden, heads, kv_heads, head_dim, past)
        where fits_qkv(hidden, head_dim), "hidden is a multiple of 8 and head_dim of 2",
        [hidden heads head_dim, hidden kv_heads head_dim, past kv_heads head_dim]
        => qkv_case(hidden, heads, kv_heads, head_dim, past), products::norm_qkv_f16;
    rmsnorm in rmsnorm: rmsnorm::CASES.iter(), (tokens, hidden), [tokens hidden]
        => rmsnorm::Case { tokens, hidden, eps: EPS, scale: 1.0 }, rows::rmsnorm;
    rmsnorm_bf16 in rmsnorm: rmsnorm::CASES.iter(), (tokens, hidden), [tokens hidden]
        => rmsnorm::Case { tokens, hidden, eps: EPS, scale: 1.0 }, rows::rmsnorm_bf16;
    rope in rope: rope::CASES.iter(), (tokens, heads, head_dim, past)
        where head_dim.is_multiple_of(2), "head_dim is a multiple of 2",
        [tokens heads head_dim, past head_dim]
        => rope::Case { tokens, heads, head_dim, tail: 0, past, theta: THETA, rope: Rope::RotateHalf }, rows::rope;
    silu in silu: elementwise::CASES.iter(), (len), [len] => elementwise::Case { len, scale: 1.0 }, rows::silu;
    silu_mul in silu_mul: elementwise::CASES.iter(), (len), [len] => elementwise::Case { len, scale: 1.0 },
        rows::silu_mul;
    silu_mul_bf16 in silu_mul: elementwise::CASES.iter(), (len), [len] => elementwise::Case { len, scale: 1.0 },
        rows::silu_mul_bf16;
    softmax in softmax: softmax::CASES.iter(), (rows, columns), [rows columns]
        => softmax::Case { rows, columns, scale: 4.0, masked: 0 }, rows::softmax;
};

/// Of the shapes: added to the mean square of a norm.
const EPS: f32 = 1e-5;
/// Of the shapes: base of the angles' frequencies.
const THETA: f64 = 1e4;
/// The most weights that one load takes.
const LOAD: usize = 8;

fn fits_qkv(hidden: usize, head_dim: usize) -> bool {
    hidden.is_multiple_of(LOAD) && head_dim.is_multiple_of(2)
}

fn qkv_case(hidden: usize, heads: usize, kv_heads: usize, head_dim: usize, past: usize) -> norm_qkv::Case {
    norm_qkv::Case { hidden, heads, kv_heads, head_dim, past, max_seq: past + 1, rope: Rope::RotateHalf }
}

fn kv_update_case(tokens: usize, kv_heads: usize, head_dim: usize, past: usize) -> kv_update::Case {
    kv_update::Case { tokens, kv_heads, head_dim, past, max_seq: past + tokens, column: 0 }
}

fn prefill_case(tokens: usize, heads: usize, kv_heads: usize, head_dim: usize, past: usize) -> attention_cases::Case {
    let shape = AttentionShape { heads, kv_heads, head_dim, tokens, past, max_seq: past + tokens };
    attention_cases::Case { shape, scale: 1.0 }
}

fn decode_case(heads: usize, kv_heads: usize, head_dim: usize, past: usize) -> attention_cases::Case {
    prefill_case(1, heads, kv_heads, head_dim, past)
}

fn decode_cases() -> impl Iterator<Item = &'static attention_cases::Case> {
    attention_cases::CASES.iter().filter(|case| case.shape.tokens == 1)
}

/// The cases whose rows of narrow weights are read by whole loads.
fn loadable_gates() -> impl Iterator<Item = &'static norm_gate_up::Case> {
    norm_gate_up::CASES.iter().filter(|case| case.hidden.is_multiple_of(LOAD))
}

fn loadable_qkv() -> impl Iterator<Item = &'static norm_qkv::Case> {
    norm_qkv::CASES.iter().filter(|case| case.hidden.is_multiple_of(LOAD))
}

/// Where arguments go.
struct Bench<'a> {
    device: &'a Device,
    /// How often each argument is put there.
    sets: usize,
}

impl<'a> Bench<'a> {
    fn new(device: &'a Device, sets: usize) -> Self {
        Self { device, sets }
    }

    /// A buffer for each set.
    fn buffers<T: Element>(&self, values: &[T]) -> Result<Vec<Buffer<T>>, Error> {
        (0..self.sets).map(|_| self.device.buffer_from(values)).collect()
    }

    /// Buffers to write to, full of NaN: what a kernel leaves out shows.
    fn outputs(&self, len: usize) -> Result<Vec<Buffer<f32>>, Error> {
        self.buffers(&vec![f32::NAN; len])
    }

    fn positions(&self, past: usize) -> Result<Vec<Buffer<u32>>, Error> {
        self.buffers(&[count(past)])
    }

    fn done(&self, launchable: Launchable) -> Launchable {
        launchable.with_sets(self.sets)
    }
}

/// A buffer that begins as NaN and is known in full after a launch.
fn written(
    name: &'static str,
    buffers: &[Buffer<f32>],
    after: Vec<f64>,
    tolerance: Tolerance,
) -> Result<Box<dyn Outcome>, Error> {
    changed(name, buffers, vec![f32::NAN; after.len()], after, tolerance)
}

/// A buffer that begins as given and is known in full after a launch.
fn changed<T: Element + Into<f64>>(
    name: &'static str,
    buffers: &[Buffer<T>],
    before: Vec<T>,
    after: Vec<f64>,
    tolerance: Tolerance,
) -> Result<Box<dyn Outcome>, Error> {
    let (buffer, width) = (buffers[0].view(..)?, after.len());
    Ok(Box::new(Expected { name, buffer, before, width, rows: vec![0], after, tolerance }))
}

fn count(value: usize) -> u32 {
    u32::try_from(value).expect("invariant: sizes of a case fit 32 bits")
}

/// Bytes of so many `f32`.
fn floats(count: usize) -> f64 {
    size_of::<f32>() as f64 * count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_cases_to_launch() {
        for kernel in crate::KERNELS {
            let launches = CaseLaunches::opt_of(kernel.name).unwrap_or_else(|| panic!("{}", kernel.name));
            assert!(!launches.cases().is_empty(), "{}", kernel.name);
            assert!(!launches.sizes.is_empty(), "{}", kernel.name);
        }
    }

    #[test]
    fn cases_are_told_by_their_sizes_and_without_names_of_types() {
        for launches in LAUNCHES.iter().filter(|launches| launches.sizes != ["past"]) {
            for case in launches.cases() {
                let parts = case.split(", ").map(|part| part.split_once(" = "));
                assert!(
                    parts.flatten().all(|(name, value)| !name.is_empty() && value.parse::<f64>().is_ok()),
                    "{case}"
                );
                assert!(!case.contains(['{', ':', '(']), "{}: {case}", launches.kernel.name);
            }
        }
        assert_eq!(CaseLaunches::opt_of("gemm_f32").expect("a kernel").cases()[0], "m = 1, n = 1, k = 1");
    }
}
