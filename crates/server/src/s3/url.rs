//! Objects by their URLs: templates of AWS CloudFormation are named so.

use super::{request::bucket_of, storage};
use crate::app::App;
use aws::fault::Fault;
use control::s3;
use http::Uri;
use std::io::Read;

/// What is at a URL of Amazon S3, in virtual-hosted style, in path style, or as this region's own endpoint has it.
///
/// # Errors
/// `ValidationError` for a URL that is not one; `NoSuchBucket`, `NoSuchKey`; `EntityTooLarge` for more than `most` bytes; `InternalError` of
/// the disk.
pub(crate) fn read(app: &App, url: &str, most: u64) -> Result<Vec<u8>, Fault> {
    let (bucket, key) = named(url)?;
    s3::find(&app.core.state(), &bucket)?;
    let (object, file) = app.objects.get(&bucket, &key).map_err(storage)?.ok_or_else(|| super::missing_key(&key))?;
    if object.size > most {
        return Err(Fault::new("EntityTooLarge", format!("{url} is larger than {most} bytes")));
    }
    let mut content = Vec::new();
    file.take(object.size).read_to_end(&mut content).map_err(storage)?;
    Ok(content)
}

/// Bucket and key of a URL.
fn named(url: &str) -> Result<(String, String), Fault> {
    let wrong = || Fault::new("ValidationError", "TemplateURL must be a supported URL.");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let host = uri.host().filter(|_| matches!(uri.scheme_str(), Some("http" | "https"))).ok_or_else(wrong)?;
    let path = super::request::decode(uri.path().trim_start_matches('/')).ok_or_else(wrong)?;
    let (bucket, key) = match bucket_of(host) {
        Some(bucket) => (bucket.to_owned(), path),
        None => {
            let is_s3 = host.starts_with("s3.")
                || host.starts_with("s3-")
                || host == "localhost"
                || host.parse::<std::net::IpAddr>().is_ok();
            let (bucket, key) = path.split_once('/').filter(|_| is_s3).ok_or_else(wrong)?;
            (bucket.to_owned(), key.to_owned())
        }
    };
    if bucket.is_empty() || key.is_empty() { Err(wrong()) } else { Ok((bucket, key)) }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn urls_of_all_styles_name_an_object() {
        for url in [
            "https://templates.s3.amazonaws.com/a/net.yml",
            "https://templates.s3.us-east-1.amazonaws.com/a/net.yml",
            "https://s3.amazonaws.com/templates/a/net.yml",
            "https://s3-us-west-2.amazonaws.com/templates/a/net.yml",
            "http://127.0.0.1:4566/templates/a/net.yml",
            "http://templates.s3.localhost:4566/a%2Fnet.yml",
        ] {
            assert_eq!(named(url).expect(url), ("templates".to_owned(), "a/net.yml".to_owned()));
        }
        for url in [
            "https://example.com/templates/net.yml",
            "s3://templates/net.yml",
            "https://s3.amazonaws.com/net.yml",
            "net.yml",
        ] {
            assert_eq!(named(url).expect_err(url).to_string(), "ValidationError: TemplateURL must be a supported URL.");
        }
    }
}
