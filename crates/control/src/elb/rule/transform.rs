//! Transforms of rules ("Transforms for listener rules", Application Load Balancers guide): a rule rewrites hosts and URLs, each once.

use super::{super::invalid, condition};
use aws::{
    api::elbv2::{HostHeaderRewriteConfig, RewriteConfig, RuleTransform, TransformTypeEnum, UrlRewriteConfig},
    fault::Fault,
};
use spec::balancing::Transform;

/// Characters of a regular expression and of what stands for what it matches.
const LONGEST: usize = 1024;

/// Reads the transforms of a rule.
///
/// # Errors
/// `ValidationError`.
pub(super) fn read(given: Vec<RuleTransform>) -> Result<Vec<Transform>, Fault> {
    let mut transforms: Vec<Transform> = Vec::new();
    for transform in given {
        let transform = one(transform)?;
        if transforms.iter().any(|other| kind_of(other) == kind_of(&transform)) {
            return Err(invalid(format!("A rule can only have one '{}' transform", kind_of(&transform))));
        }
        transforms.push(transform);
    }
    Ok(transforms)
}

fn one(transform: RuleTransform) -> Result<Transform, Fault> {
    let RuleTransform { r#type, host_header_rewrite_config, url_rewrite_config } = transform;
    let kind = r#type.ok_or_else(|| invalid("A transform type must be specified"))?;
    let missing = |config: &str| {
        invalid(format!("For transforms of type '{kind}', you must specify the following fields: '{config}'"))
    };
    match (kind, host_header_rewrite_config, url_rewrite_config) {
        (TransformTypeEnum::HostHeaderRewrite, Some(HostHeaderRewriteConfig { rewrites }), None) => {
            let (regex, replace) = rewrite(rewrites)?;
            Ok(Transform::Host { regex, replace })
        }
        (TransformTypeEnum::UrlRewrite, None, Some(UrlRewriteConfig { rewrites })) => {
            let (regex, replace) = rewrite(rewrites)?;
            Ok(Transform::Url { regex, replace })
        }
        (TransformTypeEnum::HostHeaderRewrite, ..) => Err(missing("HostHeaderRewriteConfig")),
        (TransformTypeEnum::UrlRewrite, ..) => Err(missing("UrlRewriteConfig")),
    }
}

fn rewrite(rewrites: Option<Vec<RewriteConfig>>) -> Result<(String, String), Fault> {
    let mut rewrites = rewrites.unwrap_or_default().into_iter();
    let (Some(RewriteConfig { regex, replace }), None) = (rewrites.next(), rewrites.next()) else {
        return Err(invalid("A transform must have exactly one rewrite"));
    };
    let (regex, replace) = (regex.unwrap_or_default(), replace.unwrap_or_default());
    if regex.chars().count() > LONGEST || replace.chars().count() > LONGEST {
        return Err(invalid(format!(
            "A rewrite's regex and replacement cannot contain more than {LONGEST} characters"
        )));
    }
    Ok((condition::compiles(regex)?, replace))
}

fn kind_of(of: &Transform) -> TransformTypeEnum {
    match of {
        Transform::Host { .. } => TransformTypeEnum::HostHeaderRewrite,
        Transform::Url { .. } => TransformTypeEnum::UrlRewrite,
    }
}

/// A transform as a reply shows it.
pub(super) fn show(of: &Transform) -> RuleTransform {
    let rewrites = |regex: &String, replace: &String| {
        Some(vec![RewriteConfig { regex: Some(regex.clone()), replace: Some(replace.clone()) }])
    };
    let shape = RuleTransform { r#type: Some(kind_of(of)), ..RuleTransform::default() };
    match of {
        Transform::Host { regex, replace } => {
            let config = HostHeaderRewriteConfig { rewrites: rewrites(regex, replace) };
            RuleTransform { host_header_rewrite_config: Some(config), ..shape }
        }
        Transform::Url { regex, replace } => {
            let config = UrlRewriteConfig { rewrites: rewrites(regex, replace) };
            RuleTransform { url_rewrite_config: Some(config), ..shape }
        }
    }
}
