//! From secrets to calls.

use super::{
    Call,
    reference::{self, Reference},
};
use spec::Secret;

/// Parameters of one call ("GetParameters", AWS Systems Manager API Reference).
const BATCH: usize = 10;

/// The calls that fetch these secrets, each value once: parameters ten at a time for each region, then secrets one by one.
///
/// # Errors
/// The task's failure, for a `valueFrom` that can't be read.
pub(crate) fn plan<'a>(secrets: impl IntoIterator<Item = &'a Secret>, region: &str) -> Result<Vec<Call>, String> {
    let (mut regions, mut calls): (Vec<(String, Vec<String>)>, Vec<Call>) = (Vec::new(), Vec::new());
    for secret in secrets {
        match reference::parse(&secret.value_from, region)? {
            Reference::Parameter { region, name } => match regions.iter_mut().find(|(known, _)| *known == region) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => regions.push((region, vec![name])),
            },
            Reference::Secret { call, .. } if calls.contains(&call) => {}
            Reference::Secret { call, .. } => calls.push(call),
        }
    }
    let batches = regions.into_iter().flat_map(|(region, names)| {
        let batch = |names: &[String]| Call::GetParameters { region: region.clone(), names: names.to_vec() };
        names.chunks(BATCH).map(batch).collect::<Vec<_>>()
    });
    Ok(batches.chain(calls).collect())
}
