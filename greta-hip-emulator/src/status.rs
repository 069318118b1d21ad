//! Statuses: what a call returns, what the thread remembers of it, and the report of a kernel's fault.

use std::cell::RefCell;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hip_sys::{hipError_t, hipErrorNotReady, hipErrorUnknown, hipSuccess};

/// What a call gives.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A status other than success.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: hipError_t,
    /// What is known beyond the status, for [`crate::hipGetErrorString`].
    pub(crate) report: Option<Arc<CString>>,
}

impl From<hipError_t> for Failure {
    fn from(status: hipError_t) -> Self {
        Self { status, report: None }
    }
}

impl Failure {
    pub(crate) fn with_report(status: hipError_t, report: &str) -> Self {
        let text = CString::new(report.replace('\0', " ")).unwrap_or_default();
        Self { status, report: Some(Arc::new(text)) }
    }

    /// The same for a call that did nothing because of it.
    pub(crate) fn of_earlier_work(&self) -> Self {
        let Some(report) = &self.report else { return self.clone() };
        Self::with_report(self.status, &format!("an earlier kernel failed: {}", report.to_string_lossy()))
    }
}

#[derive(Default)]
struct Thread {
    last: hipError_t,
    /// The last failure that came with a report.
    reported: Option<(hipError_t, Arc<CString>)>,
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

/// Runs the body of a call and remembers its failure.
pub(crate) fn record(body: impl FnOnce() -> Outcome) -> hipError_t {
    // A panic is this crate's error; it must not end a program that only called a C function.
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return hipSuccess,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::from(hipErrorUnknown),
    };
    if failure.status != hipErrorNotReady {
        THREAD.with_borrow_mut(|thread| {
            thread.last = failure.status;
            if let Some(report) = failure.report {
                thread.reported = Some((failure.status, report));
            }
        });
    }
    failure.status
}

/// The thread's last failure, which is kept.
pub(crate) fn last() -> hipError_t {
    THREAD.with_borrow(|thread| thread.last)
}

/// The thread's last failure, which is forgotten.
pub(crate) fn take_last() -> hipError_t {
    THREAD.with_borrow_mut(|thread| std::mem::take(&mut thread.last))
}

/// What the thread was told beyond `status`. It lives until the thread's next fault.
pub(crate) fn report(status: hipError_t) -> Option<Arc<CString>> {
    let is_asked = |(reported, _): &&(hipError_t, _)| *reported == status;
    THREAD.with_borrow(|thread| thread.reported.as_ref().filter(is_asked).map(|(_, report)| Arc::clone(report)))
}

/// Defines functions of the C API. A body gives an [`Outcome`]; it may do what is unsafe, since whoever calls the
/// function answers for its arguments.
macro_rules! hip {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// Pointers are null or valid for what the C API says is behind them.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> hip_sys::hipError_t {
            #[allow(unused_unsafe, reason = "not every function has a pointer")]
            // SAFETY: as the caller's contract says.
            $crate::status::record(|| unsafe { $body })
        }

        $crate::procedure::list!($name);
    )*};
}
pub(crate) use hip;
