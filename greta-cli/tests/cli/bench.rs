//! `greta bench` on `cpu`, where sizes are small: it runs, and its files are read again.

use crate::Sandbox;

#[test]
fn every_section_has_rows_and_ceilings_come_first() {
    let sandbox = Sandbox::new();
    let text = sandbox.run("bench --device cpu").ok();
    assert!(text.contains("they say nothing of a GPU"), "{text}");
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    let order =
        ["copy", "read", "decode f32 kv 1", "decode bf16 kv 1", "prefill bf16", "gemm f32", "rmsnorm", "launch"];
    let places: Vec<usize> = order.into_iter().map(place).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_run_is_compared_with_an_earlier_one_and_with_others() {
    let sandbox = Sandbox::new();
    let (before, peers) = (sandbox.cache.path().join("before.json"), sandbox.cache.path().join("peers.json"));
    let report = sandbox.run("bench gemm --device cpu --json").json();
    let rows = report["rows"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["section"] == "gemm" && row["median_us"].as_f64() > Some(0.0)), "{report}");
    std::fs::write(&before, report.to_string()).expect("a file");
    let name = rows[0]["name"].as_str().expect("a name");
    let peer = format!(
        r#"{{"device": "D", "versions": ["P 1"], "rows": [{{"name": "{name}", "peer": "P", "median_us": 7.5}}]}}"#
    );
    std::fs::write(&peers, peer).expect("a file");
    let arguments = format!("bench gemm --device cpu --md --compare {} --peers {}", before.display(), peers.display());
    let text = sandbox.run(&arguments).ok();
    for part in ["| before | change | peer | ratio | who |", "| 7.50 µs |", "Peers on D: P 1."] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn files_that_are_no_times_are_refused_before_anything_is_timed() {
    let sandbox = Sandbox::new();
    let path = sandbox.cache.path().join("times.json");
    for (text, part) in [
        ("", "EOF"),
        ("{}", "missing field"),
        (r#"{"device": "D", "versions": [], "rows": [{"name": "x", "peer": "P", "median_us": 0}]}"#, "no time"),
    ] {
        std::fs::write(&path, text).expect("a file");
        let said = sandbox.run(&format!("bench --device cpu --peers {}", path.display())).fails(1);
        assert!(said.contains("times.json") && said.contains(part), "{said}");
    }
    let said = sandbox.run("bench --device cpu --compare nowhere.json").fails(1);
    assert!(said.contains("nowhere.json"), "{said}");
    let said = sandbox.run("bench blok").fails(2);
    assert!(said.contains("'block'"), "{said}");
}
