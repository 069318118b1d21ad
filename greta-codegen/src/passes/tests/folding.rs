//! Single hazards, each the smallest kernel that shows it.
