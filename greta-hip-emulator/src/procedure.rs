//! Every function of the API by its name, the absent ones included, as programs ask for them that load the library and
//! look for nothing but `hipGetProcAddress`.

use std::ffi::c_void;

/// A function and its name.
pub(crate) struct Procedure {
    pub(crate) name: &'static str,
    pub(crate) address: *const (),
}

// SAFETY: the address is that of a function, which does not change.
unsafe impl Sync for Procedure {}

inventory::collect!(Procedure);

/// The address of a function.
pub(crate) fn opt_address(name: &str) -> Option<*mut c_void> {
    let mut all = inventory::iter::<Procedure>.into_iter();
    all.find(|procedure| procedure.name == name).map(|procedure| procedure.address.cast_mut().cast())
}

/// Makes a function known by its name.
macro_rules! list {
    ($name:ident) => {
        inventory::submit! {
            $crate::procedure::Procedure { name: stringify!($name), address: $name as *const () }
        }
    };
}
pub(crate) use list;
