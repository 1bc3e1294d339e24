//! Names of buckets ("General purpose bucket naming rules", Amazon S3 User Guide).

use aws::fault::Fault;
use std::net::Ipv4Addr;

/// # Errors
/// `InvalidBucketName`.
pub(super) fn check(name: &str) -> Result<(), Fault> {
    const PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let right = (3..=63).contains(&name.len())
        && bytes.iter().all(|byte| is_plain(*byte) || b".-".contains(byte))
        && [bytes.first(), bytes.last()].into_iter().flatten().all(|byte| is_plain(*byte))
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
        && !PREFIXES.iter().any(|reserved| name.starts_with(reserved))
        && !SUFFIXES.iter().any(|reserved| name.ends_with(reserved));
    if right {
        return Ok(());
    }
    Err(Fault::new("InvalidBucketName", "The specified bucket is not valid.").with_field("BucketName", name))
}
