//! `println!` and `assert!` of kernels.
//!
//! On `cpu` each thread's line goes to standard output with the place and the thread; an assertion that does not hold
//! fails the launch with a report. On a GPU they are `printf` and a trap: HIP's `printf` needs the host-call service of
//! the ROCm runtime, which the driver starts by itself for code objects that ask for it, and which `emu` has too.

use super::tracer;
use super::value::{Comparable, IntoKernelValue, ScalarValue, Val, bf8, bf16, f16, fp8};
use crate::ir::{Expr, ExprKind, Location, Message, Op, StmtKind, Type};

/// A value in a text.
#[derive(Debug)]
pub struct Printed(Expr);

/// What stands in a text: a scalar.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is not printed in a kernel",
    label = "print its scalars one by one"
)]
pub trait Printable {
    /// The value, as it is here.
    fn printed(self, location: Location) -> Printed;
}

#[diagnostic::do_not_recommend]
impl<T: ScalarValue> Printable for Val<T> {
    fn printed(self, location: Location) -> Printed {
        Printed(self.expr(location))
    }
}

macro_rules! host {
    ($($host:ty),*) => {
        $(#[diagnostic::do_not_recommend]
        impl Printable for $host {
            fn printed(self, location: Location) -> Printed {
                IntoKernelValue::<$host>::into_val(self).printed(location)
            }
        })*
    };
}

host!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, fp8, bf8);

fn record(text: &[&str], values: Vec<Printed>, fails: bool, location: Location) {
    let text = text.iter().map(|&piece| piece.to_owned()).collect();
    let values = values.into_iter().map(|value| value.0).collect();
    tracer::with(|tracer| tracer.push(StmtKind::Print(Message { text, values, fails }), location));
}

/// `println!` of pieces of text around values.
#[track_caller]
pub fn print(text: &[&str], values: Vec<Printed>) {
    record(text, values, false, Location::caller());
}

/// `assert!`: where the condition does not hold, the kernel fails with the text.
#[track_caller]
pub fn assert(condition: Val<bool>, text: &[&str], values: impl FnOnce() -> Vec<Printed>) {
    fail_unless(condition, text, values, Location::caller());
}

/// `assert_eq!`, or `assert_ne!` if not `equal`: where it does not hold, the kernel fails with both values.
#[track_caller]
pub fn assert_compared<T: Comparable, R: IntoKernelValue<T>>(equal: bool, left: Val<T>, right: R, text: &[&str]) {
    let (location, right) = (Location::caller(), right.into_val());
    let op = if equal { Op::Eq } else { Op::Ne };
    let holds = Val::record_op(op, vec![left.expr(location), right.expr(location)], location);
    fail_unless(holds, text, || vec![left.printed(location), right.printed(location)], location);
}

fn fail_unless(holds: Val<bool>, text: &[&str], values: impl FnOnce() -> Vec<Printed>, location: Location) {
    let kind = ExprKind::Op(Op::Not, vec![holds.expr(location)]);
    let fails = Val::<bool>::record(kind, location);
    tracer::with(super::tracer::Tracer::open_block);
    record(text, values(), true, location);
    tracer::with(|tracer| {
        let then = tracer.close_block();
        tracer.push(StmtKind::If(fails.atom.expr(Type::BOOL, location), then, Vec::new()), location);
    });
}
