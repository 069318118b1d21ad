//! Writes the values that a kernel is specialized for: its parameters stay, so that launches pass what they always do, but
//! constants of the body have their names.

use std::collections::BTreeSet;

use super::Writer;
use super::statements::constant_qualifier;
use super::text::Doc;
use crate::ir::{Expr, Kernel, Passed, VarId};

impl Writer<'_> {
    /// What stands before the type of the constant that replaces a parameter, and its value; `None` for what stays a
    /// parameter, or is used by nothing.
    pub(super) fn opt_specialized(&mut self, passed: &Passed<'_>) -> Option<(&'static str, Doc)> {
        let kernel = self.kernel;
        let count = passed.structure.map_or(1, |parameter| parameter.structure.leaves().len());
        let params = &kernel.params[passed.first..][..count];
        let is_specialized = params.iter().any(|&param| kernel.var(param).constant.is_some());
        if !is_specialized || used_vars(kernel).is_disjoint(&params.iter().copied().collect()) {
            return None;
        }
        let values = params.iter().map(|&param| {
            let var = kernel.var(param);
            Some(self.typed(&Expr::literal(var.constant?, var.location)))
        });
        let mut values = values.collect::<Option<Vec<Doc>>>()?;
        match passed.structure {
            Some(_) => Some(("const ", Doc::list("{", values, "}"))),
            None => Some((constant_qualifier(kernel.var(params[0])), values.remove(0))),
        }
    }
}

fn used_vars(kernel: &Kernel) -> BTreeSet<VarId> {
    let mut used = BTreeSet::new();
    for stmt in &kernel.body {
        stmt.walk(&mut |stmt| {
            for expr in stmt.exprs() {
                expr.walk_vars(&mut |var| {
                    used.insert(var);
                });
            }
        });
    }
    used
}
