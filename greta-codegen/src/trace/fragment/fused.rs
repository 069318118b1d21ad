//! Fragments on targets without the instruction: a product as a device function of shuffles and fused multiply-adds,
//! with the same numbers.

use super::super::bind::{bind, bind_mut, read};
use super::super::builtins::{lane_id, shuffle};
use super::super::control::{For, Range};
use super::super::function::{Call, FunctionInfo};
use super::super::tracer;
use super::super::value::{Atom, Val, Value};
use super::{Accumulator, FragmentA, FragmentB, MatrixShape};
use crate::ir::{Expr, ExprKind, Location, Op, Place, StmtKind, Unroll};

/// Calls the device function that computes `c + a * b` by fused multiply-adds, and traces it at its first call.
#[track_caller]
pub(super) fn multiply_add<M: MatrixShape>(
    function: &'static str,
    a: Val<FragmentA<M>>,
    b: Val<FragmentB<M>>,
    c: Val<Accumulator<M>>,
) -> Val<Accumulator<M>> {
    let location = Location { file: file!(), line: line!(), column: 1 };
    let info = FunctionInfo {
        name: function,
        doc: &[" c + a * b: every element is the chain of fused multiply-adds in order of k."],
        location,
        foreign: None,
    };
    let mut call = Call::begin(&info, M::ROW.name.to_owned());
    call.argument(&a, false);
    call.argument(&b, false);
    call.argument(&c, false);
    if call.body() {
        let a = call.parameter("a", &a, false);
        let b = call.parameter("b", &b, false);
        let c = call.parameter("c", &c, false);
        let sum = multiply_add_body(a, b, c);
        call.finish_body(sum);
    }
    call.result()
}

/// Each step of k: every lane gets its element of B from the lane of the same column that holds it, and the elements of
/// A of its rows, one after the other, from the lanes that hold them. The arithmetic is that of [`crate::mfma::Spread`].
fn multiply_add_body<M: MatrixShape>(
    a: Val<FragmentA<M>>,
    b: Val<FragmentB<M>>,
    c: Val<Accumulator<M>>,
) -> Val<Accumulator<M>> {
    let location = Location::caller();
    let (held, rows) = (u32::from(FragmentA::<M>::ty().lanes), u32::from(Accumulator::<M>::ty().lanes));
    let mut sum = bind_mut("sum", c);
    let column = bind("column", lane_id() % M::ROW.n);
    let row = bind("row", lane_id() / M::ROW.n * rows);
    let steps = For::<u32>::begin("", "k", Range::until(0, M::ROW.k, 1), Unroll::Full);
    let k = steps.counter();
    let half = bind("half", k / held * M::ROW.m);
    let factor: Val<f32> = Val::record(lane_of(b.expr(location), k % held, location), location);
    let factor = bind("b_k", shuffle(factor, half + column));
    let elements = For::<u32>::begin("", "i", Range::until(0, rows, 1), Unroll::Full);
    let i = elements.counter();
    let element: Val<f32> = Val::record(lane_of(a.expr(location), k % held, location), location);
    let element = bind("a_ik", shuffle(element, half + row + i));
    let before: Val<f32> = Val::record(lane_of(sum.expr(location), i, location), location);
    let after = Val::<f32>::record_op(
        Op::Fma,
        vec![element.expr(location), factor.expr(location), before.expr(location)],
        location,
    );
    set_lane(&mut sum, i, after, location);
    elements.finish();
    steps.finish();
    read(&sum)
}

fn lane_of(vector: Expr, lane: Val<u32>, location: Location) -> ExprKind {
    ExprKind::Lane(Box::new(vector), Box::new(lane.expr(location)))
}

fn set_lane<T: Value>(vector: &mut Val<T>, lane: Val<u32>, value: Val<f32>, location: Location) {
    if let Atom::Var(base) = vector.atom {
        let place = Place { base, index: Vec::new(), lane: Some(Box::new(lane.expr(location))) };
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value.expr(location)), location));
    }
}
