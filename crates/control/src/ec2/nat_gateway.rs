//! NAT gateways: what their calls have in common ("NAT gateways", Amazon VPC User Guide).

use super::{kind::Kind, parameter::invalid};
use crate::{
    State,
    state::{Lifecycle, NatGateway as Record, Tags},
};
use aws::fault::Fault;
use vpc::NatGateway;

/// The tag that says what a gateway carries.
const BANDWIDTH: &str = "neargate:bandwidth";

/// A gateway by its id.
///
/// # Errors
/// `NatGatewayNotFound`, `NatGatewayMalformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a Record, Fault> {
    state.nat_gateways.get(id).ok_or_else(|| Kind::NatGateway.missing(id))
}

/// Refuses one that is gone, goes or failed, for calls that change it.
///
/// # Errors
/// `NatGatewayNotFound` for one that is deleted, `IncorrectState`.
pub(super) fn lives(gateway: &Record) -> Result<(), Fault> {
    match gateway.state {
        Lifecycle::Pending | Lifecycle::Available => Ok(()),
        Lifecycle::Deleted => Err(Kind::NatGateway.missing(&gateway.id)),
        Lifecycle::Deleting | Lifecycle::Failed => {
            let state = super::describe_nat_gateways::state_of(gateway.state);
            Err(Fault::new("IncorrectState", format!("The NAT gateway {} is in the state {state}.", gateway.id)))
        }
    }
}

/// What a gateway carries in each direction, in bits a second: its tag `neargate:bandwidth`, as `100M` or `2.5G`, or 10 Gbps.
pub(super) fn bandwidth(tags: &Tags) -> u64 {
    tags.get(BANDWIDTH).and_then(|text| read_bandwidth(text)).unwrap_or(NatGateway::BANDWIDTH)
}

/// Refuses a bandwidth that can't be read.
///
/// # Errors
/// `InvalidParameterValue` naming it.
pub(super) fn check_tags(tags: &Tags) -> Result<(), Fault> {
    match tags.get(BANDWIDTH) {
        Some(text) if read_bandwidth(text).is_none() => Err(invalid(format!(
            "Value ({text}) for tag {BANDWIDTH} is invalid. It is a number of bits per second from 8k to 100G, such as 100M or 2.5G."
        ))),
        _ => Ok(()),
    }
}

/// Reads `100M`, `2.5G`, `64k` or plain bits a second; from 8 kbps to 100 Gbps.
fn read_bandwidth(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (text.get(..at)?, 1e3),
        (at, 'M') => (text.get(..at)?, 1e6),
        (at, 'G') => (text.get(..at)?, 1e9),
        _ => (text, 1.0),
    };
    let bits = number.parse::<f64>().ok()? * unit;
    (8e3..=100e9).contains(&bits).then_some(bits as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_read() {
        let tags = |text: &str| Tags::from([(BANDWIDTH.to_owned(), text.to_owned())]);
        let read = |text: &str| bandwidth(&tags(text));
        assert_eq!([read("100M"), read("2.5G"), read("64k"), read("8000")], [100_000_000, 2_500_000_000, 64_000, 8000]);
        for wrong in ["", "M", "fast", "-1G", "1", "NaN", "inf", "1e99G", "€"] {
            assert_eq!(read(wrong), NatGateway::BANDWIDTH, "{wrong}");
            assert!(check_tags(&tags(wrong)).is_err(), "{wrong}");
        }
        assert_eq!((check_tags(&tags("1G")), check_tags(&Tags::new())), (Ok(()), Ok(())));
    }
}
