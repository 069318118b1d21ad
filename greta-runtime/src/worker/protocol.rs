//! What is said between a program and its workers: frames of a 4-byte length and a MessagePack
//! message, over a socket. Both ends are the same program, so there is one version of it.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Set for workers only, to [`WORKER_TAG`]; removed as soon as a worker has seen it.
pub(super) const WORKER_VARIABLE: &str = "GRETA_COMPILER_WORKER";
/// Begins the name of a worker's own folder, which it works in and removes when it ends.
pub(super) const FOLDER_PREFIX: &str = "greta-compiler-";
/// Two versions of this crate in one program must not answer for each other.
pub(super) const WORKER_TAG: &str = concat!("greta-runtime ", env!("CARGO_PKG_VERSION"));

/// The first message, to the worker: what to load.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) libhiprtc: PathBuf,
    pub(super) libamd_comgr: Option<PathBuf>,
}

/// The worker has what was sent: its answer to [`Setup`], and its first answer to a request.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ready;

/// Work for a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request<'a> {
    /// Compile HIP C++ to a code object.
    Compile {
        /// File name for messages.
        name: &'a str,
        /// HIP C++.
        source: &'a str,
        /// Architecture, which is among the options too.
        target: &'a str,
        /// Options of the compiler.
        #[serde(borrow)]
        options: Vec<&'a str>,
    },
    /// List the instructions of a code object.
    Disassemble {
        /// The code object.
        #[serde(with = "serde_bytes")]
        code: &'a [u8],
        /// Architecture, such as `gfx942`.
        target: &'a str,
    },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The compiler ran.
    Compiled {
        /// The code object, unless the source was rejected.
        #[serde(with = "serde_bytes")]
        code: Option<Vec<u8>>,
        /// All that the compiler said.
        log: String,
    },
    /// The listing.
    Disassembled {
        /// One instruction a line.
        text: String,
    },
    /// A library is missing, or one of its calls failed for another reason than the source.
    Failed {
        /// What failed.
        call: String,
        /// Why.
        reason: String,
    },
}

/// Writes one frame.
pub(super) fn send<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    let mut frame = vec![0; 4];
    rmp_serde::encode::write(&mut frame, message).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    to.write_all(&frame)?;
    to.flush()
}

/// Reads the bytes of one frame.
pub(super) fn receive_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    // Reading by `take` does not allocate for a length that never arrives.
    let mut frame = Vec::new();
    from.take(length.into()).read_to_end(&mut frame)?;
    if frame.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(frame)
}

/// Reads one frame.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    rmp_serde::from_slice(&receive_bytes(from)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_out_as_it_went_in() {
        let mut wire = Vec::new();
        let code: &[u8] = &[0, 1, 255];
        send(&mut wire, &Request::Disassemble { code, target: "gfx942" }).unwrap();
        let bytes = receive_bytes(&mut wire.as_slice()).unwrap();
        match rmp_serde::from_slice(&bytes).unwrap() {
            Request::Disassemble { code: received, target: "gfx942" } => assert_eq!(received, code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cut_frame_is_an_error_and_costs_no_memory() {
        let mut wire = u32::MAX.to_le_bytes().to_vec();
        wire.extend([1, 2, 3]);
        let error = receive_bytes(&mut wire.as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
