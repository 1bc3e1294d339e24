//! Amazon EC2: networks.

mod tags;
mod vpc;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[("AWS::EC2::VPC", &vpc::Vpc)];
