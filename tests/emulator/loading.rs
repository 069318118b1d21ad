//! Every fault of an object or of a launch, provoked: an object of the compiler's with one thing wrong each.

use std::process::Command;

use greta_emulator::{CodeObject, Fault, Launch, Memory, Module, Program, launch};
use greta_runtime::compile::CompileRequest;
use object::{Object, ObjectSection};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::provoked;

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
pub(crate) fn what_is_no_object_or_bundle_is_refused() {
    let Some(whole) = whole() else { return };
    let target = "hipv4-amdgcn-amd-amdhsa--gfx942";
    assert!(CodeObject::load(&whole).is_ok());
    assert!(CodeObject::load(&bundle(target, &whole, whole.len())).is_ok());
    let load = |bytes: &[u8]| CodeObject::load(bytes).expect_err("it is no object");
    provoked!(load(b"no object"), Fault::NotAnObject { start } if start == b"no objec");
    let cut = load(&bundle(target, &whole, whole.len() + 1));
    provoked!(cut, Fault::MalformedBundle { offset: 32 });
    let unknown = [b"CCOB".as_slice(), &[2, 0, 7, 0], &[0; 16]].concat();
    provoked!(load(&unknown), Fault::Compression { version: 2, method: 7 });
    let other = load(&bundle("hipv4-amdgcn-amd-amdhsa--gfx90a", &whole, whole.len()));
    provoked!(other, Fault::NoBundleEntry { wanted: "gfx942", found } if found[0].ends_with("gfx90a"));
}

#[test]
pub(crate) fn damaged_headers_and_segments_are_refused() {
    let Some(whole) = whole() else { return };
    let segment = loaded_segment(&whole);
    provoked!(fault(&whole, |bytes| bytes.truncate(SEGMENTS - 4)), Fault::MalformedElf(_));
    let found = fault(&whole, |bytes| put(bytes, segment + FILE_OFFSET, &(1u64 << 32).to_le_bytes()));
    provoked!(found, Fault::TruncatedSegment { offset: 0x1_0000_0000 });
    let found = fault(&whole, |bytes| put(bytes, segment + MEMORY_BYTES, &(1u64 << 40).to_le_bytes()));
    provoked!(found, Fault::ImageTooLarge { given: 0x100_0000_0000.., .. });
    let found = fault(&whole, |bytes| bytes[FLAGS] = 0x3f);
    provoked!(found, Fault::WrongTarget { machine: 224, processor: 0x3f });
    let found = fault(&whole, |bytes| bytes[FLAGS + 1] |= 3);
    provoked!(found, Fault::WrongFeature { given: "xnack+", .. });
}

#[test]
pub(crate) fn damaged_metadata_and_descriptors_are_refused() {
    let Some(whole) = whole() else { return };
    // A note: sizes of name and contents, its kind, its name, its contents, which are a map of MessagePack.
    let name = position(&whole, b"AMDGPU\0\0");
    let found = fault(&whole, |bytes| put(bytes, name - 4, &[0; 4]));
    provoked!(found, Fault::NoMetadata);
    const NO_TYPE: u8 = 0xc1;
    let found = fault(&whole, |bytes| bytes[name + 8] = NO_TYPE);
    provoked!(found, Fault::MalformedMetadata(_));
    let symbol = name + position(&whole[name..], b"single.kd");
    let found = fault(&whole, |bytes| put(bytes, symbol, b"double.kd"));
    provoked!(found, Fault::NoDescriptor { kernel, symbol } if kernel == "single" && symbol == "double.kd");
}

#[test]
pub(crate) fn relocations_that_cannot_be_done_are_refused() {
    let Some(whole) = whole() else { return };
    // An entry: where, its kind, the number of its symbol, and what is added.
    let kind = section(&whole, ".rela.dyn") + 8;
    let found = fault(&whole, |bytes| bytes[kind] = 99);
    provoked!(found, Fault::Relocation { kind: 99, .. });
    const ABSOLUTE: u8 = 3;
    const SYMBOL_BYTES: usize = 24;
    const SYMBOL_SECTION: usize = 6;
    let symbol = section(&whole, ".dynsym") + SYMBOL_BYTES;
    let found = fault(&whole, |bytes| {
        put(bytes, kind, &[ABSOLUTE, 0, 0, 0, 1]);
        put(bytes, symbol + SYMBOL_SECTION, &[0, 0]);
    });
    provoked!(found, Fault::UndefinedSymbol { name } if !name.is_empty());
}

#[test]
pub(crate) fn words_that_are_no_instructions_are_listed_as_such() {
    let program = Program::decode(0x100, &[0xff; 4]);
    let found = program.at(0x100).expect_err("no instruction has all bits set");
    provoked!(found, Fault::UnknownInstruction { address: 0x100, words } if *words == [u32::MAX]);
}

#[test]
pub(crate) fn launches_that_ask_for_too_much_are_refused() {
    let Some(mut bytes) = whole() else { return };
    let memory = Memory::new();
    let refused = |bytes: &[u8], change: &dyn Fn(&mut Launch<'_>)| {
        let module = Module::load(&memory, bytes).expect("the object loads");
        let mut request = Launch::new(&module, module.kernel("single").expect("it has the kernel"), &[0; 8]);
        change(&mut request);
        launch(&memory, &request).expect_err("it is too much")
    };
    let found = refused(&bytes, &|request| request.block = [1025, 1, 1]);
    provoked!(found, Fault::LaunchTooLarge { given: 1025, limit: 1024, .. });
    let found = refused(&bytes, &|request| request.dynamic_shared_bytes = 65537);
    provoked!(found, Fault::LaunchTooLarge { resource: "bytes of LDS", limit: 65536, .. });
    // The descriptor's third word is the size of the arguments.
    let arguments = section(&bytes, ".rodata") + 8;
    put(&mut bytes, arguments, &u32::MAX.to_le_bytes());
    let found = refused(&bytes, &|_| {});
    provoked!(found, Fault::ArgumentsTooLarge { bytes: 0xffff_ffff, .. });
}

/// Bytes of memory that a process may still take: less than the buffer of a kernel that prints.
const ROOM_BYTES: u64 = 2 << 20;

/// Runs a kernel that prints, by a buffer, in a process that may take no more than [`ROOM_BYTES`].
fn launch_without_room() -> Fault {
    const PRINTS: &str = "extern \"C\" __global__ void prints(int n) { printf(\"%d\\n\", n); }";
    let compiler = crate::support::compiler().expect("the test that starts this process has found it");
    let options = ["-mprintf-kind=buffered".to_owned()];
    let request =
        CompileRequest { source: PRINTS, name: "prints.hip", target: "gfx942", options: &options, line_map: &[] };
    let memory = Memory::new();
    let bytes = compiler.compile(&request).expect("the kernel compiles").bytes;
    let module = Module::load(&memory, &bytes).expect("the object loads");
    let request = Launch::new(&module, module.kernel("prints").expect("it has the kernel"), &[0; 4]);
    assert_eq!(launch(&memory, &request).expect("there is room").printed.stdout.len(), 64 * 2);
    let pages = std::fs::read_to_string("/proc/self/statm").expect("the system says what the process takes");
    let pages: u64 = pages.split(' ').next().and_then(|pages| pages.parse().ok()).expect("a number of pages");
    let taken = pages * rustix::param::page_size() as u64;
    let limit = Rlimit { current: Some(taken + ROOM_BYTES), ..getrlimit(Resource::As) };
    setrlimit(Resource::As, limit).expect("a process may limit itself");
    launch(&memory, &request).expect_err("there is no room")
}

/// In a process of its own, whose memory is limited.
#[test]
pub(crate) fn a_machine_without_room_is_no_fault_of_the_arguments() {
    const MARK: &str = "GRETA_TEST_IS_LIMITED";
    let name = "loading::a_machine_without_room_is_no_fault_of_the_arguments";
    if std::env::var_os(MARK).is_some() {
        let found = launch_without_room();
        provoked!(found, Fault::OutOfMemory { bytes: ROOM_BYTES.., .. });
        assert!(found.to_string().ends_with("B of memory are left for a launch's arguments and what it prints"));
        return;
    }
    if crate::support::compiler().is_none() {
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
    let output = command.args(["--exact", name]).env(MARK, "1").output().expect("the test starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // What was provoked is known there alone.
    crate::support::note(&Fault::OutOfMemory { bytes: ROOM_BYTES, purpose: "" });
}
