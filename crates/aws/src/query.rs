//! `awsQuery` and `ec2Query` requests: `A.B.1.C=v` pairs as a tree of name parts.

use crate::doc::{Doc, Form};
use crate::fault::Fault;
use crate::form::is_reserved;

/// Reads a request, within a depth and a number of nodes. Of a name given twice the last value counts.
///
/// `strict` makes a name no shape asks for an error, as EC2 has it.
pub(crate) fn read(body: &[u8], depth: usize, nodes: usize, strict: bool) -> Result<Doc, Fault> {
    let mut root = Form { strict, ..Form::default() };
    let mut left = nodes;
    for (name, value) in form_urlencoded::parse(body) {
        if name.is_empty() || is_reserved(&name) {
            continue;
        }
        let mut node = &mut root;
        for (level, part) in name.split('.').enumerate() {
            if level >= depth {
                return Err(malformed("a parameter's name has too many parts"));
            }
            node = node.parts.entry(part.to_owned()).or_insert_with(|| {
                left = left.saturating_sub(1);
                Form { strict, ..Form::default() }
            });
        }
        if left == 0 {
            return Err(malformed("too many parameters"));
        }
        node.text = Some(value.into_owned());
    }
    Ok(Doc::Form(root))
}

fn malformed(why: &str) -> Fault {
    Fault::new("MalformedQueryString", format!("The query string is malformed: {why}."))
}
