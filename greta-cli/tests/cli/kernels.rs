//! `greta kernels`.

use crate::Sandbox;

#[test]
fn the_table_has_a_row_for_each_kernel_and_tile_parameter() {
    let text = Sandbox::new().run("kernels").ok();
    let (header, rows) = text.split_once('\n').expect("a header");
    for title in ["KERNEL", "VARIANTS", "TILE", "DEFAULT", "CANDIDATES"] {
        assert!(header.contains(title), "{header}");
    }
    for kernel in ["rmsnorm", "gemm_f32", "softmax"] {
        let is_row = |line: &&str| line.split_whitespace().next() == Some(kernel);
        assert_eq!(rows.lines().filter(is_row).count(), 1, "{kernel}: {text}");
    }
    assert!(rows.lines().any(|line| line.contains("  BK  ") && line.contains(" 16 32")), "{text}");
    assert!(rows.contains("sqrt(mean_c(x[t, c]^2) + eps)"), "the formula: {text}");
    assert!(text.lines().all(|line| line.trim_end() == line), "no spaces at the ends of lines");
}

#[test]
fn json_says_all_that_can_be_tuned() {
    let kernels = Sandbox::new().run("kernels --json").json();
    let kernels = kernels.as_array().expect("an array");
    let gemm = kernels.iter().find(|kernel| kernel["name"] == "gemm_f32").expect("gemm_f32");
    let parameter = &gemm["parameters"][0];
    assert_eq!(parameter["name"], "BM");
    let candidates = parameter["candidates"].as_array().expect("an array");
    assert!(candidates.len() > 1 && candidates.contains(&parameter["default"]), "{parameter}");
    assert!(gemm["requirements"][0].as_str().is_some_and(|text| text.contains("BM % WM == 0")), "{gemm}");
    assert_eq!(gemm["contracts"][0].as_str(), Some("a.len() == m * k"), "{gemm}");
    assert!(gemm["doc"].as_str().is_some_and(|text| text.contains("sum_k")), "{gemm}");
    assert!(gemm["file"].as_str().is_some_and(|file| file.ends_with("gemm_f32.rs")), "{gemm}");
    for kernel in kernels {
        let candidates = kernel["parameters"].as_array().expect("an array").iter();
        let most: u64 = candidates.map(|it| it["candidates"].as_array().map_or(0, Vec::len) as u64).product();
        let count = kernel["variant_count"].as_u64().expect("a number");
        assert!((1..=most).contains(&count), "{kernel}");
        assert!(kernel["line"].as_u64().is_some_and(|line| line > 0), "{kernel}");
    }
    assert!(gemm["variant_count"].as_u64().is_some_and(|count| count > 1));
}
