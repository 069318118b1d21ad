//! `v_trig_preop_f64`: a part of 2/pi for the reduction of large arguments.

/// Bits of 2/pi after the point, the highest first.
const TWO_OVER_PI: [u32; 38] = [
    0xa2f9_836e,
    0x4e44_1529,
    0xfc27_57d1,
    0xf534_ddc0,
    0xdb62_9599,
    0x3c43_9041,
    0xfe51_63ab,
    0xdebb_c561,
    0xb724_6e3a,
    0x424d_d2e0,
    0x0649_2eea,
    0x09d1_921c,
    0xfe1d_eb1c,
    0xb129_a73e,
    0xe882_35f5,
    0x2ebb_4484,
    0xe99c_7026,
    0xb45f_7e41,
    0x3991_d639,
    0x8353_39f4,
    0x9c84_5f8b,
    0xbdf9_283b,
    0x1ff8_97ff,
    0xde05_980f,
    0xef2f_118b,
    0x5a0a_6d1f,
    0x6d36_7ecf,
    0x27cb_09b7,
    0x4f46_3f66,
    0x9e5f_ea2d,
    0x7527_bac7,
    0xebe5_f17b,
    0x3d07_39f7,
    0x8a52_92ea,
    0x6bfb_5fb1,
    0x1f8d_5d08,
    0x5603_3046,
    0xfc7b_6bab,
];

/// 53 bits of 2/pi as a number of their place: those that matter for an argument like `x`, segment
/// after segment.
pub(super) fn two_over_pi(x: f64, segment: u32) -> f64 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32;
    let first = (segment & 31) as i32 * 53 + (exponent - 1077).max(0);
    let bit = |index: i32| TWO_OVER_PI.get(index as usize / 32).map_or(0, |word| word >> (31 - index % 32) & 1);
    let bits = (first..first + 53).fold(0u64, |bits, index| bits << 1 | u64::from(bit(index)));
    let scale = if exponent >= 1968 { 128 } else { 0 } - 53 - first;
    super::lanes::scale_64(bits as f64, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_add_up_to_two_over_pi() {
        let sum = two_over_pi(1.0, 0) + two_over_pi(1.0, 1);
        assert_eq!(sum, std::f64::consts::FRAC_2_PI);
        // Machin's formula in integers of so many bits.
        let bits = 32 * TWO_OVER_PI.len();
        let one = num_bigint::BigUint::from(1u32) << (bits + 64);
        let arctan = |n: u32| {
            let (mut term, mut sum, mut k) = (&one / n, num_bigint::BigInt::ZERO, 1u32);
            while term != num_bigint::BigUint::ZERO {
                let part = num_bigint::BigInt::from(&term / k);
                sum += if k % 4 == 1 { part } else { -part };
                term /= n * n;
                k += 2;
            }
            sum
        };
        let pi = (arctan(5) * 4u32 - arctan(239)) * 4u32;
        let two = num_bigint::BigInt::from(2u32) << (2 * bits + 64);
        let digits = (two / pi).to_biguint().unwrap().to_u32_digits();
        assert!(digits.iter().rev().eq(&TWO_OVER_PI));
    }
}
