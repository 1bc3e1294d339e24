//! DescribeAccountLimits.

use super::stacks;
use crate::View;
use aws::{
    api::cloudformation::{AccountLimit, DescribeAccountLimitsInput, DescribeAccountLimitsOutput},
    fault::Fault,
};

/// Outputs of a template ("CloudFormation quotas"); the crate `template` holds templates to it.
const OUTPUTS: usize = 200;

/// The quotas that are kept here ("AccountLimit", AWS CloudFormation API Reference). There is none of resources made at the same time.
pub(super) fn limits(_: &View<'_>, _: DescribeAccountLimitsInput) -> Result<DescribeAccountLimitsOutput, Fault> {
    let limits = [("StackLimit", stacks::MOST), ("StackOutputsLimit", OUTPUTS)];
    let limits =
        limits.map(|(name, value)| AccountLimit { name: Some(name.to_owned()), value: i32::try_from(value).ok() });
    Ok(DescribeAccountLimitsOutput { account_limits: Some(limits.into()), next_token: None })
}
