//! Runs a program's control flow for one block.
//!
//! Threads that take another way wait in masks put aside; nothing runs while no thread is active, so that what is
//! uniform never computes on behalf of nobody.

use std::sync::atomic::Ordering;

use crate::encode::{Code, Condition, LoopCode};
use crate::frame::{Frame, LANES};
use crate::report::ReportKind;

/// How a stretch of code ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Some threads are active.
    Next,
    /// None is: they wait further out, or have left.
    Nobody,
    /// All active threads leave the loop, go on with its next iteration, or leave the function.
    Break,
    Continue,
    Return,
    /// A rule was broken, or the launch is being stopped.
    Stop,
}

/// Runs a block whose frame is ready; false if it broke a rule or was stopped.
pub(crate) fn execute(frame: &mut Frame<'_>) -> bool {
    let program = frame.program;
    let test = condition_mask(program.parts.level);
    let loop_limit = program.parts.checked.loop_limit.unwrap_or(u64::MAX);
    Executor { frame, test, loop_limit }.run(&program.parts.code) != Flow::Stop
}

struct Executor<'a, 'b> {
    frame: &'a mut Frame<'b>,
    test: unsafe fn(*const u32) -> u64,
    /// Iterations that one execution of a loop may take.
    loop_limit: u64,
}

impl Executor<'_, '_> {
    fn run(&mut self, code: &[Code]) -> Flow {
        for step in code {
            let flow = match step {
                Code::Run { start, end } => self.instructions(*start, *end),
                Code::If { condition, then, otherwise } => {
                    if self.word(*condition) != 0 {
                        self.run(then)
                    } else {
                        self.run(otherwise)
                    }
                }
                Code::IfDivergent { condition, mask, then, otherwise } => {
                    self.branch(*condition, *mask as usize, then, otherwise)
                }
                Code::Loop(repeated) => self.repeat(repeated),
                Code::Scope { mask, body } => self.scope(mask.map(|mask| mask as usize), body),
                Code::Break => Flow::Break,
                Code::Continue => Flow::Continue,
                Code::Return => Flow::Return,
                Code::Leave { mask } => {
                    let mask = *mask as usize;
                    for wave in 0..self.frame.waves {
                        *self.mask(mask + wave) |= *self.mask(wave);
                        *self.mask(wave) = 0;
                    }
                    Flow::Nobody
                }
                Code::Exit => {
                    self.clear(0);
                    Flow::Nobody
                }
            };
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    }

    #[inline]
    fn instructions(&mut self, start: u32, end: u32) -> Flow {
        for inst in &self.frame.program.parts.insts[start as usize..end as usize] {
            // SAFETY: the instruction is one that `encode` made for this frame's program.
            if unsafe { (inst.run)(self.frame, inst) } {
                return Flow::Stop;
            }
        }
        Flow::Next
    }

    fn branch(&mut self, condition: u32, mask: usize, then: &[Code], otherwise: &[Code]) -> Flow {
        let waves = self.frame.waves;
        for wave in 0..waves {
            let active = *self.mask(wave);
            let taken = active & self.condition(condition, wave, active);
            *self.mask(mask + wave) = active & !taken;
            *self.mask(wave) = taken;
        }
        if self.any() && self.run(then) == Flow::Stop {
            return Flow::Stop;
        }
        if otherwise.is_empty() {
            for wave in 0..waves {
                *self.mask(wave) |= *self.mask(mask + wave);
            }
            return self.flow();
        }
        for wave in 0..waves {
            let after = *self.mask(wave);
            *self.mask(wave) = std::mem::replace(self.mask(mask + wave), after);
        }
        if self.any() && self.run(otherwise) == Flow::Stop {
            return Flow::Stop;
        }
        for wave in 0..waves {
            *self.mask(wave) |= *self.mask(mask + wave);
        }
        self.flow()
    }

    fn repeat(&mut self, repeated: &LoopCode) -> Flow {
        match repeated.masks {
            Some(masks) => self.repeat_divergent(repeated, masks as usize),
            None => self.repeat_together(repeated),
        }
    }

    /// A loop that threads leave together, or with the whole kernel or function.
    fn repeat_together(&mut self, repeated: &LoopCode) -> Flow {
        let mut left = self.loop_limit;
        loop {
            match self.run(&repeated.test) {
                Flow::Next => {}
                flow => return flow,
            }
            let goes_on = match repeated.condition {
                Condition::Always => true,
                Condition::Uniform(word) | Condition::Varying(word) => self.word(word) != 0,
            };
            if !goes_on {
                return Flow::Next;
            }
            if left == 0 {
                return self.endless(repeated);
            }
            left -= 1;
            match self.run(&repeated.body) {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Flow::Next,
                flow => return flow,
            }
            if self.run(&repeated.advance) == Flow::Stop || self.stopped() {
                return Flow::Stop;
            }
        }
    }

    fn repeat_divergent(&mut self, repeated: &LoopCode, masks: usize) -> Flow {
        let waves = self.frame.waves;
        let (left, waiting) = (masks, masks + waves);
        self.clear(left);
        self.clear(waiting);
        let mut iterations = self.loop_limit;
        loop {
            // Code that leaves from inside the test, or its condition, ends with nobody active.
            match self.run(&repeated.test) {
                Flow::Next => self.part(repeated.condition, left),
                Flow::Stop => return Flow::Stop,
                flow => self.together(flow, left),
            }
            if !self.any() {
                break;
            }
            if iterations == 0 {
                return self.endless(repeated);
            }
            iterations -= 1;
            match self.run(&repeated.body) {
                Flow::Next | Flow::Nobody | Flow::Continue => {}
                Flow::Stop => return Flow::Stop,
                Flow::Return => return Flow::Return,
                Flow::Break => self.together(Flow::Break, left),
            }
            for wave in 0..waves {
                *self.mask(wave) |= std::mem::take(self.mask(waiting + wave));
            }
            if !self.any() {
                break;
            }
            if self.run(&repeated.advance) == Flow::Stop || self.stopped() {
                return Flow::Stop;
            }
        }
        for wave in 0..waves {
            *self.mask(wave) |= *self.mask(left + wave);
        }
        self.flow()
    }

    /// Reports a loop that has used up its iterations.
    #[cold]
    fn endless(&mut self, repeated: &LoopCode) -> Flow {
        let (wave, lane) = self.frame.first_active();
        self.frame.fail(wave, lane, repeated.location, ReportKind::EndlessLoop { limit: self.loop_limit });
        Flow::Stop
    }

    /// Threads for which the condition does not hold leave the loop.
    fn part(&mut self, condition: Condition, left: usize) {
        for wave in 0..self.frame.waves {
            let active = *self.mask(wave);
            let stays = match condition {
                Condition::Always => active,
                Condition::Uniform(word) if self.word(word) != 0 => active,
                Condition::Uniform(_) => 0,
                Condition::Varying(word) => active & self.condition(word, wave, active),
            };
            *self.mask(left + wave) |= active & !stays;
            *self.mask(wave) = stays;
        }
    }

    /// All active threads leave the loop.
    fn together(&mut self, flow: Flow, left: usize) {
        if flow == Flow::Break {
            for wave in 0..self.frame.waves {
                *self.mask(left + wave) |= std::mem::take(self.mask(wave));
            }
        }
    }

    fn scope(&mut self, mask: Option<usize>, body: &[Code]) -> Flow {
        if let Some(mask) = mask {
            self.clear(mask);
        }
        let flow = self.run(body);
        if flow == Flow::Stop {
            return flow;
        }
        if let Some(mask) = mask {
            for wave in 0..self.frame.waves {
                *self.mask(wave) |= *self.mask(mask + wave);
            }
        }
        self.flow()
    }

    fn flow(&mut self) -> Flow {
        if self.any() { Flow::Next } else { Flow::Nobody }
    }

    /// Whether a block with a lower number broke a rule, so that this one need not go on.
    fn stopped(&self) -> bool {
        self.frame.stop.load(Ordering::Relaxed) < self.frame.number
    }

    fn any(&mut self) -> bool {
        (0..self.frame.waves).any(|wave| *self.mask(wave) != 0)
    }

    fn clear(&mut self, first: usize) {
        for wave in 0..self.frame.waves {
            *self.mask(first + wave) = 0;
        }
    }

    #[inline]
    fn mask(&mut self, index: usize) -> &mut u64 {
        debug_assert!(index < self.frame.program.layout.mask_words as usize, "invariant: masks are allocated");
        // SAFETY: `encode` counts the masks that it hands out, and the frame has that many.
        unsafe { &mut *self.frame.masks.add(index) }
    }

    #[inline]
    fn word(&self, word: u32) -> u32 {
        debug_assert!(word < self.frame.program.layout.words, "invariant: a word lies in its frame");
        // SAFETY: `encode` gave out this word, and the frame has that many.
        unsafe { *self.frame.words.add(word as usize) }
    }

    /// The lanes of a wave for which a condition holds.
    #[inline]
    fn condition(&self, word: u32, wave: usize, active: u64) -> u64 {
        if active == 0 {
            return 0;
        }
        // SAFETY: a slot has 64 words for each wave; the level of `test` was detected.
        unsafe { (self.test)(self.frame.words.add(word as usize + wave * LANES)) }
    }
}

/// Gathers 64 truth values in a mask.
fn condition_mask(level: crate::level::Level) -> unsafe fn(*const u32) -> u64 {
    use crate::level::Level;
    match level {
        Level::Portable => portable_mask,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2_mask,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512_mask,
    }
}

unsafe fn portable_mask(values: *const u32) -> u64 {
    // SAFETY: the caller gives 64 words.
    let values = unsafe { &*values.cast::<[u32; LANES]>() };
    values.iter().enumerate().fold(0, |mask, (lane, value)| mask | u64::from(*value != 0) << lane)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2_mask(values: *const u32) -> u64 {
    use std::arch::x86_64::{_mm256_castsi256_ps, _mm256_loadu_si256, _mm256_movemask_ps, _mm256_slli_epi32};
    (0..8).fold(0, |mask, part| {
        // SAFETY: the caller gives 64 words.
        let words = unsafe { _mm256_loadu_si256(values.add(part * 8).cast()) };
        // A truth value is 0 or 1: its only bit becomes the sign.
        let signs = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32::<31>(words)));
        mask | (signs as u64) << (part * 8)
    })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512_mask(values: *const u32) -> u64 {
    use std::arch::x86_64::{_mm512_loadu_si512, _mm512_test_epi32_mask};
    (0..4).fold(0, |mask, part| {
        // SAFETY: the caller gives 64 words.
        let words = unsafe { _mm512_loadu_si512(values.add(part * 16).cast()) };
        mask | u64::from(_mm512_test_epi32_mask(words, words)) << (part * 16)
    })
}
