//! Uploads in parts ("Uploading and copying objects using multipart upload", Amazon S3 User Guide).
//!
//! Absent: parts that are copied from other objects.

use super::{
    body,
    bucket::{malformed, owner},
    document,
    list::{encoded, invalid},
    put,
    reply::{self, set},
    request::Request,
    storage,
};
use crate::app::{App, blocking, internal};
use crate::http::reply::Reply;
use aws::doc::Timestamp;
use aws::fault::Fault;
use aws::xml;
use base64::{Engine, engine::general_purpose::STANDARD};
use control::s3;
use hyper::body::Incoming;
use objects::{Algorithm, Missing, Object, Upload};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most parts of an upload, and of a page.
const MOST: u16 = 10_000;
const PAGE: usize = 1000;
/// The least bytes of a part that is not the last one.
const LEAST: u64 = 5 << 20;
/// How an object is checked if nothing is said: what its parts came with does not matter then.
const OTHERWISE: Algorithm = Algorithm::Crc64nvme;
/// The longest list of parts that an upload is completed with.
const LONGEST: usize = 8 << 20;

/// CreateMultipartUpload.
pub(super) async fn begin(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    s3::find(&app.core.state(), request.bucket())?;
    let named = request.header("x-amz-checksum-algorithm");
    let algorithm = named.map(|name| {
        Algorithm::named(name).ok_or_else(|| {
            refused("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        })
    });
    let chosen = algorithm.transpose()?;
    let algorithm = chosen.unwrap_or(OTHERWISE);
    let is_sum = matches!(algorithm, Algorithm::Crc32 | Algorithm::Crc32c | Algorithm::Crc64nvme);
    let is_composite = match request.header("x-amz-checksum-type") {
        None => algorithm != Algorithm::Crc64nvme,
        Some("COMPOSITE") if algorithm != Algorithm::Crc64nvme => true,
        Some("FULL_OBJECT") if is_sum => false,
        Some(kind) => {
            let name = algorithm.name();
            return Err(refused(&format!(
                "The {kind} checksum type cannot be used with the {name} checksum algorithm."
            )));
        }
    };
    let upload = Upload {
        bucket: request.bucket().to_owned(),
        key: request.key().to_owned(),
        begun: app.core.clock().now().millis,
        fields: put::fields(request)?,
        algorithm: chosen,
        is_composite,
    };
    let id = crate::app::request_id().map_err(internal)?.replace('-', "");
    let (shared, name) = (app.clone(), id.clone());
    blocking(move || shared.objects.begin_upload(&name, &upload).map_err(storage)).await?;
    let mut reply = reply::document("InitiateMultipartUploadResult", |text| {
        xml::text(text, "Bucket", request.bucket());
        xml::text(text, "Key", request.key());
        xml::text(text, "UploadId", &id);
    });
    if chosen.is_some() {
        set(&mut reply, "x-amz-checksum-algorithm", &algorithm.name().to_uppercase());
        set(&mut reply, "x-amz-checksum-type", kind(is_composite));
    }
    set(&mut reply, "x-amz-server-side-encryption", "AES256");
    Ok(reply)
}

fn kind(is_composite: bool) -> &'static str {
    if is_composite { "COMPOSITE" } else { "FULL_OBJECT" }
}

fn refused(message: &str) -> Fault {
    Fault::new("InvalidRequest", message)
}

fn missing() -> Fault {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    Fault::new("NoSuchUpload", message).with_status(404)
}

/// The upload that a request is about.
async fn find(app: &Arc<App>, request: &Request) -> Result<Upload, Fault> {
    s3::find(&app.core.state(), request.bucket())?;
    let (shared, id) = (app.clone(), request.value.clone());
    let found = blocking(move || shared.objects.upload(&id).map_err(storage)).await?;
    let is_meant = |upload: &Upload| upload.bucket == request.bucket() && upload.key == request.key();
    found.filter(is_meant).ok_or_else(|| missing().with_field("UploadId", request.value.clone()))
}

/// UploadPart.
pub(super) async fn put(app: &Arc<App>, request: &Request, content: Incoming) -> Result<Reply, Fault> {
    request.only(&["partNumber"])?;
    let number = request.parameter("partNumber").and_then(|number| number.parse::<u16>().ok());
    let number = number.filter(|number| (1..=MOST).contains(number));
    let number = number.ok_or_else(|| invalid("Part number must be an integer between 1 and 10000, inclusive"))?;
    let upload = find(app, request).await?;
    let otherwise = upload.algorithm.unwrap_or(OTHERWISE);
    let (mut draft, content, algorithm) = body::receive(app, request, content, otherwise).await?;
    if let Some(wanted) = upload.algorithm.filter(|wanted| *wanted != algorithm) {
        let (wanted, name) = (wanted.name(), algorithm.name());
        let message =
            format!("Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum Type: {name}");
        return Err(refused(&message));
    }
    let fields = BTreeMap::from([put::checksum(&content, algorithm)]);
    let part = Object::new(String::new(), &content, app.core.clock().now().millis, fields);
    let mut reply = reply::empty(200);
    set(&mut reply, "etag", &format!("\"{}\"", part.etag));
    set(&mut reply, "x-amz-server-side-encryption", "AES256");
    part.fields.iter().for_each(|(name, value)| set(&mut reply, name, value));
    let (shared, id) = (app.clone(), request.value.clone());
    let put = blocking(move || shared.objects.put_part(&id, number, &mut draft, &part).map_err(storage));
    put.await?.map_err(|Missing| missing())?;
    Ok(reply)
}

/// AbortMultipartUpload.
pub(super) async fn abort(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.only(&[])?;
    find(app, request).await?;
    let (shared, id) = (app.clone(), request.value.clone());
    match blocking(move || shared.objects.end_upload(&id).map_err(storage)).await? {
        true => Ok(reply::empty(204)),
        false => Err(missing()),
    }
}

/// A part that an upload is to be completed with.
struct Chosen {
    number: u16,
    etag: String,
    /// The checksums that it must have, by the fields that say them.
    checksums: Vec<(String, String)>,
}

/// CompleteMultipartUpload.
pub(super) async fn complete(app: &Arc<App>, request: &Request, body: Incoming) -> Result<Reply, Fault> {
    request.only(&[])?;
    let upload = find(app, request).await?;
    if request.header("x-amz-checksum-type").is_some_and(|said| said != kind(upload.is_composite)) {
        return Err(refused("The checksum type is not the one that the upload was begun with."));
    }
    // A checksum in its head is the object's.
    let chosen = read(&body::unchecked(app, request, body, LONGEST).await?.0)?;
    let condition = put::Condition::of(request)?;
    let size = request.header("x-amz-mp-object-size").map(str::parse::<u64>).transpose();
    let size = size.map_err(|_| invalid("x-amz-mp-object-size must be a number of bytes"))?;
    let algorithm = upload.algorithm.unwrap_or(OTHERWISE);
    let said = request.header(&put::checksum_name(algorithm)).map(str::to_owned);
    let (shared, id) = (app.clone(), request.value.clone());
    let work = move || {
        let held = shared.objects.parts(&id).map_err(storage)?.map_err(|Missing| missing())?;
        let parts = choose(&chosen, &held)?;
        let wanted = if upload.is_composite { vec![] } else { vec![algorithm] };
        let mut draft = shared.objects.begin(&wanted).map_err(storage)?;
        for (number, part) in &parts {
            shared.objects.copy_part(&id, *number, part, &mut draft).map_err(storage)?;
        }
        let content = draft.content();
        if size.is_some_and(|size| size != content.size) {
            return Err(refused("The provided 'x-amz-mp-object-size' header does not match what was computed."));
        }
        let (name, checksum) = match upload.is_composite {
            true => composite(&parts, algorithm),
            false => put::checksum(&content, algorithm),
        };
        if said.is_some_and(|said| said != checksum) {
            return Err(put::mismatch(algorithm));
        }
        let mut fields = upload.fields.clone();
        fields.insert(name, checksum);
        fields.insert("x-amz-checksum-type".to_owned(), kind(upload.is_composite).to_owned());
        let mut object = Object::new(upload.key.clone(), &content, shared.core.clock().now().millis, fields);
        object.etag = objects::uploads::etag(parts.iter().map(|(_, part)| *part));
        let kept = object.clone();
        put::keep(&shared, &upload.bucket, &mut draft, object, &condition)?;
        shared.objects.end_upload(&id).map_err(storage)?;
        Ok(kept)
    };
    let object = blocking(work).await?;
    let mut reply = reply::document("CompleteMultipartUploadResult", |text| {
        xml::text(text, "Location", &format!("/{}/{}", request.bucket(), encoded(request.key())));
        xml::text(text, "Bucket", request.bucket());
        xml::text(text, "Key", request.key());
        xml::text(text, "ETag", &format!("\"{}\"", object.etag));
        for (name, value) in &object.fields {
            element(name).iter().for_each(|element| xml::text(text, element, value));
        }
    });
    set(&mut reply, "x-amz-server-side-encryption", "AES256");
    Ok(reply)
}

/// The element that says in XML what a field says of a checksum.
fn element(field: &str) -> Option<String> {
    match field.strip_prefix("x-amz-checksum-")? {
        "type" => Some("ChecksumType".to_owned()),
        name => Some(format!("Checksum{}", name.to_uppercase())),
    }
}

/// The parts of a `CompleteMultipartUpload`.
fn read(content: &[u8]) -> Result<Vec<Chosen>, Fault> {
    let document = document::read(content)?;
    let part = |element: roxmltree::Node<'_, '_>| -> Result<Chosen, Fault> {
        let member = |name: &str| element.children().find(|member| member.tag_name().name() == name)?.text();
        let number = member("PartNumber").and_then(|number| number.parse().ok()).ok_or_else(malformed)?;
        let etag = member("ETag").ok_or_else(malformed)?.trim_matches('"').to_owned();
        let checksums = element.children().filter_map(|member| {
            let algorithm = Algorithm::named(member.tag_name().name().strip_prefix("Checksum")?)?;
            Some((put::checksum_name(algorithm), member.text()?.to_owned()))
        });
        Ok(Chosen { number, etag, checksums: checksums.collect() })
    };
    let elements = document.root_element().children().filter(roxmltree::Node::is_element);
    let parts: Vec<Chosen> = elements.map(part).collect::<Result<_, Fault>>()?;
    if parts.is_empty() || parts.len() > usize::from(MOST) {
        return Err(malformed());
    }
    if !parts.is_sorted_by(|one, next| one.number < next.number) {
        let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(Fault::new("InvalidPartOrder", message));
    }
    Ok(parts)
}

/// The parts that were chosen, of those there are.
fn choose<'h>(chosen: &[Chosen], held: &'h BTreeMap<u16, Object>) -> Result<Vec<(u16, &'h Object)>, Fault> {
    let mut parts = Vec::with_capacity(chosen.len());
    for Chosen { number, etag, checksums } in chosen {
        let is_so = |part: &&Object| {
            part.etag == *etag && checksums.iter().all(|(name, value)| part.fields.get(name) == Some(value))
        };
        let part = held.get(number).filter(is_so).ok_or_else(|| {
            let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified \
                           entity tag may not match the part's entity tag.";
            Fault::new("InvalidPart", message).with_field("PartNumber", number.to_string()).with_field("ETag", etag)
        })?;
        parts.push((*number, part));
    }
    let small = parts.split_last().and_then(|(_, others)| others.iter().find(|(_, part)| part.size < LEAST));
    match small {
        None => Ok(parts),
        Some((number, part)) => {
            let message = "Your proposed upload is smaller than the minimum allowed size";
            let fault = Fault::new("EntityTooSmall", message).with_field("ProposedSize", part.size.to_string());
            Err(fault.with_field("MinSizeAllowed", LEAST.to_string()).with_field("PartNumber", number.to_string()))
        }
    }
}

/// The checksum of parts' checksums, and how many there are.
fn composite(parts: &[(u16, &Object)], algorithm: Algorithm) -> (String, String) {
    let name = put::checksum_name(algorithm);
    let mut checksum = objects::Checksum::new(algorithm);
    for (_, part) in parts {
        let own = part.fields.get(&name).map(String::as_str).unwrap_or_default();
        checksum.update(&STANDARD.decode(own).unwrap_or_default());
    }
    (name, format!("{}-{}", checksum.finish(), parts.len()))
}

/// ListParts.
pub(super) async fn list(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.only(&["max-parts", "part-number-marker", "encoding-type"])?;
    let upload = find(app, request).await?;
    let number = |name: &str, otherwise: usize| match request.parameter(name).map(str::parse::<usize>) {
        None => Ok(otherwise),
        Some(number) => number.map_err(|_| invalid(&format!("Provided {name} not an integer or within integer range"))),
    };
    let (most, marker) = (number("max-parts", PAGE)?.min(PAGE), number("part-number-marker", 0)?);
    let (shared, id) = (app.clone(), request.value.clone());
    let held = blocking(move || shared.objects.parts(&id).map_err(storage)).await?.map_err(|Missing| missing())?;
    let mut rest = held.iter().filter(|(number, _)| usize::from(**number) > marker).peekable();
    let parts: Vec<_> = rest.by_ref().take(most).collect();
    let is_truncated = rest.peek().is_some();
    Ok(reply::document("ListPartsResult", |text| {
        xml::text(text, "Bucket", request.bucket());
        let key = request.key();
        match request.parameter("encoding-type") {
            Some("url") => xml::text(text, "Key", &encoded(key)),
            _ => xml::text(text, "Key", key),
        }
        xml::text(text, "UploadId", &request.value);
        whose(text, &app.config.account);
        xml::text(text, "PartNumberMarker", &marker.to_string());
        if let Some((last, _)) = parts.last() {
            xml::text(text, "NextPartNumberMarker", &last.to_string());
        }
        xml::text(text, "MaxParts", &most.to_string());
        xml::text(text, "IsTruncated", &is_truncated.to_string());
        checked(text, &upload);
        for (number, part) in &parts {
            xml::open(text, "Part");
            xml::text(text, "PartNumber", &number.to_string());
            xml::text(text, "LastModified", &Timestamp { millis: part.modified }.iso8601());
            xml::text(text, "ETag", &format!("\"{}\"", part.etag));
            xml::text(text, "Size", &part.size.to_string());
            for (name, value) in &part.fields {
                element(name).iter().for_each(|element| xml::text(text, element, value));
            }
            xml::close(text, "Part");
        }
    }))
}

/// How an upload is checked, if that was said.
fn checked(text: &mut String, upload: &Upload) {
    if let Some(algorithm) = upload.algorithm {
        xml::text(text, "ChecksumAlgorithm", &algorithm.name().to_uppercase());
        xml::text(text, "ChecksumType", kind(upload.is_composite));
    }
}

/// Who began an upload, who will own its object, and how it is kept.
fn whose(text: &mut String, account: &str) {
    xml::open(text, "Initiator");
    xml::text(text, "ID", &format!("{account:0>64}"));
    xml::close(text, "Initiator");
    owner(text, account);
    xml::text(text, "StorageClass", "STANDARD");
}

/// ListMultipartUploads.
pub(super) async fn uploads(app: &Arc<App>, request: &Request) -> Result<Reply, Fault> {
    request.only(&["prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"])?;
    s3::find(&app.core.state(), request.bucket())?;
    let (shared, bucket) = (app.clone(), request.bucket().to_owned());
    let mut found = blocking(move || shared.objects.uploads_to(&bucket).map_err(storage)).await?;
    found.sort_by(|(one, a), (other, b)| (&a.key, a.begun, one).cmp(&(&b.key, b.begun, other)));
    let most = request.parameter("max-uploads").map(str::parse::<usize>).transpose();
    let most = most.map_err(|_| invalid("Provided max-uploads not an integer or within integer range"))?;
    let most = most.unwrap_or(PAGE).min(PAGE);
    let prefix = request.parameter("prefix").unwrap_or_default();
    let key_marker = request.parameter("key-marker").unwrap_or_default();
    let id_marker = request.parameter("upload-id-marker").filter(|_| !key_marker.is_empty());
    // Within a key they are in the order of their beginnings.
    let passed = found.iter().position(|(id, upload)| upload.key == key_marker && Some(id.as_str()) == id_marker);
    let mut rest = found.iter().enumerate().filter(|(place, (_, upload))| {
        upload.key.starts_with(prefix)
            && (upload.key.as_str() > key_marker
                || (upload.key == key_marker && passed.is_some_and(|passed| *place > passed)))
    });
    let page: Vec<_> = rest.by_ref().take(most).map(|(_, found)| found).collect();
    let is_truncated = rest.next().is_some();
    let is_encoded = request.parameter("encoding-type") == Some("url");
    let written = |key: &str| if is_encoded { encoded(key) } else { key.to_owned() };
    Ok(reply::document("ListMultipartUploadsResult", |text| {
        xml::text(text, "Bucket", request.bucket());
        xml::text(text, "KeyMarker", &written(key_marker));
        xml::text(text, "UploadIdMarker", id_marker.unwrap_or_default());
        if let Some((id, upload)) = page.last().filter(|_| is_truncated) {
            xml::text(text, "NextKeyMarker", &written(&upload.key));
            xml::text(text, "NextUploadIdMarker", id);
        }
        xml::text(text, "Prefix", &written(prefix));
        xml::text(text, "MaxUploads", &most.to_string());
        if is_encoded {
            xml::text(text, "EncodingType", "url");
        }
        xml::text(text, "IsTruncated", &is_truncated.to_string());
        for (id, upload) in page {
            xml::open(text, "Upload");
            xml::text(text, "UploadId", id);
            xml::text(text, "Key", &written(&upload.key));
            xml::text(text, "Initiated", &Timestamp { millis: upload.begun }.iso8601());
            whose(text, &app.config.account);
            checked(text, upload);
            xml::close(text, "Upload");
        }
    }))
}
