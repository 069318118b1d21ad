//! `greta tune`: on `cpu` and `emu`, what it shows, what it keeps, and wrong usage.

use serde_json::Value;

use crate::{Sandbox, has_compiler};

const GEMV: &str = "tune gemv --shape n=8,k=32 --tile DEPTH=1,WAVES=1";

#[test]
fn a_table_has_every_variant_that_was_tried_and_the_winner_is_kept() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(&format!("{GEMV} --device cpu")).ok();
    for part in ["gemv with k=32,n=8 on ", "(cpu)", "nothing of a GPU", "choices of tile parameters", "(default)"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let header = text.lines().find(|line| line.contains("VARIANT")).expect("a header");
    let titles = ["TIME", "SPREAD", "RATE", "CEILING", "REGISTERS", "SHARED", "OCCUPANCY", "VARIANT"];
    assert_eq!(header.split_whitespace().collect::<Vec<_>>(), titles);
    let entries: Vec<_> = std::fs::read_dir(sandbox.cache.path().join("tuning")).expect("a folder").collect();
    assert_eq!(entries.len(), 1, "{text}");
    let entry = entries[0].as_ref().expect("an entry").path();
    assert!(text.contains(&format!("kept in {}", entry.display())), "{text}");
}

#[test]
fn json_says_what_was_tried_on_the_emulated_gpu_and_what_it_costs() {
    if !has_compiler() {
        return;
    }
    let tunings = Sandbox::new().run(&format!("{GEMV} --device emu --json")).json();
    let tuning = &tunings[0];
    assert_eq!(tuning["shape"], "k=32,n=8");
    let variants = tuning["variants"].as_array().expect("variants");
    // Those asked for, and the default.
    assert!(variants.iter().all(|variant| variant["failure"].is_null()), "{tuning}");
    assert!(variants.iter().any(|variant| variant["tile"] == tuning["winner"]), "{tuning}");
    assert!(variants.iter().all(|variant| variant["registers"].as_u64().is_some_and(|count| count > 0)), "{tuning}");
    assert!(tuning["gain"].as_f64().is_some_and(|gain| gain > 0.0), "{tuning}");
}

#[test]
fn several_shapes_end_in_a_table_of_gains_and_a_plot_shows_each_variant() {
    let sandbox = Sandbox::new();
    let svg = sandbox.cache.path().join("landscape.svg");
    let arguments = format!("{GEMV} --shape n=4,k=16 --device cpu --dry-run --svg {}", svg.display());
    let text = sandbox.run(&arguments).ok();
    assert!(text.contains("SHAPE") && text.contains("GAIN") && text.contains("not kept"), "{text}");
    assert!(!sandbox.cache.path().join("tuning").exists(), "a dry run keeps nothing");
    let svg = std::fs::read_to_string(svg).expect("a plot");
    assert!(svg.starts_with("<svg") && svg.contains("gemv with k=32,n=8"), "{svg}");
    let tunings = sandbox.run(&format!("{GEMV} --device cpu --dry-run --json")).json();
    let tried = tunings[0]["variants"].as_array().map_or(0, Vec::len);
    // A circle for each variant, one around the fastest and one around the default; the legend's beside them.
    assert!(svg.matches("<circle").count() >= tried + 2, "{svg}");
}

#[test]
fn a_tile_parameter_that_the_shape_decides_is_not_tuned() {
    let shape = "heads=2,kv_heads=1,head_dim=32,past=3";
    let tunings = Sandbox::new().run(&format!("tune attention_decode --shape {shape} --device cpu --json")).json();
    let variants = tunings[0]["variants"].as_array().expect("variants");
    let tile = |variant: &Value| variant["tile"].as_str().map(str::to_owned).unwrap_or_default();
    assert!(variants.iter().all(|variant| tile(variant).starts_with("HD=32,")), "{tunings}");
}

#[test]
fn bench_takes_the_variant_that_was_kept_and_says_so_of_an_entry_that_is_damaged() {
    let sandbox = Sandbox::new();
    let kept = sandbox.run("tune gemv --shape n=16,k=64 --device cpu --json").json();
    let is_default = kept[0]["gain"].as_f64() == Some(1.0);
    let rows = sandbox.run("bench kernels --device cpu --json").json();
    let row = |rows: &Value| rows["rows"].as_array().and_then(|all| all.iter().find(|row| is_gemv(row)).cloned());
    assert_eq!(row(&rows).expect("a row")["tuned"], !is_default, "{rows}");
    let entry = std::fs::read_dir(sandbox.cache.path().join("tuning")).expect("a folder").next();
    let entry = entry.expect("an entry").expect("an entry").path();
    std::fs::write(&entry, "{").expect("a damaged entry");
    let run = sandbox.run("bench kernels --device cpu --json");
    assert!(run.stderr.contains("tuning entry ignored") && run.stderr.contains("damaged"), "{}", run.all());
    assert_eq!(row(&run.json()).expect("a row")["tuned"], false);
}

fn is_gemv(row: &Value) -> bool {
    row["name"].as_str().is_some_and(|name| name.starts_with("gemv n="))
}

#[test]
fn wrong_usage_names_what_there_is() {
    let refuses = |arguments: &str, parts: &[&str]| {
        let text = Sandbox::new().run(arguments).fails(2);
        parts.iter().for_each(|part| assert!(text.contains(part), "{arguments}: {part}: {text}"));
    };
    refuses("tune gemv", &["--shape"]);
    refuses("tune gemw --shape n=1,k=1", &["'gemv'", "possible values"]);
    refuses("tune gemv --shape n=1", &["gemv has the sizes n, k; given n=1"]);
    refuses("tune gemv --shape n=1,k=x", &["`x` is not a whole number"]);
    refuses("tune gemv --shape n", &["NAME=SIZE"]);
    refuses("tune gemv --shape n=0,k=4 --device cpu", &["at least 1"]);
    refuses("tune gemv --shape n=1,k=4 --tile ROWZ=2", &["`ROWZ`", "`ROWS`"]);
    let text = Sandbox::new().run("tune gemv --shape n=1,k=4 --device gpu").fails(1);
    assert!(text.contains("gpu"), "{text}");
}
