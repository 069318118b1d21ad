//! The product of matrices by the library that the GPU's maker ships, as a ceiling: cuBLAS, loaded if it is there.
//!
//! Guarantees: nothing fails where there is no library or no GPU of NVIDIA's; then there is no such ceiling. Deliberately
//! does not know greta's kernels.

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::cublas::{result, sys};
use cudarc::driver::sys::{CUevent_flags, CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaContext, CudaGraph, CudaSlice, CudaStream, DevicePtr, DevicePtrMut};
use greta_llama::generate::uniform;

use crate::measure::Times;

/// Batches of calls that are timed.
const BATCHES: usize = 12;
/// A batch takes about so long, so that what an event costs does not count.
const BATCH_US: f64 = 500.0;
const CALLS_MAX: usize = 256;
const SEED: u64 = 3;

/// What the operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operands {
    /// True `f32`, no rounding to TF32.
    F32,
    /// `bf16`, summed in `f32`, rounded to `bf16`.
    Bf16,
}

impl Operands {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    fn data_type(self) -> sys::cudaDataType {
        match self {
            Self::F32 => sys::cudaDataType::CUDA_R_32F,
            Self::Bf16 => sys::cudaDataType::CUDA_R_16BF,
        }
    }

    /// Values of unit scale in the type. The upper half of an `f32` is a `bf16`.
    fn bytes_of(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F32 => values.iter().flat_map(|value| value.to_ne_bytes()).collect(),
            Self::Bf16 => values.iter().flat_map(|value| ((value.to_bits() >> 16) as u16).to_ne_bytes()).collect(),
        }
    }
}

/// cuBLAS on the first GPU.
pub(crate) struct Library {
    stream: Arc<CudaStream>,
    handle: sys::cublasHandle_t,
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the handle was created, and is not used again. There is nothing to do about a failure.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

impl Library {
    /// The library of the GPU that `cuda` runs on, if there is one.
    pub(crate) fn opt_open() -> Option<Self> {
        // SAFETY: loading the libraries runs their initialisers only.
        if !unsafe { cudarc::driver::sys::is_culib_present() && sys::is_culib_present() } {
            return None;
        }
        let said = |error: &dyn std::fmt::Display| tracing::warn!(%error, "cuBLAS does not start");
        let context = CudaContext::new(0).inspect_err(|error| said(error)).ok()?;
        let stream = context.new_stream().inspect_err(|error| said(error)).ok()?;
        let handle = result::create_handle().inspect_err(|error| said(&format!("{error:?}"))).ok()?;
        let library = Self { stream, handle };
        // SAFETY: handle and stream are live; both types name the same handle.
        unsafe { result::set_stream(library.handle, library.stream.cu_stream().cast()) }
            .inspect_err(|error| said(&format!("{error:?}")))
            .ok()?;
        Some(library)
    }

    /// `c = a bᵀ` with `a` `[m, k]` and `b` `[n, k]`, ready to be timed; `None`, with a warning, if a call fails.
    pub(crate) fn opt_product(&self, operands: Operands, sizes: [usize; 3]) -> Option<Product<'_>> {
        self.product(operands, sizes).inspect_err(warn).ok()
    }

    fn product(&self, operands: Operands, sizes: [usize; 3]) -> Result<Product<'_>, LibraryError> {
        let [m, n, k] = sizes;
        let draw = |name: &str, len| operands.bytes_of(&uniform(name, SEED, 1.0, len));
        let (a, b) = (self.stream.clone_htod(&draw("a", m * k))?, self.stream.clone_htod(&draw("b", n * k))?);
        let mut c = self.stream.alloc_zeros::<u8>(m * n * operands.bytes())?;
        // The uses end before a capture begins, which must not wait for what was recorded outside of it.
        let matrices = [a.device_ptr(&self.stream).0, b.device_ptr(&self.stream).0, c.device_ptr_mut(&self.stream).0]
            .map(|pointer| std::ptr::with_exposed_provenance_mut::<c_void>(pointer as usize));
        // The first call takes the library's own memory, which a capture cannot.
        self.multiply(operands, sizes, matrices)?;
        self.stream.synchronize()?;
        let once = self.captured(4, operands, sizes, matrices)?;
        let calls = ((BATCH_US / (self.batch_us(&once)? / 4.0).max(0.1)).ceil() as usize).clamp(1, CALLS_MAX);
        let graph = self.captured(calls, operands, sizes, matrices)?;
        Ok(Product { library: self, graph, calls, _matrices: [a, b, c] })
    }

    /// A graph of so many products: a short one takes the host longer to launch than the device to compute.
    fn captured(
        &self,
        calls: usize,
        operands: Operands,
        sizes: [usize; 3],
        matrices: [*mut c_void; 3],
    ) -> Result<CudaGraph, LibraryError> {
        self.stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
        let multiplied = (0..calls).try_for_each(|_| self.multiply(operands, sizes, matrices));
        // The capture ends whatever happened in it.
        let graph = self.stream.end_capture(CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
        multiplied?;
        graph?.ok_or(LibraryError::Capture)
    }

    /// Microseconds of a launch of a graph, right behind another one, so that the host is not waited for.
    fn batch_us(&self, graph: &CudaGraph) -> Result<f64, LibraryError> {
        let flags = Some(CUevent_flags::CU_EVENT_DEFAULT);
        graph.launch()?;
        let start = self.stream.record_event(flags)?;
        graph.launch()?;
        let end = self.stream.record_event(flags)?;
        Ok(f64::from(start.elapsed_ms(&end)?) * 1e3)
    }

    /// One product. The library's matrices are column by column: it computes `cᵀ = b aᵀ`.
    fn multiply(
        &self,
        operands: Operands,
        [m, n, k]: [usize; 3],
        [a, b, c]: [*mut c_void; 3],
    ) -> Result<(), LibraryError> {
        let size = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        let (m, n, k) = (size(m), size(n), size(k));
        let (one, zero) = (1.0_f32, 0.0_f32);
        let (one, zero) = ((&raw const one).cast::<c_void>(), (&raw const zero).cast::<c_void>());
        let ty = operands.data_type();
        // SAFETY: the buffers have the sizes given, and live until the stream's work is waited for.
        unsafe {
            result::gemm_ex(
                self.handle,
                sys::cublasOperation_t::CUBLAS_OP_T,
                sys::cublasOperation_t::CUBLAS_OP_N,
                n,
                m,
                k,
                one,
                b,
                ty,
                k,
                a,
                ty,
                k,
                zero,
                c,
                ty,
                n,
                sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        }?;
        Ok(())
    }
}

/// A product of the library's, as a graph of calls one after the other.
pub(crate) struct Product<'l> {
    library: &'l Library,
    graph: CudaGraph,
    calls: usize,
    /// What the graph reads and writes.
    _matrices: [CudaSlice<u8>; 3],
}

impl Product<'_> {
    /// Microseconds of a call; `None`, with a warning, if it fails.
    pub(crate) fn opt_time_us(&self) -> Option<f64> {
        Some(self.library.batch_us(&self.graph).inspect_err(warn).ok()? / self.calls as f64)
    }

    /// Times of calls; `None`, with a warning, if one fails.
    pub(crate) fn opt_times(&self) -> Option<Times> {
        (0..BATCHES).map(|_| self.opt_time_us()).collect::<Option<_>>().map(Times::of)
    }
}

fn warn(error: &LibraryError) {
    tracing::warn!(%error, "no time of cuBLAS");
}

/// Why a product was not timed.
#[derive(Debug, thiserror::Error)]
enum LibraryError {
    /// CUDA's driver.
    #[error("{0}")]
    Driver(#[from] cudarc::driver::DriverError),
    /// cuBLAS.
    #[error("cuBLAS: {0}")]
    Library(#[from] result::CublasError),
    /// A capture that was broken off.
    #[error("a capture of cuBLAS left no graph")]
    Capture,
}
