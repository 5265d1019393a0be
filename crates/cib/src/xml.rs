//! The document: elements with attributes, in an arena.
