//! One service of AWS: how it is called and how it answers. The tables beside this file are generated
//! by `tools/shapes.py`.

pub mod acm;
pub mod application_autoscaling;
pub mod cloudwatch;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elbv2;
pub mod iam;
pub mod logs;
pub mod route53;
pub mod secretsmanager;
pub mod servicediscovery;
pub mod ssm;
pub mod sts;

use crate::check::{Checker, Rules};
use crate::doc::Doc;
use crate::fault::Fault;
use crate::shape::{Operation, Shape};
use crate::{cbor, element, json, query};

pub use crate::reply::Reply;
pub use crate::rest::Route;

/// Every service there is a table for.
pub const ALL: [&Api; 14] = [
    &ecs::API,
    &ec2::API,
    &sts::API,
    &iam::API,
    &logs::API,
    &ecr::API,
    &ssm::API,
    &secretsmanager::API,
    &elbv2::API,
    &acm::API,
    &cloudwatch::API,
    &application_autoscaling::API,
    &servicediscovery::API,
    &route53::API,
];

/// Services that are asked in JSON by some clients, and with queries by older ones.
pub const QUERIED: [&Api; 1] = [&Api { protocol: Protocol::Query, ..cloudwatch::API }];

/// The same, as other newer clients ask them: in CBOR.
pub const IN_CBOR: [&Api; 2] =
    [&Api { protocol: Protocol::Cbor, ..cloudwatch::API }, &Api { protocol: Protocol::Cbor, ..servicediscovery::API }];

/// How a service is called and which operations it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// Its name, as the AWS CLI has it: `ecs`.
    pub service: &'static str,
    /// The API version a query names.
    pub version: &'static str,
    /// What stands before the operation in `X-Amz-Target`; empty for the query protocols.
    pub target: &'static str,
    /// How requests and replies are written.
    pub protocol: Protocol,
    /// The namespace of an XML reply; empty for JSON.
    pub xml_namespace: &'static str,
    /// The service in a SigV4 credential scope.
    pub signing_name: &'static str,
    /// Error codes and the HTTP status AWS's model gives them.
    pub errors: &'static [(&'static str, u16)],
    /// The operations there are types for.
    pub operations: &'static [&'static str],
    /// The operations AWS has and the tables don't.
    pub unlisted: &'static [&'static str],
    /// How each operation is called, where that is by method and path.
    pub routes: &'static [Route],
    /// What the items of lists are called, by the names of the lists, where lists differ in that.
    pub items: &'static [(&'static str, &'static str)],
}

/// No service: what a table does not say.
pub(crate) const NOBODY: Api = Api {
    service: "",
    version: "",
    target: "",
    protocol: Protocol::Query,
    xml_namespace: "",
    signing_name: "",
    errors: &[],
    operations: &[],
    unlisted: &[],
    routes: &[],
    items: &[],
};

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `awsJson1_1`.
    Json,
    /// `rpcv2Cbor`.
    Cbor,
    /// `awsQuery`: form in, XML out.
    Query,
    /// `ec2Query`: a flatter form in, XML out.
    Ec2,
    /// `restXml`: method, path, query string and XML in, XML out.
    RestXml,
}

impl Api {
    /// How deep a request may nest.
    pub const MAX_DEPTH: usize = 64;
    /// How many values a request may hold. PutLogEvents at its own limit has 30,000.
    pub const MAX_VALUES: usize = 100_000;

    /// A request's body as a tree. For the query protocols `body` may as well be a query string; what of a request stands elsewhere,
    /// [`crate::request::Call::parse`] adds.
    ///
    /// # Errors
    /// `SerializationException` with the position where JSON does not parse, `MalformedQueryString` for a form, `InvalidInput` for XML; also
    /// beyond [`Api::MAX_DEPTH`] and [`Api::MAX_VALUES`]. The body's size is the server's to limit.
    pub fn parse(&self, body: &[u8]) -> Result<Doc, Fault> {
        match self.protocol {
            Protocol::Json => json::read(body, Self::MAX_DEPTH, Self::MAX_VALUES),
            Protocol::Cbor => cbor::read(body, Self::MAX_DEPTH, Self::MAX_VALUES),
            Protocol::Query => query::read(body, Self::MAX_DEPTH, Self::MAX_VALUES, false),
            Protocol::Ec2 => query::read(body, Self::MAX_DEPTH, Self::MAX_VALUES, true),
            Protocol::RestXml => {
                element::read(body, Self::MAX_DEPTH, Self::MAX_VALUES).map(|(_, root)| Doc::Element(root))
            }
        }
    }

    /// An operation's request, typed, with the model's constraints checked.
    ///
    /// # Errors
    /// What this service answers to a value of a wrong type, a missing member or a broken constraint.
    pub fn read<O: Operation>(&self, request: Doc) -> Result<O::Input, Fault> {
        let input = O::Input::read(request).map_err(|violation| self.refuse(&[violation]))?;
        let mut checker = Checker::default();
        input.check(&Rules::default(), &mut checker);
        let broken = checker.finish();
        if broken.is_empty() { Ok(input) } else { Err(self.refuse(&broken)) }
    }
}
