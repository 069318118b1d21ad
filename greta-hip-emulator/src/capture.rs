//! Capture: streams that record their work as nodes of a graph.
//!
//! A capture begins in one stream; others join it by waiting for an event that was recorded in it. Rules and statuses
//! are those of ROCm 6.4. Deliberately does not know which calls record what.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::ThreadId;

use crate::errors::{
    hipErrorStreamCaptureImplicit, hipErrorStreamCaptureInvalidated, hipErrorStreamCaptureUnjoined,
    hipErrorStreamCaptureUnmatched, hipErrorStreamCaptureUnsupported, hipErrorStreamCaptureWrongThread,
};
use crate::graph::Graph;
use crate::handles::lock;
use crate::status::Outcome;
use crate::stream::Stream;
use crate::work::Work;

/// What other calls may do while a stream is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No thread may make a call that could break the capture.
    Global,
    /// The capturing thread may not.
    ThreadLocal,
    /// All may.
    Relaxed,
}

impl Mode {
    pub(crate) fn from_hip(mode: u32) -> Option<Self> {
        [Self::Global, Self::ThreadLocal, Self::Relaxed].into_iter().find(|&known| known as u32 == mode)
    }
}

/// A capture under way.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) graph: Arc<Graph>,
    /// Distinguishes captures.
    pub(crate) number: u64,
    mode: Mode,
    thread: ThreadId,
    is_valid: AtomicBool,
    is_active: AtomicBool,
    /// Streams that joined.
    members: Mutex<Vec<Weak<Stream>>>,
    /// Nodes that were in the graph when the capture began.
    before: Vec<usize>,
}

/// Where in a capture a stream is: what its next node waits for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) capture: Arc<Capture>,
    pub(crate) last: Vec<usize>,
    is_origin: bool,
}

/// A place that an event stands for.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    capture: Arc<Capture>,
    nodes: Vec<usize>,
}

static ACTIVE: Mutex<Vec<Arc<Capture>>> = Mutex::new(Vec::new());
static NUMBER: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static THREAD_MODE: Cell<u32> = const { Cell::new(Mode::Global as u32) };
}

/// Begins a capture into a graph; the place is the first stream's.
pub(crate) fn begin(graph: Arc<Graph>, mode: Mode) -> Place {
    let capture = Arc::new(Capture {
        before: graph.nodes(),
        graph,
        number: NUMBER.fetch_add(1, Ordering::Relaxed),
        mode,
        thread: std::thread::current().id(),
        is_valid: AtomicBool::new(true),
        is_active: AtomicBool::new(true),
        members: Mutex::default(),
    });
    lock(&ACTIVE).push(Arc::clone(&capture));
    Place { capture, last: Vec::new(), is_origin: true }
}

/// Sets the thread's own mode, which says what it may call during others' captures, and gives the one before.
pub(crate) fn exchange_mode(mode: Mode) -> u32 {
    THREAD_MODE.replace(mode as u32)
}

/// Refuses work in the null stream while anything is captured; that ends the captures.
pub(crate) fn forbid_null_stream() -> Outcome {
    refuse(lock(&ACTIVE).iter().cloned().collect(), hipErrorStreamCaptureImplicit)
}

/// Refuses a call that a capture cannot have beside it; that ends the captures.
pub(crate) fn forbid_unsafe_call() -> Outcome {
    let (thread, own_mode) = (std::thread::current().id(), THREAD_MODE.get());
    let is_hurt = |capture: &&Arc<Capture>| {
        let is_own = capture.thread == thread && capture.mode != Mode::Relaxed;
        own_mode != Mode::Relaxed as u32 && (is_own || capture.mode == Mode::Global && own_mode == Mode::Global as u32)
    };
    refuse(lock(&ACTIVE).iter().filter(is_hurt).cloned().collect(), hipErrorStreamCaptureUnsupported)
}

/// Refuses a call beside a capture of this thread's or of all threads' that is not relaxed, which goes on.
pub(crate) fn forbid_beside_strict() -> Outcome {
    let thread = std::thread::current().id();
    let is_strict = |capture: &Arc<Capture>| {
        capture.mode == Mode::Global || capture.mode == Mode::ThreadLocal && capture.thread == thread
    };
    if lock(&ACTIVE).iter().any(is_strict) { Err(hipErrorStreamCaptureUnsupported.into()) } else { Ok(()) }
}

fn refuse(captures: Vec<Arc<Capture>>, status: i32) -> Outcome {
    for capture in &captures {
        capture.is_valid.store(false, Ordering::Relaxed);
    }
    if captures.is_empty() { Ok(()) } else { Err(status.into()) }
}

impl Place {
    /// Whether the capture still stands.
    pub(crate) fn check(&self) -> Outcome {
        match self.capture.is_valid.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(hipErrorStreamCaptureInvalidated.into()),
        }
    }

    pub(crate) fn invalidate(&self) {
        self.capture.is_valid.store(false, Ordering::Relaxed);
    }

    /// Adds a node behind the last ones.
    pub(crate) fn add(&mut self, work: Work) {
        let node = self.capture.graph.add(work, &self.last);
        self.last = vec![node];
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { capture: Arc::clone(&self.capture), nodes: self.last.clone() }
    }

    /// Waits for a mark too. False when it is another capture's.
    pub(crate) fn join(&mut self, mark: &Mark) -> bool {
        let is_same = Arc::ptr_eq(&self.capture, &mark.capture);
        if is_same {
            self.last.extend(mark.nodes.iter().filter(|node| !self.last.contains(node)).copied().collect::<Vec<_>>());
        }
        is_same
    }

    /// Ends the capture from its first stream and gives the graph.
    pub(crate) fn end(&self) -> Outcome<Arc<Graph>> {
        let capture = &self.capture;
        if !self.is_origin {
            return Err(hipErrorStreamCaptureUnmatched.into());
        }
        if capture.mode != Mode::Relaxed && capture.thread != std::thread::current().id() {
            return Err(hipErrorStreamCaptureWrongThread.into());
        }
        self.abandon();
        self.check()?;
        let is_joined = |node: &usize| self.last.contains(node) || capture.before.contains(node);
        match capture.graph.leaves().iter().all(is_joined) {
            true => Ok(Arc::clone(&capture.graph)),
            false => Err(hipErrorStreamCaptureUnjoined.into()),
        }
    }

    /// Ends the capture for every stream in it but the first.
    pub(crate) fn abandon(&self) {
        self.capture.is_active.store(false, Ordering::Relaxed);
        lock(&ACTIVE).retain(|active| !Arc::ptr_eq(active, &self.capture));
        for member in lock(&self.capture.members).drain(..).filter_map(|member| member.upgrade()) {
            member.set_place(None);
        }
    }

    pub(crate) fn is_origin(&self) -> bool {
        self.is_origin
    }
}

impl Mark {
    pub(crate) fn is_active(&self) -> bool {
        self.capture.is_active.load(Ordering::Relaxed)
    }

    /// The place of a stream that joins here.
    pub(crate) fn join(&self, stream: &Arc<Stream>) -> Place {
        lock(&self.capture.members).push(Arc::downgrade(stream));
        Place { capture: Arc::clone(&self.capture), last: self.nodes.clone(), is_origin: false }
    }
}
