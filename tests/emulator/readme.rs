//! The README's table of coverage is that of the instruction table and of what compilers emit.
//!
//! `GRETA_UPDATE=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use greta_emulator::isa::{Encoding, Op, ROWS};
use greta_emulator::{CodeObject, UNEXECUTED};
use greta_runtime::compile::CompileRequest;

const START: &str = "<!-- coverage: tests/emulator/readme.rs -->\n";
const END: &str = "<!-- end of coverage -->\n";

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

#[test]
fn the_table_of_coverage_is_current() {
    let Some(seen) = seen() else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("greta-emulator/README.md");
    let text = std::fs::read_to_string(&path).expect("there is a README");
    let (before, rest) = text.split_once(START).expect("the README has the table's start");
    let (given, after) = rest.split_once(END).expect("the README has the table's end");
    let wanted = table(&seen);
    if std::env::var_os("GRETA_UPDATE").is_some() {
        std::fs::write(&path, [before, START, &wanted, END, after].concat()).expect("the README can be written");
    } else {
        assert_eq!(given, wanted, "GRETA_UPDATE=1 cargo test -p greta --test emulator readme writes the table");
    }
}
