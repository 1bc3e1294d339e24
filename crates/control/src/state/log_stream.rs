//! CloudWatch log streams: what is said of them. The events themselves are no records; the server keeps them in files.

use super::Record;
use serde::{Deserialize, Serialize};
use spec::Millis;

/// A log stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogStream {
    /// Its log group's name.
    pub group: String,
    /// Unique in its group.
    pub name: String,
    /// Thirty-two hexadecimal digits under which its events are kept. A stream that is deleted and made again is another one.
    pub id: String,
    /// When it was made.
    pub created: Millis,
}

impl LogStream {
    /// The key of a stream. A group's name holds no colon, so the key of one stream is never the start of another group's.
    pub fn key_of(group: &str, stream: &str) -> String {
        format!("{group}:{stream}")
    }
}

impl Record for LogStream {
    const TABLE: &'static str = "log_stream";
    fn key(&self) -> String {
        Self::key_of(&self.group, &self.name)
    }
}
