//! LDS byte by byte: who wrote and read it since the last barrier.
//!
//! Two waves that touch a byte between the same two barriers, one of them writing and not both by
//! atomics, race. A byte that is read before anything wrote it is doubtful.

use crate::execute::{Cause, SharedAccess, Wave, shared_accesses};
use crate::isa::Instruction;

/// When a byte was touched, and by which wave. Zero is never; epochs count barriers from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stamp(u64);

impl Stamp {
    fn new(epoch: u64, wave: u8) -> Self {
        Self(epoch << 8 | u64::from(wave))
    }

    fn epoch(self) -> u64 {
        self.0 >> 8
    }

    /// The wave of this touch, if it is another one of the same epoch.
    fn rival(self, now: Self) -> Option<u8> {
        (self.epoch() == now.epoch() && self != now).then_some(self.0 as u8)
    }
}

/// What happened to a byte: the last write, and two reads and two atomic updates of different waves,
/// where there are two. That is enough to know whether another wave than a given one was there.
#[derive(Debug, Clone, Copy, Default)]
struct Byte {
    write: Stamp,
    reads: [Stamp; 2],
    atomics: [Stamp; 2],
}

impl Byte {
    /// Notes a touch. The wave that it races with, if there is one.
    fn touch(&mut self, now: Stamp, access: &SharedAccess) -> Option<u8> {
        let of_pair = |pair: &[Stamp; 2]| pair.iter().find_map(|stamp| stamp.rival(now));
        let read = if access.writes { of_pair(&self.reads) } else { None };
        let atomic = if access.is_atomic { None } else { of_pair(&self.atomics) };
        let rival = self.write.rival(now).or(read).or(atomic);
        match (access.is_atomic, access.writes) {
            (true, _) => note(&mut self.atomics, now),
            (false, true) => self.write = now,
            (false, false) => note(&mut self.reads, now),
        }
        rival
    }

    fn is_written_since(&self, epoch: u64) -> bool {
        self.write.epoch() >= epoch || self.atomics[0].epoch() >= epoch
    }
}

fn note(pair: &mut [Stamp; 2], now: Stamp) {
    if pair[0].epoch() != now.epoch() {
        pair[0] = now;
    } else if pair[0] != now {
        pair[1] = now;
    }
}

pub(super) struct SharedShadow {
    bytes: Vec<Byte>,
    epoch: u64,
    /// The first epoch of the workgroup: older marks are of others.
    first_epoch: u64,
}

impl SharedShadow {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes: vec![Byte::default(); bytes], epoch: 1, first_epoch: 1 }
    }

    pub(super) fn start(&mut self) {
        self.epoch += 1;
        self.first_epoch = self.epoch;
    }

    pub(super) fn pass_barrier(&mut self) {
        self.epoch += 1;
    }

    /// Marks what the instruction does. A doubt when it reads what nobody wrote.
    pub(super) fn access(&mut self, wave: &Wave, instruction: &Instruction) -> Result<Option<Cause>, Cause> {
        let mut unwritten = None;
        let mut result = Ok(());
        shared_accesses(wave, instruction, |access| {
            for offset in access.offset..access.offset.saturating_add(access.bytes) {
                if result.is_err() {
                    return;
                }
                match self.mark(wave.number as u8, offset, &access) {
                    Ok(true) => {}
                    Ok(false) => unwritten = Some(Cause::UnwrittenShared { lane: access.lane, offset }),
                    Err(cause) => result = Err(cause),
                }
            }
        });
        result.map(|()| unwritten)
    }

    /// Whether the byte was written before, if it is read.
    fn mark(&mut self, wave: u8, offset: u64, access: &SharedAccess) -> Result<bool, Cause> {
        // What is out of bounds faults when it is executed.
        let Some(byte) = usize::try_from(offset).ok().and_then(|offset| self.bytes.get_mut(offset)) else {
            return Ok(true);
        };
        let was_written = byte.is_written_since(self.first_epoch);
        if let Some(other) = byte.touch(Stamp::new(self.epoch, wave), access) {
            return Err(Cause::SharedRace { lane: access.lane, offset, other_wave: usize::from(other) });
        }
        Ok(was_written || (access.writes && !access.is_atomic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wave that the last of some touches races with: epoch, wave, and `r`, `w` or `a`.
    fn rival(touches: &[(u64, u8, char)]) -> Option<u8> {
        let mut byte = Byte::default();
        let mut last = None;
        for &(epoch, wave, touch) in touches {
            let (writes, is_atomic) = (touch != 'r', touch == 'a');
            let access = SharedAccess { lane: 0, offset: 0, bytes: 1, writes, is_atomic };
            last = byte.touch(Stamp::new(epoch, wave), &access);
        }
        last
    }

    #[test]
    fn waves_race_between_barriers_if_one_writes_and_not_both_by_atomics() {
        for (first, second, races) in [
            ('r', 'r', false),
            ('r', 'w', true),
            ('r', 'a', true),
            ('w', 'r', true),
            ('w', 'w', true),
            ('w', 'a', true),
            ('a', 'r', true),
            ('a', 'w', true),
            ('a', 'a', false),
        ] {
            assert_eq!(rival(&[(1, 0, first), (1, 1, second)]), races.then_some(0), "{first} {second}");
            assert_eq!(rival(&[(1, 0, first), (2, 1, second)]), None, "a barrier between {first} and {second}");
            assert_eq!(rival(&[(1, 0, first), (1, 0, second)]), None, "one wave does {first} and {second}");
        }
    }

    #[test]
    fn the_second_of_several_readers_or_writers_counts() {
        assert_eq!(rival(&[(1, 0, 'r'), (1, 1, 'r'), (1, 0, 'w')]), Some(1));
        assert_eq!(rival(&[(1, 0, 'r'), (1, 1, 'r'), (1, 1, 'w')]), Some(0));
        assert_eq!(rival(&[(1, 0, 'r'), (1, 1, 'r'), (1, 2, 'r'), (1, 0, 'a')]), Some(2));
        assert_eq!(rival(&[(1, 0, 'a'), (1, 1, 'a'), (1, 1, 'r')]), Some(0));
        // A plain write is not forgotten when its wave updates the byte too.
        assert_eq!(rival(&[(1, 0, 'w'), (1, 0, 'a'), (1, 1, 'a')]), Some(0));
    }
}
