//! Calls that come in at the endpoint of one service: they must be for that service.

use super::Door;
use ::aws::api::{ALL, Api, Protocol};
use ::aws::fault::Fault;
use ::aws::request::{Call, Unidentified};
use shares::Client;
use tokio::io::{AsyncRead, AsyncReadExt};
use vpc::AwsService;

/// Longer than the name of any service, a port and a client.
const LONGEST: usize = 128;
/// The port of HTTPS.
pub(super) const HTTPS: u16 = 443;
/// What a host calls the public registries, whose images are mirrored here.
const REGISTRIES: &str = "registries";

/// Reads what a connection was made to, at which port, and by whom: a host says so in a line before everything else, such as
/// `logs 443 4026532281 10.0.1.12`. `None` for what is none.
pub(super) async fn read_service(stream: &mut (impl AsyncRead + Unpin)) -> Option<(Door, u16, Client)> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await.ok()? {
            b'\n' => {
                let (name, rest) = std::str::from_utf8(&line).ok()?.split_once(' ')?;
                let (port, client) = rest.split_once(' ')?;
                let client: Client = client.parse().ok()?;
                let door = match name {
                    REGISTRIES => Door::Registries,
                    name => Door::Endpoint(AwsService::named(name)?, client),
                };
                return Some((door, port.parse().ok()?, client));
            }
            byte if line.len() < LONGEST => line.push(byte),
            _ => return None,
        }
    }
}

/// Refuses a call that is for another service than the one whose endpoint it came to, as that one would: what it was signed for is
/// looked at first, then which operation it names.
///
/// # Errors
/// `InvalidSignatureException`, or `SignatureDoesNotMatch` of a service that is queried; `UnknownOperationException`, or
/// `InvalidAction`.
pub(super) fn check(service: &AwsService, call: &Call<'_>) -> Result<(), Unidentified> {
    let name = signing_name(service);
    let refuse = |fault| Err(Unidentified { api: manner(name, call), fault });
    let queried = manner(name, call).protocol != Protocol::Json;
    if call.scope.as_ref().is_some_and(|scope| scope.service != name) {
        let code = if queried { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
        let message = format!("Credential should be scoped to correct service: '{name}'.");
        return refuse(Fault::new(code, message).with_status(403));
    }
    match call.api.signing_name == name {
        true => Ok(()),
        false if queried => {
            let message = format!("The action {} is not valid for this web service.", call.operation);
            refuse(Fault::new("InvalidAction", message))
        }
        false => {
            let message = format!("Unknown operation {}.{}.", call.api.target, call.operation);
            refuse(Fault::new("UnknownOperationException", message))
        }
    }
}

/// The name that requests to a service are signed for: several endpoints are of one service.
fn signing_name(service: &AwsService) -> &'static str {
    match service.name {
        "ecs-agent" | "ecs-telemetry" => "ecs",
        "ecr.api" | "ecr.dkr" => "ecr",
        "data-servicediscovery" => "servicediscovery",
        other => AwsService::named(other).map_or("", |service| service.name),
    }
}

/// In whose manner a call is refused: the service's, or where there is nothing of it here the caller's.
fn manner(name: &str, call: &Call<'_>) -> &'static Api {
    ALL.into_iter().find(|api| api.signing_name == name).unwrap_or(call.api)
}
