//! NAT gateways.

use crate::state::Tags;
use vpc::NatGateway;

/// What a gateway carries in each direction, in bits a second: its tag `neargate:bandwidth`, as `100M` or `2.5G`, or 10 Gbps.
pub(super) fn bandwidth(tags: &Tags) -> u64 {
    tags.get("neargate:bandwidth").and_then(|text| read_bandwidth(text)).unwrap_or(NatGateway::BANDWIDTH)
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
        let read = |text: &str| bandwidth(&Tags::from([("neargate:bandwidth".to_owned(), text.to_owned())]));
        assert_eq!([read("100M"), read("2.5G"), read("64k"), read("8000")], [100_000_000, 2_500_000_000, 64_000, 8000]);
        for wrong in ["", "M", "fast", "-1G", "1", "NaN", "inf", "1e99G", "€"] {
            assert_eq!(read(wrong), NatGateway::BANDWIDTH, "{wrong}");
        }
    }
}
