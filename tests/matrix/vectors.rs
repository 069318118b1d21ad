//! The vectors of what gfx942 gives, bit for bit, through kernels. NaN is compared with NaN as equal.
//!
//! Where the vectors are not at hand the test says so and checks nothing; under `CI` it fails.

use greta::codegen::mfma::{Format, Role};
use safetensors::SafeTensors;

use crate::devices;
use crate::kernels::{ENTRIES, Entry};

/// A tensor's elements, each widened.
fn elements(file: &SafeTensors<'_>, name: &str) -> Vec<u64> {
    let tensor = file.tensor(name).expect("a tensor of the file");
    let size = tensor.dtype().bitsize() / 8;
    let wide = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    tensor.data().chunks_exact(size).map(wide).collect()
}

/// B's blocks beside each other, from one below the other.
fn beside(entry: &Entry, b: &[u64]) -> Vec<u64> {
    let (n, k, blocks) = (entry.row.n as usize, entry.row.k as usize, entry.row.blocks as usize);
    b.chunks_exact(blocks * k * n)
        .flat_map(|launch| {
            (0..k).flat_map(move |x| (0..blocks).flat_map(move |block| launch[(block * k + x) * n..][..n].iter()))
        })
        .copied()
        .collect()
}

fn is_nan(format: Format, bits: u64) -> bool {
    if format == Format::F64 { f64::from_bits(bits).is_nan() } else { f32::from_bits(bits as u32).is_nan() }
}

#[test]
fn kernels_give_the_bits_of_gfx942() {
    let devices = devices();
    let paths = greta_testing::shared_files("mfma-vectors", "safetensors");
    for path in &paths {
        let bytes = std::fs::read(path).expect("a vector file");
        let file = SafeTensors::deserialize(&bytes).expect("safetensors");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a file name").trim_start_matches("v_");
        let entry = ENTRIES.iter().find(|entry| entry.row.name == name).expect("a row of the file's instruction");
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| elements(&file, name));
        let (rows, columns) = entry.row.size(Role::C);
        let launches = d.len() / (rows * columns) as usize;
        for (device_name, device) in &devices {
            let inputs = [a.as_slice(), &beside(entry, &b), &c];
            let found = (entry.run_fragments)(device, inputs, launches as u32).unwrap();
            let format = entry.row.formats[Role::C as usize];
            let differs = |&(&a, &b): &(&u64, &u64)| a != b && !(is_nan(format, a) && is_nan(format, b));
            let differing = found.iter().zip(&d).filter(differs).count();
            println!("{name} on {device_name}: {differing} of {} elements differ", d.len());
            assert_eq!(differing, 0, "{name} on {device_name}");
        }
    }
    assert!(paths.is_empty() || paths.len() == 27, "{} files", paths.len());
}
