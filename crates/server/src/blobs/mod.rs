//! What is too big or too much for records: files in the data directory, named by ids that records hold.

pub mod logs;
