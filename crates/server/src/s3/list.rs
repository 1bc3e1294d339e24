//! ListObjectsV2.

use super::{absent, bucket::owner, reply, request::Request};
use crate::app::App;
use crate::http::reply::Reply;
use aws::doc::Timestamp;
use aws::fault::Fault;
use aws::xml;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use control::s3;
use objects::{Object, store::Next};

/// The most keys of a page.
const PAGE: usize = 1000;

/// One entry of a page, in the order of keys.
enum Entry {
    Object(Object),
    /// All keys that begin so.
    Prefix(String),
}

/// ListObjectsV2.
pub(super) fn objects(app: &App, request: &Request) -> Result<Reply, Fault> {
    if request.parameter("list-type") != Some("2") {
        return Err(absent("ListObjects, without list-type=2,"));
    }
    request.only(&[
        "list-type",
        "prefix",
        "delimiter",
        "max-keys",
        "continuation-token",
        "start-after",
        "encoding-type",
        "fetch-owner",
    ])?;
    let invalid = |message: &str| Fault::new("InvalidArgument", message);
    let is_encoded = match request.parameter("encoding-type") {
        None | Some("") => false,
        Some("url") => true,
        Some(_) => return Err(invalid("Invalid Encoding Method specified in Request")),
    };
    let most = match request.parameter("max-keys").map(str::parse::<usize>) {
        None => PAGE,
        Some(most) => most.map_err(|_| invalid("Provided max-keys not an integer or within integer range"))?.min(PAGE),
    };
    s3::find(&app.core.state(), request.bucket())?;
    let prefix = request.parameter("prefix").unwrap_or_default();
    let delimiter = request.parameter("delimiter").unwrap_or_default();
    let token = request.parameter("continuation-token");
    let (after, past) = match token.map(opened) {
        Some(Some(place)) => place,
        Some(None) => return Err(invalid("The continuation token provided is incorrect")),
        None => (request.parameter("start-after").unwrap_or_default().to_owned(), false),
    };
    let (entries, is_truncated) = page(app, request.bucket(), (prefix, delimiter), (&after, past), most);
    let written = |key: &str| if is_encoded { encoded(key) } else { key.to_owned() };
    Ok(reply::document("ListBucketResult", |text| {
        xml::text(text, "Name", request.bucket());
        xml::text(text, "Prefix", &written(prefix));
        token.into_iter().for_each(|token| xml::text(text, "ContinuationToken", token));
        if let Some(start) = request.parameter("start-after") {
            xml::text(text, "StartAfter", &written(start));
        }
        if !delimiter.is_empty() {
            xml::text(text, "Delimiter", &written(delimiter));
        }
        xml::text(text, "KeyCount", &entries.len().to_string());
        xml::text(text, "MaxKeys", &most.to_string());
        if is_encoded {
            xml::text(text, "EncodingType", "url");
        }
        xml::text(text, "IsTruncated", &is_truncated.to_string());
        if let Some(last) = entries.last().filter(|_| is_truncated) {
            xml::text(text, "NextContinuationToken", &closed(last));
        }
        for entry in &entries {
            match entry {
                Entry::Object(object) => {
                    xml::open(text, "Contents");
                    xml::text(text, "Key", &written(&object.key));
                    xml::text(text, "LastModified", &Timestamp { millis: object.modified }.iso8601());
                    xml::text(text, "ETag", &format!("\"{}\"", object.md5));
                    xml::text(text, "Size", &object.size.to_string());
                    if request.parameter("fetch-owner") == Some("true") {
                        owner(text, &app.config.account);
                    }
                    xml::text(text, "StorageClass", "STANDARD");
                    xml::close(text, "Contents");
                }
                Entry::Prefix(prefix) => {
                    xml::open(text, "CommonPrefixes");
                    xml::text(text, "Prefix", &written(prefix));
                    xml::close(text, "CommonPrefixes");
                }
            }
        }
    }))
}

/// The entries of a page, and whether more would follow.
fn page(
    app: &App,
    bucket: &str,
    (prefix, delimiter): (&str, &str),
    (after, past): (&str, bool),
    most: usize,
) -> (Vec<Entry>, bool) {
    let (mut entries, mut is_truncated) = (Vec::new(), false);
    if most == 0 {
        return (entries, false);
    }
    app.objects.list(bucket, prefix, after, |object| {
        if past && object.key.starts_with(after) {
            return Next::Past(after.to_owned());
        }
        if entries.len() == most {
            is_truncated = true;
            return Next::Enough;
        }
        let rest = object.key.get(prefix.len()..).unwrap_or_default();
        match rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => {
                let common = object.key.get(..prefix.len() + at + delimiter.len()).unwrap_or(&object.key).to_owned();
                // Where `start-after` is within it, it is passed.
                if common.as_str() <= after && after.starts_with(&common) {
                    return Next::Past(common);
                }
                entries.push(Entry::Prefix(common.clone()));
                Next::Past(common)
            }
            None => {
                entries.push(Entry::Object(object.clone()));
                Next::More
            }
        }
    });
    (entries, is_truncated)
}

/// Where a list goes on after an entry.
fn closed(last: &Entry) -> String {
    let text = match last {
        Entry::Object(object) => format!("k{}", object.key),
        Entry::Prefix(prefix) => format!("p{prefix}"),
    };
    URL_SAFE_NO_PAD.encode(text)
}

/// The key after which it goes on, and whether all that begin so are passed.
fn opened(token: &str) -> Option<(String, bool)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (kind, key) = text.split_at_checked(1)?;
    match kind {
        "k" => Some((key.to_owned(), false)),
        "p" => Some((key.to_owned(), true)),
        _ => None,
    }
}

/// A key as `encoding-type=url` has it.
fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*/".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
