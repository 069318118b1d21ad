//! Lists the instructions of a code object with AMD's code object manager. Runs in a worker.
//!
//! Kernels are labelled with their symbols and branch targets with `.L0`, `.L1` …; each line ends
//! with the instruction's address and encoding, as the assembler's own listings do.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt::Write;
use std::path::Path;

use hiprtc_sys::LoadError;
use hiprtc_sys::comgr::{AMD_COMGR_STATUS_SUCCESS, Comgr, amd_comgr_disassembly_info_t};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

#[derive(Debug, thiserror::Error)]
pub(super) enum DisassembleError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the code object is malformed: {0}")]
    Object(#[from] object::read::Error),
    #[error("the compiler does not know the target `{target}`")]
    Target { target: String },
}

struct Instruction {
    address: u64,
    bytes: Vec<u8>,
    text: String,
    branch_target: Option<u64>,
}

/// What the callbacks of one instruction read and write.
struct Context<'a> {
    section: &'a [u8],
    section_address: u64,
    text: String,
    branch_target: Option<u64>,
}

/// # Errors
/// When the code object manager, hence the compiler, has no such target.
pub(super) fn check_target(library: Option<&Path>, target: &str) -> Result<(), DisassembleError> {
    Disassembler::new(&load(library)?, target).map(drop)
}

fn load(library: Option<&Path>) -> Result<Comgr, LoadError> {
    library.map_or_else(Comgr::load, Comgr::load_from)
}

pub(super) fn disassemble(library: Option<&Path>, code: &[u8], target: &str) -> Result<String, DisassembleError> {
    let comgr = load(library)?;
    let disassembler = Disassembler::new(&comgr, target)?;
    let file = object::File::parse(code)?;
    let mut listing = String::new();
    let mut functions: Vec<_> =
        file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0).collect();
    functions.sort_by_key(|symbol| symbol.address());
    for function in functions {
        let Some(section) = function.section_index().and_then(|i| file.section_by_index(i).ok()) else {
            continue;
        };
        let (start, end) = (function.address(), function.address().saturating_add(function.size()));
        let instructions = disassembler.range(section.data()?, section.address(), start, end);
        if !listing.is_empty() {
            listing.push('\n');
        }
        print(&mut listing, function.name()?, &instructions);
    }
    Ok(listing)
}

fn print(listing: &mut String, name: &str, instructions: &[Instruction]) {
    let targets: BTreeMap<u64, usize> = {
        let mut addresses: Vec<u64> = instructions.iter().filter_map(|i| i.branch_target).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.into_iter().enumerate().map(|(index, address)| (address, index)).collect()
    };
    // Writing to a string cannot fail.
    let _ = writeln!(listing, "{name}:");
    for instruction in instructions {
        if let Some(label) = targets.get(&instruction.address) {
            let _ = writeln!(listing, ".L{label}:");
        }
        let mut text = instruction.text.clone();
        if let Some(label) = instruction.branch_target.and_then(|address| targets.get(&address)) {
            let _ = write!(text, " <.L{label}>");
        }
        let words: Vec<String> = instruction
            .bytes
            .chunks(4)
            .map(|chunk| chunk.iter().rev().map(|byte| format!("{byte:02X}")).collect())
            .collect();
        let _ = writeln!(listing, "    {text:<56} // {:08X}: {}", instruction.address, words.join(" "));
    }
}

struct Disassembler<'a> {
    comgr: &'a Comgr,
    info: amd_comgr_disassembly_info_t,
}

impl<'a> Disassembler<'a> {
    fn new(comgr: &'a Comgr, target: &str) -> Result<Self, DisassembleError> {
        let unknown = || DisassembleError::Target { target: target.to_owned() };
        let isa = CString::new(format!("amdgcn-amd-amdhsa--{target}")).map_err(|_| unknown())?;
        let mut info = amd_comgr_disassembly_info_t { handle: 0 };
        // SAFETY: the name ends with a zero byte, and the callbacks keep the interface's contract:
        // each takes the `Context` that `range` passes as user data.
        let status = unsafe {
            (comgr.amd_comgr_create_disassembly_info)(
                isa.as_ptr(),
                read_memory,
                take_instruction,
                take_address,
                &mut info,
            )
        };
        if status == AMD_COMGR_STATUS_SUCCESS { Ok(Self { comgr, info }) } else { Err(unknown()) }
    }

    /// Undecodable words, such as data between functions, are listed as `.long`.
    fn range(&self, section: &[u8], section_address: u64, start: u64, end: u64) -> Vec<Instruction> {
        let mut instructions = Vec::new();
        let mut address = start.max(section_address);
        let limit = end.min(section_address.saturating_add(section.len() as u64));
        while address < limit {
            let mut context = Context { section, section_address, text: String::new(), branch_target: None };
            let mut size = 0;
            // SAFETY: the disassembler is live, and the context outlives the call.
            let status = unsafe {
                let user_data = std::ptr::from_mut(&mut context).cast::<c_void>();
                (self.comgr.amd_comgr_disassemble_instruction)(self.info, address, user_data, &mut size)
            };
            let decoded = status == AMD_COMGR_STATUS_SUCCESS && size > 0;
            let size = if decoded { size } else { 4 }.min(limit - address);
            let offset = (address - section_address) as usize;
            let bytes = section[offset..offset + size as usize].to_vec();
            let text = if decoded {
                context.text.trim().replace('\t', " ")
            } else {
                let word = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
                format!(".long 0x{word}")
            };
            instructions.push(Instruction { address, bytes, text, branch_target: context.branch_target });
            address += size;
        }
        instructions
    }
}

impl Drop for Disassembler<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle came from this table and is destroyed once.
        unsafe { (self.comgr.amd_comgr_destroy_disassembly_info)(self.info) };
    }
}

unsafe extern "C" fn read_memory(from: u64, to: *mut c_char, size: u64, user_data: *mut c_void) -> u64 {
    // SAFETY: `range` passes a live context, which nothing else uses during the call.
    let context = unsafe { &*user_data.cast::<Context<'_>>() };
    let Some(offset) = from.checked_sub(context.section_address) else { return 0 };
    let bytes = usize::try_from(offset).ok().and_then(|offset| context.section.get(offset..)).unwrap_or_default();
    let count = bytes.len().min(usize::try_from(size).unwrap_or(usize::MAX));
    // SAFETY: the interface promises `size` writable bytes at `to`, and `count` is at most that.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to.cast::<u8>(), count) };
    count as u64
}

unsafe extern "C" fn take_instruction(instruction: *const c_char, user_data: *mut c_void) {
    // SAFETY: `range` passes a live context, which nothing else uses during the call.
    let context = unsafe { &mut *user_data.cast::<Context<'_>>() };
    // SAFETY: the interface promises a text that ends with a zero byte.
    context.text = unsafe { CStr::from_ptr(instruction) }.to_string_lossy().into_owned();
}

unsafe extern "C" fn take_address(address: u64, user_data: *mut c_void) {
    // SAFETY: `range` passes a live context, which nothing else uses during the call.
    let context = unsafe { &mut *user_data.cast::<Context<'_>>() };
    context.branch_target = Some(address);
}
