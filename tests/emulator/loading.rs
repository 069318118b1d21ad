//! Every fault of an object or of a launch, provoked: an object of the compiler's with one thing wrong each.

use greta_emulator::{CodeObject, Fault, Launch, Memory, Module, Program, launch};
use greta_runtime::compile::CompileRequest;
use object::{Object, ObjectSection};

/// A kernel, and a relocation: the address of a variable in another.
const SOURCE: &str = "__device__ int word;
__device__ int* pointer = &word;
extern \"C\" __global__ void single(int* p) { p[threadIdx.x] = *pointer; }
";

/// Where an ELF file has its processor, its features, and its first segment of a kind: the ELF standard.
const FLAGS: usize = 0x30;
const SEGMENTS: usize = 0x40;
const SEGMENT_BYTES: usize = 56;
const LOADED: u32 = 1;
/// Within a segment: bytes until where it is in the file, and until what it takes in memory.
const FILE_OFFSET: usize = 8;
const MEMORY_BYTES: usize = 40;

fn whole() -> Option<Vec<u8>> {
    let compiler = crate::support::compiler()?;
    let request = CompileRequest { source: SOURCE, name: "single.hip", target: "gfx942", options: &[], line_map: &[] };
    Some(compiler.compile(&request).expect("the kernel compiles").bytes.to_vec())
}

/// Writes `value` at `at`.
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|window| window == wanted).expect("the object has it")
}

/// Where the file has the first segment that is loaded.
fn loaded_segment(bytes: &[u8]) -> usize {
    let segments = (SEGMENTS..).step_by(SEGMENT_BYTES);
    let is_loaded = |&at: &usize| bytes[at..at + 4] == LOADED.to_le_bytes();
    segments.take(8).find(is_loaded).expect("something is loaded")
}

/// Where the file has a section.
fn section(bytes: &[u8], name: &str) -> usize {
    let file = object::File::parse(bytes).expect("the object is an ELF file");
    let range = file.section_by_name(name).and_then(|section| section.file_range());
    range.expect("the section is in the file").0 as usize
}

/// What the object with one thing wrong says when it is loaded.
fn fault(whole: &[u8], damage: impl FnOnce(&mut Vec<u8>)) -> Fault {
    let mut bytes = whole.to_vec();
    damage(&mut bytes);
    CodeObject::load(&bytes).expect_err("something is wrong with it")
}

/// An offload bundle with one entry.
fn bundle(target: &str, entry: &[u8], given_bytes: usize) -> Vec<u8> {
    let header = 24 + 8 + 24 + target.len();
    let numbers = [1, header, given_bytes, target.len()].map(|number| (number as u64).to_le_bytes());
    [b"__CLANG_OFFLOAD_BUNDLE__", numbers.as_flattened(), target.as_bytes(), entry].concat()
}

#[test]
fn what_is_no_object_or_bundle_is_refused() {
    let Some(whole) = whole() else { return };
    let target = "hipv4-amdgcn-amd-amdhsa--gfx942";
    assert!(CodeObject::load(&whole).is_ok());
    assert!(CodeObject::load(&bundle(target, &whole, whole.len())).is_ok());
    let load = |bytes: &[u8]| CodeObject::load(bytes).expect_err("it is no object");
    assert!(matches!(load(b"no object"), Fault::NotAnObject { start } if start == b"no objec"));
    let cut = load(&bundle(target, &whole, whole.len() + 1));
    assert!(matches!(cut, Fault::MalformedBundle { offset: 32 }), "{cut}");
    let unknown = [b"CCOB".as_slice(), &[2, 0, 7, 0], &[0; 16]].concat();
    assert!(matches!(load(&unknown), Fault::Compression { version: 2, method: 7 }));
    let other = load(&bundle("hipv4-amdgcn-amd-amdhsa--gfx90a", &whole, whole.len()));
    assert!(
        matches!(&other, Fault::NoBundleEntry { wanted: "gfx942", found } if found[0].ends_with("gfx90a")),
        "{other}"
    );
}

#[test]
fn damaged_headers_and_segments_are_refused() {
    let Some(whole) = whole() else { return };
    let segment = loaded_segment(&whole);
    assert!(matches!(fault(&whole, |bytes| bytes.truncate(SEGMENTS - 4)), Fault::MalformedElf(_)));
    let found = fault(&whole, |bytes| put(bytes, segment + FILE_OFFSET, &(1u64 << 32).to_le_bytes()));
    assert!(matches!(found, Fault::TruncatedSegment { offset: 0x1_0000_0000 }), "{found}");
    let found = fault(&whole, |bytes| put(bytes, segment + MEMORY_BYTES, &(1u64 << 40).to_le_bytes()));
    assert!(matches!(found, Fault::ImageTooLarge { given: 0x100_0000_0000.., .. }), "{found}");
    let found = fault(&whole, |bytes| bytes[FLAGS] = 0x3f);
    assert!(matches!(found, Fault::WrongTarget { machine: 224, processor: 0x3f }), "{found}");
    let found = fault(&whole, |bytes| bytes[FLAGS + 1] |= 3);
    assert!(matches!(found, Fault::WrongFeature { given: "xnack+", .. }), "{found}");
}

#[test]
fn damaged_metadata_and_descriptors_are_refused() {
    let Some(whole) = whole() else { return };
    // A note: sizes of name and contents, its kind, its name, its contents, which are a map of MessagePack.
    let name = position(&whole, b"AMDGPU\0\0");
    let found = fault(&whole, |bytes| put(bytes, name - 4, &[0; 4]));
    assert!(matches!(found, Fault::NoMetadata), "{found}");
    const NO_TYPE: u8 = 0xc1;
    let found = fault(&whole, |bytes| bytes[name + 8] = NO_TYPE);
    assert!(matches!(found, Fault::MalformedMetadata(_)), "{found}");
    let symbol = name + position(&whole[name..], b"single.kd");
    let found = fault(&whole, |bytes| put(bytes, symbol, b"double.kd"));
    assert!(
        matches!(&found, Fault::NoDescriptor { kernel, symbol } if kernel == "single" && symbol == "double.kd"),
        "{found}"
    );
}

#[test]
fn relocations_that_cannot_be_done_are_refused() {
    let Some(whole) = whole() else { return };
    // An entry: where, its kind, the number of its symbol, and what is added.
    let kind = section(&whole, ".rela.dyn") + 8;
    let found = fault(&whole, |bytes| bytes[kind] = 99);
    assert!(matches!(found, Fault::Relocation { kind: 99, .. }), "{found}");
    const ABSOLUTE: u8 = 3;
    const SYMBOL_BYTES: usize = 24;
    const SYMBOL_SECTION: usize = 6;
    let symbol = section(&whole, ".dynsym") + SYMBOL_BYTES;
    let found = fault(&whole, |bytes| {
        put(bytes, kind, &[ABSOLUTE, 0, 0, 0, 1]);
        put(bytes, symbol + SYMBOL_SECTION, &[0, 0]);
    });
    assert!(matches!(&found, Fault::UndefinedSymbol { name } if !name.is_empty()), "{found}");
}

#[test]
fn words_that_are_no_instructions_are_listed_as_such() {
    let program = Program::decode(0x100, &[0xff; 4]);
    let found = program.at(0x100).expect_err("no instruction has all bits set");
    assert!(matches!(&found, Fault::UnknownInstruction { address: 0x100, words } if *words == [u32::MAX]), "{found}");
}

#[test]
fn launches_that_ask_for_too_much_are_refused() {
    let Some(mut bytes) = whole() else { return };
    let memory = Memory::new();
    let refused = |bytes: &[u8], change: &dyn Fn(&mut Launch<'_>)| {
        let module = Module::load(&memory, bytes).expect("the object loads");
        let mut request = Launch::new(&module, module.kernel("single").expect("it has the kernel"), &[0; 8]);
        change(&mut request);
        launch(&memory, &request).expect_err("it is too much")
    };
    let found = refused(&bytes, &|request| request.block = [1025, 1, 1]);
    assert!(matches!(found, Fault::LaunchTooLarge { given: 1025, limit: 1024, .. }), "{found}");
    let found = refused(&bytes, &|request| request.dynamic_shared_bytes = 65537);
    assert!(matches!(found, Fault::LaunchTooLarge { resource: "bytes of LDS", limit: 65536, .. }), "{found}");
    // The descriptor's third word is the size of the arguments.
    let arguments = section(&bytes, ".rodata") + 8;
    put(&mut bytes, arguments, &u32::MAX.to_le_bytes());
    let found = refused(&bytes, &|_| {});
    assert!(matches!(found, Fault::ArgumentsTooLarge { bytes: 0xffff_ffff, .. }), "{found}");
}
