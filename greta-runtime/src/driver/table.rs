//! Numbered objects of a driver, shared between threads.
//!
//! Guarantees: a number is never given twice. Deliberately does not know what it holds; a number that is not there is
//! a bug of the runtime's own and panics.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard};

/// Objects of type `T`, named by `Name`.
#[derive(Debug)]
pub(super) struct Table<Name, T> {
    rows: Mutex<Rows<T>>,
    name: PhantomData<fn() -> Name>,
}

#[derive(Debug)]
struct Rows<T> {
    next: u64,
    rows: BTreeMap<u64, Arc<T>>,
}

impl<Name: From<u64> + Into<u64>, T> Table<Name, T> {
    /// An empty table.
    pub(super) fn new() -> Self {
        Self { rows: Mutex::new(Rows { next: 1, rows: BTreeMap::new() }), name: PhantomData }
    }

    /// Keeps an object and names it.
    pub(super) fn insert(&self, object: T) -> Name {
        let mut table = self.lock();
        let number = table.next;
        table.next += 1;
        table.rows.insert(number, Arc::new(object));
        Name::from(number)
    }

    /// The object of a name.
    pub(super) fn get(&self, name: Name) -> Arc<T> {
        let number = name.into();
        self.lock().rows.get(&number).map(Arc::clone).expect("invariant: a name is not used after it was given back")
    }

    /// Takes an object out.
    pub(super) fn remove(&self, name: Name) -> Arc<T> {
        let number = name.into();
        self.lock().rows.remove(&number).expect("invariant: a name is given back once")
    }

    /// All objects, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        self.lock().rows.values().map(Arc::clone).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Rows<T>> {
        super::lock(&self.rows)
    }
}
