//! Matrix instructions. How products are rounded is greta-numerics', where elements lie is in the instruction's row.

use std::marker::PhantomData;

use greta_codegen::ir::Location;
use greta_codegen::mfma::{F32_16X16X4_F32, Format, Mfma, Role, WAVE};
use greta_numerics::Simd;
use greta_numerics::mfma::{Accumulator, Elements, Left, Order, Right, Rule, Shape, multiply};

use crate::frame::{Frame, Handler, Inst, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::{Body, Level};
use crate::report::ReportKind;

/// Elements of the largest block of an operand.
const ELEMENTS_MAX: usize = 1024;

/// A matrix instruction with its layouts worked out.
#[derive(Clone, Debug)]
pub(crate) struct MatrixTable {
    pub(crate) row: &'static Mfma,
    pub(crate) location: Location,
    rule: Rule,
    simd: Simd,
    /// Where the elements of A, B and C are, block by block, row by row: component and lane.
    places: [Vec<(u8, u8)>; 3],
}

/// How the interpreter multiplies by an instruction: as gfx942 does, and exactly where there are no roundings. NVIDIA's
/// rounding has no public source; gfx942's stands for it, which is as far from the exact sum. `None` for floats on
/// instructions that only other AMD targets have.
pub(crate) fn opt_rule(row: &Mfma) -> Option<Rule> {
    let known = row.opt_cycles("gfx942").is_some() || row.wave != WAVE || row.formats[0] == Format::I8;
    Rule::of(row.formats[0], row.k as usize).filter(|_| known)
}

impl MatrixTable {
    /// Works out the layouts of a row.
    pub(crate) fn new(row: &'static Mfma, rule: Rule, location: Location, level: Level) -> Self {
        let simd = if level == Level::Portable { Simd::PORTABLE } else { Simd::best() };
        Self { row, location, rule, simd, places: Role::ALL.map(|role| places(row, role)) }
    }

    /// Where a block of an operand is.
    fn block(&self, role: Role, block: usize) -> &[(u8, u8)] {
        let places = &self.places[role as usize];
        let length = places.len() / self.row.blocks as usize;
        &places[block * length..][..length]
    }
}

fn places(row: &Mfma, role: Role) -> Vec<(u8, u8)> {
    let Mfma { m, n, k, blocks, .. } = *row;
    // Rows and columns of one block, and those from one block to the next.
    let (rows, columns) = match role {
        Role::A => (m, k),
        Role::B => (k, n),
        Role::C => (m, n),
    };
    let mut places = vec![(0, 0); (rows * columns * blocks) as usize];
    for lane in 0..row.wave as u8 {
        for component in 0..row.operand(role).lanes {
            let (i, j) = row.coord(role, lane.into(), component.into());
            let block = if role == Role::B { j / columns } else { i / rows };
            let at = (block * rows + i % rows) * columns + j % columns;
            places[at as usize] = (component, lane);
        }
    }
    places
}

/// The handler of a matrix instruction: a, b, c. `Inst::extra` is its table.
pub(crate) fn handler(level: Level, row: &Mfma) -> Handler {
    if *row == F32_16X16X4_F32 {
        return level.handler::<Mfma16>();
    }
    match row.formats[0].bits() {
        8 => level.handler::<AnyMatrix<u8, u32>>(),
        16 => level.handler::<AnyMatrix<u16, u32>>(),
        32 => level.handler::<AnyMatrix<u32, u32>>(),
        _ => level.handler::<AnyMatrix<u64, u64>>(),
    }
}

/// Reports a wave that runs a matrix instruction with some of its lanes: those of the chunk that the mask names.
#[cold]
#[inline(never)]
fn partial(frame: &mut Frame<'_>, inst: &Inst, chunk: usize, mask: u64) -> bool {
    let program = frame.program;
    let table = &program.parts.matrices[inst.extra as usize];
    let (instruction, active, wave) = (table.row.name, mask.count_ones(), table.row.wave);
    frame.fail(
        chunk,
        mask.trailing_zeros() as usize,
        table.location,
        ReportKind::PartialMfma { instruction, active, wave },
    )
}

/// `mfma_f32_16x16x4_f32`, which most kernels spend their time in. Lane `16 k + i` holds A's (i, k) and B's (k, i); lane
/// `16 q + j` holds C's (4 q + r, j) in component r. So 16 lanes are a row of B or C, and a row of C takes 4 steps of 16
/// fused multiply-adds.
struct Mfma16;

impl Body for Mfma16 {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        for wave in 0..frame.waves {
            // SAFETY: operands and result lie in the frame, as `encode` laid them out. A and B are read before the
            // result is written; a row of C is read before that row is.
            unsafe {
                match *frame.masks.add(wave) {
                    0 => continue,
                    u64::MAX => {}
                    mask => return partial(frame, inst, wave, mask),
                }
                let words = frame.words.add(wave * LANES);
                let a = words.add(inst.src[0] as usize).cast::<[f32; LANES]>().read();
                let b = words.add(inst.src[1] as usize);
                let b = [read(b), read(b.add(GROUP)), read(b.add(2 * GROUP)), read(b.add(3 * GROUP))];
                for register in 0..4 {
                    for quarter in 0..4 {
                        let row = 4 * quarter + register;
                        let offset = quarter * GROUP;
                        let c = inst.src[2] as usize + register * inst.src_step[2] as usize + offset;
                        let mut sum = read(words.add(c));
                        for k in 0..4 {
                            let factor = a[k * 16 + row];
                            for column in 0..GROUP {
                                let product = factor.mul_add(f32::from_bits(b[k][column]), f32::from_bits(sum[column]));
                                sum[column] = product.to_bits();
                            }
                        }
                        let dst = inst.dst as usize + register * inst.dst_step as usize + offset;
                        write(words.add(dst), sum);
                    }
                }
            }
        }
        false
    }
}

/// Any matrix instruction, by its layout tables: elements of A and B, of C.
struct AnyMatrix<E, S>(PhantomData<(E, S)>);

impl<E: Factor, S: Sum> Body for AnyMatrix<E, S> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let table = &program.parts.matrices[inst.extra as usize];
        let width = table.row.wave as usize;
        let every = u64::MAX >> (LANES - width);
        for first in (0..frame.waves * LANES).step_by(width) {
            let (chunk, lane) = (first / LANES, first % LANES);
            // SAFETY: there is a current mask for each chunk.
            let mask = unsafe { *frame.masks.add(chunk) } >> lane & every;
            if mask == 0 {
                continue;
            }
            if mask != every {
                return partial(frame, inst, chunk, mask << lane);
            }
            let operand = |word: u32, step: u32| Operand {
                words: frame.words.wrapping_add(word as usize + first),
                step: step as usize,
            };
            let [a, b, c] = [0, 1, 2].map(|position| operand(inst.src[position], inst.src_step[position]));
            let d = operand(inst.dst, inst.dst_step);
            for block in 0..table.row.blocks as usize {
                // SAFETY: operands and result lie in the frame, as `encode` laid them out. Only the accumulator may
                // share its place with the result, and a block of it is read before that block is written.
                unsafe { table.multiply_block::<E, S>(block, a, b, c, d) };
            }
        }
        false
    }
}

impl MatrixTable {
    /// D = A * B + C of one block.
    ///
    /// # Safety
    ///
    /// The operands lie in the frame.
    #[inline(always)]
    unsafe fn multiply_block<E: Factor, S: Sum>(&self, block: usize, a: Operand, b: Operand, c: Operand, d: Operand) {
        let Mfma { m, n, k, formats, .. } = *self.row;
        let shape = Shape { m: m as usize, n: n as usize, k: k as usize };
        let [a_places, b_places, c_places] = Role::ALL.map(|role| self.block(role, block));
        // SAFETY: the caller's promise.
        let (a, b, mut sums) = unsafe { (a.gather::<E>(a_places), b.gather::<E>(b_places), c.gather::<S>(c_places)) };
        let left = Left { format: formats[0], elements: E::elements(&a[..a_places.len()]), order: Order::Rows };
        let right = Right { format: formats[1], elements: E::elements(&b[..b_places.len()]) };
        let accumulator = S::accumulator(&mut sums[..c_places.len()]);
        multiply(self.simd, self.rule, shape, left, right, accumulator)
            .expect("invariant: an instruction's rule goes with its formats and sizes");
        // SAFETY: the caller's promise.
        unsafe { d.scatter(c_places, &sums) };
    }
}

/// Bits of an element in a frame. One of 64 bits is two components, the lower half first.
trait Element: Copy {
    const ZERO: Self;
    const COMPONENTS: usize;
    fn from_bits(bits: u64) -> Self;
    fn bits(self) -> u64;
}

/// An element of A or B.
trait Factor: Element {
    fn elements(slice: &[Self]) -> Elements<'_>;
}

/// An element of C.
trait Sum: Element {
    fn accumulator(slice: &mut [Self]) -> Accumulator<'_>;
}

macro_rules! element {
    ($($bits:ty => $elements:ident;)*) => {
        $(
            impl Element for $bits {
                const ZERO: Self = 0;
                const COMPONENTS: usize = size_of::<Self>().div_ceil(4);

                #[inline(always)]
                fn from_bits(bits: u64) -> Self {
                    bits as Self
                }

                #[inline(always)]
                fn bits(self) -> u64 {
                    self.into()
                }
            }

            impl Factor for $bits {
                #[inline(always)]
                fn elements(slice: &[Self]) -> Elements<'_> {
                    Elements::$elements(slice)
                }
            }
        )*
    };
}

element! {
    u8 => Bits8;
    u16 => Bits16;
    u32 => Bits32;
    u64 => Bits64;
}

impl Sum for u32 {
    #[inline(always)]
    fn accumulator(slice: &mut [Self]) -> Accumulator<'_> {
        Accumulator::Bits32(slice)
    }
}

impl Sum for u64 {
    #[inline(always)]
    fn accumulator(slice: &mut [Self]) -> Accumulator<'_> {
        Accumulator::Bits64(slice)
    }
}

/// Words of an operand in a wave's frame.
#[derive(Clone, Copy)]
struct Operand {
    words: *mut u32,
    /// Words from one component to the next.
    step: usize,
}

impl Operand {
    /// The word of a component of an element.
    #[inline(always)]
    fn word<E: Element>(self, (element, lane): (u8, u8), component: usize) -> *mut u32 {
        self.words.wrapping_add((usize::from(element) * E::COMPONENTS + component) * self.step + usize::from(lane))
    }

    /// The elements at these places.
    ///
    /// # Safety
    ///
    /// They lie in the frame.
    #[inline(always)]
    unsafe fn gather<E: Element>(self, places: &[(u8, u8)]) -> [E; ELEMENTS_MAX] {
        let mut elements = [E::ZERO; ELEMENTS_MAX];
        for (element, &place) in elements.iter_mut().zip(places) {
            let mut bits = 0;
            for component in 0..E::COMPONENTS {
                // SAFETY: the caller's promise.
                bits |= u64::from(unsafe { *self.word::<E>(place, component) }) << (32 * component);
            }
            *element = E::from_bits(bits);
        }
        elements
    }

    /// Sets the elements at these places.
    ///
    /// # Safety
    ///
    /// As for [`Operand::gather`].
    #[inline(always)]
    unsafe fn scatter<E: Element>(self, places: &[(u8, u8)], elements: &[E]) {
        for (&place, element) in places.iter().zip(elements) {
            for component in 0..E::COMPONENTS {
                // SAFETY: the caller's promise.
                unsafe { *self.word::<E>(place, component) = (element.bits() >> (32 * component)) as u32 };
            }
        }
    }
}
