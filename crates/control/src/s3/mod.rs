//! Amazon S3's buckets: their names, policies and tags. Objects are files, which the server keeps.
//!
//! Absent: everything else that a bucket can have, such as versions, lifecycle rules and access control lists.

mod deliver;
mod name;
mod policy;
mod tags;

pub use deliver::may_deliver;
pub use tags::{Of, checked};

use crate::{
    State, Tx,
    state::{Bucket, Tags},
};
use aws::fault::Fault;

/// The most buckets of an account ("Bucket quotas", Amazon S3 User Guide).
const MOST: usize = 10_000;
/// The Region whose buckets have no location constraint.
const FIRST: &str = "us-east-1";

/// A bucket.
///
/// # Errors
/// `NoSuchBucket`.
pub fn find<'s>(state: &'s State, name: &str) -> Result<&'s Bucket, Fault> {
    let missing = || {
        Fault::new("NoSuchBucket", "The specified bucket does not exist")
            .with_status(404)
            .with_field("BucketName", name)
    };
    state.buckets.get(name).ok_or_else(missing)
}

/// `LocationConstraint` of buckets here ("GetBucketLocation", Amazon S3 API Reference).
pub fn location(state: &State) -> Option<&str> {
    Some(state.region.name.as_str()).filter(|region| *region != FIRST)
}

/// CreateBucket.
///
/// # Errors
/// `InvalidBucketName`, `InvalidLocationConstraint`, `IllegalLocationConstraintException`, `BucketAlreadyOwnedByYou`, `TooManyBuckets`.
pub fn create(tx: &mut Tx<'_>, name: &str, constraint: Option<&str>) -> Result<(), Fault> {
    name::check(name)?;
    let illegal = |what: &str| {
        let message = format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        Err(Fault::new("IllegalLocationConstraintException", message))
    };
    match (location(&tx.state), constraint) {
        (None, None) => {}
        (None, Some(_)) => {
            let message = "The specified location-constraint is not valid";
            return Err(Fault::new("InvalidLocationConstraint", message));
        }
        (Some(_), None) => return illegal("unspecified"),
        (Some(here), Some(there)) if here != there => return illegal(there),
        (Some(_), Some(_)) => {}
    }
    if tx.state.buckets.get(name).is_some() {
        // The first Region is kinder, as it always was.
        let owned = "Your previous request to create the named bucket succeeded and you already own it.";
        let fault = Fault::new("BucketAlreadyOwnedByYou", owned).with_status(409).with_field("BucketName", name);
        return if tx.state.region.name == FIRST { Ok(()) } else { Err(fault) };
    }
    if tx.state.buckets.iter().count() >= MOST {
        return Err(Fault::new("TooManyBuckets", "You have attempted to create more buckets than allowed"));
    }
    tx.state.buckets.put(Bucket {
        name: name.to_owned(),
        created: tx.now,
        policy: None,
        tags: Tags::new(),
        has_public_access_block: true,
        has_ownership_controls: true,
    });
    Ok(())
}

/// DeleteBucket, once it is known to be empty.
///
/// # Errors
/// `NoSuchBucket`.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<(), Fault> {
    find(&tx.state, name)?;
    tx.state.buckets.remove(name);
    Ok(())
}

/// PutBucketPolicy, and DeleteBucketPolicy with none.
///
/// # Errors
/// `NoSuchBucket`, `MalformedPolicy`.
pub fn set_policy(tx: &mut Tx<'_>, name: &str, document: Option<&str>) -> Result<(), Fault> {
    let bucket = find(&tx.state, name)?.clone();
    if let Some(document) = document {
        policy::check(document, name)?;
    }
    tx.state.buckets.put(Bucket { policy: document.map(str::to_owned), ..bucket });
    Ok(())
}

/// PutBucketTagging with tags that are [`checked`], and DeleteBucketTagging with none.
///
/// # Errors
/// `NoSuchBucket`.
pub fn set_tags(tx: &mut Tx<'_>, name: &str, tags: Tags) -> Result<(), Fault> {
    let bucket = find(&tx.state, name)?.clone();
    tx.state.buckets.put(Bucket { tags, ..bucket });
    Ok(())
}

/// PutPublicAccessBlock with all four settings on, and DeletePublicAccessBlock. Nobody is let in without credentials in either case.
///
/// # Errors
/// `NoSuchBucket`.
pub fn set_public_access_block(tx: &mut Tx<'_>, name: &str, is_there: bool) -> Result<(), Fault> {
    let bucket = find(&tx.state, name)?.clone();
    tx.state.buckets.put(Bucket { has_public_access_block: is_there, ..bucket });
    Ok(())
}

/// PutBucketOwnershipControls with `BucketOwnerEnforced`, and DeleteBucketOwnershipControls. All objects are the one account's in either case.
///
/// # Errors
/// `NoSuchBucket`.
pub fn set_ownership_controls(tx: &mut Tx<'_>, name: &str, is_there: bool) -> Result<(), Fault> {
    let bucket = find(&tx.state, name)?.clone();
    tx.state.buckets.put(Bucket { has_ownership_controls: is_there, ..bucket });
    Ok(())
}

#[cfg(test)]
mod tests;
