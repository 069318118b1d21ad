//! What a driver makes, in the hands of its owner: streams, events, kernels, graphs.
//!
//! Guarantees: an object lives as long as a handle of it. Looking into a handle takes no lock and touches no count that
//! threads share: a launch looks into two. Deliberately does not know what it holds; an object of another kind of driver
//! is a bug of the runtime's own and panics.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// An object of a driver's; what it is for is said by `Kind`. A clone is the same object.
pub(crate) struct Handle<Kind> {
    object: Arc<dyn Any + Send + Sync>,
    kind: PhantomData<fn() -> Kind>,
}

/// Says that an object is a stream.
pub(crate) enum StreamKind {}
/// Says that an object is an event.
pub(crate) enum EventKind {}
/// Says that an object is a kernel that is ready to launch.
pub(crate) enum KernelKind {}
/// Says that an object is an instantiated graph.
pub(crate) enum GraphKind {}

/// A driver's stream.
pub(crate) type DriverStream = Handle<StreamKind>;
/// A driver's event.
pub(crate) type DriverEvent = Handle<EventKind>;
/// A driver's kernel, ready to launch, and unloaded with its last handle.
pub(crate) type DriverKernel = Handle<KernelKind>;
/// A driver's instantiated graph, which ends with its last handle.
pub(crate) type DriverGraph = Handle<GraphKind>;

impl<Kind> Handle<Kind> {
    /// A handle of an object.
    pub(super) fn new<T: Send + Sync + 'static>(object: Arc<T>) -> Self {
        Self { object, kind: PhantomData }
    }

    /// The object.
    pub(super) fn get<T: Send + Sync + 'static>(&self) -> &T {
        self.object.downcast_ref().expect(OWN)
    }

    /// The object, to be kept.
    pub(super) fn shared<T: Send + Sync + 'static>(&self) -> Arc<T> {
        Arc::clone(&self.object).downcast().expect(OWN)
    }
}

/// Why an object is of the type that the driver asks for.
const OWN: &str = "invariant: a driver is given objects that it made itself";

impl<Kind> Clone for Handle<Kind> {
    fn clone(&self) -> Self {
        Self { object: Arc::clone(&self.object), kind: PhantomData }
    }
}

impl<Kind> fmt::Debug for Handle<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:p}", self.object)
    }
}
