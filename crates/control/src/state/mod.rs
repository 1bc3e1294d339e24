//! What the control plane knows: records by kind, and the region they are in.

mod region;
mod table;

// One file a kind of record.
mod account_setting;
mod bucket;
mod certificate;
mod change_set;
mod client_token;
mod cluster;
mod connect;
mod expiry;
mod host;
mod log_group;
mod log_stream;
mod mirrored_registry;
mod service;
mod task;
mod task_definition;

// IAM's.
mod iam;
// Elastic Load Balancing's.
mod elb;
// Amazon ECR's.
mod ecr_cache_rule;
mod ecr_image;
mod ecr_layer;
mod ecr_registry;
mod ecr_repository;
mod ecr_tag;
// CloudWatch's.
mod alarm;
// Application Auto Scaling's.
mod scaling;
// AWS Cloud Map's.
mod servicediscovery;
// AWS CloudFormation's.
mod stack;
// Amazon Route 53's.
mod route53;
// SSM Parameter Store's and Secrets Manager's.
mod hidden;
mod parameter;
mod secret;

// Amazon EC2's.
mod address;
mod call_token;
mod dhcp_options;
mod drift;
mod elastic_ip;
mod flow_log;
mod internet_gateway;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering;
mod prefix_list;
mod route_table;
mod security_group;
mod security_group_rule;
mod subnet;
mod vpc;
mod vpc_endpoint;
mod withdrawn_address;

pub use self::vpc::{Vpc, VpcCidr};
pub use account_setting::AccountSetting;
pub use address::Address;
pub use alarm::{Alarm, AlarmEvent};
pub use bucket::Bucket;
pub use call_token::CallToken;
pub use certificate::{Certificate, CertificateKey, CertificateRequest, Renewal, RequestEnd};
pub use change_set::ChangeSet;
pub use client_token::ClientToken;
pub use cluster::{Cluster, ClusterStatus};
pub use connect::{ConnectRevision, ConnectService, ServiceConnect};
pub use dhcp_options::DhcpOptions;
pub use drift::{DriftDetection, ResourceDrift, StackDrift};
pub use ecr_cache_rule::EcrCacheRule;
pub use ecr_image::EcrImage;
pub use ecr_layer::EcrLayer;
pub use ecr_registry::EcrRegistry;
pub use ecr_repository::{EcrLifecycle, EcrRepository};
pub use ecr_tag::EcrTag;
pub use elastic_ip::{EipAssociation, ElasticIp};
pub use elb::{
    AccessLogs, Draining, FixedResponse, FlowAttributes, Forward, ForwardStickiness, GroupStickiness, HealthThresholds,
    Listener, ListenerRule, ListenerTls, LoadBalancer, LoadBalancerAttributes, LoadBalancerKind, Redirect, RuleAction,
    StickinessKind, Target, TargetCrossZone, TargetGroup, TargetGroupAttributes,
};
pub use expiry::{Expiring, Expiry};
pub use flow_log::{FlowLog, FlowLogFiles};
pub use hidden::Hidden;
pub use host::{Host, Seen};
pub use iam::{
    AccessKey, Grants, InstanceProfile, Policy, PolicyVersion, Role, RoleDeletion, Session, SessionOf, TaskCredentials,
    User,
};
pub use internet_gateway::InternetGateway;
pub use log_group::LogGroup;
pub use log_stream::LogStream;
pub use mirrored_registry::MirroredRegistry;
pub use nat_gateway::{Lifecycle, NatAddress, NatElasticIp, NatFailure, NatGateway};
pub use network_acl::{AclEntry, NetworkAcl};
pub use network_interface::{InterfaceAttachment, NetworkInterface, PublicIp};
pub use parameter::{Parameter, ParameterVersion};
pub use peering::{PeeringEnd, PeeringStatus, VpcPeering};
pub use prefix_list::{PrefixList, PrefixListEntries, PrefixListState};
pub use region::{Region, Zone};
pub use route_table::{Route, RouteTable, RouteTarget};
pub use route53::{EndedHostedZoneChange, HostedZone, HostedZoneChange, RecordData, RecordRouting, ResourceRecordSet};
pub use scaling::{Cooldown, ScalableTarget, ScalingActivity, ScalingPolicy, ScalingPolicyKind, ScheduledAction};
pub use secret::{Secret, SecretDeletion, SecretValue, SecretVersion};
pub use security_group::SecurityGroup;
pub use security_group_rule::{PeeredGroup, SecurityGroupRule};
pub use service::{
    Deployed, Deployment, Proof, Retry, Service, ServiceDeployment, ServiceEvent, ServiceRevision, ServiceStatus,
    Standing, TaskRegistry, TaskTarget, deployment_id,
};
pub use servicediscovery::{
    DiscoveryDns, DiscoveryInstance, DiscoveryOperation, DiscoveryService, EndedOperation, HealthChange, Namespace,
    NamespaceKind,
};
pub use stack::{
    Applied, Deed, Doing, OperationKind, Phase, Slot, Stack, StackDeployment, StackEvent, StackOperation, StackOutput,
    StackParameter, StackParent, StackResource, exports,
};
pub use subnet::{Subnet, SubnetAcl};
pub use table::{Change, Record, Table};
pub use task::{
    Attachment, AttachmentStatus, Container, Interface, Launch, Status, Stop, StoppedTask, Task, Times, Word,
};
pub use task_definition::{TaskDefinition, TaskDefinitionDeletion, TaskDefinitionFamily};
pub use vpc_endpoint::{VpcEndpoint, VpcEndpointKind};
pub use withdrawn_address::WithdrawnAddress;

use imbl::OrdMap;
use spec::{HostId, balancing::BalancingStatus};

/// Tags of a resource by their keys.
pub type Tags = std::collections::BTreeMap<String, String>;

/// Declares the state's tables and what is done to every one of them.
macro_rules! tables {
    ($($(#[$doc:meta])* $field:ident: $record:ty,)*) => {
        /// Everything the control plane knows. Cloning it is taking a snapshot.
        #[derive(Clone, Default)]
        pub struct State {
            /// The number of the last commit that changed a record.
            pub revision: u64,
            /// What this region is called and made of. Given at start, not kept.
            pub region: std::sync::Arc<Region>,
            /// When each host was last heard. Not kept: after a restart every host counts as just heard, which only delays giving it up.
            pub seen: OrdMap<HostId, Seen>,
            /// What each host's balancer last said. Not kept: it is said again with every report.
            pub balancing: OrdMap<HostId, std::sync::Arc<BalancingStatus>>,
            $($(#[$doc])* pub $field: Table<$record>,)*
        }

        impl State {
            /// Whether nothing at all differs, told without looking at the records.
            pub fn same_as(&self, other: &Self) -> bool {
                self.seen.ptr_eq(&other.seen) && self.balancing.ptr_eq(&other.balancing) $(&& self.$field.same_as(&other.$field))*
            }

            /// The records that lead from this state to a later one.
            ///
            /// # Errors
            /// When a record can't be written as JSON. None of today's can fail; one that could must not be taken for kept.
            pub fn changes_to(&self, later: &Self) -> Result<Vec<Change>, serde_json::Error> {
                let mut changes = Vec::new();
                $(self.$field.changes_to(&later.$field, &mut changes)?;)*
                Ok(changes)
            }

            /// Puts a record back as the journal kept it.
            ///
            /// # Errors
            /// When no table has that name or the record can't be read: the journal is a newer version's, or damaged.
            pub fn load(&mut self, table: &str, key: &str, value: &[u8]) -> Result<(), LoadError> {
                let wrong = |why: String| LoadError { table: table.to_owned(), key: key.to_owned(), why };
                match table {
                    $(<$record as Record>::TABLE => self.$field.load(value).map_err(wrong),)*
                    _ => Err(wrong("this version knows no such table".to_owned())),
                }
            }

            /// Whether the records of a table are sealed in the journal: [`Record::SECRET`].
            pub fn is_secret(table: &str) -> bool {
                match table {
                    $(<$record as Record>::TABLE => <$record as Record>::SECRET,)*
                    _ => false,
                }
            }
        }
    };
}

tables! {
    /// ECS clusters by their names.
    clusters: Cluster,
    /// Stacks by their ARNs.
    stacks: Stack,
    /// What stacks are deployed with, by [`StackDeployment::key_of`].
    stack_deployments: StackDeployment,
    /// Resources of stacks; those of one start with [`StackResource::prefix`].
    stack_resources: StackResource,
    /// What happened to stacks, in order; those of one start with [`StackEvent::prefix`].
    stack_events: StackEvent,
    /// Change sets of stacks by their ARNs.
    change_sets: ChangeSet,
    /// Detections of drift by their ids.
    drift_detections: DriftDetection,
    /// What was found of stacks' resources, by [`ResourceDrift::key_of`].
    resource_drifts: ResourceDrift,
    /// Account settings of Amazon ECS by their names.
    account_settings: AccountSetting,
    /// Revisions of ECS task definitions.
    task_definitions: TaskDefinition,
    /// Revisions of ECS task definitions that are being deleted.
    task_definition_deletions: TaskDefinitionDeletion,
    /// Families of ECS task definitions by their names.
    task_definition_families: TaskDefinitionFamily,
    /// Hosts by their ids.
    hosts: Host,
    /// Live ECS tasks by their ids.
    tasks: Task,
    /// ECS tasks that have stopped within the last hour, by their ids.
    stopped_tasks: StoppedTask,
    /// ECS services by [`Service::key_of`].
    services: Service,
    /// What the service scheduler said of each; those of one service start with [`ServiceEvent::prefix`].
    service_events: ServiceEvent,
    /// Revisions of services by [`ServiceRevision::key_of`].
    service_revisions: ServiceRevision,
    /// Deployments of services by [`ServiceDeployment::key_of`].
    service_deployments: ServiceDeployment,
    /// Certificates by their ids.
    certificates: Certificate,
    /// Their private keys, by the same ids.
    certificate_keys: CertificateKey,
    /// Client tokens of RunTask by cluster and token.
    client_tokens: ClientToken,
    /// Client tokens of Amazon EC2's calls, by operation and token.
    call_tokens: CallToken,
    /// What is forgotten when, in the order of time.
    expiries: Expiry,
    /// Addresses in use, by [`Address::key_of`].
    addresses: Address,
    /// Addresses that were given up and that a host may still have, by [`Address::key_of`].
    withdrawn_addresses: WithdrawnAddress,
    /// DHCP options sets by their ids.
    dhcp_options: DhcpOptions,
    /// Elastic IP addresses by their allocations.
    elastic_ips: ElasticIp,
    /// Flow logs by their ids.
    flow_logs: FlowLog,
    /// Internet gateways by their ids.
    internet_gateways: InternetGateway,
    /// NAT gateways by their ids.
    nat_gateways: NatGateway,
    /// Network ACLs by their ids.
    network_acls: NetworkAcl,
    /// Network interfaces by their ids.
    network_interfaces: NetworkInterface,
    /// VPC peering connections by their ids.
    vpc_peerings: VpcPeering,
    /// Managed prefix lists by their ids.
    prefix_lists: PrefixList,
    /// Route tables by their ids.
    route_tables: RouteTable,
    /// Security groups by their ids.
    security_groups: SecurityGroup,
    /// Rules of security groups; those of one group start with [`SecurityGroupRule::prefix`].
    security_group_rules: SecurityGroupRule,
    /// Subnets by their ids.
    subnets: Subnet,
    /// VPCs by their ids.
    vpcs: Vpc,
    /// VPC endpoints by their ids.
    vpc_endpoints: VpcEndpoint,
    /// Load balancers by their ids.
    load_balancers: LoadBalancer,
    /// Listeners by [`Listener::key_of`].
    listeners: Listener,
    /// Rules of listeners by [`ListenerRule::key_of`].
    listener_rules: ListenerRule,
    /// Target groups by their ids.
    target_groups: TargetGroup,
    /// Targets by [`Target::key_of`].
    targets: Target,
    /// CloudWatch alarms by name.
    alarms: Alarm,
    /// What happened to alarms; those of one alarm start with [`AlarmEvent::prefix`].
    alarm_events: AlarmEvent,
    /// Namespaces of AWS Cloud Map by their ids.
    namespaces: Namespace,
    /// Services of AWS Cloud Map by their ids.
    discovery_services: DiscoveryService,
    /// Instances of those by [`DiscoveryInstance::key_of`].
    discovery_instances: DiscoveryInstance,
    /// Operations of AWS Cloud Map that are under way, by their ids.
    discovery_operations: DiscoveryOperation,
    /// Operations of AWS Cloud Map that have ended, by their ids.
    ended_operations: EndedOperation,
    /// Hosted zones of Amazon Route 53 by their ids.
    hosted_zones: HostedZone,
    /// Their record sets by [`ResourceRecordSet::key_of`].
    record_sets: ResourceRecordSet,
    /// Changes of hosted zones that are pending, by their ids.
    hosted_zone_changes: HostedZoneChange,
    /// Changes of hosted zones that are in sync, by their ids.
    ended_hosted_zone_changes: EndedHostedZoneChange,
    /// Scalable targets by [`ScalableTarget::resource`].
    scalable_targets: ScalableTarget,
    /// Scaling policies by [`ScalingPolicy::key_of`].
    scaling_policies: ScalingPolicy,
    /// Scheduled actions by [`ScheduledAction::key_of`].
    scheduled_actions: ScheduledAction,
    /// What was done to scalable targets, by [`ScalingActivity::key_of`].
    scaling_activities: ScalingActivity,
    /// Buckets of Amazon S3 by name.
    buckets: Bucket,
    /// Registries that images were loaded from, by name.
    mirrored_registries: MirroredRegistry,
    /// CloudWatch log groups by name.
    log_groups: LogGroup,
    /// CloudWatch log streams by [`LogStream::key_of`].
    log_streams: LogStream,
    /// IAM roles by [`Role::key_of`].
    iam_roles: Role,
    /// IAM users by [`User::key_of`].
    iam_users: User,
    /// Access keys of IAM users by their ids.
    iam_access_keys: AccessKey,
    /// Customer managed policies by [`Policy::key_of`].
    iam_policies: Policy,
    /// Instance profiles by [`InstanceProfile::key_of`].
    iam_instance_profiles: InstanceProfile,
    /// Attempts to delete service-linked roles by their ids.
    iam_role_deletions: RoleDeletion,
    /// Credentials issued for a time, by their access key ids.
    sts_sessions: Session,
    /// Which of those are tasks', by [`TaskCredentials::key_of`].
    task_credentials: TaskCredentials,
    /// Pull through cache rules by their prefixes.
    ecr_cache_rules: EcrCacheRule,
    /// Images of Amazon ECR by [`EcrImage::key_of`].
    ecr_images: EcrImage,
    /// Layers of Amazon ECR by [`EcrLayer::key_of`].
    ecr_layers: EcrLayer,
    /// Amazon ECR's registry: one record or none.
    ecr_registry: EcrRegistry,
    /// Repositories of Amazon ECR by name.
    ecr_repositories: EcrRepository,
    /// Tags of images by [`EcrTag::key_of`].
    ecr_tags: EcrTag,
    /// Parameters of SSM Parameter Store by [`Parameter::key_of`].
    parameters: Parameter,
    /// Their versions by [`ParameterVersion::key_of`].
    parameter_versions: ParameterVersion,
    /// Secrets of Secrets Manager by name.
    secrets: Secret,
    /// Their versions by [`SecretVersion::key_of`].
    secret_versions: SecretVersion,
}

/// A record of the journal that can't be taken back.
#[derive(Debug)]
pub struct LoadError {
    table: String,
    key: String,
    why: String,
}
impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "reading record {:?} of table {:?} from the journal: {}", self.key, self.table, self.why)
    }
}
impl std::error::Error for LoadError {}
