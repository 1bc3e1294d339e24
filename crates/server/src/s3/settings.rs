//! What a bucket has beside its policy and its objects. It is what every new bucket has ("Default settings for new buckets"), and can't be
//! made something else but for tags: who asks is told so, who would set what is not kept is refused by name.

use super::{absent, body, bucket::malformed, document, reply, request::Request, tagging};
use crate::app::App;
use crate::http::reply::Reply;
use aws::fault::Fault;
use aws::xml;
use control::{
    Caller,
    s3::{self, Of},
    state::Bucket,
};
use hyper::body::Incoming;
use roxmltree::Node;
use std::sync::Arc;

/// The most of a body that says something about a bucket.
const SMALL: usize = 64 << 10;
/// The settings of a block of public access.
const BLOCKS: [&str; 4] = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// GetBucketVersioning and its like, by the name of the subresource.
pub(super) fn get(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    let state = app.core.state();
    let bucket = s3::find(&state, request.bucket())?;
    match shown(bucket, &request.action, &app.config.account) {
        Some(Ok((root, content))) => Ok(reply::document(root, |text| *text += &content)),
        Some(Err((code, message))) => {
            Err(Fault::new(code, message).with_status(404).with_field("BucketName", request.bucket()))
        }
        None => Err(absent(&format!("GET with ?{}", request.action))),
    }
}

/// The document of a subresource, as root and content; or the code and message for there being none.
#[allow(clippy::type_complexity)]
fn shown(
    bucket: &Bucket,
    action: &str,
    account: &str,
) -> Option<Result<(&'static str, String), (&'static str, &'static str)>> {
    Some(match action {
        "accelerate" => Ok(("AccelerateConfiguration", String::new())),
        "logging" => Ok(("BucketLoggingStatus", String::new())),
        "notification" => Ok(("NotificationConfiguration", String::new())),
        "versioning" => Ok(("VersioningConfiguration", String::new())),
        "requestPayment" => Ok(("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>".to_owned())),
        "encryption" => Ok((
            "ServerSideEncryptionConfiguration",
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
                .to_owned(),
        )),
        "acl" => Ok(("AccessControlPolicy", acl(account))),
        "ownershipControls" if bucket.has_ownership_controls => {
            let rule = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";
            Ok(("OwnershipControls", rule.to_owned()))
        }
        "ownershipControls" => Err(("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")),
        "publicAccessBlock" if bucket.has_public_access_block => {
            let mut text = String::new();
            BLOCKS.iter().for_each(|name| xml::text(&mut text, name, "true"));
            Ok(("PublicAccessBlockConfiguration", text))
        }
        "publicAccessBlock" => {
            Err(("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"))
        }
        "tagging" if bucket.tags.is_empty() => Err(("NoSuchTagSet", "The TagSet does not exist")),
        "tagging" => Ok(("Tagging", tagging::written(&bucket.tags))),
        "cors" => Err(("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
        "lifecycle" => Err(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
        "object-lock" => {
            Err(("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"))
        }
        "replication" => Err(("ReplicationConfigurationNotFoundError", "The replication configuration was not found")),
        "website" => Err(("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")),
        _ => return None,
    })
}

/// The owner may do everything, nobody else anything.
fn acl(account: &str) -> String {
    let (mut text, id) = (String::new(), format!("{account:0>64}"));
    super::bucket::owner(&mut text, account);
    text += "<AccessControlList><Grant>\
             <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">";
    xml::text(&mut text, "ID", &id);
    text += "</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>";
    text
}

/// PutBucketTagging, PutBucketEncryption, PutPublicAccessBlock, PutBucketOwnershipControls, PutBucketAcl.
pub(super) async fn set(app: &Arc<App>, caller: Caller, request: &Request, body: Incoming) -> Result<Reply, Fault> {
    request.only(&[])?;
    let name = request.bucket().to_owned();
    s3::find(&app.core.state(), &name)?;
    let known = ["acl", "encryption", "ownershipControls", "publicAccessBlock", "tagging"];
    if !known.contains(&request.action.as_str()) {
        return Err(absent(&format!("PUT with ?{}", request.action)));
    }
    let content = body::small(app, request, body, SMALL).await?;
    match request.action.as_str() {
        "tagging" => {
            let tags = s3::checked(tagging::read(&content)?, Of::Bucket)?;
            app.core.run(caller, move |tx| s3::set_tags(tx, &name, tags)).await?;
            return Ok(reply::empty(204));
        }
        "encryption" => encryption(&content)?,
        "publicAccessBlock" => {
            public_access_block(&content)?;
            app.core.run(caller, move |tx| s3::set_public_access_block(tx, &name, true)).await?;
        }
        "ownershipControls" => {
            ownership(&content)?;
            app.core.run(caller, move |tx| s3::set_ownership_controls(tx, &name, true)).await?;
        }
        _ => return Err(Fault::new("AccessControlListNotSupported", "The bucket does not allow ACLs")),
    }
    Ok(reply::empty(200))
}

/// DeleteBucketTagging and its like. What is not there can be deleted.
pub(super) async fn delete(app: &Arc<App>, caller: Caller, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    let name = request.bucket().to_owned();
    s3::find(&app.core.state(), &name)?;
    match request.action.as_str() {
        "tagging" => app.core.run(caller, move |tx| s3::set_tags(tx, &name, Default::default())).await?,
        "publicAccessBlock" => {
            app.core.run(caller, move |tx| s3::set_public_access_block(tx, &name, false)).await?;
        }
        "ownershipControls" => {
            app.core.run(caller, move |tx| s3::set_ownership_controls(tx, &name, false)).await?;
        }
        "cors" | "encryption" | "lifecycle" | "replication" | "website" => {}
        action => return Err(absent(&format!("DELETE with ?{action}"))),
    }
    Ok(reply::empty(204))
}

/// What is encrypted by default is so with keys of S3's own, and by nothing else.
fn encryption(content: &[u8]) -> Result<(), Fault> {
    let document = document::read(content)?;
    for rule in elements(document.root_element()) {
        for element in elements(rule) {
            match (element.tag_name().name(), element.text().unwrap_or_default()) {
                ("ApplyServerSideEncryptionByDefault", _) => {}
                ("BucketKeyEnabled", "false") => continue,
                (name, value) => return Err(absent(&format!("{name} {value}"))),
            }
            for member in elements(element) {
                match (member.tag_name().name(), member.text().unwrap_or_default()) {
                    ("SSEAlgorithm", "AES256") => {}
                    (name, value) => return Err(absent(&format!("{name} {value}"))),
                }
            }
        }
    }
    Ok(())
}

/// Nobody is let in without credentials, so that is all a block can say. What is not said is off ("PutPublicAccessBlock").
fn public_access_block(content: &[u8]) -> Result<(), Fault> {
    let document = document::read(content)?;
    let root = document.root_element();
    for name in BLOCKS {
        let value = elements(root).find(|element| element.tag_name().name() == name).and_then(|node| node.text());
        match value.unwrap_or("false").to_ascii_lowercase().as_str() {
            "true" => {}
            "false" => return Err(absent(&format!("{name} false"))),
            _ => return Err(malformed()),
        }
    }
    match elements(root).find(|element| !BLOCKS.contains(&element.tag_name().name())) {
        Some(_) => Err(malformed()),
        None => Ok(()),
    }
}

fn ownership(content: &[u8]) -> Result<(), Fault> {
    let document = document::read(content)?;
    let rules: Vec<_> = elements(document.root_element()).flat_map(elements).collect();
    match rules.as_slice() {
        [rule] if rule.tag_name().name() == "ObjectOwnership" => match rule.text().unwrap_or_default() {
            "BucketOwnerEnforced" => Ok(()),
            other => Err(absent(&format!("ObjectOwnership {other}"))),
        },
        _ => Err(malformed()),
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_so_anyway_is_set() {
        let block = |last: &str| {
            let mut text = "<PublicAccessBlockConfiguration>".to_owned();
            BLOCKS.iter().take(3).for_each(|name| xml::text(&mut text, name, "true"));
            text + last + "</PublicAccessBlockConfiguration>"
        };
        let refused = |result: Result<(), Fault>| result.map_err(|fault| (fault.code.into_owned(), fault.message));
        let missing = |what: &str| Err(("NotImplemented".to_owned(), format!("{what} is not implemented.")));
        let all = block("<RestrictPublicBuckets>TRUE</RestrictPublicBuckets>");
        assert_eq!(refused(public_access_block(all.as_bytes())), Ok(()));
        assert_eq!(refused(public_access_block(block("").as_bytes())), missing("RestrictPublicBuckets false"));
        let rule = |how: &str| {
            format!(
                "<A><Rule><ApplyServerSideEncryptionByDefault>{how}</ApplyServerSideEncryptionByDefault></Rule></A>"
            )
        };
        assert_eq!(refused(encryption(rule("<SSEAlgorithm>AES256</SSEAlgorithm>").as_bytes())), Ok(()));
        let with_key = rule("<SSEAlgorithm>aws:kms</SSEAlgorithm>");
        assert_eq!(refused(encryption(with_key.as_bytes())), missing("SSEAlgorithm aws:kms"));
        let owned = |by: &str| format!("<A><Rule><ObjectOwnership>{by}</ObjectOwnership></Rule></A>");
        assert_eq!(refused(ownership(owned("BucketOwnerEnforced").as_bytes())), Ok(()));
        assert_eq!(refused(ownership(owned("ObjectWriter").as_bytes())), missing("ObjectOwnership ObjectWriter"));
    }
}
