//! Instructions that read or write a mask: carries, conditions, the steps of a division.

use super::lanes::*;
use super::narrow::{Inputs, Outcome};
use super::rounding::{Direction, odd_sum};
use super::wave::LANES;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Outcome> {
    let Inputs { a, b, c, mask, clamp, .. } = inputs;
    let bit = |lane: usize| (mask >> lane & 1) as u32;
    let carries = |f: &dyn Fn(u32, u32, u32) -> (u32, bool)| {
        let (mut lanes, mut out) = ([0; LANES], 0);
        for lane in 0..LANES {
            let (value, carry) = f(a[lane], b[lane], bit(lane));
            lanes[lane] = value;
            out |= u64::from(carry) << lane;
        }
        (lanes, out)
    };
    let add = |x: u32, y: u32, carry: u32| {
        let sum = u64::from(x) + u64::from(y) + u64::from(carry);
        let carry = sum >> 32 != 0;
        (if *clamp && carry { u32::MAX } else { sum as u32 }, carry)
    };
    let subtract = |x: u32, y: u32, borrow: u32| {
        let is_borrowed = u64::from(y) + u64::from(borrow) > u64::from(x);
        (if *clamp && is_borrowed { 0 } else { x.wrapping_sub(y).wrapping_sub(borrow) }, is_borrowed)
    };
    Some(match op {
        Op::v_cndmask_b32 => {
            let mut lanes = [0; LANES];
            for lane in 0..LANES {
                lanes[lane] = if bit(lane) != 0 { b[lane] } else { a[lane] };
            }
            (lanes, 0)
        }
        Op::v_add_co_u32 => carries(&|x, y, _| add(x, y, 0)),
        Op::v_sub_co_u32 => carries(&|x, y, _| subtract(x, y, 0)),
        Op::v_subrev_co_u32 => carries(&|x, y, _| subtract(y, x, 0)),
        Op::v_addc_co_u32 => carries(&add),
        Op::v_subb_co_u32 => carries(&subtract),
        Op::v_subbrev_co_u32 => carries(&|x, y, borrow| subtract(y, x, borrow)),
        Op::v_div_scale_f32 => {
            let (mut lanes, mut out) = ([0; LANES], 0);
            for lane in 0..LANES {
                let [x, y, z] = [a[lane], b[lane], c[lane]].map(f32::from_bits);
                let (value, is_scaled) = scale_quotient(x, y, z);
                lanes[lane] = value.to_bits();
                out |= u64::from(is_scaled) << lane;
            }
            (lanes, out)
        }
        Op::v_div_fmas_f32 => {
            let mut lanes = [0; LANES];
            for lane in 0..LANES {
                let [x, y, z] = [a[lane], b[lane], c[lane]].map(f32::from_bits);
                let value = match (bit(lane) != 0, exponent(z) > 127) {
                    (false, _) => x.mul_add(y, z),
                    (true, true) => scale(x.mul_add(y, z), 64),
                    // In f64 to odd, so that a subnormal result is rounded once.
                    (true, false) => {
                        let [x, y, z] = [x, y, z].map(f64::from);
                        scale_64(odd_sum(x * y, z, Direction::Nearest), -64) as f32
                    }
                };
                lanes[lane] = value.to_bits();
            }
            (lanes, 0)
        }
        _ => return None,
    })
}
