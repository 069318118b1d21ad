//! Every row of the table, in every form that it has, with random operands and modifiers: what LLVM
//! decodes too has LLVM's text and size. Real code uses a part of the set; this test covers the rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{compiler, try_llvm};
use greta_emulator::decode::decode;
use greta_emulator::isa::{Encoding, Flags, Form, Op, ROWS, Row};
use object::write::{self, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope};

/// Instructions a row and form.
const SAMPLES: usize = 24;
/// Words to try for them.
const TRIES: usize = 20_000;
/// Bytes between instructions; what an instruction leaves is filled with `s_nop`.
const SLOT: usize = 16;
const S_NOP: u32 = 0xbf80_0000;

/// A small generator, so that every run has the same words.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ self.0 >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 32) as u32
    }

    /// A word with about 16, 8, 4 or 0 bits set: most fields of an instruction want to be zero.
    fn sparse(&mut self) -> u32 {
        match self.word() % 4 {
            0 => self.word(),
            1 => self.word() & self.word(),
            2 => self.word() & self.word() & self.word(),
            _ => 0,
        }
    }
}

/// The bits of the first word that a row and form fix, and which they are.
fn fixed_bits(row: &Row, form: Form) -> Option<(u32, u32)> {
    let opcode = u32::from(row.opcode);
    let short = match row.encoding {
        Encoding::Vop1 => (0x7e00_0000 | opcode << 9, 0xfe01_fe00),
        Encoding::Vop2 => (opcode << 25, 0xfe00_0000),
        Encoding::Vopc => (0x7c00_0000 | opcode << 17, 0xfffe_0000),
        _ => (0, 0),
    };
    let first_vop3 = match row.encoding {
        Encoding::Vop2 => 0x100,
        Encoding::Vop1 => 0x140,
        _ => 0,
    };
    match (form, row.encoding) {
        (Form::Vop3, Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc) => {
            (!row.flags.has(Flags::NO_VOP3)).then_some((0xd000_0000 | (opcode + first_vop3) << 16, 0xffff_0000))
        }
        (Form::Sdwa, _) if short.1 != 0 && !row.flags.has(Flags::NO_SDWA) => Some((short.0 | 249, short.1 | 0x1ff)),
        (Form::Dpp, _) if short.1 != 0 && !row.flags.has(Flags::NO_DPP) && row.encoding != Encoding::Vopc => {
            Some((short.0 | 250, short.1 | 0x1ff))
        }
        (Form::Native, Encoding::Sop1) => Some((0xbe80_0000 | opcode << 8, 0xff80_ff00)),
        (Form::Native, Encoding::Sop2) => Some((0x8000_0000 | opcode << 23, 0xff80_0000)),
        (Form::Native, Encoding::Sopc) => Some((0xbf00_0000 | opcode << 16, 0xffff_0000)),
        (Form::Native, Encoding::Sopk) => Some((0xb000_0000 | opcode << 23, 0xff80_0000)),
        (Form::Native, Encoding::Sopp) => Some((0xbf80_0000 | opcode << 16, 0xffff_0000)),
        (Form::Native, Encoding::Smem) => Some((0xc000_0000 | opcode << 18, 0xfffc_0000)),
        (Form::Native, Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc) => Some(short),
        (Form::Native, Encoding::Vop3) => Some((0xd000_0000 | opcode << 16, 0xffff_0000)),
        // Moves between the register files have no broadcasts.
        (Form::Native, Encoding::Mai) if row.source_count() == 1 => Some((0xd380_0000 | opcode << 16, 0xffff_7f00)),
        (Form::Native, Encoding::Vop3p | Encoding::Mai) => Some((0xd380_0000 | opcode << 16, 0xffff_0000)),
        (Form::Native, Encoding::Ds) => {
            let global = if row.flags.has(Flags::GWS) { 0x1_0000 } else { 0 };
            Some((0xd800_0000 | opcode << 17 | global, 0xfdff_0000))
        }
        (Form::Native, Encoding::Flat) => Some((0xdc00_0000 | opcode << 18, 0xfdfc_c000)),
        (Form::Native, Encoding::Scratch) => Some((0xdc00_4000 | opcode << 18, 0xfdfc_c000)),
        (Form::Native, Encoding::Global) => Some((0xdc00_8000 | opcode << 18, 0xfdfc_c000)),
        (Form::Native, Encoding::Mubuf) => Some((0xe000_0000 | opcode << 18, 0xfffc_0000)),
        (Form::Native, Encoding::Mtbuf) => Some((0xe800_0000 | opcode << 15, 0xfc07_8000)),
        _ => None,
    }
}

/// Words that decode to this row in this form.
fn samples(row: &Row, form: Form, random: &mut Random) -> Vec<[u32; 2]> {
    let Some((bits, mask)) = fixed_bits(row, form) else { return Vec::new() };
    // LLVM wants the fields of sources that the row lacks to be zero.
    let is_long = form == Form::Vop3 || matches!(row.encoding, Encoding::Vop3 | Encoding::Vop3p | Encoding::Mai);
    let sources = if is_long { 0xffff_ffff << 27 | ((1u64 << (9 * row.source_count())) - 1) as u32 } else { u32::MAX };
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let words = [bits | random.sparse() & !mask, random.sparse() & sources];
        let decoded = decode(words[0], Some(words[1]));
        // LLVM takes a small constant factor for the number of a source.
        let is_misread = row.flags.has(Flags::LITERAL) && words[1] < 256;
        if decoded.is_some_and(|instruction| instruction.op == row.op && instruction.form == form) && !is_misread {
            found.push(words);
            if found.len() == SAMPLES {
                break;
            }
        }
    }
    found
}

/// An ELF file whose text has the instructions, each in its slot.
fn object_of(instructions: &[[u32; 2]]) -> Vec<u8> {
    let mut text = Vec::with_capacity(instructions.len() * SLOT);
    for &[first, second] in instructions {
        text.extend([first, second, S_NOP, S_NOP].into_iter().flat_map(u32::to_le_bytes));
    }
    let mut object = write::Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let section = object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
    object.append_section_data(section, &text, 256);
    object.add_symbol(Symbol {
        name: b"instructions".to_vec(),
        value: 0,
        size: text.len() as u64,
        kind: SymbolKind::Text,
        scope: SymbolScope::Dynamic,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    });
    object.write().expect("an object of one section can be written")
}

/// LLVM prints what it does not believe in with a remark; `null` is no register of gfx942.
fn is_doubtful(text: &str) -> bool {
    text.starts_with(".long") || text.contains("/*") || text.contains("; Warning") || text.contains("null")
}

#[test]
fn every_row_and_form_has_llvms_text_and_size() {
    let Some(compiler) = compiler() else { return };
    let mut random = Random(0x6772_6574_6100);
    let mut words = Vec::new();
    for row in ROWS {
        for form in [Form::Native, Form::Vop3, Form::Sdwa, Form::Dpp] {
            words.extend(samples(row, form, &mut random));
        }
    }
    let mut confirmed: BTreeMap<Op, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut crashes = Vec::new();
    let mut chunks: Vec<&[[u32; 2]]> = words.chunks(10_000).collect();
    while let Some(chunk) = chunks.pop() {
        let Some(lines) = try_llvm(&compiler, &object_of(chunk)) else {
            // A word that LLVM crashes on says nothing; the others do.
            if chunk.len() > 1 {
                let (left, right) = chunk.split_at(chunk.len() / 2);
                chunks.extend([left, right]);
            } else {
                crashes.push(chunk[0]);
            }
            continue;
        };
        for line in lines.iter().filter(|line| line.address % SLOT as u64 == 0 && !is_doubtful(&line.text)) {
            let [first, second] = chunk[line.address as usize / SLOT];
            let ours = decode(first, Some(second)).expect("samples decode");
            if ours.to_string() == line.text && u64::from(ours.dwords) == line.dwords {
                *confirmed.entry(ours.op).or_default() += 1;
            } else {
                differences.push(format!("{first:08x} {second:08x}: `{ours}` for `{}`", line.text));
            }
        }
    }
    println!("LLVM crashes on {}: {:08x?}", crashes.len(), &crashes[..crashes.len().min(8)]);
    let confirmations: usize = confirmed.values().sum();
    println!("{confirmations} of {} encodings confirmed, {} of {} rows", words.len(), confirmed.len(), ROWS.len());
    let missing: BTreeSet<_> =
        ROWS.iter().filter(|row| !confirmed.contains_key(&row.op)).map(|row| row.mnemonic).collect();
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(20)].join("\n")
    );
    assert!(missing.is_empty(), "never confirmed: {missing:?}");
}
