//! The variants worth compiling: all choices of tile parameters but those that a requirement or the target excludes, and
//! those whose code is another's: a kernel need not read every parameter on every target, and what it does not read is not
//! tuned there.

use std::collections::{BTreeMap, HashMap};

use greta_codegen::definition::KernelDefinition;
use greta_codegen::diagnostic::DiagnosticKind;
use greta_codegen::emit;
use greta_codegen::lower::{LowerError, lower};
use greta_codegen::target::Target;
use rayon::prelude::*;
use serde::Serialize;

/// What is left of a kernel's choices of tile parameters, and what is not.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Choices that can be made of the parameters' values.
    pub(super) choices: usize,
    /// Those that are variants for the target, in order.
    pub(super) variants: Vec<Vec<u32>>,
    /// Why others are none, the most frequent reason first.
    pub(super) excluded: Vec<Excluded>,
}

/// Choices that one reason excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Excluded {
    /// The reason.
    pub(super) reason: String,
    /// How many choices.
    pub(super) count: usize,
}

impl Candidates {
    /// The choices with which `is_asked_for` agrees.
    pub(super) fn new(
        kernel: &'static KernelDefinition,
        target: &'static Target,
        is_asked_for: impl Fn(&[u32]) -> bool,
    ) -> Self {
        let choices: Vec<Vec<u32>> = choices(kernel).into_iter().filter(|values| is_asked_for(values)).collect();
        let texts: Vec<Result<Option<String>, String>> =
            choices.par_iter().map(|values| text(kernel, target, values)).collect();
        let reasons = reasons(kernel, target, &choices, &texts);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in reasons.iter().flatten() {
            *counts.entry(reason).or_default() += 1;
        }
        let mut excluded: Vec<Excluded> =
            counts.into_iter().map(|(reason, count)| Excluded { reason: reason.to_owned(), count }).collect();
        excluded.sort_by_key(|excluded| std::cmp::Reverse(excluded.count));
        let count = choices.len();
        let variants = choices
            .into_iter()
            .zip(&reasons)
            .filter(|(_, reason)| reason.is_none())
            .map(|(values, _)| values)
            .collect();
        Self { choices: count, variants, excluded }
    }
}

/// Every choice of the parameters' values, the last parameter varying fastest.
fn choices(kernel: &KernelDefinition) -> Vec<Vec<u32>> {
    kernel.parameters.iter().fold(vec![Vec::new()], |prefixes, parameter| {
        let extend = |prefix: &Vec<u32>| {
            let prefix = prefix.clone();
            parameter.candidates.iter().map(move |&value| [prefix.as_slice(), &[value]].concat())
        };
        prefixes.iter().flat_map(extend).collect()
    })
}

/// Why each choice is not to be tried.
fn reasons(
    kernel: &KernelDefinition,
    target: &Target,
    choices: &[Vec<u32>],
    texts: &[Result<Option<String>, String>],
) -> Vec<Option<String>> {
    let defaults = kernel.defaults();
    let changes =
        |index: usize| choices[index].iter().zip(&defaults).filter(|(value, default)| value != default).count();
    let mut nearest: HashMap<&str, usize> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        let Ok(Some(text)) = text else { continue };
        let first = nearest.entry(text).or_insert(index);
        if changes(index) < changes(*first) {
            *first = index;
        }
    }
    let reason = |(index, text): (usize, &Result<Option<String>, String>)| match text {
        Ok(Some(text)) if nearest[text.as_str()] != index => {
            Some(format!("being the code of another on {}", target.name))
        }
        Ok(_) => None,
        Err(reason) => Some(reason.clone()),
    };
    texts.iter().enumerate().map(reason).collect()
}

/// The text of a choice for the target, or why it is no variant. A kernel that is wrong in another way has none, and is
/// left to whoever compiles it.
fn text(kernel: &'static KernelDefinition, target: &'static Target, values: &[u32]) -> Result<Option<String>, String> {
    if let Some(requirement) = kernel.requirements.iter().find(|requirement| !(requirement.holds)(values)) {
        return Err(format!("require({})", requirement.text));
    }
    let diagnostics = match lower(kernel, values, target) {
        Ok(verified) => return Ok(Some(emit::source(&verified).source)),
        Err(LowerError::Invalid { diagnostics, .. }) => diagnostics,
        Err(LowerError::Variant(_)) => return Ok(None),
    };
    let reason = diagnostics.iter().find_map(|diagnostic| match &diagnostic.kind {
        DiagnosticKind::SharedMemory { limit, .. } => {
            Some(format!("more shared memory than {} has ({limit} B a block)", target.name))
        }
        DiagnosticKind::MinBlocks { .. } => {
            Some(format!("more blocks (min_blocks) than a compute unit of {} holds", target.name))
        }
        DiagnosticKind::BlockSize { limit, .. } => Some(format!("more threads than {} allows ({limit})", target.name)),
        _ => None,
    });
    reason.map_or(Ok(None), Err)
}

#[cfg(test)]
mod tests {
    use greta_codegen::target::{GFX942, SM_90};

    use super::*;

    #[test]
    fn every_choice_is_a_candidate_or_has_a_reason() {
        for kernel in crate::catalog::KERNELS.iter().take(4).chain(crate::catalog::opt_kernel("gemm_f32").iter()) {
            let candidates = Candidates::new(kernel, &GFX942, |_| true);
            let excluded: usize = candidates.excluded.iter().map(|excluded| excluded.count).sum();
            assert_eq!(candidates.variants.len() + excluded, candidates.choices, "{}", kernel.name);
            let product: usize = kernel.parameters.iter().map(|parameter| parameter.candidates.len()).product();
            assert_eq!(candidates.choices, product, "{}", kernel.name);
            assert!(candidates.variants.contains(&kernel.defaults()), "{}", kernel.name);
        }
    }

    #[test]
    fn a_requirement_is_named_as_its_author_wrote_it() {
        let gemm = crate::catalog::opt_kernel("gemm_f32").expect("a kernel of the library");
        let candidates = Candidates::new(gemm, &GFX942, |_| true);
        let texts: Vec<String> = gemm.requirements.iter().map(|it| format!("require({})", it.text)).collect();
        assert!(candidates.excluded.iter().any(|excluded| texts.contains(&excluded.reason)), "{candidates:?}");
    }

    #[test]
    fn of_choices_with_one_code_the_one_nearest_to_the_default_is_tried() {
        let gemm = crate::catalog::opt_kernel("gemm_bf16").expect("a kernel of the library");
        let stages = gemm.parameters.iter().position(|parameter| parameter.name == "STAGES").expect("a parameter");
        let rest = |values: &[u32]| (0..values.len()).all(|at| at == stages || values[at] == gemm.defaults()[at]);
        let tried = |target| Candidates::new(gemm, target, rest).variants;
        assert_eq!(tried(&GFX942), [gemm.defaults()], "it has no asynchronous copies");
        assert_eq!(tried(&SM_90).len(), gemm.parameters[stages].candidates.len());
    }
}
