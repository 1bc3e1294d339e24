//! The services that the agent calls for tasks.

/// A service whose API is JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name in error texts.
    pub(crate) name: &'static str,
    /// What requests are signed for.
    pub(crate) signing: &'static str,
    /// The labels before `REGION.amazonaws.com`.
    pub(crate) host: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// Errors that the operations called here declare. The SDK names them as they are, and all others `api error`.
    pub(crate) declared: &'static [&'static str],
}

/// Amazon ECR.
pub(crate) const ECR: Service = Service {
    name: "ECR",
    signing: "ecr",
    host: "api.ecr",
    target: "AmazonEC2ContainerRegistry_V20150921",
    declared: &["InvalidParameterException", "ServerException"],
};
/// CloudWatch Logs.
pub(crate) const LOGS: Service = Service {
    name: "CloudWatch Logs",
    signing: "logs",
    host: "logs",
    target: "Logs_20140328",
    declared: &[
        "InvalidParameterException",
        "LimitExceededException",
        "OperationAbortedException",
        "ResourceAlreadyExistsException",
        "ResourceNotFoundException",
        "ServiceUnavailableException",
    ],
};
/// AWS Systems Manager, for its Parameter Store.
pub(crate) const SSM: Service = Service {
    name: "SSM",
    signing: "ssm",
    host: "ssm",
    target: "AmazonSSM",
    declared: &["InternalServerError", "InvalidKeyId"],
};
/// AWS Secrets Manager.
pub(crate) const SECRETS_MANAGER: Service = Service {
    name: "Secrets Manager",
    signing: "secretsmanager",
    host: "secretsmanager",
    target: "secretsmanager",
    declared: &[
        "DecryptionFailure",
        "InternalServiceError",
        "InvalidParameterException",
        "InvalidRequestException",
        "ResourceNotFoundException",
    ],
};
