//! Hands out slots and takes them back.

/// Which slots are free. Slots are numbered from 0; a value of several components takes consecutive ones.
#[derive(Default)]
pub(super) struct Slots {
    /// Free stretches as (first, count), ordered, never adjacent.
    free: Vec<(u64, u64)>,
    /// Slots ever handed out.
    pub(super) count: u64,
}

impl Slots {
    /// The first of `count` consecutive free slots.
    pub(super) fn take(&mut self, count: u64) -> u64 {
        if let Some(position) = self.free.iter().position(|(_, length)| *length >= count) {
            let (first, length) = self.free[position];
            if length == count {
                self.free.remove(position);
            } else {
                self.free[position] = (first + count, length - count);
            }
            return first;
        }
        let first = self.count;
        self.count = self.count.saturating_add(count);
        first
    }

    /// Takes slots back.
    pub(super) fn give(&mut self, first: u64, count: u64) {
        let position = self.free.partition_point(|(other, _)| *other < first);
        self.free.insert(position, (first, count));
        if position + 1 < self.free.len() && first + count == self.free[position + 1].0 {
            self.free[position].1 += self.free[position + 1].1;
            self.free.remove(position + 1);
        }
        if position > 0 && self.free[position - 1].0 + self.free[position - 1].1 == first {
            self.free[position - 1].1 += self.free[position].1;
            self.free.remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_given_back_are_joined_and_used_again() {
        let mut slots = Slots::default();
        let (a, b, c) = (slots.take(2), slots.take(1), slots.take(3));
        assert_eq!((a, b, c), (0, 2, 3));
        slots.give(a, 2);
        slots.give(c, 3);
        slots.give(b, 1);
        assert_eq!(slots.free, [(0, 6)]);
        assert_eq!(slots.take(6), 0);
        assert_eq!(slots.count, 6);
    }
}
