//! Access logs of load balancers on their way from a host to their bucket.

use crate::balancing::AccessLog;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// `POST /_neargate/access_log`: a file of a node's access log. Answered once it is in its bucket; until then it is sent again, and is one
/// object however often it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessLogFile {
    /// The load balancer: `app/NAME/ID`.
    pub load_balancer: String,
    /// The address that clients know the node by.
    pub address: IpAddr,
    /// Where it belongs.
    pub log: AccessLog,
    /// The end of the five minutes it is of, in seconds since 1970.
    pub end: u64,
    /// What tells it from all other files of this host's, before and after.
    pub name: String,
    /// Its lines, compressed with gzip, in base64.
    pub content: String,
}
