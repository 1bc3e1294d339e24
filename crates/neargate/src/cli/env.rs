//! `neargate env`.

use super::{DataDir, Failure, Output, region};
use clap::Args;
use std::fs;

/// Where `neargate up` listens unless told otherwise.
const USUAL: &str = "http://127.0.0.1:4566";

/// The environment of an AWS client.
#[derive(Args)]
pub struct Env {
    #[command(flatten)]
    data_dir: DataDir,
    /// The region's address, where it is not the one that runs with the data directory.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The region's name.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Env {
    /// Prints it. Any access key is accepted, so these are only to satisfy clients that want some.
    pub fn run(self) -> Result<(), Failure> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", "neargate".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "neargate".to_owned()),
            ("AWS_DEFAULT_REGION", self.region),
            // Some calls of AWS Cloud Map are to a name made of the endpoint's, which an address has not.
            ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
        ];
        match self.output {
            Output::Text => variables.iter().for_each(|(name, value)| println!("export {name}={value}")),
            Output::Json => println!(
                "{}",
                serde_json::to_string_pretty(&variables.into_iter().collect::<std::collections::BTreeMap<_, _>>())?
            ),
        }
        Ok(())
    }

    /// Where the region that runs says it is; the usual place while none runs.
    fn url(&self) -> String {
        match &self.listen {
            Some(address) => format!("http://{address}"),
            None => fs::read_to_string(self.data_dir.path.join(region::URL)).unwrap_or_else(|_| USUAL.to_owned()),
        }
    }
}
