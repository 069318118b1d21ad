//! The README's tables: coverage, of the instruction table and of what compilers emit, and faults, each with the test that
//! provokes it.
//!
//! `GRETA_UPDATE=1` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use greta_emulator::isa::{Encoding, Op, ROWS};
use greta_emulator::{CodeObject, UNEXECUTED};
use greta_runtime::compile::CompileRequest;
use quote::ToTokens;
use syn::{Expr, ExprLit, Item, Lit, Meta, MetaNameValue};

/// The instructions that an object's kernels and functions have.
fn ops_of(code: &[u8], seen: &mut BTreeSet<Op>) {
    let object = CodeObject::load(code).expect("the object loads");
    let program = object.program();
    for symbol in object.symbols.values().filter(|symbol| symbol.is_function) {
        let listing = program.listing(symbol.offset, symbol.offset + symbol.bytes);
        seen.extend(listing.map_while(Result::ok).map(|(_, instruction)| instruction.op));
    }
}

/// What is in the feature kernels at every level, and in the third party's objects; nothing where one of
/// them is missing.
fn seen() -> Option<BTreeSet<Op>> {
    let compiler = crate::support::compiler()?;
    let objects = crate::support::third_party_objects();
    let mut seen = BTreeSet::new();
    for path in &objects {
        ops_of(&std::fs::read(path).expect("the object can be read"), &mut seen);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator/kernels");
    for name in ["arithmetic", "lanes", "matrix", "memory"] {
        let source = std::fs::read_to_string(folder.join(name).with_extension("hip")).expect("the source can be read");
        for level in ["-O0", "-O1", "-O2", "-O3"] {
            let options = [level.to_owned()];
            let request = CompileRequest { source: &source, name, target: "gfx942", options: &options, line_map: &[] };
            ops_of(&compiler.compile(&request).expect("the kernels compile").bytes, &mut seen);
        }
    }
    (!objects.is_empty()).then_some(seen)
}

fn table(seen: &BTreeSet<Op>) -> String {
    let mut text = String::from("\n| encoding | rows | executed | seen |\n|---|---:|---:|---:|\n");
    let mut line = |name: &str, is_in: &dyn Fn(Encoding) -> bool| {
        let rows = || ROWS.iter().filter(|row| is_in(row.encoding));
        let executed = rows().filter(|row| !UNEXECUTED.contains(&row.op)).count();
        let seen = rows().filter(|row| seen.contains(&row.op)).count();
        writeln!(text, "| {name} | {} | {executed} | {seen} |", rows().count()).expect("a string takes all");
    };
    for encoding in Encoding::ALL {
        line(&format!("{encoding:?}").to_uppercase(), &|other| other == encoding);
    }
    line("all", &|_| true);
    let names: Vec<_> = UNEXECUTED.iter().map(|op| format!("`{}`", op.row().mnemonic)).collect();
    text + "\nDecoded and printed, and a fault when reached: " + &names.join(", ") + ".\n\n"
}

/// A fault's variants, each with the first sentence of what is said of it.
fn variants(file: &str, name: &str) -> Vec<(String, String)> {
    let items = syn::parse_file(file).expect("the file is Rust").items;
    let found = items.into_iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == name => Some(item.variants),
        _ => None,
    });
    let describe = |variant: syn::Variant| {
        let documented = variant.attrs.iter().find_map(|attribute| match &attribute.meta {
            Meta::NameValue(MetaNameValue { value: Expr::Lit(ExprLit { lit: Lit::Str(text), .. }), .. }) => {
                Some(text.value())
            }
            _ => None,
        });
        let text = documented.expect("every fault is documented");
        let sentence = text.trim().split_once(". ").map_or(text.trim(), |(first, _)| first);
        (variant.ident.to_string(), sentence.trim_end_matches('.').to_owned())
    };
    found.expect("the file has the enum").into_iter().map(describe).collect()
}

/// The tests of `tests/emulator`, each with its text.
fn tests() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let (Some(module), true) = (path.file_stem(), path.extension().is_some_and(|end| end == "rs")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        for item in syn::parse_file(&text).expect("the file is Rust").items {
            let Item::Fn(function) = item else { continue };
            if function.attrs.iter().any(|attribute| attribute.path().is_ident("test")) {
                let name = format!("{}::{}", module.display(), function.sig.ident);
                found.push((name, function.block.to_token_stream().to_string()));
            }
        }
    }
    found.sort();
    found
}

/// Every fault, with the first test that asks for it by name.
fn faults() -> String {
    let tests = tests();
    let mut text = String::from("\n| fault | what is wrong | test |\n|---|---|---|\n");
    for (name, file, holds_another) in [
        ("Fault", include_str!("../../greta-emulator/src/fault.rs"), "Stopped"),
        ("Cause", include_str!("../../greta-emulator/src/execute/cause.rs"), "Access"),
        ("AccessError", include_str!("../../greta-emulator/src/memory/mod.rs"), ""),
    ] {
        for (variant, meaning) in variants(file, name).into_iter().filter(|(variant, _)| variant != holds_another) {
            let mention = [format!("{name} :: {variant} "), format!("{name} :: {variant})")];
            let asks = |body: &str| mention.iter().any(|mention| body.contains(mention.as_str()));
            let test = tests.iter().find(|(_, body)| asks(body));
            let (test, _) = test.unwrap_or_else(|| panic!("no test of tests/emulator provokes {name}::{variant}"));
            writeln!(text, "| `{variant}` | {meaning} | `{test}` |").expect("a string takes all");
        }
    }
    text + "\n"
}

/// Compares what the README has between `start` and `end`, or writes it.
fn check(start: &str, end: &str, wanted: &str) {
    // The tests of this file write to the same one.
    static WRITES: Mutex<()> = Mutex::new(());
    let _lock = WRITES.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("greta-emulator/README.md");
    let text = std::fs::read_to_string(&path).expect("there is a README");
    let (before, rest) = text.split_once(start).expect("the README has the table's start");
    let (given, after) = rest.split_once(end).expect("the README has the table's end");
    if std::env::var_os("GRETA_UPDATE").is_some() {
        std::fs::write(&path, [before, start, wanted, end, after].concat()).expect("the README can be written");
    } else {
        assert_eq!(given, wanted, "GRETA_UPDATE=1 cargo test -p greta --test emulator readme writes the table");
    }
}

#[test]
fn the_table_of_coverage_is_current() {
    let Some(seen) = seen() else { return };
    check("<!-- coverage: tests/emulator/readme.rs -->\n", "<!-- end of coverage -->\n", &table(&seen));
}

#[test]
fn every_fault_has_a_test() {
    check("<!-- faults: tests/emulator/readme.rs -->\n", "<!-- end of faults -->\n", &faults());
}
