//! The reference layer against every block golden: layers that Hugging Face transformers computed in `f64`.
//!
//! Where the goldens are not at hand the test says so and checks nothing.

use std::path::{Path, PathBuf};

use greta_llama::reference::block;
use greta_llama::{BlockGolden, Comparison, Tolerance};

/// Number of block goldens.
const GOLDEN_COUNT: usize = 7;

fn golden_paths() -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/goldens");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("block-")))
        .collect();
    paths.sort();
    Some(paths)
}

#[test]
fn the_reference_layer_agrees_with_every_golden() {
    let Some(paths) = golden_paths() else {
        println!("skipped: no folder ../shared/goldens beside the repository");
        return;
    };
    assert_eq!(paths.len(), GOLDEN_COUNT, "block goldens in the folder");
    for path in paths {
        let golden = BlockGolden::open(&path).expect("a golden file");
        let output = block(&golden.config, &golden.weights(&|_| {}), &golden.inputs());
        let results = [
            ("y", &output.y, &golden.y),
            ("k_new", &output.k_new, &golden.k_new),
            ("v_new", &output.v_new, &golden.v_new),
        ];
        for (name, result, wanted) in results {
            let comparison = Comparison::new(result, wanted);
            println!("{} {name}: {comparison}", golden.stem);
            assert!(comparison.within(Tolerance::F64), "{} {name}: {comparison}", golden.stem);
        }
    }
}
