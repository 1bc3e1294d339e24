//! A target's health from the outcomes of checks ("Health checks for Application Load Balancer target groups"). Pure.

use spec::balancing::{TargetHealth, TargetHealthCheck, Unhealthy};

/// What checks of a target have shown.
#[derive(Debug)]
pub(crate) struct Health {
    /// The state.
    pub state: TargetHealth,
    /// Outcomes in a row that speak against it.
    against: u32,
}

impl Health {
    /// Of a target of which this is known; [`TargetHealth::Initial`] of one that was never checked.
    pub(crate) fn new(state: TargetHealth) -> Self {
        Self { state, against: 0 }
    }

    /// Takes in the outcome of a check; answers whether the state is another now. A new target's first success counts at once; from
    /// then on it takes as many in a row as the thresholds say. One that was healthy is draining at first if it `drains`.
    pub(crate) fn observe(&mut self, outcome: Result<(), Unhealthy>, check: &TargetHealthCheck, drains: bool) -> bool {
        use TargetHealth::{Draining, Healthy, Initial, Unhealthy};
        let (next, threshold) = match (&self.state, outcome) {
            (Initial, Ok(())) => (Healthy, 1),
            (Unhealthy(_) | Draining(_), Ok(())) => (Healthy, check.healthy_threshold),
            (Healthy, Err(reason)) if drains => (Draining(reason), check.unhealthy_threshold),
            (Initial | Healthy, Err(reason)) => (Unhealthy(reason), check.unhealthy_threshold),
            (Healthy, Ok(())) => (Healthy, 0),
            // The reason is that of the last failure.
            (Unhealthy(_), Err(reason)) => (Unhealthy(reason), 0),
            (Draining(_), Err(reason)) => (Draining(reason), 0),
        };
        self.against = if threshold == 0 { 0 } else { self.against + 1 };
        if self.against < threshold || self.state == next {
            return false;
        }
        self.against = 0;
        self.state = next;
        true
    }

    /// Its time of draining is over; answers whether it was draining.
    pub(crate) fn drained(&mut self) -> bool {
        let TargetHealth::Draining(reason) = &self.state else { return false };
        self.state = TargetHealth::Unhealthy(reason.clone());
        true
    }
}

/// Whether a status code is among those of a healthy target.
pub(crate) fn judge(check: &TargetHealthCheck, status: u16) -> Result<(), Unhealthy> {
    let matches = check.matcher.iter().any(|(first, last)| (*first..=*last).contains(&status));
    if matches { Ok(()) } else { Err(Unhealthy::ResponseCodeMismatch(status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcomes: &[Result<(), Unhealthy>]) -> Vec<TargetHealth> {
        run_with(outcomes, false)
    }

    fn run_with(outcomes: &[Result<(), Unhealthy>], drains: bool) -> Vec<TargetHealth> {
        let check = TargetHealthCheck {
            healthy_threshold: 3,
            unhealthy_threshold: 2,
            ..crate::target::tests::group().health_check
        };
        let mut health = Health::new(TargetHealth::Initial);
        outcomes
            .iter()
            .map(|outcome| {
                let before = health.state.clone();
                assert_eq!(health.observe(outcome.clone(), &check, drains), health.state != before);
                health.state.clone()
            })
            .collect()
    }

    #[test]
    fn states() {
        use TargetHealth::{Healthy as H, Initial as I, Unhealthy as U};
        let (late, code) = (Unhealthy::Timeout, Unhealthy::ResponseCodeMismatch(500));
        let (ok, timeout, mismatch) = (Ok(()), Err(late.clone()), Err(code.clone()));
        // One success makes a new target healthy; failures must follow each other.
        assert_eq!(run(&[ok.clone(), timeout.clone(), ok.clone(), timeout.clone()]), [H, H, H, H]);
        assert_eq!(run(&[timeout.clone(), ok.clone()]), [I, H]);
        assert_eq!(run(&[timeout.clone(), mismatch.clone(), timeout.clone()]), [I, U(code.clone()), U(late.clone())]);
        // An unhealthy one takes its threshold, counted anew after every failure.
        let (u, up) = (U(late.clone()), [ok.clone(), ok.clone(), timeout.clone(), ok.clone(), ok.clone(), ok.clone()]);
        assert_eq!(
            run(&[&[timeout.clone(), timeout.clone()], &up[..]].concat()),
            [I, u.clone(), u.clone(), u.clone(), u.clone(), u.clone(), u, H]
        );
    }

    #[test]
    fn one_that_fails_may_drain_first() {
        use TargetHealth::{Draining as D, Healthy as H, Initial as I, Unhealthy as U};
        let (ok, timeout) = (Ok(()), Err(Unhealthy::Timeout));
        let (t, f) = (Unhealthy::Timeout, Unhealthy::FailedHealthChecks);
        let found = [ok.clone(), timeout.clone(), timeout.clone(), Err(f.clone()), ok.clone(), ok.clone(), ok];
        assert_eq!(run_with(&found, true), [H, H, D(t.clone()), D(f.clone()), D(f.clone()), D(f), H]);
        assert_eq!(run_with(&[timeout.clone(), timeout], true), [I, U(t.clone())], "one that had nothing");
        let mut health = Health::new(D(t.clone()));
        assert!(health.drained() && health.state == U(t) && !health.drained());
    }

    #[test]
    fn codes() {
        let check =
            TargetHealthCheck { matcher: vec![(200, 204), (301, 301)], ..crate::target::tests::group().health_check };
        assert_eq!(judge(&check, 204), Ok(()));
        assert_eq!(judge(&check, 301), Ok(()));
        assert_eq!(judge(&check, 302), Err(Unhealthy::ResponseCodeMismatch(302)));
    }
}
