//! Desync mitigation ("Desync mitigation mode", Application Load Balancers guide), with AWS's own classifier.

use http_desync_guardian::{
    ClassificationReason as Reason, RequestSafetyTier as Tier, request_analyzer::HttpRequestData,
};
use spec::balancing::DesyncMitigation;

/// What is done with a request because others could read it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Pass,
    /// It is forwarded, and both connections are closed after it.
    PassAndClose,
    /// It is answered with 400.
    Refuse,
}

/// Judges a request by its head, byte for byte as it came. Also whether it is compliant with RFC 7230, and how it is classified.
pub(crate) fn judge(mode: DesyncMitigation, head: &[u8]) -> (Verdict, bool, (Tier, Reason)) {
    let found = HttpRequestData::analyze_raw_request(head);
    (verdict(mode, found.tier), found.tier == Tier::Compliant, (found.tier, found.reason))
}

fn verdict(mode: DesyncMitigation, tier: Tier) -> Verdict {
    match (mode, tier) {
        (_, Tier::Compliant) | (DesyncMitigation::Monitor, _) | (DesyncMitigation::Defensive, Tier::Acceptable) => {
            Verdict::Pass
        }
        (DesyncMitigation::Defensive, Tier::Ambiguous) => Verdict::PassAndClose,
        (DesyncMitigation::Defensive, Tier::Severe) | (DesyncMitigation::Strictest, _) => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DesyncMitigation::{Defensive, Monitor, Strictest};

    #[test]
    fn modes() {
        let both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let severe = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
        let plain = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!([plain.as_slice(), both, severe].map(|head| judge(Monitor, head).1), [true, false, false]);
        assert_eq!([Monitor, Defensive, Strictest].map(|mode| judge(mode, plain).0), [Verdict::Pass; 3]);
        assert_eq!(
            [Monitor, Defensive, Strictest].map(|mode| judge(mode, both).0),
            [Verdict::Pass, Verdict::PassAndClose, Verdict::Refuse]
        );
        assert_eq!(
            [Monitor, Defensive, Strictest].map(|mode| judge(mode, severe).0),
            [Verdict::Pass, Verdict::Refuse, Verdict::Refuse]
        );
    }
}
