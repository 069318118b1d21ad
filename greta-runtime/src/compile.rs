//! HIP C++ to code objects: cache first, then the compiler's workers.
//!
//! [`Compiler`] joins a toolchain, a pool of workers and a cache. The same source, target, options
//! and compiler give the same bytes; a hit starts no process. Messages are mapped to the Rust lines
//! that the source came from. Knows nothing of devices.

mod diagnostic;
mod lines;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::cache::{Cache, Entry, Key, KeyParts};
use crate::resources::{Resources, ResourcesError};
use crate::toolchain::{self, Toolchain, ToolchainError};
use crate::worker::{Pool, Reply, Request, WorkerError};
pub(crate) use diagnostic::Compiled;
pub use diagnostic::{Diagnostic, Severity, SourceLocation, source_locations};
pub(crate) use lines::LineSource;

/// How long a compilation may take unless the caller says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(120);

/// Options of every compilation, before the request's own, which may override them.
///
/// Numbers mean the same as on every other device: products and sums are rounded one by one unless
/// the kernel says `fma`, and no identity of real numbers is assumed.
const OPTIONS: &[&str] = &[
    "-O3",
    "-std=c++17",
    "-ffp-contract=off",
    "-fno-fast-math",
    "-fno-gpu-approx-transcendentals",
    "-fhip-fp32-correctly-rounded-divide-sqrt",
    "-Rpass-analysis=kernel-resource-usage",
];

/// The compiler always sees this name, and messages are renamed afterwards: bytes and cache entries
/// do not depend on what a source is called.
const FILE_NAME: &str = "kernel.hip";

/// A compilation to do.
#[derive(Debug, Clone, Copy)]
pub struct CompileRequest<'a> {
    /// HIP C++.
    pub source: &'a str,
    /// File name for messages.
    pub name: &'a str,
    /// Architecture, such as `gfx942`.
    pub target: &'a str,
    /// Options of the compiler, after those that every compilation has.
    pub options: &'a [String],
    /// Where each line of the source came from; line 1 is at index 0. May be shorter than the source.
    pub line_map: &'a [Option<SourceLocation>],
}

impl CompileRequest<'_> {
    fn compiled(&self) -> Compiled<'_> {
        Compiled { language: "HIP", line_map: self.line_map }
    }
}

/// What a compilation gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeObject {
    /// The ELF file that a device loads.
    pub bytes: Vec<u8>,
    /// All that the compiler said.
    pub log: String,
    /// Warnings and their notes.
    pub diagnostics: Vec<Diagnostic>,
    /// What each kernel costs.
    pub resources: Resources,
    /// Whether no compiler ran.
    pub from_cache: bool,
}

/// Why there is no code object.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// There is no compiler. Install one.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The compiler refused the source. If greta wrote it, that is a bug of greta.
    #[error("the compiler rejected {name} for {target}{}", diagnostic::display_errors(diagnostics, log))]
    Rejected {
        /// File name of the source.
        name: String,
        /// Architecture.
        target: String,
        /// What the compiler found, errors and warnings.
        diagnostics: Vec<Diagnostic>,
        /// All that the compiler said.
        log: String,
    },
    /// The compiler process crashed, was killed or took too long. Try again, or simplify the kernel.
    #[error("{name} for {target}: {source}")]
    Worker {
        /// File name of the source.
        name: String,
        /// Architecture.
        target: String,
        /// What happened to the process.
        source: WorkerError,
    },
    /// A library of the compiler is missing, or a call failed for another reason than the source:
    /// most often an option or a target that the compiler does not know.
    #[error("{name} for {target}: {call} failed: {reason}{}", if log.is_empty() { String::new() } else { format!("\n{log}") })]
    Compiler {
        /// File name of the source.
        name: String,
        /// Architecture.
        target: String,
        /// What failed.
        call: String,
        /// Why.
        reason: String,
        /// All that the compiler said.
        log: String,
    },
    /// What the compiler returned is no code object.
    #[error("{name} for {target}: {source}")]
    Object {
        /// File name of the source.
        name: String,
        /// Architecture.
        target: String,
        /// What is wrong with it.
        source: ResourcesError,
    },
}

/// A toolchain with its workers and a cache. Cheap to share; every method takes `&self`.
#[derive(Debug)]
pub struct Compiler {
    identity: String,
    pool: Pool,
    cache: Cache,
    limit: Duration,
}

impl Compiler {
    /// A compiler of one worker a core.
    pub fn new(toolchain: Toolchain, cache: Cache) -> Self {
        Self::with_pool(Pool::with_worker_per_core(toolchain), cache, DEFAULT_LIMIT)
    }

    /// A compiler over `pool`, each compilation of which may take `limit`.
    pub fn with_pool(pool: Pool, cache: Cache, limit: Duration) -> Self {
        Self { identity: pool.toolchain().identity(), pool, cache, limit }
    }

    /// The compiler of this process: the toolchain that [`toolchain::find`] finds, the user's cache.
    ///
    /// # Errors
    /// When there is no toolchain; the next call looks again.
    pub fn shared() -> Result<Arc<Self>, CompileError> {
        static SHARED: OnceLock<Mutex<Option<Arc<Compiler>>>> = OnceLock::new();
        let shared = SHARED.get_or_init(Mutex::default);
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiler) = &*shared {
            return Ok(Arc::clone(compiler));
        }
        let compiler = Arc::new(Self::new(toolchain::find()?, Cache::open_default()));
        *shared = Some(Arc::clone(&compiler));
        Ok(compiler)
    }

    /// What names the compiler and its version where results are kept.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The workers.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Compiles one source.
    ///
    /// # Errors
    /// See [`CompileError`]. The cache never is a reason.
    pub fn compile(&self, request: &CompileRequest<'_>) -> Result<CodeObject, CompileError> {
        let architecture = format!("--offload-arch={}", request.target);
        let mut options = vec![architecture.as_str()];
        options.extend(OPTIONS);
        options.extend(request.options.iter().map(String::as_str));
        let key = Key::of(&KeyParts {
            source: request.source,
            target: request.target,
            options: &options,
            compiler: &self.identity,
        });
        if let Some(entry) = self.cache.get(key) {
            match finish(request, entry.code, &entry.log, true) {
                Ok(object) => return Ok(object),
                Err(error) => tracing::warn!(%key, %error, "cache entry is unusable, compiling again"),
            }
        }
        let (code, log) = self.run(request, options)?;
        let object = finish(request, code, &log, false)?;
        let (name, target) = (request.name.to_owned(), request.target.to_owned());
        self.cache.put(key, &Entry { name, target, log, code: object.bytes.clone() });
        Ok(object)
    }

    /// Compiles all sources, as many at a time as there are workers. Results are in order.
    pub fn compile_all(&self, requests: &[CompileRequest<'_>]) -> Vec<Result<CodeObject, CompileError>> {
        let next = AtomicUsize::new(0);
        let threads = self.pool.limit().min(requests.len());
        let work = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(index) else { return done };
                done.push((index, self.compile(request)));
            }
        };
        let mut results = if threads <= 1 {
            work()
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                threads
                    .into_iter()
                    .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                    .collect()
            })
        };
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Lists the instructions of a code object, kernels and branch targets labelled.
    ///
    /// # Errors
    /// When the code object or the target is not one that the toolchain knows.
    pub fn disassemble(&self, code: &[u8], target: &str) -> Result<String, CompileError> {
        let about = About { name: "disassembly", target };
        match self.pool.call(&Request::Disassemble { code, target }, self.limit) {
            Ok(Reply::Disassembled { text }) => Ok(text),
            Ok(reply) => Err(about.unexpected(reply)),
            Err(source) => Err(about.worker(source)),
        }
    }

    fn run(&self, request: &CompileRequest<'_>, options: Vec<&str>) -> Result<(Vec<u8>, String), CompileError> {
        let about = About { name: request.name, target: request.target };
        let call = Request::Compile { name: FILE_NAME, source: request.source, target: request.target, options };
        match self.pool.call(&call, self.limit) {
            Ok(Reply::Compiled { code: Some(code), log }) => Ok((code, log)),
            Ok(Reply::Compiled { code: None, log }) => Err(about.rejected(request, &log)),
            Ok(reply) => Err(about.unexpected(reply)),
            Err(source) => Err(about.worker(source)),
        }
    }
}

/// Compiles one source with [`Compiler::shared`].
///
/// # Errors
/// See [`CompileError`].
pub fn compile(request: &CompileRequest<'_>) -> Result<CodeObject, CompileError> {
    Compiler::shared()?.compile(request)
}

/// Compiles a kernel that is made for an NVIDIA target with NVRTC, or takes its cubin from the cache. No GPU is needed.
///
/// # Errors
/// [`crate::Error::NoCuda`] without NVRTC, [`crate::Error::Compile`] if it refuses the kernel.
pub fn cuda(kernel: &greta_codegen::verify::Verified) -> crate::Result<Vec<u8>> {
    crate::driver::cuda::compile_alone(kernel)
}

/// Compiles all sources with [`Compiler::shared`], in parallel. Results are in order.
///
/// # Errors
/// When there is no toolchain; each result has its own error.
pub fn compile_all(requests: &[CompileRequest<'_>]) -> Result<Vec<Result<CodeObject, CompileError>>, CompileError> {
    Ok(Compiler::shared()?.compile_all(requests))
}

/// Lists the instructions of a code object with [`Compiler::shared`].
///
/// # Errors
/// See [`Compiler::disassemble`].
pub fn disassemble(code: &[u8], target: &str) -> Result<String, CompileError> {
    Compiler::shared()?.disassemble(code, target)
}

/// Reads a compiler's log, which names places as clang does: errors, warnings and their notes.
pub(crate) fn diagnostics(log: &str, compiled: Compiled<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = diagnostic::parse(log, compiled);
    diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Remark);
    diagnostics
}

fn finish(
    request: &CompileRequest<'_>,
    bytes: Vec<u8>,
    log: &str,
    from_cache: bool,
) -> Result<CodeObject, CompileError> {
    let about = About { name: request.name, target: request.target };
    let log = diagnostic::rename(log, FILE_NAME, request.name);
    let resources = Resources::read(&bytes, &log).map_err(|source| about.object(source))?;
    let diagnostics = diagnostics(&log, request.compiled());
    Ok(CodeObject { bytes, log, diagnostics, resources, from_cache })
}

/// What an error is about.
#[derive(Clone, Copy)]
struct About<'a> {
    name: &'a str,
    target: &'a str,
}

impl About<'_> {
    fn names(self) -> (String, String) {
        (self.name.to_owned(), self.target.to_owned())
    }

    fn worker(self, source: WorkerError) -> CompileError {
        let (name, target) = self.names();
        CompileError::Worker { name, target, source }
    }

    fn object(self, source: ResourcesError) -> CompileError {
        let (name, target) = self.names();
        CompileError::Object { name, target, source }
    }

    fn rejected(self, request: &CompileRequest<'_>, log: &str) -> CompileError {
        let (name, target) = self.names();
        let log = diagnostic::rename(log, FILE_NAME, request.name);
        let diagnostics = diagnostics(&log, request.compiled());
        CompileError::Rejected { name, target, diagnostics, log }
    }

    /// A worker answers a question with an answer to it, or with a failure.
    fn unexpected(self, reply: Reply) -> CompileError {
        let (name, target) = self.names();
        let (call, reason) = match reply {
            Reply::Failed { call, reason } => (call, reason),
            Reply::Compiled { .. } | Reply::Disassembled { .. } => {
                unreachable!("a worker answered another request than the one it had")
            }
        };
        CompileError::Compiler { name, target, call, reason, log: String::new() }
    }
}
