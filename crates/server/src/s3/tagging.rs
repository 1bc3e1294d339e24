//! Tags of objects, and tags as S3 writes them: `Tagging` documents, and the `x-amz-tagging` header in the form of a query.
//!
//! An object has them as a field of this name, as its file has all that is said about it.

use super::{body, bucket, bucket::malformed, document, missing_key, put, reply, request::Request, storage};
use crate::app::{App, blocking};
use crate::http::reply::Reply;
use aws::fault::Fault;
use aws::xml;
use control::{
    s3::{self, Of},
    state::Tags,
};
use hyper::body::Incoming;
use objects::Object;
use std::io::Read;
use std::sync::Arc;

/// The header that an object's tags come in, and the field that they are kept in.
pub(super) const FIELD: &str = "x-amz-tagging";
/// The most of a document: ten tags, each character escaped.
const SMALL: usize = 64 << 10;
/// What is copied at once.
const PIECE: u64 = 1 << 20;

/// GetObjectTagging.
pub(super) async fn get(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.of_the_only_version(&[])?;
    let (shared, bucket, key) = (app.clone(), request.bucket().to_owned(), request.key().to_owned());
    let found = blocking(move || shared.objects.get(&bucket, &key).map_err(storage)).await?;
    let (object, _) = bucket::of_object(app, request, found)?;
    Ok(reply::document("Tagging", |text| *text += &written(&of(&object))))
}

/// PutObjectTagging.
pub(super) async fn set(app: &Arc<App>, request: &Request, body: Incoming) -> Result<Reply, Fault> {
    request.of_the_only_version(&[])?;
    let content = body::small(app, request, body, SMALL).await?;
    let tags = s3::checked(read(&content)?, Of::Object)?;
    replace(app, request, tags).await?;
    Ok(reply::empty(200))
}

/// DeleteObjectTagging.
pub(super) async fn delete(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.of_the_only_version(&[])?;
    replace(app, request, Tags::new()).await?;
    Ok(reply::empty(204))
}

/// Gives an object other tags. Its file is written anew, as what is said about it is whole or not at all.
async fn replace(app: &Arc<App>, request: &Request, tags: Tags) -> Result<(), Fault> {
    s3::find(&app.core.state(), request.bucket())?;
    let (shared, bucket, key) = (app.clone(), request.bucket().to_owned(), request.key().to_owned());
    let rewrite = move || {
        let (object, file) = shared.objects.get(&bucket, &key).map_err(storage)?.ok_or_else(|| missing_key(&key))?;
        let mut draft = shared.objects.begin(&[]).map_err(storage)?;
        let mut rest = file.take(object.size);
        let mut piece = Vec::new();
        loop {
            piece.clear();
            if rest.by_ref().take(PIECE).read_to_end(&mut piece).map_err(storage)? == 0 {
                break;
            }
            draft.append(&piece).map_err(storage)?;
        }
        let mut changed = Object::clone(&object);
        changed.fields.remove(FIELD);
        if !tags.is_empty() {
            changed.fields.insert(FIELD.to_owned(), query(&tags));
        }
        // What came meanwhile is not made undone.
        let (etag, modified) = (object.etag.clone(), object.modified);
        let condition = put::Condition::Same { etag, modified };
        put::keep(&shared, &bucket, &mut draft, changed, &condition)
    };
    blocking(rewrite).await
}

/// The tags of an object.
pub(super) fn of(object: &Object) -> Tags {
    let field = object.fields.get(FIELD).map(String::as_str).unwrap_or_default();
    form_urlencoded::parse(field.as_bytes()).into_owned().collect()
}

/// The tags that an object comes with, as they are kept.
///
/// # Errors
/// `InvalidTag`, `BadRequest`.
pub(super) fn given(header: &str) -> Result<String, Fault> {
    let tags = form_urlencoded::parse(header.as_bytes()).into_owned().collect();
    Ok(query(&s3::checked(tags, Of::Object)?))
}

fn query(tags: &Tags) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(tags).finish()
}

/// What is inside of a `Tagging`.
pub(super) fn written(tags: &Tags) -> String {
    let mut text = String::new();
    xml::open(&mut text, "TagSet");
    for (key, value) in tags {
        xml::open(&mut text, "Tag");
        xml::text(&mut text, "Key", key);
        xml::text(&mut text, "Value", value);
        xml::close(&mut text, "Tag");
    }
    xml::close(&mut text, "TagSet");
    text
}

/// The tags of a `Tagging`.
///
/// # Errors
/// `MalformedXML`.
pub(super) fn read(content: &[u8]) -> Result<Vec<(String, String)>, Fault> {
    let document = document::read(content)?;
    let set = document.root_element().children().find(|node| node.tag_name().name() == "TagSet");
    let tags = set.ok_or_else(malformed)?.children().filter(roxmltree::Node::is_element);
    let tag = |node: roxmltree::Node<'_, '_>| {
        let member = |name: &str| {
            let found = node.children().find(|child| child.tag_name().name() == name);
            found.map(|child| child.text().unwrap_or_default().to_owned()).ok_or_else(malformed)
        };
        Ok((member("Key")?, member("Value")?))
    };
    tags.map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_they_are_read() {
        let document = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1 &amp; 2</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>";
        let pairs = read(document.as_bytes()).unwrap();
        assert_eq!(pairs, [("a b".to_owned(), "1 & 2".to_owned()), ("c".to_owned(), String::new())]);
        let tags: Tags = pairs.into_iter().collect();
        assert_eq!(
            written(&tags),
            "<TagSet><Tag><Key>a b</Key><Value>1 &amp; 2</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet>"
        );
        assert_eq!(query(&tags), "a+b=1+%26+2&c=");
        assert_eq!(given("a%20b=1%202&c").unwrap(), "a+b=1+2&c=");
        assert_eq!(read(b"<Tagging/>").unwrap_err().code, "MalformedXML");
    }
}
