//! The state of the process: devices, their memory, and every object that has a handle.
//!
//! All devices share one address space, in which each may reach the memory of the others, as on a node whose GPUs are
//! linked. Deliberately does not know what any object does.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use greta_emulator::{Memory, Options};
use hip_sys::{hipError_t, hipStream_t};

use crate::errors::{hipErrorContextIsDestroyed, hipErrorInvalidDevice};
use crate::event::Event;
use crate::function::{Function, Module};
use crate::graph::{Exec, Graph, UserObject};
use crate::handles::{Handles, lock};
use crate::journal::Journal;
use crate::memory::{Blocks, Pool};
use crate::order::Order;
use crate::schedule::Schedule;
use crate::stream::Stream;

/// Names how many devices there are.
const DEVICES_VARIABLE: &str = "GRETA_EMULATOR_DEVICES";
/// Turns on the checks that a GPU does not have, at several times the cost.
const CHECKS_VARIABLE: &str = "GRETA_EMULATOR_CHECKS";
/// Names how many instructions a wave may run before its kernel counts as endless.
const BUDGET_VARIABLE: &str = "GRETA_EMULATOR_BUDGET";
/// More devices than a node has.
const DEVICES_MAX: usize = 64;
/// The null stream, by its own name.
const LEGACY_STREAM: usize = 1;
/// The stream of the calling thread.
pub(crate) const THREAD_STREAM: usize = 2;

pub(crate) struct Runtime {
    pub(crate) device_count: usize,
    /// When the process first called.
    pub(crate) start: Instant,
    pub(crate) memory: Memory,
    /// How launches run; whether one is counted is the journal's to say.
    pub(crate) options: Options,
    pub(crate) journal: Journal,
    pub(crate) order: Order,
    pub(crate) schedule: Schedule,
    pub(crate) blocks: Blocks,
    pub(crate) streams: Handles<Stream>,
    pub(crate) events: Handles<Event>,
    pub(crate) modules: Handles<Module>,
    pub(crate) functions: Handles<Function>,
    pub(crate) graphs: Handles<Graph>,
    pub(crate) execs: Handles<Exec>,
    pub(crate) user_objects: Handles<UserObject>,
    pub(crate) pools: Handles<Pool>,
    /// Which device may reach which other's memory, as programs have asked.
    pub(crate) peers: Mutex<BTreeSet<(usize, usize)>>,
    /// The null stream of each device.
    null_streams: Vec<Arc<Stream>>,
    /// The pool that each device begins with, and the one that it uses.
    device_pools: Vec<(usize, AtomicUsize)>,
    /// What counts the memory of each device's graphs.
    graph_pools: Vec<usize>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let given = std::env::var(DEVICES_VARIABLE).ok().and_then(|count| count.parse::<usize>().ok());
    let device_count = given.unwrap_or(1).min(DEVICES_MAX);
    let checks = std::env::var_os(CHECKS_VARIABLE).is_some_and(|value| value == "1");
    let budget = std::env::var(BUDGET_VARIABLE).ok().and_then(|count| count.parse().ok());
    let options = Options { checks, ..Options::default() };
    let options = Options { budget: budget.unwrap_or(options.budget), ..options };
    let pools = Handles::default();
    let pool_of = |device| pools.insert(Pool { device, ..Pool::default() });
    Runtime {
        device_count,
        start: Instant::now(),
        memory: Memory::new(),
        options,
        journal: Journal::open(),
        order: Order::open(),
        schedule: Schedule::default(),
        blocks: Blocks::default(),
        streams: Handles::default(),
        events: Handles::default(),
        modules: Handles::default(),
        functions: Handles::default(),
        graphs: Handles::default(),
        execs: Handles::default(),
        user_objects: Handles::default(),
        graph_pools: (0..device_count).map(pool_of).collect(),
        device_pools: (0..device_count).map(pool_of).map(|pool| (pool, AtomicUsize::new(pool))).collect(),
        pools,
        peers: Mutex::default(),
        null_streams: (0..device_count).map(|device| Arc::new(Stream::null(device))).collect(),
    }
});

thread_local! {
    static DEVICE: Cell<usize> = const { Cell::new(0) };
    static STREAMS: RefCell<HashMap<usize, Arc<Stream>>> = RefCell::default();
}

impl Runtime {
    /// The pool that a device begins with.
    pub(crate) fn default_pool(&self, device: usize) -> usize {
        self.device_pools[device].0
    }

    /// The pool that a device uses.
    pub(crate) fn pool(&self, device: usize) -> usize {
        self.device_pools[device].1.load(Ordering::Relaxed)
    }

    /// What counts the memory of a device's graphs.
    pub(crate) fn graph_pool(&self, device: usize) -> usize {
        self.graph_pools[device]
    }

    /// Makes a pool the one that a device uses.
    pub(crate) fn set_pool(&self, device: usize, pool: usize) {
        self.device_pools[device].1.store(pool, Ordering::Relaxed);
    }
}

/// The state of the process.
pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// The thread's device.
pub(crate) fn current_device() -> usize {
    DEVICE.get()
}

/// Makes a device the thread's.
pub(crate) fn set_device(device: usize) {
    DEVICE.set(device);
}

/// A device's number, checked.
pub(crate) fn device(number: i32) -> Result<usize, hipError_t> {
    usize::try_from(number).ok().filter(|&number| number < runtime().device_count).ok_or(hipErrorInvalidDevice)
}

/// The stream of a handle: null and the two special values included.
pub(crate) fn stream(handle: hipStream_t) -> Result<Arc<Stream>, hipError_t> {
    let device = current_device();
    match handle.addr() {
        0 | LEGACY_STREAM => runtime().null_streams.get(device).cloned().ok_or(hipErrorInvalidDevice),
        THREAD_STREAM => STREAMS.with_borrow_mut(|streams| {
            let stream = streams.entry(device).or_insert_with(|| Arc::new(Stream::of_thread(device)));
            Ok(Arc::clone(stream))
        }),
        other => runtime().streams.get(other).ok_or(hipErrorContextIsDestroyed),
    }
}

/// All streams that a device has now, the null stream first.
pub(crate) fn streams_of(device: usize) -> Vec<Arc<Stream>> {
    let of_device = |stream: &Arc<Stream>| stream.device == device;
    let null = runtime().null_streams.get(device).cloned();
    let of_thread = STREAMS.with_borrow(|streams| streams.get(&device).cloned());
    let others = runtime().streams.all().into_iter().filter(of_device);
    null.into_iter().chain(of_thread).chain(others).collect()
}

/// Does all work that was put off.
pub(crate) fn finish_all() {
    runtime().schedule.finish_all(&runtime().order);
}

/// Turns access to a peer's memory on or off; whether that changed anything.
pub(crate) fn set_peer(device: usize, peer: usize, is_on: bool) -> bool {
    let mut peers = lock(&runtime().peers);
    if is_on { peers.insert((device, peer)) } else { peers.remove(&(device, peer)) }
}
