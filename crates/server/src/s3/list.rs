//! ListObjects, ListObjectsV2 and ListObjectVersions.

use super::{
    bucket::owner,
    reply,
    request::{Request, invalid_version},
};
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

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// ListObjects and ListObjectsV2.
pub(super) fn objects(app: &App, request: &Request) -> Result<Reply, Fault> {
    s3::find(&app.core.state(), request.bucket())?;
    match request.parameter("list-type") {
        None => first(app, request),
        Some("2") => second(app, request),
        Some(_) => Err(invalid("Invalid List Type specified in Request")),
    }
}

/// ListObjects.
fn first(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&["prefix", "delimiter", "max-keys", "marker", "encoding-type"])?;
    let wanted = Wanted::of(request)?;
    let marker = request.parameter("marker").unwrap_or_default();
    let (entries, is_truncated) = page(app, request.bucket(), &wanted, (marker, false));
    Ok(reply::document("ListBucketResult", |text| {
        xml::text(text, "Name", request.bucket());
        xml::text(text, "Marker", &wanted.written(marker));
        if let Some(last) = entries.last().filter(|_| is_truncated && !wanted.delimiter.is_empty()) {
            xml::text(text, "NextMarker", &wanted.written(last.name()));
        }
        wanted.append(text, &entries, is_truncated, Some(&app.config.account), "Contents");
    }))
}

/// ListObjectsV2.
fn second(app: &App, request: &Request) -> Result<Reply, Fault> {
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
    let wanted = Wanted::of(request)?;
    let token = request.parameter("continuation-token");
    let start = request.parameter("start-after");
    let (after, past) = match token.map(opened) {
        Some(Some(place)) => place,
        Some(None) => return Err(invalid("The continuation token provided is incorrect")),
        None => (start.unwrap_or_default().to_owned(), false),
    };
    let (entries, is_truncated) = page(app, request.bucket(), &wanted, (&after, past));
    let owner = (request.parameter("fetch-owner") == Some("true")).then_some(app.config.account.as_str());
    Ok(reply::document("ListBucketResult", |text| {
        xml::text(text, "Name", request.bucket());
        token.into_iter().for_each(|token| xml::text(text, "ContinuationToken", token));
        start.into_iter().for_each(|start| xml::text(text, "StartAfter", &wanted.written(start)));
        xml::text(text, "KeyCount", &entries.len().to_string());
        if let Some(last) = entries.last().filter(|_| is_truncated) {
            xml::text(text, "NextContinuationToken", &closed(last));
        }
        wanted.append(text, &entries, is_truncated, owner, "Contents");
    }))
}

/// ListObjectVersions: of each object there is one, whose id is `null`, as in buckets without versioning.
pub(super) fn versions(app: &App, request: &Request) -> Result<Reply, Fault> {
    request.only(&["prefix", "delimiter", "max-keys", "key-marker", "version-id-marker", "encoding-type"])?;
    s3::find(&app.core.state(), request.bucket())?;
    let wanted = Wanted::of(request)?;
    let marker = request.parameter("key-marker").unwrap_or_default();
    let version = request.parameter("version-id-marker").unwrap_or_default();
    match (marker, version) {
        (_, "") => {}
        ("", _) => return Err(invalid("A version-id marker cannot be specified without a key marker.")),
        (_, "null") => {}
        _ => return Err(invalid_version()),
    }
    let (entries, is_truncated) = page(app, request.bucket(), &wanted, (marker, false));
    Ok(reply::document("ListVersionsResult", |text| {
        xml::text(text, "Name", request.bucket());
        xml::text(text, "KeyMarker", &wanted.written(marker));
        xml::text(text, "VersionIdMarker", version);
        if let Some(last) = entries.last().filter(|_| is_truncated) {
            xml::text(text, "NextKeyMarker", &wanted.written(last.name()));
            if let Entry::Object(_) = last {
                xml::text(text, "NextVersionIdMarker", "null");
            }
        }
        wanted.append(text, &entries, is_truncated, Some(&app.config.account), "Version");
    }))
}

/// What all of them are asked for.
struct Wanted<'r> {
    prefix: &'r str,
    delimiter: &'r str,
    most: usize,
    is_encoded: bool,
}

impl<'r> Wanted<'r> {
    fn of(request: &'r Request) -> Result<Self, Fault> {
        let is_encoded = match request.parameter("encoding-type") {
            None | Some("") => false,
            Some("url") => true,
            Some(_) => return Err(invalid("Invalid Encoding Method specified in Request")),
        };
        let most = request.parameter("max-keys").map(str::parse::<usize>).transpose();
        let most = most.map_err(|_| invalid("Provided max-keys not an integer or within integer range"))?;
        Ok(Self {
            prefix: request.parameter("prefix").unwrap_or_default(),
            delimiter: request.parameter("delimiter").unwrap_or_default(),
            most: most.unwrap_or(PAGE).min(PAGE),
            is_encoded,
        })
    }

    fn written(&self, key: &str) -> String {
        if self.is_encoded { encoded(key) } else { key.to_owned() }
    }

    /// What all of them answer. An object's element is `Contents` or `Version`.
    fn append(&self, text: &mut String, entries: &[Entry], is_truncated: bool, account: Option<&str>, element: &str) {
        xml::text(text, "Prefix", &self.written(self.prefix));
        if !self.delimiter.is_empty() {
            xml::text(text, "Delimiter", &self.written(self.delimiter));
        }
        xml::text(text, "MaxKeys", &self.most.to_string());
        if self.is_encoded {
            xml::text(text, "EncodingType", "url");
        }
        xml::text(text, "IsTruncated", &is_truncated.to_string());
        for entry in entries {
            match entry {
                Entry::Object(object) => {
                    xml::open(text, element);
                    xml::text(text, "Key", &self.written(&object.key));
                    if element == "Version" {
                        xml::text(text, "VersionId", "null");
                        xml::text(text, "IsLatest", "true");
                    }
                    xml::text(text, "LastModified", &Timestamp { millis: object.modified }.iso8601());
                    xml::text(text, "ETag", &format!("\"{}\"", object.etag));
                    xml::text(text, "Size", &object.size.to_string());
                    account.into_iter().for_each(|account| owner(text, account));
                    xml::text(text, "StorageClass", "STANDARD");
                    xml::close(text, element);
                }
                Entry::Prefix(prefix) => {
                    xml::open(text, "CommonPrefixes");
                    xml::text(text, "Prefix", &self.written(prefix));
                    xml::close(text, "CommonPrefixes");
                }
            }
        }
    }
}

pub(super) fn invalid(message: &str) -> Fault {
    Fault::new("InvalidArgument", message)
}

/// The entries of a page, and whether more would follow.
fn page(app: &App, bucket: &str, wanted: &Wanted<'_>, (after, past): (&str, bool)) -> (Vec<Entry>, bool) {
    let Wanted { prefix, delimiter, most, is_encoded: _ } = *wanted;
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
    let kind = if matches!(last, Entry::Object(_)) { 'k' } else { 'p' };
    URL_SAFE_NO_PAD.encode(format!("{kind}{}", last.name()))
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
pub(super) fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*/".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
