//! Immediates that name something: counters, hardware registers, messages, swizzles.

use std::fmt;

/// Decimal where it is an inline constant, else hexadecimal.
pub(super) struct SmallHex(pub(super) u16);

impl fmt::Display for SmallHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 <= 64 { write!(f, "{}", self.0) } else { write!(f, "{:#x}", self.0) }
    }
}

/// The counters of `s_waitcnt`, each with a blank before it; those that wait for nothing are left
/// out unless all do.
pub(super) struct WaitCount(pub(super) u16);

impl fmt::Display for WaitCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = [
            ("vmcnt", self.0 & 0xf | self.0 >> 14 << 4, 63),
            ("expcnt", self.0 >> 4 & 7, 7),
            ("lgkmcnt", self.0 >> 8 & 0xf, 15),
        ];
        let none = counters.iter().all(|(_, count, most)| count == most);
        for (name, count, _) in counters.iter().filter(|(_, count, most)| none || count != most) {
            write!(f, " {name}({count})")?;
        }
        Ok(())
    }
}

/// A field of a hardware register.
pub(super) struct HardwareRegister(pub(super) u16);

impl fmt::Display for HardwareRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 & 63 {
            1 => "MODE",
            2 => "STATUS",
            3 => "TRAPSTS",
            4 => "HW_ID",
            5 => "GPR_ALLOC",
            6 => "LDS_ALLOC",
            7 => "IB_STS",
            15 => "SH_MEM_BASES",
            16 => "TBA_LO",
            17 => "TBA_HI",
            18 => "TMA_LO",
            19 => "TMA_HI",
            20 => "XCC_ID",
            21 => "SQ_PERF_SNAPSHOT_DATA",
            22 => "SQ_PERF_SNAPSHOT_DATA1",
            23 => "SQ_PERF_SNAPSHOT_PC_LO",
            24 => "SQ_PERF_SNAPSHOT_PC_HI",
            _ => "",
        };
        let (offset, size) = (self.0 >> 6 & 31, (self.0 >> 11) + 1);
        if name.is_empty() {
            write!(f, "hwreg({}", self.0 & 63)?
        } else {
            write!(f, "hwreg(HW_REG_{name}")?
        }
        if offset != 0 || size != 32 {
            write!(f, ", {offset}, {size}")?;
        }
        f.write_str(")")
    }
}

/// A message to the host or the geometry engine.
pub(super) struct Message(pub(super) u16);

const MESSAGES: [&str; 11] = [
    "",
    "MSG_INTERRUPT",
    "MSG_GS",
    "MSG_GS_DONE",
    "MSG_SAVEWAVE",
    "MSG_STALL_WAVE_GEN",
    "MSG_HALT_WAVES",
    "MSG_ORDERED_PS_DONE",
    "MSG_EARLY_PRIM_DEALLOC",
    "MSG_GS_ALLOC_REQ",
    "MSG_GET_DOORBELL",
];
const GEOMETRY: [&str; 4] = ["GS_OP_NOP", "GS_OP_CUT", "GS_OP_EMIT", "GS_OP_EMIT_CUT"];
const SYSTEM: [&str; 5] =
    ["", "SYSMSG_OP_ECC_ERR_INTERRUPT", "SYSMSG_OP_REG_RD", "SYSMSG_OP_HOST_TRAP_ACK", "SYSMSG_OP_TTRACE_PC"];

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, operation, stream) = (self.0 & 15, self.0 >> 4 & 7, self.0 >> 8 & 3);
        let has_other_bits = self.0 & !0x37f != 0;
        match (id, usize::from(operation), stream) {
            (2, operation @ 1..=3, _) => write!(f, "sendmsg(MSG_GS, {}, {stream})", GEOMETRY[operation]),
            (3, operation @ 1..=3, _) => write!(f, "sendmsg(MSG_GS_DONE, {}, {stream})", GEOMETRY[operation]),
            (3, 0, 0) => write!(f, "sendmsg(MSG_GS_DONE, {})", GEOMETRY[0]),
            (15, operation @ 1..=4, 0) => write!(f, "sendmsg(MSG_SYSMSG, {})", SYSTEM[operation]),
            (1 | 4..=10, 0, 0) => write!(f, "sendmsg({})", MESSAGES[usize::from(id)]),
            _ if has_other_bits => write!(f, "{}", self.0),
            _ => write!(f, "sendmsg({id}, {operation}, {stream})"),
        }
    }
}

/// Which operands `s_set_gpr_idx_on` indexes.
pub(super) struct GprIndex(pub(super) u16);

impl fmt::Display for GprIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 15 {
            return write!(f, "{:#x}", self.0);
        }
        let names = ["SRC0", "SRC1", "SRC2", "DST"];
        let set: Vec<_> = (0..4).filter(|bit| self.0 >> bit & 1 != 0).map(|bit| names[bit]).collect();
        write!(f, "gpr_idx({})", set.join(","))
    }
}

/// The lane pattern of `ds_swizzle_b32`, with a blank before it; nothing when it is zero.
pub(super) struct Swizzle(pub(super) u16);

impl fmt::Display for Swizzle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.0;
        let (and, or, xor) = (offset & 31, offset >> 5 & 31, offset >> 10 & 31);
        if offset == 0 {
            return Ok(());
        }
        f.write_str(" offset:")?;
        if offset & 0xff00 == 0x8000 {
            let lane = |index: u16| offset >> (2 * index) & 3;
            return write!(f, "swizzle(QUAD_PERM,{},{},{},{})", lane(0), lane(1), lane(2), lane(3));
        }
        match offset {
            0xe000.. => return write!(f, "swizzle(FFT,{and})"),
            0xc000.. => return write!(f, "swizzle(ROTATE,{},{or})", offset >> 10 & 1),
            0x8000.. => return write!(f, "{offset}"),
            _ => {}
        }
        let group = 32 - and;
        if and == 31 && or == 0 && xor.is_power_of_two() {
            write!(f, "swizzle(SWAP,{xor})")
        } else if and == 31 && or == 0 && xor > 0 && (xor + 1).is_power_of_two() {
            write!(f, "swizzle(REVERSE,{})", xor + 1)
        } else if group > 1 && group.is_power_of_two() && or < group && xor == 0 {
            write!(f, "swizzle(BROADCAST,{group},{or})")
        } else {
            let digit = |bit: u16| match ((or ^ xor) >> bit & 1, ((and | or) ^ xor) >> bit & 1) {
                (0, 0) => '0',
                (1, 1) => '1',
                (0, _) => 'p',
                _ => 'i',
            };
            write!(f, "swizzle(BITMASK_PERM,\"{}\")", (0..5).rev().map(digit).collect::<String>())
        }
    }
}
