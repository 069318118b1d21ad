//! The HIP C++ that the book shows is what its kernels become.

use std::path::Path;

use greta::codegen::emit;
use greta::codegen::lower::lower;
use greta::codegen::target::GFX942;
use greta_book::KERNELS;

/// From the first line that the kernel's author wrote: what is before is the same in every file.
fn shown(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let preamble = lines.iter().position(|line| line.starts_with("#pragma clang fp")).map_or(0, |line| line + 1);
    let text = lines[preamble..].join("\n");
    format!("{}\n", text.trim_start())
}

#[test]
fn every_listing_is_what_its_kernel_becomes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hip");
    let update = std::env::var_os("UPDATE").is_some();
    let mut files = Vec::new();
    for definition in KERNELS {
        let kernel = lower(definition, &definition.defaults(), &GFX942).unwrap_or_else(|error| panic!("{error}"));
        let (text, file) = (shown(&emit::hip(&kernel).source), folder.join(format!("{}.hip", definition.name)));
        if update {
            std::fs::write(&file, &text).unwrap();
        }
        let current = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(current, text, "{}: UPDATE=1 cargo test -p greta-book --test hip", file.display());
        files.push(format!("{}.hip", definition.name));
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(files.contains(&name), "{name} belongs to no kernel");
    }
}
