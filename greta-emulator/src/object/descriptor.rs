//! Kernel descriptors: 64 bytes that say which registers a kernel starts with and what it needs.
//!
//! Bit positions are those of LLVM's AMDGPU usage guide, code object v3 and later, for gfx942.

/// What a kernel's descriptor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// LDS of fixed size, in bytes.
    pub shared_bytes: u32,
    /// Scratch of fixed size, in bytes a lane.
    pub private_bytes: u32,
    /// Kernel arguments, in bytes; 0 when the descriptor leaves it open.
    pub kernarg_bytes: u32,
    /// The entry, in bytes from the descriptor's start.
    pub entry_offset: i64,
    rsrc1: u32,
    rsrc2: u32,
    rsrc3: u32,
    properties: u16,
    preload: u16,
}

/// The scalar registers that a kernel starts with, in order. Each is present when the descriptor
/// asks for it; see [`Descriptor::user_sgprs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserSgprs {
    /// 4 registers: a buffer descriptor of the scratch memory.
    PrivateSegmentBuffer,
    /// 2 registers: the dispatch packet's address.
    DispatchPointer,
    /// 2 registers: the queue's address.
    QueuePointer,
    /// 2 registers: the address of the arguments.
    KernargPointer,
    /// 2 registers: the dispatch's number.
    DispatchId,
    /// 2 registers: scratch base.
    FlatScratchInit,
    /// 1 register: bytes of scratch a lane.
    PrivateSegmentSize,
    /// Dwords of the arguments, from `offset` dwords on.
    Kernarg {
        /// The first one.
        offset: u8,
        /// How many.
        count: u8,
    },
}

impl Descriptor {
    /// Bytes in memory.
    pub const BYTES: usize = 64;

    /// Reads the first [`Self::BYTES`] bytes; nothing when there are fewer.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Some(Self {
            shared_bytes: word(0),
            private_bytes: word(4),
            kernarg_bytes: word(8),
            entry_offset: (u64::from(word(20)) << 32 | u64::from(word(16))) as i64,
            rsrc3: word(44),
            rsrc1: word(48),
            rsrc2: word(52),
            properties: word(56) as u16,
            preload: (word(56) >> 16) as u16,
        })
    }

    /// Registers a lane, vector and accumulation registers together.
    pub fn vgprs(&self) -> u32 {
        ((self.rsrc1 & 63) + 1) * 8
    }

    /// The unified register that `a0` is.
    pub fn accumulator_offset(&self) -> u32 {
        ((self.rsrc3 & 63) + 1) * 4
    }

    /// The low 8 bits of the MODE register: rounding of f32, of f64 and f16, subnormals of each.
    pub fn float_mode(&self) -> u8 {
        (self.rsrc1 >> 12) as u8
    }

    /// Whether clamping makes NaN 0.
    pub fn dx10_clamp(&self) -> bool {
        self.rsrc1 >> 21 & 1 != 0
    }

    /// Whether signalling NaN are quieted.
    pub fn ieee_mode(&self) -> bool {
        self.rsrc1 >> 23 & 1 != 0
    }

    /// The MODE register at the start: the above, as the hardware lays them out.
    pub fn mode(&self) -> u32 {
        u32::from(self.float_mode()) | u32::from(self.dx10_clamp()) << 8 | u32::from(self.ieee_mode()) << 9
    }

    /// Whether scratch is set up.
    pub fn uses_scratch(&self) -> bool {
        self.rsrc2 & 1 != 0
    }

    /// How many user registers the hardware sets, preloaded arguments included.
    pub fn user_sgpr_count(&self) -> u32 {
        self.rsrc2 >> 1 & 31
    }

    /// Which of the workgroup's ids follow the user registers: x, y, z.
    pub fn workgroup_ids(&self) -> [bool; 3] {
        [7, 8, 9].map(|bit| self.rsrc2 >> bit & 1 != 0)
    }

    /// Whether the workgroup's size follows its ids.
    pub fn workgroup_info(&self) -> bool {
        self.rsrc2 >> 10 & 1 != 0
    }

    /// How many of a lane's ids `v0` holds: 1 to 3.
    pub fn workitem_ids(&self) -> u32 {
        (self.rsrc2 >> 11 & 3) + 1
    }

    /// Whether a workgroup's waves may be on different compute units.
    pub fn threadgroup_split(&self) -> bool {
        self.rsrc3 >> 16 & 1 != 0
    }

    /// Whether the stack's size is known only when the kernel runs.
    pub fn dynamic_stack(&self) -> bool {
        self.properties >> 11 & 1 != 0
    }

    /// The user registers that it asks for, in the order in which they are set.
    pub fn user_sgprs(&self) -> Vec<UserSgprs> {
        let named = [
            UserSgprs::PrivateSegmentBuffer,
            UserSgprs::DispatchPointer,
            UserSgprs::QueuePointer,
            UserSgprs::KernargPointer,
            UserSgprs::DispatchId,
            UserSgprs::FlatScratchInit,
            UserSgprs::PrivateSegmentSize,
        ];
        let set = named.iter().enumerate().filter(|(bit, _)| self.properties >> bit & 1 != 0);
        let mut registers: Vec<_> = set.map(|(_, &register)| register).collect();
        let (count, offset) = ((self.preload & 127) as u8, (self.preload >> 7) as u8);
        if count > 0 {
            registers.push(UserSgprs::Kernarg { offset, count });
        }
        registers
    }
}

impl UserSgprs {
    /// How many registers.
    pub fn count(self) -> u32 {
        match self {
            Self::PrivateSegmentBuffer => 4,
            Self::PrivateSegmentSize => 1,
            Self::Kernarg { count, .. } => u32::from(count),
            _ => 2,
        }
    }
}
