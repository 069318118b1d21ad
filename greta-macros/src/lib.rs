//! greta-macros
