//! How large a value may be ("Managing parameter tiers", AWS Systems Manager User Guide).

use super::invalid;
use aws::{
    api::ssm::ParameterTier::{self, Advanced, IntelligentTiering, Standard},
    fault::Fault,
};

/// Bytes of a value.
const MOST_IN_STANDARD: usize = 4096;
const MOST_IN_ADVANCED: usize = 8192;

/// The tier a version gets: what is asked for, else that of the version before it. Never back from advanced to standard.
///
/// # Errors
/// `ValidationException` in AWS's words, when the value is too large for it.
pub(super) fn choose(
    asked: Option<ParameterTier>,
    before: Option<ParameterTier>,
    bytes: usize,
) -> Result<ParameterTier, Fault> {
    let was_advanced = before == Some(Advanced);
    let tier = match asked {
        Some(Standard) if was_advanced => {
            return Err(invalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
                 tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a \
                 standard parameter. Be aware that standard parameters have a value limit of 4096 characters.",
            ));
        }
        Some(IntelligentTiering) if bytes > MOST_IN_STANDARD => Advanced,
        Some(Advanced) => Advanced,
        _ if was_advanced => Advanced,
        _ => Standard,
    };
    match tier {
        Standard if bytes > MOST_IN_STANDARD => Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {MOST_IN_STANDARD} characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        ))),
        _ if bytes > MOST_IN_ADVANCED => Err(invalid(format!(
            "Advanced-tier parameters support a maximum parameter value of {MOST_IN_ADVANCED} characters."
        ))),
        tier => Ok(tier),
    }
}
