//! The credential scope a request was signed for. Signatures themselves are not looked at here.
//!
//! AWS General Reference, "Signature Version 4": `AKID/20260131/us-east-1/ecs/aws4_request`.

use crate::doc::Timestamp;

/// Who signed, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key's id.
    pub access_key: String,
    /// The day, `YYYYMMDD`.
    pub date: String,
    /// The region.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

impl Scope {
    /// From a request: its `Authorization` header's value, else its query string (a presigned URL).
    pub fn of(authorization: Option<&str>, query: &str) -> Option<Self> {
        match authorization {
            Some(value) => Self::from_authorization(value),
            None => {
                let mut parameters = form_urlencoded::parse(query.as_bytes());
                let (_, credential) = parameters.find(|(name, _)| name == "X-Amz-Credential")?;
                Self::parse(&credential)
            }
        }
    }

    /// From `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    pub fn from_authorization(value: &str) -> Option<Self> {
        let parameters = value.trim().strip_prefix("AWS4-HMAC-SHA256")?;
        let mut parameters = parameters.split(',').filter_map(|parameter| parameter.trim().split_once('='));
        let (_, credential) = parameters.find(|(name, _)| *name == "Credential")?;
        Self::parse(credential)
    }

    /// From a credential. An access key may itself hold slashes, so it is read from the end.
    pub fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.rsplitn(5, '/');
        let terminator = parts.next()?;
        let (service, region, date, access_key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let complete = terminator == "aws4_request" && ![service, region, date, access_key].contains(&"");
        complete.then(|| Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

/// When something was signed, `20260131T120000Z`.
pub fn moment(stamp: &str) -> Option<Timestamp> {
    let (date, time) = stamp.split_once('T').filter(|_| stamp.len() == 16 && stamp.is_ascii())?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    Timestamp::from_iso8601(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_presigned_query_give_the_same_scope() {
        let header =
            "AWS4-HMAC-SHA256 Credential=AKIA/20260131/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=00";
        let scope = Scope::of(Some(header), "").expect("a scope");
        assert_eq!(
            (scope.access_key.as_str(), scope.region.as_str(), scope.service.as_str()),
            ("AKIA", "eu-west-1", "ecs")
        );
        let query = "Action=GetCallerIdentity&X-Amz-Credential=AKIA%2F20260131%2Feu-west-1%2Fecs%2Faws4_request";
        assert_eq!(Scope::of(None, query), Some(scope));
    }

    #[test]
    fn what_is_no_scope_is_none() {
        for header in [
            "",
            "AWS AKIA:sig",
            "Bearer x",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=a/b/c",
            "AWS4-HMAC-SHA256 Credential=////",
        ] {
            assert_eq!(Scope::of(Some(header), ""), None, "{header}");
        }
    }

    #[test]
    fn an_access_key_may_hold_slashes() {
        assert_eq!(Scope::parse("a/b/20260131/r/s/aws4_request").expect("a scope").access_key, "a/b");
    }
}
