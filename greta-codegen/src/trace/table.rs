//! Rust's constant arrays, read in a kernel: `const TABLE: [f32; 8]`.

use super::arrays::from_items;
use super::literal::LiteralValue;
use super::memory::Get;
use super::tracer;
use super::value::Val;
use crate::ir::{Literal, Location};

/// A place known at compile time gives that element; any other reads an array that is made of the elements here.
impl<T: LiteralValue, const N: usize> Get for [T; N] {
    type Output = Val<T>;

    fn element(&self, index: Val<u32>, location: Location) -> Val<T> {
        let known = tracer::with(|tracer| tracer.opt_constant(index.atom)).and_then(Literal::opt_u32);
        if let Some(value) = known.and_then(|known| self.get(known as usize)) {
            return (*value).into_val();
        }
        let table = from_items(*self, location);
        tracer::with(|tracer| "table".clone_into(&mut tracer.kernel.vars[table.base.index()].name));
        table.element(index, location)
    }
}
