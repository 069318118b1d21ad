//! Code objects: bytes in, an image of memory with kernels, globals, relocations and code out.
//!
//! Any bytes give an object or a fault. The object's addresses are offsets in its image; the image
//! gets absolute addresses when it is placed, see [`CodeObject::place`]. Knows nothing of execution.

mod bundle;
mod descriptor;
mod metadata;
mod relocate;
mod source;

use std::collections::BTreeMap;
use std::ops::Range;

use object::elf::{EM_AMDGPU, PF_X};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::Fault;
use crate::program::Program;
pub use descriptor::{Descriptor, UserSgprs};
pub use metadata::{Argument, ArgumentKind, KernelMetadata};
pub use relocate::Relocation;
pub use source::SourceLine;

/// The processor in an object's flags.
const PROCESSOR_MASK: u32 = 0xff;
const GFX942: u32 = 0x4c;
/// Whether the object needs, or cannot have, retried memory accesses and protected memory: two bits
/// each, for unspecified, any, off and on. LLVM's AMDGPU usage guide, `e_flags` of code object v4.
const XNACK_MASK: u32 = 0x300;
const XNACK_ON: u32 = 0x300;
const SRAMECC_MASK: u32 = 0xc00;
const SRAMECC_OFF: u32 = 0x800;
const ABI_OF_VERSION_3: u8 = 1;
const XNACK_OF_VERSION_3: u32 = 0x100;
/// An object may not take more memory than this.
const IMAGE_LIMIT: u64 = 1 << 30;

/// A loaded code object.
#[derive(Debug, Clone)]
pub struct CodeObject {
    /// The kernels, in the metadata's order.
    pub kernels: Vec<Kernel>,
    /// Everything that has a name and bytes, by name: variables, functions, descriptors.
    pub symbols: BTreeMap<String, Symbol>,
    /// Memory as the object describes it, before relocation.
    pub image: Vec<u8>,
    /// Where the image holds addresses.
    pub relocations: Vec<Relocation>,
    /// The part of the image that can be executed.
    pub text: Range<u64>,
    /// The sections with debug information, by name.
    debug: BTreeMap<String, Vec<u8>>,
    /// Formats of `printf`, by their hashes.
    formats: BTreeMap<u64, String>,
}

/// A kernel of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// What the compiler says of it.
    pub metadata: KernelMetadata,
    /// What the hardware is told of it.
    pub descriptor: Descriptor,
    /// Where its descriptor is.
    pub descriptor_offset: u64,
    /// Where its code starts.
    pub entry: u64,
}

/// A named part of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Where it starts.
    pub offset: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is code.
    pub is_function: bool,
}

impl CodeObject {
    /// Loads an ELF file, or the gfx942 file of an offload bundle.
    ///
    /// # Errors
    /// When the bytes are no code object for gfx942.
    pub fn load(bytes: &[u8]) -> Result<Self, Fault> {
        let elf = bundle::unwrap(bytes)?;
        let file = ElfFile64::<LittleEndian>::parse(&*elf)?;
        check_target(&file)?;
        let (image, text) = read_segments(&file)?;
        let symbols = read_symbols(&file, image.len() as u64)?;
        let relocations = relocate::read(&file, image.len() as u64)?;
        let metadata = metadata::read(&file)?;
        let debug = read_debug(&file);
        let formats = metadata.formats_by_hash();
        let mut object = Self { kernels: Vec::new(), symbols, image, relocations, text, debug, formats };
        object.kernels =
            metadata.kernels.into_iter().map(|metadata| object.read_kernel(metadata)).collect::<Result<_, _>>()?;
        Ok(object)
    }

    /// The kernel of this name.
    pub fn kernel(&self, name: &str) -> Option<&Kernel> {
        self.kernels.iter().find(|kernel| kernel.metadata.name == name)
    }

    /// The variable of this name.
    pub fn global(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).copied().filter(|symbol| !symbol.is_function)
    }

    /// The format of `printf` that has this hash.
    pub(crate) fn printf_format(&self, hash: u64) -> Option<&[u8]> {
        self.formats.get(&hash).map(String::as_bytes)
    }

    /// The name of the function that holds `offset`.
    pub fn function_at(&self, offset: u64) -> Option<&str> {
        let holds = |symbol: &Symbol| symbol.is_function && offset.wrapping_sub(symbol.offset) < symbol.bytes;
        self.symbols.iter().find(|(_, symbol)| holds(symbol)).map(|(name, _)| name.as_str())
    }

    /// Where the function that holds `offset` starts.
    pub(crate) fn function_start(&self, offset: u64) -> Option<u64> {
        let name = self.function_at(offset)?;
        self.symbols.get(name).map(|symbol| symbol.offset)
    }

    /// The image as it is in memory from address `base` on.
    ///
    /// # Errors
    /// When a relocation cannot be applied.
    pub fn place(&self, base: u64) -> Result<Vec<u8>, Fault> {
        let mut image = self.image.clone();
        for relocation in &self.relocations {
            relocation.apply(&mut image, base)?;
        }
        Ok(image)
    }

    /// The code, which starts at `text.start` of the image.
    pub fn code(&self) -> &[u8] {
        let text = usize::try_from(self.text.start).ok().zip(usize::try_from(self.text.end).ok());
        text.and_then(|(start, end)| self.image.get(start..end)).unwrap_or_default()
    }

    /// Every instruction that the object's code can be read as.
    pub fn program(&self) -> Program {
        Program::decode(self.text.start, self.code())
    }

    fn read_kernel(&self, metadata: KernelMetadata) -> Result<Kernel, Fault> {
        let missing = || Fault::NoDescriptor { kernel: metadata.name.clone(), symbol: metadata.symbol.clone() };
        let symbol = self.symbols.get(&metadata.symbol).ok_or_else(missing)?;
        let offset = usize::try_from(symbol.offset).map_err(|_| missing())?;
        let descriptor = self.image.get(offset..).and_then(Descriptor::read).ok_or_else(missing)?;
        let entry = symbol.offset.checked_add_signed(descriptor.entry_offset).ok_or_else(missing)?;
        if !self.text.contains(&entry) || !entry.is_multiple_of(4) {
            return Err(missing());
        }
        Ok(Kernel { descriptor, descriptor_offset: symbol.offset, entry, metadata })
    }
}

fn check_target(file: &ElfFile64<'_, LittleEndian>) -> Result<(), Fault> {
    let header = file.elf_header();
    let machine = header.e_machine(LittleEndian).0;
    let flags = header.e_flags(LittleEndian).0;
    let processor = flags & PROCESSOR_MASK;
    if machine != EM_AMDGPU.0 || processor != GFX942 {
        return Err(Fault::WrongTarget { machine, processor });
    }
    // The third version of code objects has a flag a feature.
    let is_old = header.e_ident().abi_version == ABI_OF_VERSION_3;
    let needs_xnack = if is_old { flags & XNACK_OF_VERSION_3 != 0 } else { flags & XNACK_MASK == XNACK_ON };
    let needs_no_ecc = !is_old && flags & SRAMECC_MASK == SRAMECC_OFF;
    match (needs_xnack, needs_no_ecc) {
        (true, _) => Err(Fault::WrongFeature { given: "xnack+", wanted: "xnack-" }),
        (false, true) => Err(Fault::WrongFeature { given: "sramecc-", wanted: "sramecc+" }),
        (false, false) => Ok(()),
    }
}

/// The image and its executable part, which linkers put into one segment.
fn read_segments(file: &ElfFile64<'_, LittleEndian>) -> Result<(Vec<u8>, Range<u64>), Fault> {
    let loaded = || file.elf_program_headers().iter().filter(|s| s.p_type(LittleEndian) == object::elf::PT_LOAD);
    let range = |segment: &object::elf::ProgramHeader64<LittleEndian>| {
        let start = segment.p_vaddr(LittleEndian);
        start..start.saturating_add(segment.p_memsz(LittleEndian))
    };
    let given = loaded().map(|segment| range(segment).end).max().unwrap_or(0);
    if given > IMAGE_LIMIT {
        return Err(Fault::ImageTooLarge { given, limit: IMAGE_LIMIT });
    }
    let mut image = vec![0; given as usize];
    let mut text = None;
    for segment in loaded() {
        let truncated = Fault::TruncatedSegment { offset: segment.p_offset(LittleEndian) };
        let data = segment.data(LittleEndian, file.data()).map_err(|()| truncated)?;
        let Range { start, end } = range(segment);
        let length = data.len().min((end - start) as usize);
        image[start as usize..][..length].copy_from_slice(&data[..length]);
        // Only bytes of the file are code: what is zeroed has no instructions.
        if segment.p_flags(LittleEndian).0 & PF_X.0 != 0 && text.is_none() {
            text = Some(start..start + length as u64);
        }
    }
    Ok((image, text.unwrap_or(0..0)))
}

/// What is malformed is left out: it explains faults and is needed for nothing else.
fn read_debug(file: &ElfFile64<'_, LittleEndian>) -> BTreeMap<String, Vec<u8>> {
    let named = file.sections().filter_map(|section| Some((section.name().ok()?.to_owned(), section.data().ok()?)));
    named.filter(|(name, _)| name.starts_with(".debug_")).map(|(name, data)| (name, data.to_vec())).collect()
}

fn read_symbols(file: &ElfFile64<'_, LittleEndian>, image_bytes: u64) -> Result<BTreeMap<String, Symbol>, Fault> {
    let mut symbols = BTreeMap::new();
    // Local functions are in the full table alone, and what a host may ask for is in both.
    for symbol in file.symbols().chain(file.dynamic_symbols()).filter(|symbol| symbol.is_definition()) {
        let is_function = symbol.kind() == SymbolKind::Text;
        let (offset, bytes) = (symbol.address(), symbol.size());
        if offset.checked_add(bytes).is_some_and(|end| end <= image_bytes) {
            symbols.insert(symbol.name()?.to_owned(), Symbol { offset, bytes, is_function });
        }
    }
    Ok(symbols)
}
