//! AWS's services over plain HTTP, for containers whose programs can't be told to trust the region's authority: the variables by which AWS's
//! SDKs are pointed to other endpoints. They name the same hosts as ever, so the same security groups, routes and endpoints decide; only
//! the port is 80.

use std::collections::BTreeMap;
use vpc::AwsService;

/// What the names of all these variables begin with. Alone it names one endpoint for every service.
const PREFIX: &str = "AWS_ENDPOINT_URL";
/// How the variables name each service ("Identifiers for service-specific endpoints", AWS SDKs and Tools Reference Guide).
const IDENTIFIERS: [(&str, &str); 20] = [
    ("application-autoscaling", "APPLICATION_AUTO_SCALING"),
    ("cloudformation", "CLOUDFORMATION"),
    ("dynamodb", "DYNAMODB"),
    ("ec2", "EC2"),
    ("ecr.api", "ECR"),
    ("ecs", "ECS"),
    ("elasticfilesystem", "EFS"),
    ("elasticloadbalancing", "ELASTIC_LOAD_BALANCING"),
    ("elasticloadbalancing", "ELASTIC_LOAD_BALANCING_V2"),
    ("events", "EVENTBRIDGE"),
    ("kms", "KMS"),
    ("logs", "CLOUDWATCH_LOGS"),
    ("monitoring", "CLOUDWATCH"),
    ("s3", "S3"),
    ("secretsmanager", "SECRETS_MANAGER"),
    ("servicediscovery", "SERVICEDISCOVERY"),
    ("sns", "SNS"),
    ("sqs", "SQS"),
    ("ssm", "SSM"),
    ("sts", "STS"),
];

/// Points AWS's SDKs to plain HTTP in a region, but where image or task definition have pointed them elsewhere: to one endpoint for a
/// service, or to one for all.
pub(crate) fn plain_http(variables: &mut BTreeMap<String, String>, region: &str) {
    if variables.contains_key(PREFIX) {
        return;
    }
    for (service, identifier) in IDENTIFIERS {
        let Some(service) = AwsService::named(service) else { continue };
        let url = || format!("http://{}", service.dns_name(region));
        variables.entry(format!("{PREFIX}_{identifier}")).or_insert_with(url);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_named_as_the_sdks_name_it() {
        let mut variables = BTreeMap::from([("AWS_ENDPOINT_URL_SSM".to_owned(), "http://mine".to_owned())]);
        plain_http(&mut variables, "eu-west-1");
        assert_eq!(variables.len(), IDENTIFIERS.len(), "each is a service of the region");
        assert_eq!(variables["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"], "http://logs.eu-west-1.amazonaws.com");
        assert_eq!(variables["AWS_ENDPOINT_URL_ECR"], "http://api.ecr.eu-west-1.amazonaws.com");
        assert_eq!(variables["AWS_ENDPOINT_URL_SSM"], "http://mine");
    }

    #[test]
    fn an_endpoint_for_all_services_stays_the_only_one() {
        let mut variables = BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), "http://mine".to_owned())]);
        plain_http(&mut variables, "eu-west-1");
        assert_eq!(variables.len(), 1);
    }
}
