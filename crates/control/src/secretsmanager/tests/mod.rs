//! Secrets as a client meets them.

mod deletion;
mod listing;
mod passwords;
mod policies;
mod values;
mod versions;

use crate::testing::World;
use aws::api::secretsmanager::API;
use serde_json::{Value, json};

impl World {
    #[track_caller]
    fn secrets(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }
    #[track_caller]
    fn secrets_refuse(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
    /// Makes a secret that holds a text, and returns its ARN.
    #[track_caller]
    fn secret(&mut self, name: &str, text: &str) -> String {
        let request = json!({"Name": name, "SecretString": text, "ClientRequestToken": token(1)});
        self.secrets("CreateSecret", request)["ARN"].as_str().unwrap().to_owned()
    }
    /// Puts the next text into a secret, under the token with that number.
    #[track_caller]
    fn put_secret(&mut self, name: &str, text: &str, number: u32) -> Value {
        let request = json!({"SecretId": name, "SecretString": text, "ClientRequestToken": token(number)});
        self.secrets("PutSecretValue", request)
    }
}

/// A client request token.
fn token(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

const DELETED: &str =
    "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";
const MISSING: &str = "ResourceNotFoundException: Secrets Manager can't find the specified secret.";
