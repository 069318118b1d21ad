//! greta
