//! Work that is put off: with a seed it is not done when it is asked for but when something waits for it, in an order that
//! is drawn of those that streams, events and the null stream allow.
//!
//! Guarantees: a piece of work begins when all that it waits for has ended; one is done at a time; a stream whose kernel
//! failed does nothing more but to let its events happen. Deliberately does not know why one piece waits for another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::handles::lock;
use crate::order::Order;
use crate::status::Outcome;
use crate::stream::Stream;
use crate::work::Work;

/// What is still to be done.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    pending: Mutex<Pending>,
    /// Held while a piece of work is chosen and done.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Pending {
    /// By number, which is the order in which they were asked for.
    pieces: BTreeMap<u64, Piece>,
    next: u64,
}

#[derive(Debug, Clone)]
struct Piece {
    stream: Arc<Stream>,
    work: Work,
    /// Numbers of those that it waits for.
    waits: Vec<u64>,
}

impl Schedule {
    /// Puts work off until all of `waits` has ended.
    ///
    /// # Safety
    ///
    /// As for [`Work::run`], until the work has ended.
    pub(crate) unsafe fn put_off(&self, stream: &Arc<Stream>, work: Work, waits: Vec<u64>) -> u64 {
        let mut pending = lock(&self.pending);
        let number = pending.next;
        pending.next += 1;
        pending.pieces.insert(number, Piece { stream: Arc::clone(stream), work, waits });
        number
    }

    /// Whether a piece of work has not ended.
    pub(crate) fn has(&self, number: u64) -> bool {
        lock(&self.pending).pieces.contains_key(&number)
    }

    /// Does work until a piece has ended, and gives its outcome, which is success if it had ended before.
    pub(crate) fn finish(&self, number: u64, order: &Order) -> Outcome {
        while self.has(number) {
            match self.step(order) {
                Some((done, outcome)) if done == number => return outcome,
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }

    /// Does all work. What fails is told by its stream.
    pub(crate) fn finish_all(&self, order: &Order) {
        while self.step(order).is_some() {}
    }

    /// Does one piece of those that may be done now; nothing if there is none.
    pub(crate) fn step(&self, order: &Order) -> Option<(u64, Outcome)> {
        let _turn = lock(&self.turn);
        let (number, Piece { stream, work, .. }) = self.choose(order)?;
        let is_skipped = stream.failure().is_some() && !matches!(work, Work::RecordEvent(_));
        // SAFETY: whoever put it off answers for what it names.
        let outcome = if is_skipped { Ok(()) } else { unsafe { work.run() } };
        stream.note(&outcome);
        lock(&self.pending).pieces.remove(&number);
        Some((number, outcome))
    }

    fn choose(&self, order: &Order) -> Option<(u64, Piece)> {
        let pending = lock(&self.pending);
        let is_ready = |piece: &Piece| piece.waits.iter().all(|number| !pending.pieces.contains_key(number));
        let ready: Vec<u64> =
            pending.pieces.iter().filter(|(_, piece)| is_ready(piece)).map(|(&number, _)| number).collect();
        // Each waits for earlier ones alone, so that the first is ready.
        let number = *ready.get(order.choose(ready.len().max(1)))?;
        Some((number, pending.pieces.get(&number)?.clone()))
    }
}
