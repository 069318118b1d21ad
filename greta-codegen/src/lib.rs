//! greta-codegen
