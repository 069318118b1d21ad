//! What the tests that compare with LLVM's disassembler share: the toolchain or the reason to skip,
//! the comparison, third-party objects.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use greta_emulator::{CodeObject, isa::Op, missing_wait_states};
use greta_runtime::cache::Cache;
use greta_runtime::compile::Compiler;
use greta_runtime::toolchain;

/// The compiler with its code object manager. Where there is none, a test skips, saying so; under
/// `CI` it fails.
pub(crate) fn compiler() -> Option<Compiler> {
    let toolchain = greta_testing::ok_or_skip(toolchain::find())?;
    Some(Compiler::new(toolchain, Cache::open_default()))
}

thread_local! {
    /// What this thread's tests provoked: the enum and the variant.
    static PROVOKED: RefCell<BTreeSet<(String, String)>> = RefCell::default();
}

/// Asserts that a fault is the one of a pattern, and notes that it was provoked, which is what the README's table is made of.
macro_rules! provoked {
    ($found:expr, $wanted:pat $(if $guard:expr)?) => {{
        let found = &$found;
        assert!(matches!(found, $wanted $(if $guard)?), "{found}");
        $crate::support::note(found);
    }};
}
pub(crate) use provoked;

/// Notes a fault by the names of its enum and of its variant.
pub(crate) fn note<T: fmt::Debug>(fault: &T) {
    let of_enum = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    let text = format!("{fault:?}");
    let variant = text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    PROVOKED.with_borrow_mut(|provoked| provoked.insert((of_enum.to_owned(), variant.to_owned())));
}

/// What a test provokes, by running it.
pub(crate) fn provoked_by(test: fn()) -> BTreeSet<(String, String)> {
    PROVOKED.take();
    test();
    PROVOKED.take()
}

/// The third-party objects, `../shared/objects` beside the repository; none where that is not there.
pub(crate) fn third_party_objects() -> Vec<PathBuf> {
    greta_testing::shared_files("objects", "hsaco")
}

/// A line of LLVM's listing.
pub(crate) struct Line {
    pub(crate) address: u64,
    pub(crate) text: String,
    pub(crate) dwords: u64,
}

/// The instructions of LLVM's listing of `code`.
pub(crate) fn llvm(compiler: &Compiler, code: &[u8]) -> Vec<Line> {
    try_llvm(compiler, code).expect("the code object can be disassembled")
}

/// The same; nothing when the disassembler crashes.
pub(crate) fn try_llvm(compiler: &Compiler, code: &[u8]) -> Option<Vec<Line>> {
    let listing = compiler.disassemble(code, "gfx942").ok()?;
    Some(listing.lines().filter_map(read_line).collect())
}

fn read_line(line: &str) -> Option<Line> {
    let (text, encoding) = line.rsplit_once(" // ")?;
    let (address, words) = encoding.split_once(": ")?;
    let text = text.trim().split(" <.L").next()?.to_owned();
    let address = u64::from_str_radix(address, 16).ok()?;
    Some(Line { address, text, dwords: words.split(' ').count() as u64 })
}

/// What a comparison found.
#[derive(Default)]
pub(crate) struct Agreement {
    pub(crate) instructions: usize,
    pub(crate) ops: BTreeSet<Op>,
    pub(crate) differences: Vec<String>,
}

impl Agreement {
    /// Compares every instruction of `code` with LLVM's: text and size. No rule may ask for a wait state that
    /// the compiler did not find necessary.
    pub(crate) fn add(&mut self, compiler: &Compiler, name: &str, code: &[u8]) {
        let object = CodeObject::load(code).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let program = object.program();
        let hazards = missing_wait_states(&object).into_iter();
        self.differences.extend(hazards.map(|(offset, cause)| format!("{name} {offset:#x}: {cause}")));
        let lines = llvm(compiler, code);
        assert!(!lines.is_empty(), "{name} has no instructions");
        for Line { address, text, dwords } in lines {
            self.instructions += 1;
            match program.at(address) {
                Ok(instruction) => {
                    self.ops.insert(instruction.op);
                    let ours = instruction.to_string();
                    if ours != text || u64::from(instruction.dwords) != dwords {
                        self.differences.push(format!("{name} {address:#x}: `{ours}` for `{text}` of {dwords} words"));
                    }
                }
                Err(fault) => self.differences.push(format!("{name}: {fault} for `{text}`")),
            }
        }
    }

    /// # Panics
    /// When there is a difference.
    pub(crate) fn check(&self) {
        let shown: Vec<_> = self.differences.iter().take(20).map(String::as_str).collect();
        let (differences, all) = (self.differences.len(), self.instructions);
        assert!(differences == 0, "{differences} of {all} differ:\n{}", shown.join("\n"));
        println!("{all} instructions of {} kinds agree", self.ops.len());
    }
}
