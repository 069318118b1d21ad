//! NVRTC: CUDA C++ in, cubins out, in this process.
//!
//! Guarantees: every status is checked; a program is destroyed on every way out. Deliberately does not know kernels or
//! the cache.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use cudarc::nvrtc::sys::{self, nvrtcProgram, nvrtcResult};

use crate::error::{Error, Result};

/// The compiler, found and asked for its version.
#[derive(Debug)]
pub(super) struct Nvrtc {
    version: (i32, i32),
}

/// What a compilation gave.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) cubin: Vec<u8>,
    pub(super) log: String,
}

/// Why there is no cubin.
#[derive(Debug)]
pub(super) enum NvrtcFailure {
    /// The source is wrong.
    Rejected { log: String },
    /// A call failed for another reason.
    Call { call: &'static str, reason: String },
}

/// A program, destroyed at the end.
struct Program(nvrtcProgram);

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the program was created, and is not used again. There is nothing to do about a failure.
        let _ = unsafe { sys::nvrtcDestroyProgram(&raw mut self.0) };
    }
}

impl Nvrtc {
    /// Finds the library.
    pub(super) fn open() -> Result<Self> {
        // SAFETY: loading the library runs its initialisers only.
        if !unsafe { sys::is_culib_present() } {
            return Err(Error::NoCuda("no libnvrtc.so; install the CUDA toolkit's NVRTC"));
        }
        let mut version = (0, 0);
        // SAFETY: both are written during the call only.
        let status = unsafe { sys::nvrtcVersion(&raw mut version.0, &raw mut version.1) };
        match status {
            nvrtcResult::NVRTC_SUCCESS => Ok(Self { version }),
            _ => Err(Error::NoCuda("NVRTC does not tell its version; install the CUDA toolkit's NVRTC anew")),
        }
    }

    /// What names the compiler where results are kept.
    pub(super) fn identity(&self) -> String {
        format!("NVRTC {}.{}", self.version.0, self.version.1)
    }

    /// Compiles a source.
    pub(super) fn compile(&self, source: &str, options: &[&str]) -> Result<Compiled, NvrtcFailure> {
        let text = |text: &str| CString::new(text).map_err(|error| failure("CString::new", error.to_string()));
        let (source, options) = (text(source)?, options.iter().map(|o| text(o)).collect::<Result<Vec<_>, _>>()?);
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let mut program = Program(ptr::null_mut());
        // SAFETY: the strings live during the call; there are no headers.
        check("nvrtcCreateProgram", unsafe {
            let name = c"kernel.cu".as_ptr();
            sys::nvrtcCreateProgram(&raw mut program.0, source.as_ptr(), name, 0, ptr::null(), ptr::null())
        })?;
        let count = i32::try_from(pointers.len()).unwrap_or(i32::MAX);
        // SAFETY: the program is live, and so are the options.
        let status = unsafe { sys::nvrtcCompileProgram(program.0, count, pointers.as_ptr()) };
        let log = program.log()?;
        match status {
            nvrtcResult::NVRTC_SUCCESS => Ok(Compiled { cubin: program.cubin()?, log }),
            nvrtcResult::NVRTC_ERROR_COMPILATION => Err(NvrtcFailure::Rejected { log }),
            _ => Err(failure("nvrtcCompileProgram", format!("{} {log}", reason(status)))),
        }
    }
}

impl Program {
    fn log(&self) -> Result<String, NvrtcFailure> {
        let mut bytes = 0;
        // SAFETY: the program is live; `bytes` is written during the call only.
        check("nvrtcGetProgramLogSize", unsafe { sys::nvrtcGetProgramLogSize(self.0, &raw mut bytes) })?;
        let mut log = vec![0_u8; bytes];
        // SAFETY: the buffer has the size that the library asked for.
        check("nvrtcGetProgramLog", unsafe { sys::nvrtcGetProgramLog(self.0, log.as_mut_ptr().cast()) })?;
        Ok(String::from_utf8_lossy(&log).trim_end_matches('\0').to_owned())
    }

    fn cubin(&self) -> Result<Vec<u8>, NvrtcFailure> {
        let mut bytes = 0;
        // SAFETY: the program is live; `bytes` is written during the call only.
        check("nvrtcGetCUBINSize", unsafe { sys::nvrtcGetCUBINSize(self.0, &raw mut bytes) })?;
        let mut cubin = vec![0_u8; bytes];
        // SAFETY: the buffer has the size that the library asked for.
        check("nvrtcGetCUBIN", unsafe { sys::nvrtcGetCUBIN(self.0, cubin.as_mut_ptr().cast()) })?;
        Ok(cubin)
    }
}

fn check(call: &'static str, status: nvrtcResult) -> Result<(), NvrtcFailure> {
    if status == nvrtcResult::NVRTC_SUCCESS { Ok(()) } else { Err(failure(call, reason(status))) }
}

fn failure(call: &'static str, reason: String) -> NvrtcFailure {
    NvrtcFailure::Call { call, reason }
}

fn reason(status: nvrtcResult) -> String {
    // SAFETY: the function takes any status and gives a string that lives as long as the library.
    let text = unsafe { CStr::from_ptr(sys::nvrtcGetErrorString(status)) };
    text.to_string_lossy().into_owned()
}
