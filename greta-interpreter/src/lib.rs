//! greta-interpreter
