//! Accesses of words, atomics and converting accesses, from encoding to memory.

use super::{GLOBAL, Machine};
use crate::isa::{Encoding, Flags, Kind, ROWS, Row};

/// The new value, from the mnemonic, the old value and the operands.
fn wanted(name: &str, old: u64, data: u64, compare: u64) -> u64 {
    let is_wide = name.ends_with("_x2") || name.ends_with("64");
    let signed = |value: u64| if is_wide { value as i64 } else { i64::from(value as i32) };
    let float = |value: u64| if is_wide { f64::from_bits(value) } else { f64::from(f32::from_bits(value as u32)) };
    let bits = |value: f64| if is_wide { value.to_bits() } else { u64::from((value as f32).to_bits()) };
    let pick = |takes: bool| if takes { data } else { old };
    let name = name.trim_end_matches("_x2").replace("_rtn", "");
    let name = name.rsplit_once("atomic_").map_or(name.trim_start_matches("ds_"), |(_, name)| name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match name.trim_end_matches("_u").trim_end_matches("_b") {
        "swap" | "wrxchg" => data,
        "cmpswap" | "cmpst" => pick(old == compare),
        "cmpst_f" => pick(float(old) == float(compare)),
        "add" => old.wrapping_add(data),
        "sub" => old.wrapping_sub(data),
        "rsub" => data.wrapping_sub(old),
        "smin" | "min_i" => pick(signed(data) < signed(old)),
        "smax" | "max_i" => pick(signed(data) > signed(old)),
        "umin" | "min" => old.min(data),
        "umax" | "max" => old.max(data),
        "and" => old & data,
        "or" => old | data,
        "xor" => old ^ data,
        "inc" => {
            if old >= data {
                0
            } else {
                old + 1
            }
        }
        "dec" => {
            if old == 0 || old > data {
                data
            } else {
                old - 1
            }
        }
        "mskor" => old & !compare | data,
        "wrap" => {
            if old >= compare {
                old - compare
            } else {
                old + data
            }
        }
        "add_f" => bits(float(old) + float(data)),
        "min_f" => bits(float(old).min(float(data))),
        "max_f" => bits(float(old).max(float(data))),
        other => panic!("no rule for {other}"),
    }
}

fn values(name: &str) -> [u64; 3] {
    match (name.contains("_f"), name.ends_with("64") || name.ends_with("_x2")) {
        (true, true) => [1.5f64, -2.25, 1.5].map(f64::to_bits),
        (true, false) => [1.5f32, -2.25, 1.5].map(|value| u64::from(value.to_bits())),
        (false, true) => [0x7000_0000_5a5a_0f0f, 0x8000_0001_0000_0003, 0x7000_0000_5a5a_0f0f],
        (false, false) => [0x5a5a_0f0f, 0x8000_0003, 0x5a5a_0f0f],
    }
}

#[test]
fn atomics_return_the_old_value_and_leave_the_new() {
    let rows = ROWS.iter().filter(|row| match row.encoding {
        Encoding::Global | Encoding::Flat => row.flags.has(Flags::ATOMIC) && !row.mnemonic.contains("pk_"),
        Encoding::Ds => {
            row.mnemonic.contains("_rtn_")
                && !row.flags.has(Flags::OFFSET2)
                && !row.mnemonic.contains("pk_")
                && !row.mnemonic.contains("condxchg")
        }
        _ => false,
    });
    let mut seen = 0;
    for row in rows {
        let mut machine = Machine::new();
        machine.wave.set_exec(1 << 5);
        let [old, data, compare] = values(row.mnemonic);
        let is_shared = row.encoding == Encoding::Ds;
        machine.shared[64..72].copy_from_slice(&old.to_le_bytes());
        assert!(machine.global.write(GLOBAL + 64, &old.to_le_bytes()));
        machine.set_vector(0, |_| if is_shared { 64 } else { GLOBAL as u32 + 64 });
        let dwords = row.dst.dwords() as usize;
        // Global: the data first, then what to compare with. LDS: the other way round, in registers of their own.
        let is_double = row.src[usize::from(is_shared) + 1] != Kind::None && is_shared;
        let (first, second) = if is_double { (compare, data) } else { (data, compare) };
        for (register, value) in [(8, first), (if is_shared { 12 } else { 8 + dwords }, second)] {
            machine.set_vector(register, |_| value as u32);
            if dwords == 2 {
                machine.set_vector(register + 1, |_| (value >> 32) as u32);
            }
        }
        let opcode = u32::from(row.opcode);
        let words = match row.encoding {
            Encoding::Ds => [0xd800_0000 | opcode << 17, 8 << 8 | 12 << 16 | 20 << 24],
            Encoding::Global => [0xdc01_8000 | opcode << 18, 8 << 8 | 0x7f << 16 | 20 << 24],
            _ => [0xdc01_0000 | opcode << 18, 8 << 8 | 20 << 24],
        };
        machine.run(words).unwrap();
        let mask = if dwords == 2 { u64::MAX } else { 0xffff_ffff };
        let returned = u64::from(machine.vector(21)[5]) << 32 | u64::from(machine.vector(20)[5]);
        assert_eq!(returned & mask, old & mask, "{} returns", row.mnemonic);
        let mut bytes = [0; 8];
        if is_shared {
            bytes.copy_from_slice(&machine.shared[64..72]);
        } else {
            assert!(machine.global.read(GLOBAL + 64, &mut bytes));
        }
        let expected = wanted(row.mnemonic, old & mask, data & mask, compare & mask) & mask;
        assert_eq!(u64::from_le_bytes(bytes) & mask, expected, "{} leaves", row.mnemonic);
        assert_eq!(machine.vector(20)[4], 0, "{} touches a lane that is off", row.mnemonic);
        seen += 1;
    }
    assert!(seen >= 95, "{seen} atomics");
}

/// An access of words by its mnemonic: the address in v0 and v1, data from v8 on, the result from v20 on.
fn access(mnemonic: &str) -> [u32; 2] {
    let row = ROWS.iter().find(|row| row.mnemonic == mnemonic).unwrap();
    let opcode = u32::from(row.opcode);
    match row.encoding {
        Encoding::Ds => [0xd800_0000 | opcode << 17, 8 << 8 | 20 << 24],
        _ => [0xdc00_8000 | opcode << 18, 8 << 8 | 0x7f << 16 | 20 << 24],
    }
}

#[test]
fn words_move_lane_by_lane_at_any_address() {
    const LANES_ON: u64 = 0xf0f0_aaaa_5555_0ff1;
    let names = |load: [&'static str; 4], store| std::iter::zip(load, store).zip(1..);
    let global = names(
        ["global_load_dword", "global_load_dwordx2", "global_load_dwordx3", "global_load_dwordx4"],
        ["global_store_dword", "global_store_dwordx2", "global_store_dwordx3", "global_store_dwordx4"],
    );
    let shared = names(
        ["ds_read_b32", "ds_read_b64", "ds_read_b96", "ds_read_b128"],
        ["ds_write_b32", "ds_write_b64", "ds_write_b96", "ds_write_b128"],
    );
    for (((load, store), words), gap) in global.chain(shared).flat_map(|names| [(names, 16), (names, 17)]) {
        let is_shared = load.starts_with("ds");
        let mut machine = Machine::new();
        let mut bytes: Vec<u8> = (0..2048u32).map(|at| ((at * 37) >> 3) as u8).collect();
        machine.shared[..2048].copy_from_slice(&bytes);
        assert!(machine.global.write(GLOBAL, &bytes));
        machine.wave.set_exec(LANES_ON);
        let base = if is_shared { 0 } else { GLOBAL as u32 };
        machine.set_vector(0, |lane| base + (lane * gap) as u32);
        for word in 0..words {
            machine.set_vector(8 + word, |lane| 0x0102_0304 * (lane + 3 * word) as u32);
            machine.set_vector(20 + word, |_| 0xdead_beef);
        }
        machine.run(access(load)).unwrap();
        for (lane, word) in (0..64).flat_map(|lane| (0..words).map(move |word| (lane, word))) {
            let from = lane * gap + 4 * word;
            let there = u32::from_le_bytes(bytes[from..from + 4].try_into().unwrap());
            let wanted = if LANES_ON >> lane & 1 == 1 { there } else { 0xdead_beef };
            assert_eq!(
                machine.vector(20 + word)[lane],
                wanted,
                "{load}, lanes {gap} bytes apart, lane {lane}, word {word}"
            );
        }
        machine.run(access(store)).unwrap();
        for (lane, word) in (0..64).flat_map(|lane| (0..words).map(move |word| (lane, word))) {
            if LANES_ON >> lane & 1 == 1 {
                let value = machine.vector(8 + word)[lane].to_le_bytes();
                bytes[lane * gap + 4 * word..][..4].copy_from_slice(&value);
            }
        }
        let mut found = machine.shared[..2048].to_vec();
        assert!(is_shared || machine.global.read(GLOBAL, &mut found));
        assert_eq!(found, bytes, "{store}, lanes {gap} bytes apart");
    }
}

/// The sources of a pair are v8 and v12 on; its elements are `offsets` elements from the address.
fn pair(mnemonic: &str, offsets: [u32; 2]) -> [u32; 2] {
    let [first, second] = access(mnemonic);
    [first | offsets[0] | offsets[1] << 8, second | 12 << 16]
}

#[test]
fn pairs_are_moved_lane_by_lane_and_the_first_before_the_second() {
    for (load, store, words, step) in [
        ("ds_read2_b32", "ds_write2_b32", 1, 4),
        ("ds_read2_b64", "ds_write2_b64", 2, 8),
        ("ds_read2st64_b32", "ds_write2st64_b32", 1, 4 * 64),
        ("ds_read2st64_b64", "ds_write2st64_b64", 2, 8 * 64),
    ] {
        // The second element of a lane is where the next lane has its first, or both of a lane are at one place.
        for offsets in [[0, 1], [1, 0], [1, 1]] {
            let mut machine = Machine::new();
            let lanes = if step >= 4 * 64 { 4 } else { 64 };
            machine.wave.set_exec(u64::MAX >> (64 - lanes));
            machine.set_vector(0, |lane| (lane * step) as u32);
            for word in 0..words {
                machine.set_vector(8 + word, |lane| 0x1000_0000 + (word << 16 | lane) as u32);
                machine.set_vector(12 + word, |lane| 0x2000_0000 + (word << 16 | lane) as u32);
            }
            machine.run(pair(store, offsets)).unwrap();
            let mut wanted = vec![0; machine.shared.len()];
            for (lane, element) in (0..lanes).flat_map(|lane| [(lane, 0), (lane, 1)]) {
                for word in 0..words {
                    let at = (lane + offsets[element] as usize) * step + 4 * word;
                    let value = machine.vector([8, 12][element] + word)[lane];
                    wanted[at..at + 4].copy_from_slice(&value.to_le_bytes());
                }
            }
            assert_eq!(machine.shared, wanted, "{store} at {offsets:?}");
            machine.run(pair(load, offsets)).unwrap();
            for (lane, element) in (0..lanes).flat_map(|lane| [(lane, 0), (lane, 1)]) {
                for word in 0..words {
                    let at = (lane + offsets[element] as usize) * step + 4 * word;
                    let there = u32::from_le_bytes(wanted[at..at + 4].try_into().unwrap());
                    assert_eq!(machine.vector(20 + element * words + word)[lane], there, "{load} at {offsets:?}");
                }
            }
        }
    }
}

/// Words of an access of bytes or halves by its row: the address in v0 and v1, data in v8, the result in v20. SCRATCH has
/// an offset of 32 bits there, a buffer one of its descriptor in s4 to s7.
fn narrow_access(row: &Row) -> [u32; 2] {
    let opcode = u32::from(row.opcode);
    match row.encoding {
        Encoding::Ds => [0xd800_0000 | opcode << 17, 8 << 8 | 20 << 24],
        Encoding::Flat => [0xdc00_0000 | opcode << 18, 8 << 8 | 20 << 24],
        Encoding::Global => [0xdc00_8000 | opcode << 18, 8 << 8 | 0x7f << 16 | 20 << 24],
        _ => [0xe000_1000 | opcode << 18, (if row.dst == Kind::None { 8 } else { 20 }) << 8 | 1 << 16 | 128 << 24],
    }
}

/// What is loaded of a byte or half into a register that was full of ones, from the mnemonic.
fn narrow_load(name: &str, half: u16) -> u32 {
    let byte = half as u8;
    let value = match () {
        () if name.contains("ubyte") || name.contains("_u8") => u32::from(byte),
        () if name.contains("sbyte") || name.contains("_i8") => byte as i8 as u32,
        () if name.contains("sshort") || name.contains("_i16") => half as i16 as u32,
        () => u32::from(half),
    };
    match name.contains("d16") {
        true if name.ends_with("_hi") => value << 16 | 0xffff,
        true => value & 0xffff | 0xffff_0000,
        false => value,
    }
}

#[test]
fn bytes_and_halves_are_extended_and_leave_what_is_beside_them() {
    let is_narrow = |row: &&Row| {
        let (name, is_ds) = (row.mnemonic, row.encoding == Encoding::Ds);
        let is_moved = ["load_", "store_", "ds_read_", "ds_write_"].iter().any(|part| name.contains(part));
        let is_small = ["byte", "short"].iter().any(|part| name.contains(part))
            || is_ds && ["_b8", "_b16", "_u8", "_i8", "_u16", "_i16"].iter().any(|part| name.contains(part));
        is_moved && is_small && !name.contains("lds") && row.encoding != Encoding::Scratch
    };
    let mut seen = 0;
    for (row, at) in ROWS.iter().filter(is_narrow).flat_map(|row| [(row, 6u32), (row, 7)]) {
        let name = row.mnemonic;
        let mut machine = Machine::new();
        machine.wave.set_exec(1 << 9);
        machine.wave.scalars[4..8].copy_from_slice(&[GLOBAL as u32, 0, 64, 7 << 12 | 4 << 15]);
        let is_relative = matches!(row.encoding, Encoding::Ds | Encoding::Mubuf);
        machine.set_vector(0, |_| if is_relative { at } else { GLOBAL as u32 + at });
        let mut bytes: [u8; 16] = std::array::from_fn(|index| 0x8d_u8.wrapping_add(29_u8.wrapping_mul(index as u8)));
        machine.shared[..16].copy_from_slice(&bytes);
        assert!(machine.global.write(GLOBAL, &bytes));
        machine.set_vector(8, |_| 0x1122_3344);
        machine.set_vector(20, |_| u32::MAX);
        machine.run(narrow_access(row)).unwrap();
        let place = at as usize;
        if row.dst == Kind::None || name.contains("store") || name.contains("write") {
            let data = if name.ends_with("_hi") { 0x1122_u16 } else { 0x3344 }.to_le_bytes();
            let count = if name.contains("byte") || name.contains("_b8") { 1 } else { 2 };
            bytes[place..place + count].copy_from_slice(&data[..count]);
        } else {
            let wanted = narrow_load(name, u16::from_le_bytes([bytes[place], bytes[place + 1]]));
            assert_eq!((machine.vector(20)[9], machine.vector(20)[8]), (wanted, u32::MAX), "{name} at {at}");
        }
        let mut found = [0; 16];
        assert!(machine.global.read(GLOBAL, &mut found));
        let found = if row.encoding == Encoding::Ds { machine.shared[..16].try_into().unwrap() } else { found };
        assert_eq!(found, bytes, "{name} at {at}");
        seen += 1;
    }
    assert!(seen >= 2 * 40, "{seen} accesses");
}

#[test]
fn packed_atomics_add_halves() {
    for (name, one_and_two, three) in
        [("pk_add_f16", 0x4000_3c00, 0x4200_4000), ("pk_add_bf16", 0x4000_3f80, 0x4040_4000)]
    {
        for row in ROWS.iter().filter(|row| row.encoding == Encoding::Global && row.mnemonic.ends_with(name)) {
            let mut machine = Machine::new();
            machine.set_vector(0, |lane| GLOBAL as u32 + 4 * (lane as u32 % 8));
            machine.wave.set_exec(0xff);
            assert!((0..8).all(|word| machine.global.write(GLOBAL + 4 * word, &u32::to_le_bytes(one_and_two))));
            // 1 and 1.
            machine.set_vector(8, |_| if name.ends_with("bf16") { 0x3f80_3f80 } else { 0x3c00_3c00 });
            machine.run([0xdc00_8000 | u32::from(row.opcode) << 18, 8 << 8 | 0x7f << 16]).unwrap();
            assert!((0..8).all(|word| machine.word(GLOBAL + 4 * word) == three), "{name} {:x}", machine.word(GLOBAL));
        }
    }
}

#[test]
fn typed_buffers_convert() {
    let mut machine = Machine::new();
    machine.wave.set_exec(1);
    // Four components of 8 bits, normalised, of a raw buffer; red and blue swapped by the descriptor.
    machine.wave.scalars[4..8].copy_from_slice(&[GLOBAL as u32, 0, 64, 6 | 5 << 3 | 4 << 6 | 7 << 9 | 10 << 15]);
    assert!(machine.global.write(GLOBAL, &[255, 0, 51, 204]));
    let load = ROWS.iter().find(|row| row.mnemonic == "buffer_load_format_xyzw").unwrap();
    machine.run([0xe000_0000 | u32::from(load.opcode) << 18, 20 << 8 | 1 << 16 | 128 << 24]).unwrap();
    let found: Vec<f32> = (20..24).map(|register| f32::from_bits(machine.vector(register)[0])).collect();
    assert_eq!(found, [0.2, 0.0, 1.0, 0.8]);
    // The same bytes as unsigned integers in the order of memory, by the format of the instruction.
    let load = ROWS.iter().find(|row| row.mnemonic == "tbuffer_load_format_xyzw").unwrap();
    let format = 10 << 19 | 4 << 23;
    machine.run([0xe800_0000 | u32::from(load.opcode) << 15 | format, 20 << 8 | 1 << 16 | 128 << 24]).unwrap();
    let found: Vec<u32> = (20..24).map(|register| machine.vector(register)[0]).collect();
    assert_eq!(found, [255, 0, 51, 204]);
    // Past the records a load gives 0 and a store is dropped.
    machine.wave.scalars[6] = 3;
    machine.run([0xe800_0000 | u32::from(load.opcode) << 15 | format, 20 << 8 | 1 << 16 | 128 << 24]).unwrap();
    assert_eq!(machine.vector(20)[0], 0);
}
