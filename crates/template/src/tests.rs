//! Templates as their authors write them.
