//! Compiler processes. The compiler runs in a worker, so that it may crash, hang or need another
//! C library than this program.
//!
//! A worker is this very program, started again: a constructor that runs before `main` sees that
//! the process is a worker, serves requests on a socket, and leaves without reaching `main`. So there
//! is nothing to install and no version to match. A [`Pool`] keeps workers for later requests, and
//! replaces those that died. Knows nothing of kernels: a request is text and options.

mod disassemble;
mod process;
mod protocol;
mod serve;

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::toolchain::Toolchain;
use process::Worker;
pub(crate) use protocol::{Reply, Request};

/// Why a worker gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker process could not be started. Most often the machine is out of processes or memory.
    #[error("the compiler process {} could not be started: {source}", program.display())]
    Start {
        /// The program that was to run.
        program: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The process started, but it is no worker, or it ended before it could say so.
    #[error(
        "the compiler process does not answer ({status}): {log}; a program can only be its own \
         compiler process when it is a dynamically linked Linux executable"
    )]
    Silent {
        /// How it ended.
        status: String,
        /// What it wrote.
        log: String,
    },
    /// The compiler crashed or was killed. The next request gets a new process.
    #[error("the compiler process died ({status}){}", said(log))]
    Died {
        /// How it ended.
        status: String,
        /// What the compiler wrote until then.
        log: String,
    },
    /// The request took longer than it may. The process was killed.
    #[error("the compiler was stopped after {} s{}", limit.as_secs_f64(), said(log))]
    TimedOut {
        /// The time that it had.
        limit: Duration,
        /// What the compiler wrote until then.
        log: String,
    },
}

fn said(log: &str) -> String {
    if log.trim().is_empty() { String::new() } else { format!("; it wrote: {}", log.trim()) }
}

/// Workers of one toolchain, at most `limit` at a time, started when first needed.
#[derive(Debug)]
pub struct Pool {
    toolchain: Toolchain,
    limit: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Worker>,
    /// Process ids of all workers, idle or not; a worker being started holds a 0.
    processes: Vec<u32>,
}

impl Pool {
    /// A pool that starts at most `limit` workers, at least one.
    pub fn new(toolchain: Toolchain, limit: usize) -> Self {
        Self { toolchain, limit: limit.max(1), state: Mutex::default(), freed: Condvar::new() }
    }

    /// A pool of one worker a core.
    pub fn with_worker_per_core(toolchain: Toolchain) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(toolchain, cores)
    }

    /// Most workers at a time.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The compiler that the workers load.
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// Process ids of the workers that are alive or believed so.
    pub fn processes(&self) -> Vec<u32> {
        self.state().processes.iter().copied().filter(|process| *process != 0).collect()
    }

    /// Sends a request to a free worker, waiting for one if need be, and returns its answer. The
    /// time counts from when the worker has the request.
    pub(crate) fn call(&self, request: &Request<'_>, limit: Duration) -> Result<Reply, WorkerError> {
        loop {
            let (mut worker, is_new) = self.acquire()?;
            if let Err(error) = worker.begin(request, limit) {
                self.lose(&worker, &error);
                // One that died while it was idle is no fault of this request.
                if is_new {
                    return Err(error);
                }
                continue;
            }
            let outcome = worker.finish(limit);
            match &outcome {
                Ok(_) => {
                    self.state().idle.push(worker);
                    self.freed.notify_one();
                }
                Err(error) => self.lose(&worker, error),
            }
            return outcome;
        }
    }

    fn lose(&self, worker: &Worker, error: &WorkerError) {
        tracing::warn!(process = worker.process(), %error, "compiler process lost");
        self.state().processes.retain(|process| *process != worker.process());
        self.freed.notify_one();
    }

    /// A worker, and whether it was started for this.
    fn acquire(&self) -> Result<(Worker, bool), WorkerError> {
        let mut state = self.state();
        loop {
            while let Some(mut worker) = state.idle.pop() {
                if worker.is_alive() {
                    return Ok((worker, false));
                }
                state.processes.retain(|process| *process != worker.process());
            }
            if state.processes.len() < self.limit {
                break;
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.processes.push(0);
        drop(state);
        let started = Worker::start(&self.toolchain);
        let mut state = self.state();
        if let Some(index) = state.processes.iter().position(|process| *process == 0) {
            match &started {
                Ok(worker) => state.processes[index] = worker.process(),
                Err(_) => drop(state.processes.swap_remove(index)),
            }
        }
        drop(state);
        if started.is_err() {
            self.freed.notify_one();
        }
        Ok((started?, true))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a single statement: a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
