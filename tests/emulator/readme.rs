//! The README's tables: coverage, of the instruction table and of what compilers emit, and faults, each with a test that
//! was run and provoked it.
//!
//! `GRETA_UPDATE=1` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use greta_emulator::isa::{Encoding, Op, ROWS};
use greta_emulator::{CodeObject, UNEXECUTED};
use greta_runtime::compile::CompileRequest;
use syn::{Expr, ExprLit, Item, Lit, Meta, MetaNameValue};

use crate::support::provoked_by;

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

/// Tests by their names.
macro_rules! named {
    ($($module:ident::{$($test:ident),* $(,)?}),* $(,)?) => {
        &[$($((concat!(stringify!($module), "::", stringify!($test)), crate::$module::$test as fn())),*),*]
    };
}

/// The tests that provoke faults.
const PROVOKING: &[(&str, fn())] = named! {
    loading::{
        what_is_no_object_or_bundle_is_refused,
        damaged_headers_and_segments_are_refused,
        damaged_metadata_and_descriptors_are_refused,
        relocations_that_cannot_be_done_are_refused,
        words_that_are_no_instructions_are_listed_as_such,
        launches_that_ask_for_too_much_are_refused,
        a_machine_without_room_is_no_fault_of_the_arguments,
    },
    faults::{
        accesses_out_of_bounds_and_unaligned_name_the_address,
        a_register_whose_load_is_outstanding_is_not_to_be_used,
        wait_states_that_the_hardware_lacks_are_asked_for,
        waves_that_race_for_shared_memory_are_named,
        a_barrier_that_a_wave_left_out_is_a_fault,
        what_was_never_written_is_warned_of,
        loops_without_end_and_traps_stop,
        what_the_emulator_does_not_do_is_a_fault,
    },
    waiting::{ workgroups_that_wait_for_ever_are_stopped },
};

/// Every fault, with the first test that provokes it: the tests are run, and say what they got.
fn faults() -> String {
    let provoked: Vec<_> = PROVOKING.iter().map(|&(name, test)| (name, provoked_by(test))).collect();
    let mut text = String::from("\n| fault | what is wrong | test |\n|---|---|---|\n");
    for (name, file, holds_another) in [
        ("Fault", include_str!("../../greta-emulator/src/fault.rs"), "Stopped"),
        ("Cause", include_str!("../../greta-emulator/src/execute/cause.rs"), "Access"),
        ("AccessError", include_str!("../../greta-emulator/src/memory/mod.rs"), ""),
    ] {
        for (variant, meaning) in variants(file, name).into_iter().filter(|(variant, _)| variant != holds_another) {
            let wanted = (name.to_owned(), variant);
            let (test, _) = provoked
                .iter()
                .find(|(_, found)| found.contains(&wanted))
                .unwrap_or_else(|| panic!("no test provokes {name}::{}", wanted.1));
            writeln!(text, "| `{}` | {meaning} | `{test}` |", wanted.1).expect("a string takes all");
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
fn every_fault_is_provoked_by_a_test() {
    // Without a compiler the tests provoke nothing, and say so.
    if crate::support::compiler().is_none() {
        return;
    }
    check("<!-- faults: tests/emulator/readme.rs -->\n", "<!-- end of faults -->\n", &faults());
}
