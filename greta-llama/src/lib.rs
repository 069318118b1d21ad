//! greta-llama
