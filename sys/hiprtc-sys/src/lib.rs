//! The hiprtc C API as a table of function pointers, filled at run time: builds without ROCm.
//!
//! Written by hand from the ROCm 6.4 headers. Checks no status and owns no handle. The code object
//! manager, which disassembles, has a table of its own in [`comgr`].

#![allow(non_snake_case, non_camel_case_types, reason = "names are those of the C API")]

pub mod comgr;

use std::error::Error as _;
use std::ffi::{c_char, c_int};
use std::path::Path;

use libloading::Library;

/// File names that hiprtc has, in the order in which they are tried.
pub const LIBRARY_NAMES: &[&str] = &["libhiprtc.so", "libhiprtc.so.7", "libhiprtc.so.6"];

/// Status of every call; 0 is success.
pub type hiprtcResult = c_int;
/// The call succeeded.
pub const HIPRTC_SUCCESS: hiprtcResult = 0;
/// An option is not known.
pub const HIPRTC_ERROR_INVALID_OPTION: hiprtcResult = 5;
/// The program does not compile; its log says why.
pub const HIPRTC_ERROR_COMPILATION: hiprtcResult = 6;

#[doc(hidden)]
#[repr(C)]
#[derive(Debug)]
pub struct _hiprtcProgram {
    _private: [u8; 0],
}
/// A program to compile.
pub type hiprtcProgram = *mut _hiprtcProgram;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No library of these names loads.
    #[error("{what} was not found: tried {} ({reason})", tried.join(", "))]
    Library {
        /// Which library was looked for.
        what: &'static str,
        /// Names or paths, in the order of the attempts.
        tried: Vec<String>,
        /// What the loader said of the last one.
        reason: String,
    },
    /// The library is not the one that its name says, or too old.
    #[error("{library} has no symbol `{symbol}`: it is not {what} of ROCm 6 or newer")]
    Symbol {
        /// Which library was looked for.
        what: &'static str,
        /// The library that loaded.
        library: String,
        /// The first symbol that it lacks.
        symbol: &'static str,
    },
}

/// Loads the first library of `names` that there is. It is never unloaded: compilers leave exit
/// handlers behind.
fn open<P: AsRef<Path>>(what: &'static str, names: &[P]) -> Result<(Library, String), LoadError> {
    let mut reason = String::new();
    for name in names.iter().map(AsRef::as_ref) {
        // SAFETY: loading runs the library's initialisers; those of hiprtc and of the code object
        // manager have no preconditions, and the caller chose the file.
        match unsafe { Library::new(name) } {
            Ok(library) => return Ok((library, name.display().to_string())),
            Err(error) => reason = error.source().map_or_else(|| error.to_string(), ToString::to_string),
        }
    }
    let tried = names.iter().map(|name| name.as_ref().display().to_string()).collect();
    Err(LoadError::Library { what, tried, reason })
}

macro_rules! table {
    ($(#[$table_doc:meta])* $table:ident, $what:literal, $names:expr => {
        $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*
    }) => {
        $(#[$table_doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $table {$(
            $(#[$doc])*
            pub $name: unsafe extern "C" fn($($argument: $type),*) -> $result,
        )*}

        impl $table {
            /// Loads the library by its usual names.
            ///
            /// # Errors
            /// [`LoadError`](crate::LoadError) names what was tried, or the symbol that is missing.
            pub fn load() -> Result<Self, $crate::LoadError> {
                Self::load_first($names)
            }

            /// Loads the library from one file, or by one name.
            ///
            /// # Errors
            /// [`LoadError`](crate::LoadError) names the file, or the symbol that is missing.
            pub fn load_from(path: &std::path::Path) -> Result<Self, $crate::LoadError> {
                Self::load_first(&[path])
            }

            fn load_first<P: AsRef<std::path::Path>>(names: &[P]) -> Result<Self, $crate::LoadError> {
                let (library, library_name) = $crate::open($what, names)?;
                let table = Self {$(
                    // SAFETY: the ROCm 6.4 headers declare the symbol with this signature.
                    $name: unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }
                        .map(|symbol| *symbol)
                        .map_err(|_| $crate::LoadError::Symbol {
                            what: $what,
                            library: library_name.clone(),
                            symbol: stringify!($name),
                        })?,
                )*};
                std::mem::forget(library);
                Ok(table)
            }
        }
    };
}
pub(crate) use table;

table! {
    /// The functions of hiprtc that a compilation needs. Calling one is as unsafe as its C
    /// original: programs must be live, and buffers as long as the size calls say.
    Hiprtc, "hiprtc", LIBRARY_NAMES => {
        /// Version of the compiler.
        fn hiprtcVersion(major: *mut c_int, minor: *mut c_int) -> hiprtcResult;
        /// Name of a status.
        fn hiprtcGetErrorString(result: hiprtcResult) -> *const c_char;
        /// Creates a program from its source, under a file name for messages, with headers.
        fn hiprtcCreateProgram(
            program: *mut hiprtcProgram,
            source: *const c_char,
            name: *const c_char,
            header_count: c_int,
            headers: *mut *const c_char,
            header_names: *mut *const c_char,
        ) -> hiprtcResult;
        /// Destroys a program.
        fn hiprtcDestroyProgram(program: *mut hiprtcProgram) -> hiprtcResult;
        /// Compiles a program.
        fn hiprtcCompileProgram(program: hiprtcProgram, option_count: c_int, options: *mut *const c_char) -> hiprtcResult;
        /// Size of the log in bytes, its terminator included.
        fn hiprtcGetProgramLogSize(program: hiprtcProgram, bytes: *mut usize) -> hiprtcResult;
        /// Writes the log.
        fn hiprtcGetProgramLog(program: hiprtcProgram, log: *mut c_char) -> hiprtcResult;
        /// Size of the code object in bytes.
        fn hiprtcGetCodeSize(program: hiprtcProgram, bytes: *mut usize) -> hiprtcResult;
        /// Writes the code object.
        fn hiprtcGetCode(program: hiprtcProgram, code: *mut c_char) -> hiprtcResult;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named_with_every_name_that_was_tried() {
        let error = Hiprtc::load_first(&["libgreta-a.so", "libgreta-b.so.6"]).unwrap_err().to_string();
        assert!(error.starts_with("hiprtc was not found: tried libgreta-a.so, libgreta-b.so.6 ("), "{error}");
    }

    #[test]
    fn a_library_without_the_symbols_names_the_first_of_them() {
        let error = Hiprtc::load_from(Path::new("libc.so.6")).unwrap_err().to_string();
        assert_eq!(error, "libc.so.6 has no symbol `hiprtcVersion`: it is not hiprtc of ROCm 6 or newer");
        let error = comgr::Comgr::load_from(Path::new("libc.so.6")).unwrap_err().to_string();
        let expected =
            "libc.so.6 has no symbol `amd_comgr_get_version`: it is not the code object manager of ROCm 6 or newer";
        assert_eq!(error, expected);
    }
}
