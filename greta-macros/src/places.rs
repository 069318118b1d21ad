//! Places: the variable that one is a part of, and whether an expression changes it.

use syn::visit_mut::VisitMut;
use syn::{Expr, Ident};

/// The variable that a place is, or is a part of.
pub(crate) fn opt_root(place: &Expr) -> Option<&Ident> {
    match place {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => opt_root(&field.base),
        Expr::Index(index) => opt_root(&index.expr),
        Expr::Paren(paren) => opt_root(&paren.expr),
        Expr::Unary(unary) => opt_root(&unary.expr),
        _ => None,
    }
}

/// The name that is assigned to, or whose element is.
pub(crate) fn opt_array(target: &Expr) -> Option<&Ident> {
    match target {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Index(index) => opt_array(&index.expr),
        Expr::Paren(paren) => opt_array(&paren.expr),
        _ => None,
    }
}

/// Whether evaluating an expression may change a variable.
pub(crate) fn assigns(expr: &Expr, name: &Ident) -> bool {
    struct Assigns<'a>(&'a Ident, bool);
    impl VisitMut for Assigns<'_> {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            let opt_place = match expr {
                Expr::Assign(assign) => Some(&assign.left),
                Expr::Reference(reference) => reference.mutability.map(|_| &reference.expr),
                Expr::Binary(binary) if crate::memory::is_compound_assign(&binary.op) => Some(&binary.left),
                _ => None,
            };
            self.1 |= opt_place.is_some_and(|place| opt_root(place).is_none_or(|root| root == self.0));
            syn::visit_mut::visit_expr_mut(self, expr);
        }
    }
    let mut assigns = Assigns(name, false);
    assigns.visit_expr_mut(&mut expr.clone());
    assigns.1
}
