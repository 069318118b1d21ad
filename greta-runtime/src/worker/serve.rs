//! The worker's side: a constructor that turns this program into a worker, and its loop.
//!
//! The constructor runs in every program that links this crate, before `main`; it returns at once
//! unless the process was started as a worker. A worker never returns from it. It ends when its
//! parent closes the socket, which the system does for a parent that was killed.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;

use hiprtc_sys::{HIPRTC_ERROR_COMPILATION, HIPRTC_SUCCESS, Hiprtc, hiprtcProgram, hiprtcResult};

use super::disassemble::{self, DisassembleError};
use super::protocol::{self, FOLDER_PREFIX, Ready, Reply, Request, Setup, WORKER_TAG, WORKER_VARIABLE};

/// The C library calls every function in this section before `main`.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = become_worker_if_asked;

/// Refers to the constructor, so that a linker that drops unused sections keeps it in every program
/// that can start a worker.
pub(super) fn keep_constructor() {
    #[cfg(target_os = "linux")]
    std::hint::black_box(&CONSTRUCTOR);
}

extern "C" fn become_worker_if_asked() {
    if std::env::var_os(WORKER_VARIABLE).is_none_or(|tag| tag != WORKER_TAG) {
        return;
    }
    // A worker's standard input is a socket; any other process that inherited the variable is none.
    let Some(stream) = socket_on_standard_input() else { return };
    // SAFETY: constructors run before any thread of the program exists.
    unsafe { std::env::remove_var(WORKER_VARIABLE) };
    let finished = catch_unwind(AssertUnwindSafe(|| serve(stream)));
    exit(if matches!(finished, Ok(Ok(()))) { 0 } else { 70 });
}

/// Leaves without running exit handlers: those of the compiler are not ours to trust. The worker's
/// folder goes too, for a parent that was killed cannot remove it.
fn exit(code: c_int) -> ! {
    let folder = std::env::current_dir().ok();
    let own = |folder: &Path| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FOLDER_PREFIX));
    if let Some(folder) = folder.filter(|folder| own(folder)) {
        // The compiler may be writing there still, on another thread.
        for _ in 0..10 {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                _ => break,
            }
        }
    }
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

fn socket_on_standard_input() -> Option<UnixStream> {
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().ok()?);
    stream.local_addr().is_ok().then_some(stream)
}

fn serve(mut stream: UnixStream) -> std::io::Result<()> {
    let setup: Setup = protocol::receive(&mut stream)?;
    protocol::send(&mut stream, &Ready)?;
    let requests = read_requests(stream.try_clone()?);
    let mut compiler = Compiler { setup, hiprtc: None, known_targets: Vec::new() };
    for request in requests {
        protocol::send(&mut stream, &Ready)?;
        let reply = match rmp_serde::from_slice(&request).map_err(std::io::Error::other)? {
            Request::Compile { name, source, target, options } => compiler
                .get(target)
                .and_then(|hiprtc| compile(hiprtc, name, source, &options))
                .unwrap_or_else(|reply| reply),
            Request::Disassemble { code, target } => {
                match disassemble::disassemble(compiler.setup.libamd_comgr.as_deref(), code, target) {
                    Ok(text) => Reply::Disassembled { text },
                    Err(error) => failed("disassembly", &error.to_string()),
                }
            }
        };
        protocol::send(&mut stream, &reply)?;
    }
    Ok(())
}

/// hiprtc, loaded at the first compilation.
struct Compiler {
    setup: Setup,
    hiprtc: Option<Hiprtc>,
    known_targets: Vec<String>,
}

impl Compiler {
    /// hiprtc for `target`. One that it does not know is refused here: hiprtc itself crashes on it.
    fn get(&mut self, target: &str) -> Result<&Hiprtc, Reply> {
        if !self.known_targets.iter().any(|known| known == target) {
            match disassemble::check_target(self.setup.libamd_comgr.as_deref(), target) {
                Err(error @ DisassembleError::Target { .. }) => {
                    return Err(failed("compilation", &error.to_string()));
                }
                // Without the code object manager hiprtc will say so itself.
                Ok(()) | Err(_) => self.known_targets.push(target.to_owned()),
            }
        }
        if self.hiprtc.is_none() {
            let loaded = Hiprtc::load_from(&self.setup.libhiprtc);
            self.hiprtc = Some(loaded.map_err(|error| failed("loading hiprtc", &error.to_string()))?);
        }
        Ok(self.hiprtc.as_ref().expect("it was loaded above"))
    }
}

/// Reads on a thread of its own, so that a worker whose parent is gone ends even while it compiles.
fn read_requests(mut stream: UnixStream) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok(request) = protocol::receive_bytes(&mut stream) {
            if sender.send(request).is_err() {
                break;
            }
        }
        exit(0);
    });
    receiver
}

fn failed(call: &str, reason: &str) -> Reply {
    Reply::Failed { call: call.to_owned(), reason: reason.to_owned() }
}

struct Program<'a> {
    hiprtc: &'a Hiprtc,
    program: hiprtcProgram,
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        // SAFETY: the program came from this table's `hiprtcCreateProgram` and is destroyed once.
        unsafe { (self.hiprtc.hiprtcDestroyProgram)(&mut self.program) };
    }
}

fn check(hiprtc: &Hiprtc, call: &str, status: hiprtcResult) -> Result<(), Reply> {
    if status == HIPRTC_SUCCESS {
        return Ok(());
    }
    // SAFETY: the function takes any status and returns a static text.
    let text = unsafe { (hiprtc.hiprtcGetErrorString)(status) };
    let text = if text.is_null() {
        format!("status {status}")
    } else {
        // SAFETY: not null, and a static text ends with a zero byte.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    Err(failed(call, &text))
}

fn c_text(what: &str, text: &str) -> Result<CString, Reply> {
    CString::new(text).map_err(|_| failed(what, "the text contains a zero byte"))
}

/// An `Err` is a reply too: a call failed for another reason than the source.
fn compile(hiprtc: &Hiprtc, name: &str, source: &str, options: &[&str]) -> Result<Reply, Reply> {
    let source = c_text("source", source)?;
    let name = c_text("file name", name)?;
    let options = options.iter().map(|option| c_text("option", option)).collect::<Result<Vec<_>, _>>()?;
    let mut option_pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
    let mut program: hiprtcProgram = std::ptr::null_mut();
    let none = std::ptr::null_mut();
    // SAFETY: the texts end with zero bytes and outlive the program, and there are no headers.
    let status = unsafe { (hiprtc.hiprtcCreateProgram)(&mut program, source.as_ptr(), name.as_ptr(), 0, none, none) };
    check(hiprtc, "hiprtcCreateProgram", status)?;
    let program = Program { hiprtc, program };
    let option_count = c_int::try_from(option_pointers.len()).map_err(|_| failed("options", "too many"))?;
    // SAFETY: the program is live, and the list holds `option_count` texts.
    let compiled =
        unsafe { (hiprtc.hiprtcCompileProgram)(program.program, option_count, option_pointers.as_mut_ptr()) };
    let log =
        read(hiprtc, "hiprtcGetProgramLog", &program, hiprtc.hiprtcGetProgramLogSize, hiprtc.hiprtcGetProgramLog)?;
    let log = String::from_utf8_lossy(&log).trim_end_matches('\0').to_owned();
    if compiled == HIPRTC_ERROR_COMPILATION {
        return Ok(Reply::Compiled { code: None, log });
    }
    check(hiprtc, "hiprtcCompileProgram", compiled)?;
    let code = read(hiprtc, "hiprtcGetCode", &program, hiprtc.hiprtcGetCodeSize, hiprtc.hiprtcGetCode)?;
    Ok(Reply::Compiled { code: Some(code), log })
}

type SizeCall = unsafe extern "C" fn(hiprtcProgram, *mut usize) -> hiprtcResult;
type ReadCall = unsafe extern "C" fn(hiprtcProgram, *mut c_char) -> hiprtcResult;

fn read(
    hiprtc: &Hiprtc,
    call: &str,
    program: &Program<'_>,
    size: SizeCall,
    contents: ReadCall,
) -> Result<Vec<u8>, Reply> {
    let mut length = 0;
    // SAFETY: the program is live.
    check(hiprtc, call, unsafe { size(program.program, &mut length) })?;
    let mut bytes = vec![0_u8; length];
    if length > 0 {
        // SAFETY: the buffer is as long as the call before said.
        check(hiprtc, call, unsafe { contents(program.program, bytes.as_mut_ptr().cast()) })?;
    }
    Ok(bytes)
}
