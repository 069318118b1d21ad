//! The face of a cube that a direction points at, and the place on it.

use super::lanes::*;
use super::narrow::Inputs;
use super::wave::Lanes;
use crate::isa::Op;

#[inline(always)]
pub(super) fn compute(op: Op, inputs: &Inputs) -> Option<Lanes> {
    let Inputs { a, b, c, .. } = inputs;
    let of_face =
        |values: &dyn Fn(Axis, [f32; 3]) -> f32| float3(a, b, c, |x, y, z| values(Axis::of([x, y, z]), [x, y, z]));
    let against = |value: f32, along: f32| if along < 0.0 { -value } else { value };
    Some(match op {
        Op::v_cubeid_f32 => {
            of_face(&|axis, at| 2.0 * f32::from(axis as u8) + f32::from(u8::from(at[axis as usize] < 0.0)))
        }
        Op::v_cubema_f32 => of_face(&|axis, at| 2.0 * at[axis as usize]),
        Op::v_cubesc_f32 => of_face(&|axis, [x, _, z]| match axis {
            Axis::X => -against(z, x),
            Axis::Y => x,
            Axis::Z => against(x, z),
        }),
        Op::v_cubetc_f32 => of_face(&|axis, [_, y, z]| match axis {
            Axis::Y => against(z, y),
            Axis::X | Axis::Z => -y,
        }),
        _ => return None,
    })
}

/// The axis that a direction is longest along; of equals the last.
#[derive(Clone, Copy)]
enum Axis {
    X,
    Y,
    Z,
}

impl Axis {
    fn of([x, y, z]: [f32; 3]) -> Self {
        let (x, y, z) = (x.abs(), y.abs(), z.abs());
        if z >= x && z >= y {
            Self::Z
        } else if y >= x {
            Self::Y
        } else {
            Self::X
        }
    }
}
