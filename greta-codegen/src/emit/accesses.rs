//! Writes loads and the places of stores: elements, vectors of them, and accesses that a dialect spells otherwise.

use super::Writer;
use super::dialect::type_name;
use super::expressions::{Printed, level};
use super::helpers::Helper;
use super::literal::Context;
use super::scalars::is_half;
use super::text::Doc;
use crate::ir::{Expr, ExprKind, Op, Place, Type, VarKind};
use crate::target::Family;

impl Writer<'_> {
    /// What stands around an element that is accessed as a vector. Where vectors are classes, which a volatile object
    /// cannot be, the access is a plain one: nothing but a kernel that has ended before writes such a buffer there.
    fn as_vector(&mut self, place: &Place, ty: Type, qualifier: &str) -> [String; 2] {
        self.uses_type(ty);
        let name = type_name(ty);
        let volatile = matches!(self.kernel.var(place.base).kind, VarKind::Global { volatile: true, .. });
        match (volatile, self.dialect.vector_operators) {
            (false, _) => [format!("*reinterpret_cast<{qualifier}{name}*>(&"), ")".to_owned()],
            (true, true) => [format!("*reinterpret_cast<{qualifier}volatile {name}*>(&"), ")".to_owned()],
            (true, false) => {
                let open = format!("*const_cast<{qualifier}{name}*>(reinterpret_cast<{qualifier}volatile {name}*>(&");
                [open, "))".to_owned()]
            }
        }
    }

    pub(super) fn load(&mut self, place: &Place, ty: Type) -> Printed {
        let element = self.element(place);
        let var = self.kernel.var(place.base);
        if self.is_volatile_class(place, ty) {
            let bits =
                Doc::join([Doc::text("*reinterpret_cast<const volatile unsigned short*>(&"), element, Doc::text(")")]);
            return Printed::postfix(Doc::list(format!("{}::of_bits(", type_name(ty)), vec![bits], ")"));
        }
        if place.lane.is_some() || ty == var.ty {
            return Printed::postfix(element);
        }
        let [open, close] = self.as_vector(place, ty, "const ").map(Doc::text);
        Printed { doc: Doc::join([open, element, close]), level: level::PREFIX, sign: "*", truncates: false }
    }

    /// Whether an element is of a class, which a volatile object cannot be: its bits are accessed instead.
    fn is_volatile_class(&self, place: &Place, ty: Type) -> bool {
        let is_volatile = matches!(self.kernel.var(place.base).kind, VarKind::Global { volatile: true, .. });
        is_volatile && is_half(ty.scalar) && !ty.is_vector() && !self.dialect.vector_operators
    }

    /// A store to a volatile element that the dialect has no assignment for.
    pub(super) fn opt_volatile_store(&mut self, place: &Place, value: &Expr) -> Option<Doc> {
        if !self.is_volatile_class(place, value.ty) {
            return None;
        }
        let element = self.element(place);
        let value = self.expr(value, Context::Bare).at_least(level::POSTFIX);
        let open = Doc::text("*reinterpret_cast<volatile unsigned short*>(&");
        Some(Doc::join([open, element, Doc::text(") = "), value, Doc::text(".bits")]))
    }

    /// A load that asks for no place in the caches; anything else is itself.
    pub(super) fn nontemporal_load(&mut self, value: &Expr) -> Printed {
        let (ExprKind::Load(place), Some([load, _])) = (&value.kind, (self.dialect.nontemporal)(value.ty)) else {
            return self.expr(value, Context::Bare);
        };
        let address = self.address(place, value.ty, "const ");
        Printed::postfix(Doc::list(format!("{load}("), vec![address], ")"))
    }

    /// `store(value, address)` for a value that asks for no place in the caches.
    pub(super) fn opt_nontemporal_store(&mut self, place: &Place, value: &Expr) -> Option<Doc> {
        let ExprKind::Op(Op::Nontemporal, operands) = &value.kind else { return None };
        let [_, store] = (self.dialect.nontemporal)(value.ty)?;
        let address = self.address(place, value.ty, "");
        let value = self.typed(&operands[0]);
        let arguments = if self.dialect.stores_to_first { vec![address, value] } else { vec![value, address] };
        Some(Doc::list(format!("{store}("), arguments, ")"))
    }

    /// `copy_async_16(to, from)` for a copy that the dialect makes asynchronously.
    pub(super) fn opt_copy_async(&mut self, place: &Place, value: &Expr) -> Option<Doc> {
        let ExprKind::Op(Op::CopyAsync, operands) = &value.kind else { return None };
        let [Expr { kind: ExprKind::Load(from), .. }] = operands.as_slice() else { return None };
        if !self.target.copy_async {
            return None;
        }
        self.uses_helper(Helper::CopyAsync(value.ty.bytes()));
        let arguments = [place, from].map(|place| Doc::join([Doc::text("&"), self.element(place)])).to_vec();
        Some(Doc::list(format!("copy_async_{}(", value.ty.bytes()), arguments, ")"))
    }

    /// `prefetch_l2(&x[i])`: a builtin of AMD's compiler, a helper on NVIDIA.
    pub(super) fn prefetch(&mut self, place: &Place, ty: Type) -> Printed {
        let function = match self.dialect.family {
            Family::Nvidia => {
                self.uses_helper(Helper::Prefetch);
                "prefetch_l2("
            }
            Family::Amd => "__builtin_prefetch(",
        };
        let address = self.address(place, ty, "const ");
        Printed::postfix(Doc::list(function, vec![address], ")"))
    }

    /// The address of an element, or of a vector of them.
    pub(super) fn address(&mut self, place: &Place, ty: Type, qualifier: &str) -> Doc {
        let element = self.element(place);
        if ty == self.kernel.var(place.base).ty {
            return Doc::join([Doc::text("&"), element]);
        }
        self.uses_type(ty);
        let open = format!("reinterpret_cast<{qualifier}{}*>(&", type_name(ty));
        Doc::join([Doc::text(open), element, Doc::text(")")])
    }

    /// What is assigned to.
    pub(super) fn place(&mut self, place: &Place, ty: Type) -> Doc {
        let element = self.element(place);
        let var = self.kernel.var(place.base);
        if place.lane.is_some() || ty == var.ty {
            return element;
        }
        let [open, close] = self.as_vector(place, ty, "").map(Doc::text);
        Doc::join([open, element, close])
    }

    /// `base[index]…[lane]`.
    pub(super) fn element(&mut self, place: &Place) -> Doc {
        let mut parts = vec![Doc::text(self.names.var(place.base))];
        for index in place.exprs() {
            parts.extend([Doc::text("["), self.typed(index), Doc::text("]")]);
        }
        Doc::Sequence(parts)
    }
}
