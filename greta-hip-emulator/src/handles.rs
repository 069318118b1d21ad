//! Handles: numbers that look like pointers, never given twice, each of one kind of object.
//!
//! Guarantees: a handle that was destroyed, or is of another kind, or was never given, finds nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first handle, clear of null and of the small numbers that HIP gives a meaning.
static NEXT: AtomicUsize = AtomicUsize::new(0x1_0000);

/// The objects of one kind, by handle.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    objects: Mutex<HashMap<usize, Arc<T>>>,
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self { objects: Mutex::default() }
    }
}

impl<T> Handles<T> {
    /// Keeps an object; `make` is told its handle.
    pub(crate) fn insert_with(&self, make: impl FnOnce(usize) -> T) -> (usize, Arc<T>) {
        let handle = fresh();
        let object = Arc::new(make(handle));
        lock(&self.objects).insert(handle, Arc::clone(&object));
        (handle, object)
    }

    pub(crate) fn insert(&self, object: T) -> usize {
        self.insert_with(|_| object).0
    }

    pub(crate) fn get(&self, handle: usize) -> Option<Arc<T>> {
        lock(&self.objects).get(&handle).cloned()
    }

    pub(crate) fn remove(&self, handle: usize) -> Option<Arc<T>> {
        lock(&self.objects).remove(&handle)
    }

    /// The handle of an object, which gets one if it has none.
    pub(crate) fn name(&self, object: &Arc<T>) -> usize {
        let mut objects = lock(&self.objects);
        let known = objects.iter().find(|(_, known)| Arc::ptr_eq(known, object)).map(|(&handle, _)| handle);
        known.unwrap_or_else(|| {
            let handle = fresh();
            objects.insert(handle, Arc::clone(object));
            handle
        })
    }

    /// All objects, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        lock(&self.objects).values().cloned().collect()
    }
}

/// A number for a new object.
pub(crate) fn fresh() -> usize {
    NEXT.fetch_add(16, Ordering::Relaxed)
}

/// As a pointer, which C sees.
pub(crate) fn pointer<T>(handle: usize) -> *mut T {
    std::ptr::without_provenance_mut(handle)
}

/// A lock of data that is whole between any two statements: a thread that panicked left it usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
