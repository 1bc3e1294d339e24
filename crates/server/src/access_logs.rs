//! Access logs of load balancers: files of lines become objects in their bucket ("Access log files", Application Load Balancers guide).

use crate::app::{App, blocking};
use crate::s3;
use aws::doc::Timestamp;
use aws::fault::Fault;
use base64::{Engine, engine::general_purpose::STANDARD};
use control::elb::access_logs;
use control::{Caller, State};
use sha2::{Digest, Sha256};
use spec::access_log::AccessLogFile;
use std::sync::Arc;

/// Puts a file into its bucket.
///
/// # Errors
/// `AccessDenied` when the bucket does not let it in any more.
pub(crate) async fn take(app: &Arc<App>, file: AccessLogFile) -> Result<(), Fault> {
    let content = STANDARD.decode(&file.content);
    let content = content.map_err(|error| Fault::new("SerializationException", error.to_string()))?;
    let state = app.core.state();
    let key = key(&state, &file);
    if !access_logs::may_deliver(&state, &file.load_balancer, &file.log.bucket, &key) {
        return Err(Fault::new("AccessDenied", access_logs::denied(&file.log.bucket)).with_status(403));
    }
    let shared = app.clone();
    blocking(move || s3::store(&shared, &file.log.bucket, key, &content)).await
}

/// The key of a file: the same however often it comes.
fn key(state: &State, file: &AccessLogFile) -> String {
    let (region, account) = (&state.region.name, &state.region.account);
    let end = Timestamp { millis: i64::try_from(file.end).unwrap_or_default().saturating_mul(1000) }.iso8601();
    let day = end.get(..10).unwrap_or_default().replace('-', "/");
    let time = end.get(..16).unwrap_or_default().replace(['-', ':'], "");
    let (address, balancer) = (file.address, file.load_balancer.replace('/', "."));
    let random: String = Sha256::digest(&file.name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}AWSLogs/{account}/elasticloadbalancing/{region}/{day}/{account}_elasticloadbalancing_{region}_{balancer}_{time}Z_{address}_{random}.log.gz",
        access_logs::within(&file.log.prefix),
    )
}

/// Says in each bucket that is newly used that it is, as AWS does.
///
/// # Errors
/// The journal's and the disk's.
pub(crate) async fn announce(app: &Arc<App>) -> Result<(), Fault> {
    for announcement in access_logs::unannounced(&app.core.state()) {
        let access_logs::Announcement { id, load_balancer, log, key } = announcement;
        let at = app.core.clock().now().iso8601();
        let text = format!("Enable AccessLog for ELB: {load_balancer} at {at}");
        let (shared, bucket) = (app.clone(), log.bucket.clone());
        // A bucket that is gone meanwhile needs no announcement.
        match blocking(move || s3::store(&shared, &bucket, key, text.as_bytes())).await {
            Err(fault) if fault.code == "NoSuchBucket" => {}
            stored => stored?,
        }
        let announced = move |tx: &mut control::Tx<'_>| {
            access_logs::announced(tx, &id, &log);
            Ok(())
        };
        app.core.run(Caller::default(), announced).await?;
    }
    Ok(())
}
