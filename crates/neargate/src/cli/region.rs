//! A running region as the command line sees it: questions over the socket in its data directory.

use super::Failure;
use agent::client::{Body, CallError, Client, bytes};
use bytes::Bytes;
use http::Method;
use network::Instance;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::PathBuf;
use vpc::{Interface, Topology, Zones};

/// A file in a data directory: what the names of everything the region makes on this machine begin with.
pub const INSTANCE: &str = "instance";
/// A file in a data directory: where AWS clients connect, as long as the region runs.
pub const URL: &str = "url";

/// A file in a data directory: what the region's tasks reach beyond it, as `--internet` says it.
pub const INTERNET: &str = "internet";
/// What is in it where that is the host's own network.
pub const HOST: &str = "host";

/// Whether it can be a task's whole id: thirty-two hexadecimal digits. The beginning of one might mean something else.
pub fn is_task_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A region by its data directory.
pub struct Region {
    /// Absolute and without symbolic links.
    pub data_dir: PathBuf,
    client: Client,
}

/// A task that has been placed on this machine, as `GET /_neargate/tasks` tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    /// Its id.
    pub task: String,
    /// Its ARN.
    pub arn: String,
    /// The VPC it is in.
    pub vpc: String,
    /// Its elastic network interface.
    pub network_interface: String,
    /// That interface's address.
    pub private_address: Option<String>,
    /// The names of its containers.
    pub containers: Vec<String>,
    /// The names of those it stops with.
    pub essential_containers: Vec<String>,
}

/// A task that failed to start within the last hour, as `GET /_neargate/stopped` tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// Its id.
    pub task: String,
    /// Its ARN.
    pub arn: String,
    /// Why it did not start.
    pub stopped_reason: String,
    /// The VPC it was in.
    pub vpc: String,
    /// The elastic network interface it had, and what that was.
    pub network_interface: String,
    pub interface: Interface,
}

impl Stopped {
    /// The task as if it were still there.
    pub fn placed(&self) -> Placed {
        Placed {
            task: self.task.clone(),
            arn: self.arn.clone(),
            vpc: self.vpc.clone(),
            network_interface: self.network_interface.clone(),
            private_address: Some(self.interface.private_ip.to_string()),
            containers: Vec::new(),
            essential_containers: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
struct Tasks<T> {
    tasks: Vec<T>,
}

impl Region {
    /// The region with that directory. Whether it runs shows when it is asked something.
    pub fn new(data_dir: PathBuf) -> Self {
        let client = Client::new(&data_dir.join(server::SOCKET));
        Self { data_dir, client }
    }

    /// What the names of everything it makes on this machine begin with.
    pub fn instance(&self) -> Instance {
        Instance::of(&self.data_dir)
    }

    /// Whether tasks that have a way out reach the host's own network by it, as it was last started.
    pub fn has_uplink(&self) -> bool {
        std::fs::read_to_string(self.data_dir.join(INTERNET)).is_ok_and(|internet| internet == HOST)
    }

    /// Where AWS clients connect, for a region that runs.
    pub fn url(&self) -> Result<String, Failure> {
        let path = self.data_dir.join(URL);
        std::fs::read_to_string(&path).map_err(|error| Failure(format!("reading {}: {error}", path.display())))
    }

    /// Asks at one of neargate's own paths.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.client.call(Method::GET, path, &[], bytes(Bytes::new())).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// The tasks placed on its machine.
    pub async fn tasks(&self) -> Result<Vec<Placed>, Failure> {
        Ok(self.get::<Tasks<_>>("/_neargate/tasks").await?.tasks)
    }

    /// The tasks that failed to start within the last hour, the latest first.
    pub async fn stopped(&self) -> Result<Vec<Stopped>, Failure> {
        Ok(self.get::<Tasks<_>>("/_neargate/stopped").await?.tasks)
    }

    /// Its networks, as its machine is told them.
    pub async fn topology(&self) -> Result<Topology, Failure> {
        self.get("/_neargate/topology").await
    }

    /// Its hosted zones.
    pub async fn zones(&self) -> Result<Zones, Failure> {
        self.get("/_neargate/zones").await
    }

    /// Calls an operation of Amazon ECS, as an AWS client would.
    pub async fn ecs(&self, operation: &str, input: &Value) -> Result<Value, Failure> {
        Ok(self.json("AmazonEC2ContainerServiceV20141113", operation, input).await?)
    }

    /// Calls an operation of CloudWatch Logs, as an AWS client would. `None` when there is no such log group or stream.
    pub async fn logs(&self, operation: &str, input: &Value) -> Result<Option<Value>, Failure> {
        match self.json("Logs_20140328", operation, input).await {
            Err(CallError::Refused { code, .. }) if code == "ResourceNotFoundException" => Ok(None),
            Err(error) => Err(error.into()),
            Ok(answer) => Ok(Some(answer)),
        }
    }

    async fn json(&self, service: &str, operation: &str, input: &Value) -> Result<Value, CallError> {
        let target = format!("{service}.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let answer = self.client.call(Method::POST, "/", &headers, bytes(input.to_string())).await?;
        // AWS's JSON services answer with JSON or with nothing.
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    /// Sends a request and reads its JSON answer; a refusal becomes its message.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Value, Failure> {
        let answer = self.client.call(method, path, headers, body).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }
}
