//! `greta profile`: a kernel and a block, their counters and bounds, the plot, and wrong usage.

use serde_json::Value;

use crate::{Sandbox, has_compiler};

/// The labels of a small layer's decode step.
const DECODE_NODES: usize = 6;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn a_kernel_shows_its_counters_and_a_bound() {
    if !has_compiler() {
        return;
    }
    let text = Sandbox::new().run("profile gemm_f32 --case 6").ok();
    assert!(text.contains("gemm_f32, case 6 of ") && text.contains("m = 64, n = 64, k = 256"), "{text}");
    for part in ["matrix.busy_cycles", "global.coalescing", "BINDS", "bound on an MI300X: at least", "leaves out"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn json_has_the_matrix_work_and_the_bytes_of_a_product() {
    if !has_compiler() {
        return;
    }
    let profile = Sandbox::new().run("profile gemm_f32 --case 6 --json").json();
    let node = &profile["nodes"][0];
    // 16 x 16 x 4 each; a, b and c are read or written once, beside the arguments.
    assert_eq!(node["counters"]["matrix"]["count"], 64 / 16 * 64 / 16 * 256 / 4, "{node}");
    let bytes = number(&node["counters"]["memory_bytes"]);
    let least = 4.0 * (64.0 * 256.0 * 2.0 + 64.0 * 64.0);
    assert!((least..least + 1024.0).contains(&bytes), "{node}");
    assert!((number(&node["bound"]["busy_us"]["memory"]) - bytes / 5.3e6).abs() < 1e-9, "{node}");
    assert_eq!(node["bound"], profile["total"], "one node is all");
    assert!(profile["left_out"].as_array().is_some_and(|parts| parts.len() > 5), "{profile}");
}

#[test]
fn sizes_and_tile_parameters_are_the_users_to_choose() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    let profile = sandbox.run("profile gemm_bf16 --shape m=16,n=32,k=70 --json").json();
    let default = &profile["nodes"][0]["counters"];
    assert!(number(&default["matrix"]["count"]) > 0.0, "{profile}");
    let profile = sandbox.run("profile gemv --shape n=40,k=64 --tile ROWS=4,WAVES=2 --json").json();
    assert_eq!(profile["subject"], "gemv with ROWS=4,WAVES=2, k=64,n=40");
    // Each block has as many rows as its waves have.
    assert_eq!(profile["nodes"][0]["grid"], serde_json::json!([5, 1, 1]), "{profile}");
    assert_eq!(profile["nodes"][0]["counters"]["waves"], 5 * 2, "{profile}");
}

#[test]
fn a_blocks_nodes_add_up_and_each_has_a_point_in_the_plot() {
    if !has_compiler() {
        return;
    }
    let sandbox = Sandbox::new();
    let svg = sandbox.cache.path().join("roofline.svg");
    let profile = sandbox.run(&format!("profile block --past 9 --json --svg {}", svg.display())).json();
    let nodes = profile["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), DECODE_NODES, "{profile}");
    for resource in ["matrix", "vector", "memory", "lds"] {
        let sum: f64 = nodes.iter().map(|node| number(&node["bound"]["busy_us"][resource])).sum();
        assert!((number(&profile["total"]["busy_us"][resource]) - sum).abs() < 1e-9, "{resource}: {profile}");
    }
    let sum: f64 = nodes.iter().map(|node| number(&node["bound"]["bound_us"])).sum();
    assert!((number(&profile["sequential_us"]) - sum).abs() < 1e-9, "{profile}");
    assert!(number(&profile["total"]["bound_us"]) <= sum + 1e-9, "{profile}");
    let down = nodes.iter().find(|node| node["label"] == "down + residual").expect("a node of that label");
    assert!(number(&down["counters"]["memory_bytes"]) >= 4.0 * 256.0 * 688.0, "{down}");
    assert_eq!(down["bound"]["binds"], "memory", "{down}");

    let svg = std::fs::read_to_string(svg).expect("a plot");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    // A point in the plot and one in the legend.
    assert_eq!(svg.matches("<circle").count(), 2 * DECODE_NODES, "{svg}");
    assert!(svg.contains("down + residual: memory binds"), "{svg}");
}

#[test]
fn a_prefill_step_computes_on_matrix_units() {
    if !has_compiler() {
        return;
    }
    let profile = Sandbox::new().run("profile block --tokens 3 --past 2 --json").json();
    let nodes = profile["nodes"].as_array().expect("nodes");
    assert!(nodes.len() > DECODE_NODES, "{profile}");
    assert!(number(&profile["total"]["busy_us"]["matrix"]) > 0.0, "{profile}");
}

#[test]
fn wrong_usage_names_what_there_is() {
    let refuses = |arguments: &str, parts: &[&str]| {
        let text = Sandbox::new().run(arguments).fails(2);
        parts.iter().for_each(|part| assert!(text.contains(part), "{arguments}: {part}: {text}"));
    };
    refuses("profile gem_f32", &["gem_f32", "'gemm_f32'", "possible values", "block"]);
    refuses("profile gemv --tokens 2", &["--tokens", "--case"]);
    refuses("profile block --case 2", &["--case", "block"]);
    refuses("profile block --tile BM=32", &["--tile", "block"]);
    refuses("profile block --config llama4", &["llama4", "llama2-7b"]);
    if has_compiler() {
        refuses("profile gemv --case 99", &["gemv has no case 99", "1: n = 1, k = 1"]);
        refuses("profile gemv --case 0", &["gemv has no case 0"]);
        refuses("profile gemv --shape n=4", &["gemv", "n, k", "n=4"]);
        refuses("profile gemm_f32 --tile BM=17", &["BM", "17", "128"]);
        refuses("profile attention_decode --shape heads=2,kv_heads=2,head_dim=64,past=3 --tile HD=32", &["HD = 64"]);
    }
}

#[test]
fn the_help_says_what_the_bound_leaves_out() {
    let text = Sandbox::new().run("profile --help").ok();
    for part in ["leaves out", "latency", "launch overhead", "occupancy", "clocks", "no prediction"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
