//! Conversions of the 8-bit floats: every code decodes as `greta-numerics` says, and numbers of every magnitude, the
//! ties and their neighbours among them, encode to the nearest.

use greta::prelude::*;

use crate::{blocks, devices, random_bits, whole_blocks};

macro_rules! float8 {
    ($($test:ident $encode:ident $decode:ident $ty:ident;)*) => {
        $(
            #[kernel(block = 256)]
            pub(crate) fn $encode(x: &Global<f32>, y: &mut Global<$ty>) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                y[i] = x[i] as $ty;
            }

            #[kernel(block = 256)]
            pub(crate) fn $decode(x: &Global<$ty>, y: &mut Global<f32>) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                y[i] = x[i] as f32;
            }

            #[test]
            fn $test() {
                let codes: Vec<$ty> = (0..=255).map(greta::prelude::$ty).collect();
                let values = values(&codes.iter().map(|code| code.to_f32()).collect::<Vec<f32>>());
                for device in devices() {
                    let stream = device.stream().unwrap();
                    let (x, mut y) = (device.buffer_from(&codes).unwrap(), device.zeroed(codes.len()).unwrap());
                    let arguments = $decode::Args { x: &x, y: &mut y };
                    device.kernel($decode::variant()).unwrap().launch(&stream, 1, arguments).unwrap();
                    for (code, given) in codes.iter().zip(y.read(&stream).unwrap()) {
                        let same = given.to_bits() == code.to_f32().to_bits() || given.is_nan() && code.is_nan();
                        assert!(same, "{:#x} is {given} on {}", code.0, device.info().name);
                    }
                    let (x, mut y) = (device.buffer_from(&values).unwrap(), device.zeroed::<$ty>(values.len()).unwrap());
                    let arguments = $encode::Args { x: &x, y: &mut y };
                    device.kernel($encode::variant()).unwrap().launch(&stream, blocks(values.len()), arguments).unwrap();
                    for (value, given) in values.iter().zip(y.read(&stream).unwrap()) {
                        let expected = <$ty>::from_f32(*value, greta_numerics::Overflow::Nan);
                        assert_eq!(given.0, expected.0, "{value:e} on {}", device.info().name);
                    }
                }
            }
        )*
    };
}

/// The codes' values, the points halfway between neighbours, the numbers next to all of those, and seeded bits.
fn values(codes: &[f32]) -> Vec<f32> {
    let mut sorted: Vec<f32> = codes.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let past = [sorted[0] * 1.0625, sorted[sorted.len() - 1] * 1.0625];
    let ties: Vec<f32> = sorted.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
    let exact = [sorted, ties, past.to_vec(), vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]].concat();
    let near = exact.iter().flat_map(|value| [value.next_down(), *value, value.next_up()]);
    let mut next = random_bits(8);
    let all: Vec<f32> = near.chain((0..8192).map(|_| f32::from_bits(next() as u32))).collect();
    whole_blocks(&all)
}

float8! {
    fp8_converts_as_the_hardware_for_all_codes_and_ties encode_fp8 decode_fp8 fp8;
    bf8_converts_as_the_hardware_for_all_codes_and_ties encode_bf8 decode_bf8 bf8;
}
