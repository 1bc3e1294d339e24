//! What an operation answered, as HTTP: each protocol's envelope for a result and for a refusal.

use crate::api::{Api, Protocol, QUERIED};
use crate::doc::Doc;
use crate::fault::Fault;
use crate::xml::Items;
use crate::{cbor, json, xml};

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// An operation's result, in this service's protocol.
    pub fn reply(&self, operation: &str, request_id: &str, result: Doc) -> Reply {
        if self.protocol == Protocol::RestXml {
            return self.rest_reply(operation, request_id, result);
        }
        let body = match self.protocol {
            Protocol::Json => json::write(&result),
            Protocol::Cbor => cbor::write(&result),
            Protocol::Query => self.query_body(operation, request_id, &result).into_bytes(),
            Protocol::Ec2 => self.ec2_body(operation, request_id, &result).into_bytes(),
            Protocol::RestXml => Vec::new(),
        };
        self.dress(200, request_id, body)
    }

    /// Members of the result that are header fields leave the body.
    fn rest_reply(&self, operation: &str, request_id: &str, mut result: Doc) -> Reply {
        let route = self.routes.iter().find(|route| route.operation == operation);
        let mut fields = Vec::new();
        for (member, field) in route.map_or(&[][..], |route| route.headers) {
            if let Ok(value) = result.take(member).text() {
                fields.push((*field, value));
            }
        }
        let root = format!("{operation}Response");
        let mut out = String::from(DECLARATION);
        out += &self.root(&root);
        xml::content(&mut out, &root, Items::By(self.items), &result);
        xml::close(&mut out, &root);
        let mut reply = self.dress(route.map_or(200, |route| route.status), request_id, out.into_bytes());
        reply.headers.extend(fields);
        reply
    }

    /// A refusal, in this service's protocol and with the status its model gives the error code.
    pub fn refusal(&self, request_id: &str, fault: &Fault) -> Reply {
        let status = self.status(fault);
        let body = match self.protocol {
            Protocol::Json => json::write(&self.members_of(fault)),
            Protocol::Cbor => cbor::write(&self.members_of(fault)),
            Protocol::Query | Protocol::RestXml => self.query_error(request_id, status, fault).into_bytes(),
            Protocol::Ec2 => ec2_error(request_id, fault).into_bytes(),
        };
        let mut reply = self.dress(status, request_id, body);
        if self.is_query_compatible() {
            // The code as queries have it: clients that came from those go by it ("AWS query-compatible protocols", Smithy).
            let whose = if status < 500 { "Sender" } else { "Receiver" };
            reply.headers.push(("x-amzn-query-error", format!("{};{whose}", fault.code)));
        }
        reply
    }

    /// Whether it is asked in JSON by clients that used to send queries.
    fn is_query_compatible(&self) -> bool {
        matches!(self.protocol, Protocol::Json | Protocol::Cbor)
            && QUERIED.iter().any(|api| api.service == self.service)
    }

    /// 400 is what nobody chose; then the service's model may know better.
    fn status(&self, fault: &Fault) -> u16 {
        let known = self.errors.iter().find(|(code, _)| *code == fault.code);
        known.filter(|_| fault.status == 400).map_or(fault.status, |(_, status)| *status)
    }

    fn dress(&self, status: u16, request_id: &str, body: Vec<u8>) -> Reply {
        let content_type = match self.protocol {
            Protocol::Cbor => "application/cbor",
            Protocol::Json if self.is_query_compatible() => "application/x-amz-json-1.0",
            Protocol::Json => "application/x-amz-json-1.1",
            Protocol::Query | Protocol::RestXml => "text/xml",
            Protocol::Ec2 => "text/xml;charset=UTF-8",
        };
        let mut headers = vec![("content-type", content_type.to_owned()), ("x-amzn-requestid", request_id.to_owned())];
        if self.protocol == Protocol::Cbor {
            headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
        }
        Reply { status, headers, body }
    }

    fn query_body(&self, operation: &str, request_id: &str, result: &Doc) -> String {
        let mut out = self.root(&format!("{operation}Response"));
        xml::element(&mut out, &format!("{operation}Result"), Items::Are("member"), result);
        xml::open(&mut out, "ResponseMetadata");
        xml::text(&mut out, "RequestId", request_id);
        xml::close(&mut out, "ResponseMetadata");
        xml::close(&mut out, &format!("{operation}Response"));
        out
    }

    /// EC2 says `<return>true</return>` where an operation has nothing to tell.
    fn ec2_body(&self, operation: &str, request_id: &str, result: &Doc) -> String {
        let mut out = String::from(DECLARATION);
        out += &self.root(&format!("{operation}Response"));
        xml::text(&mut out, "requestId", request_id);
        match result {
            Doc::Null => xml::text(&mut out, "return", "true"),
            result => xml::content(&mut out, "item", Items::Are("item"), result),
        }
        xml::close(&mut out, &format!("{operation}Response"));
        out
    }

    /// A message that is empty is not there at all.
    fn members_of(&self, fault: &Fault) -> Doc {
        let name = if self.service == "secretsmanager" { "Message" } else { "message" };
        let mut members = vec![("__type", Doc::Text(fault.code.to_string()))];
        if !fault.message.is_empty() {
            members.push((name, Doc::Text(fault.message.clone())));
        }
        members.extend(fault.fields.iter().map(|(name, value)| (*name, Doc::Text(value.clone()))));
        Doc::Struct(members)
    }

    fn query_error(&self, request_id: &str, status: u16, fault: &Fault) -> String {
        let mut out = self.root("ErrorResponse");
        xml::open(&mut out, "Error");
        xml::text(&mut out, "Type", if status < 500 { "Sender" } else { "Receiver" });
        code_and_message(&mut out, fault);
        xml::close(&mut out, "Error");
        xml::text(&mut out, "RequestId", request_id);
        xml::close(&mut out, "ErrorResponse");
        out
    }

    /// The outermost start tag, with the service's namespace. Services write a slash at its end, EC2's model does not.
    fn root(&self, tag: &str) -> String {
        match self.xml_namespace.trim_end_matches('/') {
            "" => format!("<{tag}>"),
            namespace => format!("<{tag} xmlns=\"{namespace}/\">"),
        }
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn ec2_error(request_id: &str, fault: &Fault) -> String {
    let mut out = String::from(DECLARATION);
    out += "<Response><Errors><Error>";
    code_and_message(&mut out, fault);
    out += "</Error></Errors>";
    xml::text(&mut out, "RequestID", request_id);
    xml::close(&mut out, "Response");
    out
}

fn code_and_message(out: &mut String, fault: &Fault) {
    xml::text(out, "Code", &fault.code);
    xml::text(out, "Message", &fault.message);
}
