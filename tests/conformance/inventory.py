"""All that a region has, as names and ids: what a tool that deploys and destroys must leave as it found it."""


def inventory(region):
    """Ids by kind, of what is there for good: nothing that is only remembered for a while."""
    return {kind: sorted(find(region)) for kind, find in KINDS.items()}


def pages(service, operation, key, id, keep=lambda item: True, **request):
    """Lists by one operation, page after page."""

    def find(region):
        client = region.client(service)
        if client.can_paginate(operation):
            answers = client.get_paginator(operation).paginate(**request)
        else:
            answers = [getattr(client, operation)(**request)]
        items = [item for answer in answers for item in answer[key] if keep(item)]
        return [item[id] if id else item for item in items]

    return find


def of_clusters(operation, key):
    """What there is in each cluster."""

    def find(region):
        client = region.client("ecs")
        clusters = [arn for page in client.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
        return [arn for c in clusters for page in client.get_paginator(operation).paginate(cluster=c) for arn in page[key]]

    return find


# What is still shown for a while when it is deleted, with its tags.
REMEMBERED = ["natgateway", "vpc-peering-connection"]

KINDS = {
    "addresses": pages("ec2", "describe_addresses", "Addresses", "AllocationId"),
    "dhcp options": pages("ec2", "describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
    "endpoints": pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "internet gateways": pages("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "nat gateways": pages("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", lambda nat: nat["State"] != "deleted"),
    "network acls": pages("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
    "network interfaces": pages("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "route tables": pages("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    "security groups": pages("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "security group rules": pages("ec2", "describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    "subnets": pages("ec2", "describe_subnets", "Subnets", "SubnetId"),
    "tags": pages("ec2", "describe_tags", "Tags", "ResourceId", lambda tag: tag["ResourceType"] not in REMEMBERED),
    "vpcs": pages("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    "clusters": pages("ecs", "list_clusters", "clusterArns", None),
    "services": of_clusters("list_services", "serviceArns"),
    "tasks": of_clusters("list_tasks", "taskArns"),
    "task definitions": pages("ecs", "list_task_definitions", "taskDefinitionArns", None, status="ACTIVE"),
    "load balancers": pages("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    "target groups": pages("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    "certificates": pages("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    "alarms": pages("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "scalable targets": pages("application-autoscaling", "describe_scalable_targets", "ScalableTargets", "ResourceId", ServiceNamespace="ecs"),
    "log groups": pages("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "repositories": pages("ecr", "describe_repositories", "repositories", "repositoryName"),
    "parameters": pages("ssm", "describe_parameters", "Parameters", "Name"),
    "secrets": pages("secretsmanager", "list_secrets", "SecretList", "ARN"),
    "hosted zones": pages("route53", "list_hosted_zones", "HostedZones", "Id"),
    "namespaces": pages("servicediscovery", "list_namespaces", "Namespaces", "Id"),
    "discovery services": pages("servicediscovery", "list_services", "Services", "Id"),
    # Roles of AWS's services are made for who first needs them, and stay.
    "roles": pages("iam", "list_roles", "Roles", "RoleName", lambda role: not role["Path"].startswith("/aws-service-role/")),
    "policies": pages("iam", "list_policies", "Policies", "Arn", Scope="Local"),
    "buckets": pages("s3", "list_buckets", "Buckets", "Name"),
}
