//! Loads and stores of whole words of LDS and of device memory by all lanes. These are the hot ones, so that what is
//! the same for all lanes is found once.

use std::sync::atomic::Ordering;

use super::address;
use super::cause::Cause;
use super::space::Group;
use super::wave::{LANES, Lanes, Wave, active};
use crate::isa::{Instruction, Kind, Operand};

/// Registers that a lane loads or stores, at most.
const REGISTERS: usize = 4;

/// Loads of LDS, of one or two elements a lane.
pub(super) fn load_shared(
    wave: &mut Wave,
    group: &Group<'_>,
    instruction: &Instruction,
    is_pair: bool,
    bytes: u8,
) -> Result<(), Cause> {
    let (exec, bases) = (wave.exec(), wave.lanes(instruction.src[0], Kind::B32, 0, 0));
    let words = usize::from(bytes / 4);
    let mut registers = [[0; LANES]; REGISTERS];
    let elements = registers.chunks_exact_mut(words).take(1 + usize::from(is_pair));
    for (index, element) in elements.enumerate() {
        let distance = address::shared_distance(instruction, index, bytes);
        match words {
            1 => load_element::<1>(group, &bases, distance, exec, element),
            2 => load_element::<2>(group, &bases, distance, exec, element),
            3 => load_element::<3>(group, &bases, distance, exec, element),
            _ => load_element::<4>(group, &bases, distance, exec, element),
        }?;
    }
    put_registers(wave, instruction.dst, &registers[..words * (1 + usize::from(is_pair))], exec);
    Ok(())
}

fn load_element<const WORDS: usize>(
    group: &Group<'_>,
    bases: &Lanes,
    distance: u32,
    exec: u64,
    registers: &mut [Lanes],
) -> Result<(), Cause> {
    for lane in active(exec) {
        let words = group.shared_words::<WORDS>(lane, u64::from(bases[lane].wrapping_add(distance)))?;
        for (register, word) in registers.iter_mut().zip(words) {
            register[lane] = u32::from_le_bytes(*word);
        }
    }
    Ok(())
}

/// Stores to LDS, of one or two elements a lane.
pub(super) fn store_shared(
    wave: &Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    is_pair: bool,
    bytes: u8,
) -> Result<(), Cause> {
    let (exec, bases) = (wave.exec(), wave.lanes(instruction.src[0], Kind::B32, 0, 0));
    let words = usize::from(bytes / 4);
    let element = |index: usize| Element {
        distance: address::shared_distance(instruction, index, bytes),
        registers: registers(wave, instruction.src[1 + index], words),
    };
    let (first, second) = (element(0), is_pair.then(|| element(1)));
    let elements = [Some(&first), second.as_ref()];
    match words {
        1 => store_elements::<1>(group, &bases, exec, elements),
        2 => store_elements::<2>(group, &bases, exec, elements),
        3 => store_elements::<3>(group, &bases, exec, elements),
        _ => store_elements::<4>(group, &bases, exec, elements),
    }
}

/// What lanes store, and how far from their address.
struct Element {
    distance: u32,
    registers: [Lanes; REGISTERS],
}

/// Lane by lane, and the first element of a lane before its second. That is a decision: where elements overlap, no
/// document names an order, and AMD's model in gem5 has this one.
fn store_elements<const WORDS: usize>(
    group: &mut Group<'_>,
    bases: &Lanes,
    exec: u64,
    elements: [Option<&Element>; 2],
) -> Result<(), Cause> {
    for lane in active(exec) {
        for Element { distance, registers } in elements.into_iter().flatten() {
            let words = group.shared_words_mut::<WORDS>(lane, u64::from(bases[lane].wrapping_add(*distance)))?;
            for (word, register) in words.iter_mut().zip(registers) {
                *word = register[lane].to_le_bytes();
            }
        }
    }
    Ok(())
}

/// Where the lanes of a GLOBAL instruction go: a scalar base with 32 bits a lane, or 64 bits a lane.
struct Addresses {
    base: u64,
    low: Lanes,
    high: Lanes,
}

impl Addresses {
    fn read(wave: &Wave, instruction: &Instruction) -> Self {
        let [vector, _, scalar, _] = instruction.src;
        let high = if scalar.is_some() { [0; LANES] } else { wave.lanes(vector, Kind::B32, 0, 1) };
        Self { base: address::global_base(wave, instruction), low: wave.lanes(vector, Kind::B32, 0, 0), high }
    }

    #[inline]
    fn of(&self, lane: usize) -> u64 {
        self.base.wrapping_add(u64::from(self.high[lane]) << 32 | u64::from(self.low[lane]))
    }
}

/// Loads of device memory by a GLOBAL instruction.
pub(super) fn load_global(
    wave: &mut Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    words: usize,
) -> Result<(), Cause> {
    let (exec, addresses) = (wave.exec(), Addresses::read(wave, instruction));
    let mut registers = [[0; LANES]; REGISTERS];
    for lane in active(exec) {
        load_lane(group, lane, addresses.of(lane), words, |dword, value| registers[dword][lane] = value)?;
    }
    put_registers(wave, instruction.dst, &registers[..words], exec);
    Ok(())
}

/// Stores to device memory by a GLOBAL instruction.
pub(super) fn store_global(
    wave: &Wave,
    group: &mut Group<'_>,
    instruction: &Instruction,
    words: usize,
) -> Result<(), Cause> {
    let addresses = Addresses::read(wave, instruction);
    let registers = registers(wave, instruction.src[1], words);
    active(wave.exec())
        .try_for_each(|lane| store_lane(group, lane, addresses.of(lane), words, |dword| registers[dword][lane]))
}

/// The words of one lane, which all exist, wherever they lie.
#[inline]
pub(super) fn load_lane(
    group: &mut Group<'_>,
    lane: usize,
    address: u64,
    count: usize,
    mut put: impl FnMut(usize, u32),
) -> Result<(), Cause> {
    if !address.is_multiple_of(4) {
        for dword in 0..count {
            put(dword, group.read_bytes(lane, address.wrapping_add(4 * dword as u64), 4)?);
        }
        return Ok(());
    }
    let words = group.view.words(address, count).map_err(|error| Cause::Access { lane: Some(lane), error })?;
    words.iter().enumerate().for_each(|(dword, word)| put(dword, word.load(Ordering::Relaxed)));
    Ok(())
}

/// The same for a store.
#[inline]
pub(super) fn store_lane(
    group: &mut Group<'_>,
    lane: usize,
    address: u64,
    count: usize,
    value: impl Fn(usize) -> u32,
) -> Result<(), Cause> {
    if !address.is_multiple_of(4) {
        return (0..count)
            .try_for_each(|dword| group.write_bytes(lane, address.wrapping_add(4 * dword as u64), 4, value(dword)));
    }
    let words = group.view.words(address, count).map_err(|error| Cause::Access { lane: Some(lane), error })?;
    words.iter().enumerate().for_each(|(dword, word)| word.store(value(dword), Ordering::Relaxed));
    Ok(())
}

/// The first `count` registers of an operand.
fn registers(wave: &Wave, operand: Operand, count: usize) -> [Lanes; REGISTERS] {
    let mut registers = [[0; LANES]; REGISTERS];
    for (dword, register) in registers.iter_mut().enumerate().take(count) {
        *register = wave.lanes(operand, Kind::B32, 0, dword);
    }
    registers
}

fn put_registers(wave: &mut Wave, dst: Operand, registers: &[Lanes], exec: u64) {
    for (dword, register) in registers.iter().enumerate() {
        wave.set_lanes(dst, dword, register, exec);
    }
}
