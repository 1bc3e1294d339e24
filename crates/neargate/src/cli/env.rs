//! `neargate env`.

use super::{Failure, Output};
use clap::Args;

/// The environment of an AWS client.
#[derive(Args)]
pub struct Env {
    /// The region's address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    listen: String,
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
            ("AWS_ENDPOINT_URL", format!("http://{}", self.listen)),
            ("AWS_ACCESS_KEY_ID", "neargate".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "neargate".to_owned()),
            ("AWS_DEFAULT_REGION", self.region),
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
}
