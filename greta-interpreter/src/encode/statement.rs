//! Encodes statements: instructions and control flow.

use greta_codegen::ir::Location;

use super::{
    Code, Condition, EncodedAccess, EncodedAtomic, EncodedDim, EncodedMessage, EncodedSpace, Encoder, LoopCode, Source,
    Step,
};
use crate::frame::{Handler, Inst};
use crate::lanewise::{Lanewise, masked_move, spread};
use crate::matrix::MatrixTable;
use crate::sanitize::{self, Check, Site, Touch};
use crate::tree::{
    AccessId, Change, Loop, Node, Operand, Origin, ParameterKind, ROOT, Region, Shuffle, Space, Target, words,
};
use crate::wide::Wide;
use crate::{access, matrix, wave};

/// The result of an instruction that has none.
const NOWHERE: u32 = u32::MAX;

impl Encoder<'_> {
    pub(super) fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.position += 1;
            self.node(node);
        }
    }

    /// Encodes one statement. What it used for the last time is taken back: by control flow before its inner
    /// statements are numbered, by anything else at its end.
    fn node(&mut self, node: &Node) {
        match node {
            Node::If { region, condition, then, otherwise } => {
                return self.branch(*region, *condition, then, otherwise);
            }
            Node::Loop(repeated) => return self.repeated(repeated),
            Node::Scope { region, body } => {
                let mask = self.tree.regions[*region].divergent.then(|| self.mask(1));
                self.masks.extend(mask.map(|mask| (*region, mask)));
                let body = self.code_in(*region, body);
                self.mask_depth -= u32::from(mask.is_some());
                self.code.push(Code::Scope { mask, body });
                return;
            }
            Node::Declare(register) => {
                self.home(*register);
            }
            Node::Lanewise { row: Lanewise::Move, dst, src } => self.copy(*dst, src[0]),
            Node::Lanewise { row, dst, src } => self.lanewise(*row, *dst, *src),
            Node::Wide { row, dst, lanes, src } => self.wide(*row, *dst, *lanes, *src),
            Node::Load { dst, access } => self.load(*dst, *access),
            Node::Prefetch { access } => self.prefetch(*access),
            Node::GridBarrier { access } => self.grid_barrier(*access),
            Node::Store { access, value } => self.store(*access, *value),
            Node::Atomic { change, dst, access, operands } => self.atomic(*change, *dst, *access, *operands),
            Node::Shuffle { kind, dst, value, lane, location } => {
                self.shuffle(*kind, *dst, *value, *lane, *location);
            }
            Node::Vote { kind, dst, condition } => {
                let condition = self.source(*condition);
                let target = self.target(*dst);
                self.push(wave::vote(self.level, *kind, condition.varying), target, [condition; 3], 1, 0);
            }
            Node::Mfma { row, rule, dst, src, location } => {
                self.matrices.push(MatrixTable::new(row, *rule, *location, self.level));
                let table = self.matrices.len() as u32 - 1;
                self.matrix(matrix::handler(self.level, row), *dst, *src, row.operands.map(words), table);
            }
            Node::Barrier(location) => {
                let extra = self.place(*location);
                self.check(self.level.handler::<wave::Barrier>(), &[], 0, extra);
            }
            Node::Print { message, values } => self.print(*message, values),
            Node::Copies(call) => self.check(sanitize::copies(self.level, *call), &[], 0, call.groups()),
            Node::CheckDivisor { divisor, count, wide, location } => {
                let extra = self.place(*location);
                let varying = !self.tree.is_uniform(*divisor);
                self.check(wave::check_divisor(self.level, varying, *wide), &[*divisor], *count, extra);
            }
            Node::Check { value, count, rule, location } => {
                self.checks.push(Check { rule: rule.clone(), location: *location });
                let (varying, extra) = (!self.tree.is_uniform(*value), self.checks.len() as u32 - 1);
                self.check(sanitize::checks(self.level, varying), &[*value], *count, extra);
            }
            Node::CheckStep { step, scalar, location } => {
                let varying = !self.tree.is_uniform(*step);
                self.steps.push(Step { scalar: *scalar, varying, location: *location });
                let extra = self.steps.len() as u32 - 1;
                self.check(self.level.handler::<wave::CheckStep>(), &[*step], 1, extra);
            }
            Node::Unsupported { name, location } => {
                self.unsupported.push((name, *location));
                let extra = self.unsupported.len() as u32 - 1;
                self.check(self.level.handler::<wave::Unsupported>(), &[], 0, extra);
            }
            Node::Break { at, target } => self.leave(*at, *target, 0, Code::Break),
            Node::Continue { at, target } => self.leave(*at, *target, 1, Code::Continue),
            Node::Return { at, target } => self.leave(*at, *target, 0, Code::Return),
        }
        self.expire();
    }

    fn branch(&mut self, region: Region, condition: Operand, then: &[Node], otherwise: &[Node]) {
        let condition = self.source(condition);
        self.expire();
        if !condition.varying {
            let then = self.code_in(region, then);
            let otherwise = self.code_in(region, otherwise);
            self.code.push(Code::If { condition: condition.word, then, otherwise });
            return;
        }
        let mask = self.mask(1);
        let then = self.code_in(region, then);
        let otherwise = self.code_in(region, otherwise);
        self.mask_depth -= 1;
        self.code.push(Code::IfDivergent { condition: condition.word, mask, then, otherwise });
    }

    fn repeated(&mut self, repeated: &Loop) {
        let outer = std::mem::replace(&mut self.region, repeated.region);
        self.nodes(&repeated.init);
        self.region = outer;
        let masks = self.tree.regions[repeated.region].divergent.then(|| self.mask(2));
        self.masks.extend(masks.map(|mask| (repeated.region, mask)));
        let test = self.code_in(repeated.region, &repeated.test);
        self.position += 1;
        let condition = match repeated.condition {
            Operand::Constant(bits) if bits != 0 => Condition::Always,
            operand => match self.source(operand) {
                Source { word, varying: true, .. } => Condition::Varying(word),
                Source { word, varying: false, .. } => Condition::Uniform(word),
            },
        };
        self.expire();
        let body = self.code_in(repeated.region, &repeated.body);
        let advance = self.code_in(repeated.region, &repeated.advance);
        self.position += 1;
        self.expire();
        self.mask_depth -= if masks.is_some() { 2 } else { 0 };
        self.code.push(Code::Loop(Box::new(LoopCode {
            masks,
            test,
            condition,
            body,
            advance,
            location: repeated.location,
        })));
    }

    /// Leaves a region: all active threads together, or for them to wait in a mask of the region's.
    fn leave(&mut self, at: Region, target: Region, which: u32, together: Code) {
        self.end_run();
        let code = match self.tree.diverges(at, target) {
            false => together,
            true if target == ROOT => Code::Exit,
            true => {
                let first = self.masks[&target];
                Code::Leave { mask: first + which * self.waves() }
            }
        };
        self.code.push(code);
    }

    fn waves(&self) -> u32 {
        (self.slot_words / crate::frame::LANES as u64) as u32
    }

    /// The first of `count` masks that nobody around uses.
    fn mask(&mut self, count: u32) -> u32 {
        let first = self.mask_depth * self.waves();
        self.mask_depth += count;
        self.mask_depth_max = self.mask_depth_max.max(self.mask_depth);
        first
    }

    fn place(&mut self, location: Location) -> u32 {
        self.locations.push(location);
        self.locations.len() as u32 - 1
    }

    fn check(&mut self, run: Handler, operands: &[Operand], count: u32, extra: u32) {
        let mut inst = Inst { run, dst: NOWHERE, src: [0; 3], dst_step: 0, src_step: [0; 3], count, extra };
        for (position, operand) in operands.iter().enumerate() {
            let source = self.source(*operand);
            inst.src[position] = source.word;
            inst.src_step[position] = source.step;
        }
        self.insts.push(inst);
    }

    /// First word of a target, words from one component to the next, and whether each thread has its own.
    fn target(&mut self, dst: Target) -> Source {
        let step = self.step(dst.register);
        let word = self.home(dst.register).wrapping_add(dst.first.wrapping_mul(step));
        Source { word, step, varying: !self.tree.registers[dst.register].uniform }
    }

    fn push(&mut self, run: Handler, dst: Source, src: [Source; 3], count: u32, extra: u32) {
        let inst = Inst {
            run,
            dst: dst.word,
            src: src.map(|source| source.word),
            dst_step: dst.step,
            src_step: src.map(|source| source.step),
            count,
            extra,
        };
        self.insts.push(inst);
    }

    fn lanewise(&mut self, row: Lanewise, dst: Target, src: [Operand; 3]) {
        let mut sources = [src[0]; 3];
        sources[..row.arity()].copy_from_slice(&src[..row.arity()]);
        let sources = sources.map(|operand| self.source(operand));
        let target = self.target(dst);
        let varying = sources.map(|source| source.varying);
        if target.varying && !varying[..row.arity()].contains(&true) {
            // Only a register that has other, varying definitions gets here: compute in its slot, then spread.
            let once = Source { step: 1, varying: false, ..self.scratch(dst.count) };
            self.push(row.handler(self.level, varying), once, sources, dst.count, 0);
            self.push(spread(self.level), target, [once; 3], dst.count, 0);
            return;
        }
        self.push(row.handler(self.level, varying), target, sources, dst.count, 0);
    }

    fn wide(&mut self, row: Wide, dst: Target, lanes: u32, src: [Operand; 3]) {
        let arity = row.operands().len();
        let mut sources = [src[0]; 3];
        sources[..arity].copy_from_slice(&src[..arity]);
        let sources = sources.map(|operand| self.source(operand));
        let target = self.target(dst);
        let varying = (0..arity).fold(0, |bits, index| bits | u32::from(sources[index].varying) << index);
        let run = row.handler(self.level);
        if target.varying && varying == 0 {
            // As for `lanewise`.
            let once = Source { step: 1, varying: false, ..self.scratch(dst.count) };
            self.push(run, once, sources, lanes, 0);
            self.push(spread(self.level), target, [once; 3], dst.count, 0);
            return;
        }
        self.push(run, target, sources, lanes, varying);
    }

    fn copy(&mut self, dst: Target, value: Operand) {
        let source = self.source(value);
        let target = self.target(dst);
        let declared = self.tree.registers[dst.register].region;
        let masked = target.varying && self.tree.diverges(self.region, declared);
        if masked {
            self.push(masked_move(self.level, source.varying), target, [source; 3], dst.count, 0);
        } else if target.varying && !source.varying {
            self.push(spread(self.level), target, [source; 3], dst.count, 0);
        } else if !self.retarget(target, value, dst.count) {
            let run = Lanewise::Move.handler(self.level, [source.varying; 3]);
            self.push(run, target, [source; 3], dst.count, 0);
        }
    }

    /// Makes the last instruction write to `target` if it is what computes `value`, which nothing else reads.
    fn retarget(&mut self, target: Source, value: Operand, count: u32) -> bool {
        let Operand::Register { register, first: 0, step } = value else { return false };
        let info = &self.tree.registers[register];
        let whole = info.count == count && (step == 1 || count == 1);
        let fleeting = matches!(info.origin, Origin::Temporary | Origin::Value);
        if !fleeting || self.last_use[register] != self.position || !whole || info.uniform == target.varying {
            return false;
        }
        let word = self.home(register);
        let unit = self.step(register);
        let Some(inst) = self.insts[self.run_start..].last_mut() else { return false };
        if inst.dst != word || inst.dst_step != unit || inst.count != count {
            return false;
        }
        // Reading a component that is also written is only right if it is read and written at the same time.
        let span = |first: u32, step: u32| (first, first + step * (count - 1) + unit);
        let (start, end) = span(target.word, target.step);
        let clash = inst.src.iter().zip(inst.src_step).any(|(&source, step)| {
            let (from, to) = span(source, step);
            let same = source == target.word && (count == 1 || step == target.step);
            from < end && start < to && !same
        });
        if clash {
            return false;
        }
        (inst.dst, inst.dst_step) = (target.word, target.step);
        true
    }

    /// Slots for a value that only the next instruction reads.
    fn scratch(&mut self, count: u32) -> Source {
        let slot = self.slots.take(u64::from(count));
        self.slots.give(slot, u64::from(count));
        let word = self.slot_word(slot);
        Source { word, step: self.slot_words as u32, varying: true }
    }

    fn encode_access(&mut self, id: AccessId, value: Source) -> u32 {
        let tree = self.tree;
        let access = &tree.accesses[id];
        let dims = access
            .dims
            .iter()
            .map(|dim| {
                let source = self.source(dim.index);
                EncodedDim { word: source.word, varying: source.varying, extent: dim.extent }
            })
            .collect();
        let space = match access.space {
            Space::Global(parameter) => EncodedSpace::Global(parameter as u32),
            Space::Shared(first) => EncodedSpace::Shared(self.word(first)),
            Space::Register { register, first } => {
                let step = self.step(register);
                EncodedSpace::Register { word: self.home(register).wrapping_add(first.wrapping_mul(step)), step }
            }
        };
        self.accesses.push(EncodedAccess {
            space,
            dims,
            name: access.name.clone(),
            dimensions: access.dimensions,
            unit: access.unit,
            width: access.width,
            value_step: value.step,
            value_varying: value.varying,
            packing: access.packing,
            write: access.write,
            asynchronous: access.asynchronous,
            location: access.location,
        });
        self.accesses.len() as u32 - 1
    }

    fn load(&mut self, dst: Target, id: AccessId) {
        let target = self.target(dst);
        let mut extra = self.encode_access(id, target);
        let register = match self.tree.accesses[id].space {
            Space::Register { register, first } => Some((register, first)),
            _ => None,
        };
        if let Some((register, first)) = register
            && target.varying
            && self.tree.registers[register].uniform
        {
            extra = self.spread_vector(extra, register, first);
        }
        self.track(extra, Touch::Read, [target; 3], dst.count);
        let kind = access::Kind::of(&self.accesses[extra as usize], target.varying);
        self.push(access::load(self.level, kind, dst.count), target, [target; 3], dst.count, extra);
    }

    /// Lets the sanitizer look at an access before it happens.
    fn track(&mut self, access: u32, touch: Touch, values: [Source; 3], count: u32) {
        let encoded = &self.accesses[access as usize];
        let (first, bytes, shared) = match encoded.space {
            _ if !self.checked.sanitize => return,
            EncodedSpace::Register { .. } => return,
            EncodedSpace::Global(parameter) => (0, self.element_bytes(parameter), false),
            EncodedSpace::Shared(word) => {
                let elements = encoded.dims.iter().filter_map(|dim| dim.extent).product::<u32>() * encoded.unit;
                let next = self.shared_elements;
                let first = *self.shared_firsts.entry(word).or_insert(next);
                self.shared_elements = next.max(first + elements as usize);
                (first, 4, true)
            }
        };
        let uniform = encoded.dims.iter().all(|dim| !dim.varying);
        let asynchronous = encoded.asynchronous;
        self.sites.push(Site { access, touch, first, bytes, uniform, asynchronous });
        let nowhere = Source { word: NOWHERE, ..values[0] };
        let site = self.sites.len() as u32 - 1;
        self.push(sanitize::track(self.level, touch, shared), nowhere, values, count, site);
    }

    /// Bytes of a word of a buffer's element.
    fn element_bytes(&self, parameter: u32) -> u32 {
        match self.tree.parameters[parameter as usize].kind {
            ParameterKind::Buffer { element, .. } => element.scalar.bytes().min(4),
            ParameterKind::Scalar(scalar) => scalar.bytes().min(4),
        }
    }

    /// A uniform vector of which each thread picks its own component is laid out per thread first.
    fn spread_vector(&mut self, access: u32, register: usize, first: u32) -> u32 {
        let spread_access = &self.accesses[access as usize];
        let count = spread_access.dims.last().and_then(|dim| dim.extent).unwrap_or(1) * spread_access.unit;
        let source = self.source(Operand::Register { register, first, step: 1 });
        let copy = self.scratch(count);
        self.push(spread(self.level), copy, [source; 3], count, 0);
        self.accesses[access as usize].space = EncodedSpace::Register { word: copy.word, step: copy.step };
        access
    }

    fn store(&mut self, id: AccessId, value: Operand) {
        let source = self.source(value);
        let extra = self.encode_access(id, source);
        let access = &self.accesses[extra as usize];
        let (count, kind) = (access.unit * access.width, access::Kind::of(access, true));
        let nowhere = Source { word: NOWHERE, ..source };
        self.track(extra, Touch::Write, [source; 3], count);
        self.push(access::store(self.level, kind, count), nowhere, [source; 3], count, extra);
    }

    fn prefetch(&mut self, id: AccessId) {
        let nowhere = Source { word: NOWHERE, step: 0, varying: true };
        let extra = self.encode_access(id, nowhere);
        self.push(self.level.handler::<access::Prefetch>(), nowhere, [nowhere; 3], 0, extra);
    }

    fn grid_barrier(&mut self, id: AccessId) {
        let nowhere = Source { word: NOWHERE, step: 0, varying: true };
        let extra = self.encode_access(id, nowhere);
        self.meetings.push(extra);
        self.track(extra, Touch::Atomic, [nowhere; 3], 1);
        self.push(self.level.handler::<access::GridBarrier>(), nowhere, [nowhere; 3], 0, extra);
    }

    fn print(&mut self, message: usize, values: &[Operand]) {
        let values = values.iter().map(|value| self.source(*value)).collect();
        self.messages.push(EncodedMessage { message: self.tree.messages[message].clone(), values });
        let extra = self.messages.len() as u32 - 1;
        self.check(self.level.handler::<wave::Print>(), &[], 0, extra);
    }

    fn atomic(&mut self, change: Change, dst: Target, id: AccessId, operands: [Operand; 2]) {
        let sources = operands.map(|operand| self.source(operand));
        let target = self.target(dst);
        let access = self.encode_access(id, target);
        self.atomics.push(EncodedAtomic { access, change, varying: sources.map(|source| source.varying) });
        let extra = self.atomics.len() as u32 - 1;
        self.track(access, Touch::Atomic, [target; 3], dst.count);
        let run = access::atomic(self.level, change.scalar);
        self.push(run, target, [sources[0], sources[1], sources[0]], dst.count, extra);
    }

    fn shuffle(&mut self, kind: Shuffle, dst: Target, value: Operand, lane: Operand, location: Location) {
        let [value, lane] = [value, lane].map(|operand| self.source(operand));
        let target = self.target(dst);
        if !value.varying {
            let run = if target.varying { spread(self.level) } else { Lanewise::Move.handler(self.level, [false; 3]) };
            return self.push(run, target, [value; 3], 1, 0);
        }
        let extra = self.place(location);
        self.push(wave::shuffle(self.level, kind, lane.varying), target, [value, lane, lane], 1, extra);
    }

    fn matrix(&mut self, run: Handler, dst: Target, src: [Operand; 3], counts: [u32; 3], table: u32) {
        let target = self.target(dst);
        let mut taken = Vec::new();
        let mut sources = [target; 3];
        for (position, (operand, count)) in src.into_iter().zip(counts).enumerate() {
            let source = self.source(operand);
            sources[position] = source;
            if !source.varying || (source.step == 0 && count > 1) {
                let slot = self.slots.take(u64::from(count));
                taken.push((slot, u64::from(count)));
                let copy = Source { word: self.slot_word(slot), step: self.slot_words as u32, varying: true };
                let run =
                    if source.varying { Lanewise::Move.handler(self.level, [true; 3]) } else { spread(self.level) };
                self.push(run, copy, [source; 3], count, 0);
                sources[position] = copy;
            }
        }
        self.push(run, target, sources, dst.count, table);
        for (slot, count) in taken {
            self.slots.give(slot, count);
        }
    }
}
