//! Transcendentals (placeholder).
