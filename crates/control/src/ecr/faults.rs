//! Amazon ECR's refusals.

use crate::State;
use aws::{api::ecr::ImageIdentifier, fault::Fault, page::BadToken};

/// A parameter that can't be right.
pub fn invalid(parameter: &str, why: impl std::fmt::Display) -> Fault {
    let message = format!("Invalid parameter at '{parameter}' failed to satisfy constraint: '{why}'");
    Fault::new("InvalidParameterException", message)
}

/// A parameter AWS has and neargate does not.
pub(super) fn unsupported(parameter: &str) -> Fault {
    invalid(parameter, format_args!("{parameter} is not supported"))
}

/// A token that is of no page.
pub(super) fn bad_token(_: BadToken) -> Fault {
    invalid("nextToken", "must be a token of this service")
}

/// The repository's name and the registry's id, as messages name them after an article or without.
pub(super) fn place(state: &State, name: &str) -> String {
    format!("repository with name '{name}' in the registry with id '{}'", state.region.account)
}

pub(super) fn no_repository(name: &str, registry: &str) -> Fault {
    Fault::new(
        "RepositoryNotFoundException",
        format!("The repository with name '{name}' does not exist in the registry with id '{registry}'"),
    )
}

pub(super) fn no_image(state: &State, repository: &str, id: &ImageIdentifier) -> Fault {
    let message =
        format!("The image with imageId {} does not exist within the {}", shown(id), place(state, repository));
    Fault::new("ImageNotFoundException", message)
}

/// An image id as messages show it: `{imageDigest:'null', imageTag:'latest'}`.
pub(super) fn shown(id: &ImageIdentifier) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    format!("{{imageDigest:'{}', imageTag:'{}'}}", text(&id.image_digest), text(&id.image_tag))
}

/// A region's, repository's or image's quota.
pub(super) fn limit(what: &str, most: usize) -> Fault {
    Fault::new("LimitExceededException", format!("The maximum number of {what} ({most}) has been reached."))
}
