//! Checks what is loaded from and stored to: objects, indices, vector accesses.
//!
//! Whether a store is allowed at all is the statement's business.

use super::display_name;
use super::statements::Body;
use crate::diagnostic::DiagnosticKind;
use crate::ir::{Location, Place, Type, Var, VarKind};

impl Body<'_> {
    /// Checks an access of a value of type `ty`.
    pub(super) fn place(&mut self, place: &Place, ty: Type, location: Location) {
        self.check_visible(place.base, location);
        for index in &place.index {
            self.expr(index);
        }
        let var = self.kernel.var(place.base);
        let Some(dimensions) = dimensions(var) else {
            self.plain_variable(place, ty, location);
            return;
        };
        if place.index.len() != dimensions {
            let kind =
                DiagnosticKind::IndexCount { name: display_name(var), given: place.index.len(), limit: dimensions };
            self.report(location, kind);
            return;
        }
        for index in &place.index {
            if index.ty != Type::U32 {
                self.report(index.location, DiagnosticKind::IndexType { name: display_name(var), given: index.ty });
            }
        }
        let lanes = match &place.lane {
            Some(_) => {
                self.lane(place, var.ty, ty, location);
                1
            }
            None => self.vector_access(var, ty, location),
        };
        self.bounds(place, lanes, location);
    }

    /// Checks an access of a variable that has no elements.
    fn plain_variable(&mut self, place: &Place, ty: Type, location: Location) {
        let var = self.kernel.var(place.base);
        if !place.index.is_empty() {
            self.report(location, DiagnosticKind::NotIndexable { name: display_name(var) });
        } else if place.lane.is_some() {
            self.lane(place, var.ty, ty, location);
        } else if ty != var.ty {
            self.report(location, DiagnosticKind::ValueType { place: display_name(var), given: ty, allowed: var.ty });
        }
    }

    /// Checks the lane of a place that holds a vector.
    fn lane(&mut self, place: &Place, vector: Type, ty: Type, location: Location) {
        let Some(lane) = &place.lane else { return };
        self.lane_number(lane, vector, location);
        if ty != vector.element() {
            let name = display_name(self.kernel.var(place.base));
            let kind =
                DiagnosticKind::ValueType { place: format!("a lane of {name}"), given: ty, allowed: vector.element() };
            self.report(location, kind);
        }
    }

    /// How many elements an access touches; reports a type that elements cannot be read as.
    fn vector_access(&mut self, var: &Var, ty: Type, location: Location) -> u32 {
        if ty == var.ty {
            return 1;
        }
        if var.ty.is_vector() || ty.element() != var.ty {
            let place = format!("an element of {}", display_name(var));
            self.report(location, DiagnosticKind::ValueType { place, given: ty, allowed: var.ty });
            return 1;
        }
        let lanes = u32::from(ty.lanes);
        if let Some([_, .., row]) = var.kind.opt_extents()
            && row.value % lanes != 0
        {
            let kind = DiagnosticKind::VectorAlignment { name: display_name(var), given: row.value, lanes };
            self.report(location, kind);
        }
        lanes
    }

    /// Reports known indices that are outside or not aligned.
    fn bounds(&mut self, place: &Place, lanes: u32, location: Location) {
        let var = self.kernel.var(place.base);
        let last = place.index.len() - 1;
        for (dimension, index) in place.index.iter().enumerate() {
            let Some(first) = self.kernel.opt_u32(index) else { continue };
            let touched = if dimension == last { lanes } else { 1 };
            if !first.is_multiple_of(touched) {
                let kind = DiagnosticKind::VectorAlignment { name: display_name(var), given: first, lanes };
                self.report(location, kind);
            }
            let given = u64::from(first) + u64::from(touched) - 1;
            if let Some(extents) = var.kind.opt_extents()
                && given >= u64::from(extents[dimension].value)
            {
                let limit = extents[dimension].value;
                let kind = DiagnosticKind::IndexBounds { name: display_name(var), dimension, given, limit };
                self.report(index.location, kind);
            }
        }
    }
}

/// How many indices an object takes; `None` for a plain variable.
fn dimensions(var: &Var) -> Option<usize> {
    match &var.kind {
        VarKind::Global { .. } | VarKind::DynamicShared => Some(1),
        VarKind::Register(extents) | VarKind::Shared(extents) => Some(extents.len()),
        VarKind::Let | VarKind::Mut | VarKind::Counter | VarKind::Scalar => None,
    }
}
