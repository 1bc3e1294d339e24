//! A running region as the command line sees it: questions over the socket in its data directory.

use super::Failure;
use agent::client::{Body, Client, bytes};
use bytes::Bytes;
use http::Method;
use network::Instance;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::PathBuf;
use vpc::Topology;

/// A file in a data directory: what the names of everything the region makes on this machine begin with.
pub const INSTANCE: &str = "instance";
/// A file in a data directory: where AWS clients connect, as long as the region runs.
pub const URL: &str = "url";

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
}

#[derive(Deserialize)]
struct Tasks {
    tasks: Vec<Placed>,
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
        Ok(self.get::<Tasks>("/_neargate/tasks").await?.tasks)
    }

    /// Its networks, as its machine is told them.
    pub async fn topology(&self) -> Result<Topology, Failure> {
        self.get("/_neargate/topology").await
    }

    /// Calls an operation of Amazon ECS, as an AWS client would.
    pub async fn ecs(&self, operation: &str, input: &Value) -> Result<Value, Failure> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        self.send(Method::POST, "/", &headers, bytes(serde_json::to_vec(input)?)).await
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
