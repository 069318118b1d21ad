//! Every file of matrix vectors, bit for bit: by element and by tile, both orders of A, all vector instructions of this
//! machine. NaN is compared with NaN as equal.
//!
//! Where the vectors are not at hand the test says so and checks nothing; under `CI` it fails.

use std::path::Path;

use greta_numerics::Simd;
use greta_numerics::mfma::{
    self, Accumulator, Elements, Format, Left, Order, Parts, Right, Rule, Shape, dot_f32, dot_f64, dot_fp8, dot_grouped,
};
use greta_testing::shared_files;
use safetensors::SafeTensors;

/// Number of files.
const FILE_COUNT: usize = 27;

fn format(name: &str) -> Format {
    match name {
        "f64" => Format::F64,
        "f32" => Format::F32,
        "xf32" => Format::Xf32,
        "f16" => Format::F16,
        "bf16" => Format::Bf16,
        "fp8" => Format::Fp8,
        "bf8" => Format::Bf8,
        other => panic!("unknown format {other}"),
    }
}

/// A tensor's elements, each widened.
fn elements(file: &SafeTensors<'_>, name: &str) -> Vec<u64> {
    let tensor = file.tensor(name).expect("a tensor of the file");
    let size = tensor.dtype().bitsize() / 8;
    let wide = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    tensor.data().chunks_exact(size).map(wide).collect()
}

struct File {
    formats: (Format, Format),
    shape: Shape,
    rule: Rule,
    a: Vec<u64>,
    b: Vec<u64>,
    c: Vec<u64>,
    d: Vec<u64>,
}

impl File {
    fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("a vector file");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
        let metadata = header.metadata().as_ref().expect("metadata").clone();
        let size = |key: &str| metadata[key].parse::<usize>().expect("a number");
        let formats = (format(&metadata["a_format"]), format(&metadata["b_format"]));
        let shape = Shape { m: size("m"), n: size("n"), k: size("k") };
        let rule = Rule::of(formats.0, shape.k).expect("a rule");
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| elements(&file, name));
        assert_eq!(d.len(), size("cases") * shape.m * shape.n);
        Self { formats, shape, rule, a, b, c, d }
    }

    /// How many elements of D differ from what `compute` makes of A, B and C of a case.
    fn differing(&self, compute: impl Fn(&[u64], &[u64], &[u64]) -> Vec<u64>) -> usize {
        let Shape { m, n, k } = self.shape;
        let cases = self.a.chunks(m * k).zip(self.b.chunks(k * n)).zip(self.c.chunks(m * n).zip(self.d.chunks(m * n)));
        let double = self.formats.0 == Format::F64;
        let is_nan =
            |bits: u64| if double { f64::from_bits(bits).is_nan() } else { f32::from_bits(bits as u32).is_nan() };
        let mut differing = 0;
        for ((a, b), (c, d)) in cases {
            let given = compute(a, b, c);
            assert_eq!(given.len(), d.len());
            let differs = |&(&given, &d): &(&u64, &u64)| given != d && !(is_nan(given) && is_nan(d));
            differing += given.iter().zip(d).filter(differs).count();
        }
        differing
    }

    fn by_element(&self, a: &[u64], b: &[u64], c: &[u64]) -> Vec<u64> {
        let Shape { n, k, .. } = self.shape;
        let element = |(at, &c): (usize, &u64)| {
            let a = &a[at / n * k..][..k];
            let b: Vec<u64> = (0..k).map(|index| b[index * n + at % n]).collect();
            let singles = |bits: &[u64]| bits.iter().map(|&bits| f32::from_bits(bits as u32)).collect::<Vec<_>>();
            let doubles = |bits: &[u64]| bits.iter().map(|&bits| f64::from_bits(bits)).collect::<Vec<_>>();
            let parts = |format: Format, bits: &[u64]| -> Vec<Parts> {
                bits.iter().map(|&bits| Parts::new(format, bits as u32).expect("a format with parts")).collect()
            };
            let single = f32::from_bits(c as u32);
            let (a_format, b_format) = self.formats;
            match self.rule {
                Rule::F32 => u64::from(dot_f32(&singles(a), &singles(&b), single).to_bits()),
                Rule::F64 => dot_f64(&doubles(a), &doubles(&b), f64::from_bits(c)).to_bits(),
                Rule::Grouped { group } => {
                    dot_grouped(group.into(), &parts(a_format, a), &parts(b_format, &b), single).to_bits().into()
                }
                Rule::Fp8 => dot_fp8(&parts(a_format, a), &parts(b_format, &b), single).to_bits().into(),
                Rule::I8 => panic!("no vectors of integers"),
            }
        };
        c.iter().enumerate().map(element).collect()
    }

    fn by_tile(&self, simd: Simd, order: Order, a: &[u64], b: &[u64], c: &[u64]) -> Vec<u64> {
        let Shape { m, k, .. } = self.shape;
        let a: Vec<u64> = match order {
            Order::Rows => a.to_vec(),
            Order::Columns => (0..m * k).map(|at| a[at % m * k + at / m]).collect(),
        };
        fn narrow<T: TryFrom<u64, Error: std::fmt::Debug>>(wide: &[u64]) -> Vec<T> {
            wide.iter().map(|&wide| T::try_from(wide).expect("an element")).collect()
        }
        let (a8, b8, a16, b16, a32, b32);
        let (a_elements, b_elements) = match self.formats.0.bits() {
            8 => {
                (a8, b8) = (narrow(&a), narrow(b));
                (Elements::Bits8(&a8), Elements::Bits8(&b8))
            }
            16 => {
                (a16, b16) = (narrow(&a), narrow(b));
                (Elements::Bits16(&a16), Elements::Bits16(&b16))
            }
            32 => {
                (a32, b32) = (narrow(&a), narrow(b));
                (Elements::Bits32(&a32), Elements::Bits32(&b32))
            }
            _ => (Elements::Bits64(&a), Elements::Bits64(b)),
        };
        let left = Left { format: self.formats.0, elements: a_elements, order };
        let right = Right { format: self.formats.1, elements: b_elements };
        if self.rule == Rule::F64 {
            let mut c = c.to_vec();
            mfma::multiply(simd, self.rule, self.shape, left, right, Accumulator::Bits64(&mut c))
                .expect("matching sizes");
            return c;
        }
        let mut c: Vec<u32> = narrow(c);
        mfma::multiply(simd, self.rule, self.shape, left, right, Accumulator::Bits32(&mut c)).expect("matching sizes");
        c.into_iter().map(u64::from).collect()
    }
}

#[test]
fn every_vector_file_is_reproduced_bit_for_bit() {
    let paths = shared_files("mfma-vectors", "safetensors");
    if paths.is_empty() {
        return;
    }
    assert_eq!(paths.len(), FILE_COUNT, "vector files in the folder");
    let mut failures = Vec::new();
    for path in &paths {
        let file = File::open(path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut counts = vec![("element".to_owned(), file.differing(|a, b, c| file.by_element(a, b, c)))];
        for simd in Simd::available() {
            for order in [Order::Rows, Order::Columns] {
                let differing = file.differing(|a, b, c| file.by_tile(simd, order, a, b, c));
                counts.push((format!("{simd:?} {order:?}"), differing));
            }
        }
        let total = file.d.len();
        println!("{name}: {total} elements, differing {counts:?}");
        failures.extend(counts.into_iter().filter(|(_, differing)| *differing != 0).map(|count| (name.clone(), count)));
    }
    assert!(failures.is_empty(), "{failures:?}");
}
