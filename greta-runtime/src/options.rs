//! What `cpu` checks beyond what it always does: chosen by the program, or else by the environment.
//!
//! Deliberately does not know how anything is checked: that is the interpreter's.

use greta_interpreter::Checks;

use crate::error::{Error, Result};

/// The variable that turns the sanitizer on: `1`, or `0` for off.
pub const SANITIZE_VARIABLE: &str = "GRETA_SANITIZE";
/// The variable that bounds loops: a number of iterations.
pub const LOOP_LIMIT_VARIABLE: &str = "GRETA_LOOP_LIMIT";

/// Choices for [`Device::open_with`](crate::Device::open_with). Each that is `None` is left to its variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceOptions {
    /// Whether kernels are run under the sanitizer, which finds races, undefined memory, misaligned views and shifts
    /// out of range; `GRETA_SANITIZE`, or else not. Only `cpu` can.
    pub sanitize: Option<bool>,
    /// Iterations after which a loop is taken for endless and reported; `GRETA_LOOP_LIMIT`, or else never. Only `cpu`
    /// can.
    pub loop_limit: Option<u64>,
}

impl DeviceOptions {
    /// What a program on `cpu` checks.
    pub(crate) fn checks(&self) -> Result<Checks> {
        let sanitize = match self.sanitize {
            Some(sanitize) => sanitize,
            None => opt_variable(SANITIZE_VARIABLE, "0 and 1", |text| match text {
                "0" => Some(false),
                "1" => Some(true),
                _ => None,
            })?
            .unwrap_or(false),
        };
        let loop_limit = match self.loop_limit {
            Some(limit) => Some(limit),
            None => opt_variable(LOOP_LIMIT_VARIABLE, "numbers of iterations", |text| text.parse().ok())?,
        };
        Ok(Checks { sanitize, loop_limit })
    }

    /// Refuses choices that only `cpu` knows what to do with.
    pub(crate) fn refuse(&self, device: &'static str) -> Result<()> {
        let option = match self {
            Self { sanitize: Some(true), .. } => "sanitize",
            Self { loop_limit: Some(_), .. } => "loop_limit",
            _ => return Ok(()),
        };
        Err(Error::Option { device, option })
    }
}

/// The value of a variable, if it is set and not empty.
fn opt_variable<T>(name: &'static str, allowed: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    match std::env::var_os(name) {
        Some(value) if !value.is_empty() => {
            let given = value.to_string_lossy().into_owned();
            parse(&given).map(Some).ok_or(Error::Variable { name, given, allowed })
        }
        _ => Ok(None),
    }
}
