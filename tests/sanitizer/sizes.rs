//! Elements of 1, 2, 4 and 8 bytes, one by one and in vectors of 16: each is told from its neighbours, and looked at as
//! a whole.

use greta::prelude::*;

use crate::device;

macro_rules! sizes {
    ($($name:ident: $ty:ident, $sixteen:ident, |$bits:ident| $value:expr;)*) => {$(
        mod $name {
            use super::*;

            /// Neighbours belong to different blocks, or to different threads with no barrier in between.
            #[kernel(block = 64)]
            fn own(x: &Global<$ty>, y: &mut Global<$ty>) {
                let mut tile = shared::<[$ty; 64]>();
                let t = thread_idx().x;
                tile[t] = x[t];
                y[t * grid_dim().x + block_idx().x] = tile[t];
            }

            #[kernel(block = 64)]
            fn pairs_meet(x: &Global<$ty>, y: &mut Global<$ty>) {
                let t = thread_idx().x;
                y[t / 2] = x[t];
            }

            #[kernel(block = 64)]
            fn pairs_meet_in_shared(x: &Global<$ty>, y: &mut Global<$ty>) {
                let mut tile = shared::<[$ty; 32]>();
                let t = thread_idx().x;
                tile[t / 2] = x[t];
                barrier();
                y[t] = tile[t / 2];
            }

            #[kernel(block = 64)]
            fn vectors_meet(x: &Global<$ty>, y: &mut Global<$ty>) {
                let t = thread_idx().x;
                y.store_vector(t / 2 * 16, x.load_vector::<$sixteen>(t * 16));
            }

            /// What a launch reports: the first line.
            macro_rules! title {
                ($kernel:ident, $x:expr) => {
                    launch!($kernel, 1, $x, vec![value(0); 1024]).map_err(|error| {
                        error.to_string().lines().next().unwrap_or_default().to_owned()
                    })
                };
            }

            /// A value whose last byte in memory is `last`, and whose others are 0.
            fn value(last: u64) -> $ty {
                let $bits = last << (8 * size_of::<$ty>() - 8);
                $value
            }

            fn literals(values: &[$ty]) -> Vec<String> {
                values.iter().map(|value| format!("{:?}", greta::rt::LiteralValue::to_literal(*value))).collect()
            }

            #[test]
            fn neighbours_do_not_race() {
                let x: Vec<$ty> = (0..64).map(value).collect();
                let y = launch!(own, 3, x, vec![value(0); 192]).unwrap_or_else(|error| panic!("{error}"));
                let expected: Vec<$ty> = x.iter().flat_map(|value| [*value; 3]).collect();
                assert_eq!(literals(&y), literals(&expected));
            }

            #[test]
            fn an_element_is_one_whole() {
                let (same, different) = (vec![value(5); 64], (0..64).map(value).collect::<Vec<$ty>>());
                let wanted = |element: &str| format!("data race on {element}: write and write are in no order");
                assert_eq!(title!(pairs_meet, different).unwrap_err(), wanted("y[0]"));
                assert_eq!(title!(pairs_meet_in_shared, different).unwrap_err(), wanted("tile[0]"));
                title!(pairs_meet, same).unwrap_or_else(|title| panic!("{title}"));
                title!(pairs_meet_in_shared, same).unwrap_or_else(|title| panic!("{title}"));
            }

            #[test]
            fn a_vector_is_its_elements() {
                let mut x = vec![value(5); 1024];
                title!(vectors_meet, x).unwrap_or_else(|title| panic!("{title}"));
                // Of the second thread, the last element.
                x[31] = value(6);
                let wanted = "data race on y[15]: write and write are in no order";
                assert_eq!(title!(vectors_meet, x).unwrap_err(), wanted);
            }

            #[test]
            fn a_vector_of_a_view_is_aligned() {
                let device = device();
                let stream = device.stream().unwrap();
                let kernel = device.kernel(vectors_meet::variant()).unwrap();
                let x = device.buffer_from(&vec![value(5); 1040]).unwrap();
                let mut y = device.zeroed(512).unwrap();
                let bytes = size_of::<$ty>();
                let mut launch = |first: usize| {
                    let view = x.view(first..first + 1024).unwrap();
                    kernel.launch(&stream, 1, vectors_meet::Args { x: &view, y: &mut y }).unwrap();
                    stream.synchronize()
                };
                launch(16 / bytes).unwrap_or_else(|error| panic!("{error}"));
                let report = launch(1).unwrap_err().to_string();
                let size = 16 * bytes;
                let wanted = format!("read of {size} B at once of x, a view that starts {bytes} B into its buffer");
                assert_eq!(report.lines().next(), Some(wanted.as_str()), "{report}");
            }

            #[test]
            fn an_element_is_defined_once_it_is_written() {
                let device = device();
                let stream = device.stream().unwrap();
                let kernel = device.kernel(pairs_meet_in_shared::variant()).unwrap();
                let (mut x, mut y) = (device.buffer(64).unwrap(), device.zeroed(64).unwrap());
                x.view(..21).unwrap().upload(&[value(5); 21]).unwrap();
                kernel.launch(&stream, 1, pairs_meet_in_shared::Args { x: &x, y: &mut y }).unwrap();
                let report = stream.synchronize().unwrap_err().to_string();
                assert_eq!(report.lines().next(), Some("read of x[21], which is undefined"), "{report}");
                x.upload(&[value(5); 64]).unwrap();
                kernel.launch(&stream, 1, pairs_meet_in_shared::Args { x: &x, y: &mut y }).unwrap();
                assert_eq!(literals(&y.read(&stream).unwrap()), literals(&[value(5); 64]));
            }
        }
    )*};
}

sizes! {
    of_i8: i8, i8x16, |bits| bits as i8;
    of_fp8: fp8, fp8x16, |bits| greta::prelude::fp8(bits as u8);
    of_u16: u16, u16x16, |bits| bits as u16;
    of_bf16: bf16, bf16x16, |bits| bf16::from_bits(bits as u16);
    of_i32: i32, i32x16, |bits| bits as i32;
    of_f32: f32, f32x16, |bits| f32::from_bits(bits as u32);
    of_u64: u64, u64x16, |bits| bits;
    of_f64: f64, f64x16, |bits| f64::from_bits(bits);
}

macro_rules! shifts {
    ($($test:ident $kernel:ident $ty:ident: $allowed:expr, $($count:expr => $wanted:expr),*;)*) => {$(
        #[kernel(block = 64)]
        fn $kernel(x: &Global<$ty>, y: &mut Global<$ty>) {
            let t = thread_idx().x;
            y[t] = x[t] << x[t];
        }

        #[test]
        fn $test() {
            let shift = |count: $ty| launch!($kernel, 1, vec![count; 64], vec![0; 64]);
            let y = shift($allowed).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(y, vec![$allowed << $allowed; 64]);
            for (count, wanted) in [$(($count, $wanted)),*] {
                let report = shift(count).unwrap_err().to_string();
                assert_eq!(report.lines().next(), Some(wanted), "{report}");
            }
        }
    )*};
}

shifts! {
    i8_is_shifted_by_less_than_8 shifts_i8 i8: 7, 8 => "shift of 8 bits by 8", -1 => "shift of 8 bits by -1";
    u16_is_shifted_by_less_than_16 shifts_u16 u16: 15, 16 => "shift of 16 bits by 16";
    u64_is_shifted_by_less_than_64 shifts_u64 u64: 63, 64 => "shift of 64 bits by 64",
        1 << 32 => "shift of 64 bits by 4294967296";
    i64_is_shifted_by_less_than_64 shifts_i64 i64: 63, -1 => "shift of 64 bits by -1";
}
