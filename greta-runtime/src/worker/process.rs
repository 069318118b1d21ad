//! A worker seen from the program that started it: start, ask, wait no longer than allowed, kill.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::WorkerError;
use super::protocol::{self, FOLDER_PREFIX, Ready, Reply, Request, Setup, WORKER_TAG, WORKER_VARIABLE};
use super::serve;
use crate::toolchain::Toolchain;

/// A worker says that it is one within milliseconds; a loaded machine may need longer.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How much of a worker's own output is kept: its end.
const LOG_BYTES: usize = 64 << 10;

/// A running worker. Dropping it kills the process and removes its folder.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    stream: UnixStream,
    log: Arc<Mutex<Vec<u8>>>,
    log_reader: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Worker {
    pub(super) fn start(toolchain: &Toolchain) -> Result<Self, WorkerError> {
        let program = program().map_err(|source| WorkerError::Start { program: PathBuf::new(), source })?;
        let start = |source| WorkerError::Start { program: program.clone(), source };
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir().map_err(start)?;
        let (stream, far_end) = UnixStream::pair().map_err(start)?;
        let mut command = command(toolchain, &program, folder.path());
        command.stdin(OwnedFd::from(far_end)).stdout(Stdio::null()).stderr(Stdio::piped());
        serve::keep_constructor();
        let mut child = command.spawn().map_err(start)?;
        // The command holds the worker's end of the socket: without this its end would never show.
        drop(command);
        let log = Arc::new(Mutex::new(Vec::new()));
        let log_reader = child.stderr.take().map(|pipe| read_log(pipe, Arc::clone(&log)));
        let mut worker = Self { child, stream, log, log_reader, _folder: folder };
        let setup = Setup {
            libhiprtc: toolchain.libhiprtc().to_path_buf(),
            libamd_comgr: toolchain.libamd_comgr().map(Path::to_path_buf),
        };
        match worker.exchange::<_, Ready>(&setup, START_LIMIT) {
            Ok(Ready) => {
                tracing::debug!(process = worker.process(), "compiler process started");
                Ok(worker)
            }
            Err(_) => {
                let (status, log) = worker.end();
                Err(WorkerError::Silent { status, log })
            }
        }
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a request and waits until the worker says that it has it.
    pub(super) fn begin(&mut self, request: &Request<'_>, limit: Duration) -> Result<(), WorkerError> {
        self.exchange::<_, Ready>(request, limit).map(|Ready| ()).map_err(|error| self.fail(&error, limit))
    }

    /// Waits for the answer to the request that was begun.
    pub(super) fn finish(&mut self, limit: Duration) -> Result<Reply, WorkerError> {
        self.receive(limit).map_err(|error| self.fail(&error, limit))
    }

    /// After an error the worker is of no more use.
    fn fail(&mut self, error: &io::Error, limit: Duration) -> WorkerError {
        let timed_out = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        let (status, log) = self.end();
        if timed_out { WorkerError::TimedOut { limit, log } } else { WorkerError::Died { status, log } }
    }

    fn exchange<Q: serde::Serialize, A: serde::de::DeserializeOwned>(
        &mut self,
        message: &Q,
        limit: Duration,
    ) -> io::Result<A> {
        self.stream.set_write_timeout(Some(limit.max(Duration::from_millis(1))))?;
        protocol::send(&mut &self.stream, message)?;
        self.receive(limit)
    }

    fn receive<A: serde::de::DeserializeOwned>(&self, limit: Duration) -> io::Result<A> {
        protocol::receive(&mut Deadline { stream: &self.stream, end: Instant::now() + limit })
    }

    /// Makes sure that the process is gone; how it went, and the end of what it wrote.
    fn end(&mut self) -> (String, String) {
        // One that closed its socket is about to end by itself, and its status tells more.
        let patience = Instant::now() + Duration::from_millis(200);
        while self.is_alive() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        let killed_by_us = self.is_alive();
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), describe);
        if let Some(reader) = self.log_reader.take() {
            let _ = reader.join();
        }
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let log = String::from_utf8_lossy(&log).trim_end().to_owned();
        (if killed_by_us { "stopped by this program".to_owned() } else { status }, log)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// This program's file. A file that was replaced since is still reachable through the process.
fn program() -> io::Result<PathBuf> {
    match std::env::current_exe() {
        Ok(path) if path.exists() => Ok(path),
        _ => {
            let path = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
            path.metadata().map(|_| path)
        }
    }
}

/// The environment is made anew: what is in the user's could change the code, and the cache's key
/// would not know. A sysroot's loader runs the program with the sysroot's C library.
fn command(toolchain: &Toolchain, program: &Path, folder: &Path) -> Command {
    let inherited = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let mut command = match toolchain {
        Toolchain::Sysroot(sysroot) => {
            let mut path = sysroot.library_path.clone();
            if !inherited.is_empty() {
                path = format!("{path}:{inherited}");
            }
            let mut command = Command::new(&sysroot.loader);
            command.arg("--library-path").arg(path).arg(program).env_clear();
            command
        }
        Toolchain::Rocm(_) => {
            let mut command = Command::new(program);
            command.env_clear();
            for name in ["LD_LIBRARY_PATH", "ROCM_PATH", "HIP_PATH"] {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
            command
        }
    };
    command.env(WORKER_VARIABLE, WORKER_TAG).env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
    for name in ["TMPDIR", "HOME", "XDG_CACHE_HOME"] {
        command.env(name, folder);
    }
    // The code object manager has a cache of its own; there is one cache here, and it is checked.
    command.env("AMD_COMGR_CACHE", "0");
    command.current_dir(folder);
    // An interrupt from the terminal is for this program; its workers end with it, and tidy up.
    command.process_group(0);
    command
}

fn read_log(mut pipe: impl Read + Send + 'static, log: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.extend_from_slice(&chunk[..count]);
            let excess = log.len().saturating_sub(LOG_BYTES);
            log.drain(..excess);
        }
    })
}

/// Reads until a point in time, however the bytes trickle.
struct Deadline<'a> {
    stream: &'a UnixStream,
    end: Instant,
}

impl Read for Deadline<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        (&mut &*self.stream).read(bytes)
    }
}
