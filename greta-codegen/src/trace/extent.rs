//! Sizes that are known at compile time, as the author wrote them.

use super::tracer::{self, TraceError};
use super::value::Val;
use crate::ir::{Expr, Extent, Literal, Location};

/// The size of one dimension; reports a length that is not known or zero.
pub(crate) fn extent(length: Val<u32>, location: Location) -> Extent {
    let found = opt_extent(length, location);
    let error = match &found {
        None => TraceError::LengthNotConstant,
        Some(Extent { value: 0, .. }) => TraceError::LengthZero,
        Some(extent) => return extent.clone(),
    };
    tracer::with(|tracer| tracer.error(error, location));
    Extent { value: 1, expr: Expr::literal(Literal::U32(1), location) }
}

/// A number that is known at compile time, which may be 0, as the author wrote it.
pub(crate) fn opt_extent(number: Val<u32>, location: Location) -> Option<Extent> {
    tracer::with(|tracer| {
        let value = tracer.opt_constant(number.atom)?.opt_u32()?;
        let expr = tracer.constant_expr(number.atom, location);
        if let Some(given) = tracer.kernel.opt_overflow(&expr) {
            tracer.error(TraceError::SizeOverflow { given }, location);
        }
        Some(Extent { value, expr })
    })
}
